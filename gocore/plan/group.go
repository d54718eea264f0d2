package plan

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// Group aggregates rows of equal keys.
type Group struct {
	Keys     []string `json:"keys"`
	Aggs     []Agg    `json:"aggs"`
	DropNull bool     `json:"dropna"`
	Sort     bool     `json:"sort"`
}

// Agg is one output column of a Group.
type Agg struct {
	Name   string `json:"name"`
	Fn     string `json:"fn"`
	Column string `json:"column"`
}

// Phase is which part of a group-by a step does.
type Phase uint8

// The phases. Partial makes keys, then state columns; Final merges them.
const (
	Complete Phase = iota
	Partial
	Final
)

// BoundAgg is one aggregate.
type BoundAgg struct {
	Fn     string
	Column int
}

// GroupOp aggregates rows of equal keys: its output is the keys, then the aggregates.
type GroupOp struct {
	Keys     []int
	Aggs     []BoundAgg
	DropNull bool
	Phase    Phase
	Input    *arrow.Schema // what Complete or Partial reads, in every phase
}

// Name is "group", with the phase.
func (op *GroupOp) Name() string {
	return [...]string{Complete: "group", Partial: "group partial", Final: "group final"}[op.Phase]
}

func (spec *Group) check() error {
	if len(spec.Keys) == 0 {
		return fmt.Errorf("it has no keys")
	}
	return nil
}

// aggType returns the type of an aggregate, and false where fn doesn't take t.
func aggType(fn string, t arrow.DataType) (arrow.DataType, bool) {
	k := kindOf(t)
	switch fn {
	case "count":
		return arrow.PrimitiveTypes.Int64, true
	case "min", "max":
		return t, k <= col.String
	case "mean":
		return arrow.PrimitiveTypes.Float64, !isTime(t) && k < col.String
	case "sum":
		switch {
		case isTime(t) || k >= col.String:
			return nil, false
		case k.IsFloat():
			return arrow.PrimitiveTypes.Float64, true
		case k.IsInteger() && !k.IsSigned():
			return arrow.PrimitiveTypes.Uint64, true
		}
		return arrow.PrimitiveTypes.Int64, true
	}
	return nil, false
}

var aggFns = []string{"sum", "min", "max", "count", "mean"}

func (spec *Group) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	keys, err := findAll(in, spec.Keys, "")
	if err != nil {
		return err
	}
	op := &GroupOp{Keys: keys, DropNull: spec.DropNull, Input: in}
	var fields []arrow.Field
	for _, k := range keys {
		if err := checkKey(in.Field(k)); err != nil {
			return err
		}
		fields = append(fields, in.Field(k))
	}
	for _, a := range spec.Aggs {
		if !slices.Contains(aggFns, a.Fn) {
			return status.Errorf(status.Unsupported, "aggregate %q isn't supported: sum, min, max, count and mean are", a.Fn)
		}
		at, err := find(in, a.Column, "")
		if err != nil {
			return err
		}
		t, ok := aggType(a.Fn, in.Field(at).Type)
		if !ok {
			return status.Errorf(status.TypeMismatch, "%s of column %q, which is %s: aggregate numbers or bools, or cast it first", a.Fn, a.Column, in.Field(at).Type)
		}
		op.Aggs = append(op.Aggs, BoundAgg{a.Fn, at})
		fields = append(fields, arrow.Field{Name: a.Name, Type: t, Nullable: a.Fn != "count" && a.Fn != "sum"})
	}
	s.Op, s.Schema = op, arrow.NewSchema(fields, nil)
	if !spec.Sort {
		return nil
	}
	if err := checkSchema(s.Schema); err != nil {
		return err
	}
	sort := &SortOp{}
	for i := range keys {
		sort.Keys = append(sort.Keys, BoundSortKey{Column: i})
	}
	grouped := b.program.add(*s)
	*s = Step{Node: s.Node, Op: sort, Inputs: []int{grouped}, Schema: s.Schema}
	return nil
}

// place adds a group-by in the phases that its input's placement needs.
func (op *GroupOp) place(pl *placer, i int, s Step) (int, error) {
	input := s.Inputs[0]
	if !pl.apart(input) {
		s.Keys = nil
		return pl.out.add(s), nil
	}
	if keys := keysAmong(pl.at(input).Keys, op.Keys); keys != nil {
		s.Keys = keys
		return pl.out.add(s), nil
	}
	partial, final := *op, *op
	partial.Phase, final.Phase = Partial, Final
	state := pl.out.add(Step{Node: s.Node, Op: &partial, Inputs: s.Inputs, Placement: Partitioned})
	positions := make([]int, len(op.Keys))
	sort := make([]BoundSortKey, len(op.Keys))
	for k := range op.Keys {
		positions[k], sort[k].Column = k, k
	}
	e := &Exchange{Kind: ByHash, Keys: positions}
	s.Keys = sets(positions)
	sorted := pl.sortsNext(i, sort)
	if sorted {
		// The ranges of the sort that follows keep equal keys together, too: rows move once.
		e = &Exchange{Kind: ByRange, Sort: sort, Together: true}
		s.Keys = nil
	}
	s.Op, s.Inputs = &final, []int{pl.exchange(state, s.Node, e)}
	at := pl.out.add(s)
	pl.ordered[at] = sorted
	return at, nil
}

// sortsNext tells whether the only use of old step i is the given sort, perhaps of rows that pass a filter.
func (pl *placer) sortsNext(i int, sort []BoundSortKey) bool {
	next := -1
	for at := range pl.in.Steps {
		for _, in := range pl.in.Steps[at].Inputs {
			if in == i && next >= 0 {
				return false
			}
			if in == i {
				next = at
			}
		}
	}
	if next < 0 {
		return false
	}
	switch op := pl.in.Steps[next].Op.(type) {
	case *FilterOp:
		return pl.sortsNext(next, sort)
	case *SortOp:
		return slices.Equal(op.Keys, sort)
	}
	return false
}

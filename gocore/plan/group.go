package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// Group aggregates rows of equal keys; without keys, all rows.
type Group struct {
	Keys     []string `json:"keys"`
	Aggs     []Agg    `json:"aggs"`
	DropNull bool     `json:"dropna"`
	Sort     bool     `json:"sort"`
}

// Interpolation is the value of a quantile that lies between two values.
type Interpolation string

// The interpolations: pandas' names.
const (
	Linear   Interpolation = "linear"
	Lower    Interpolation = "lower"
	Higher   Interpolation = "higher"
	Nearest  Interpolation = "nearest"
	Midpoint Interpolation = "midpoint"
)

// AggOptions are the parameters of aggregates that have some.
type AggOptions struct {
	DDof          int           `json:"ddof,omitempty"`          // of var, std, sem and cov: what is taken off the count
	Q             float64       `json:"q,omitempty"`             // of quantile
	Interpolation Interpolation `json:"interpolation,omitempty"` // of quantile; "" is linear
	N             int           `json:"n,omitempty"`             // of nlargest and nsmallest: how many
}

// Agg is one output column of a Group.
type Agg struct {
	Name   string `json:"name"`
	Fn     string `json:"fn"`
	Column string `json:"column"`          // none of size
	Other  string `json:"other,omitempty"` // of cov and corr: the other column
	AggOptions
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
	Column int // -1 of size
	Other  int // -1 but of cov and corr
	AggOptions
	Decimal *arrow.Decimal128Type // of a sum of decimals: its type
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

func (op *GroupOp) compares() [][]int {
	columns := slices.Clone(op.Keys)
	for _, a := range op.Aggs {
		if a.Column >= 0 && a.Fn != "count" && !col.IsNested(kindOf(op.Input.Field(a.Column).Type)) {
			columns = append(columns, a.Column)
		}
	}
	return [][]int{columns}
}

// keyedSchema returns a result's schema where keys come in: sums of decimals are made as they are.
func (op *GroupOp) keyedSchema(schema *arrow.Schema) *arrow.Schema {
	fields := keySchema(schema).Fields()
	for i, a := range op.Aggs {
		if a.Decimal != nil {
			fields[len(op.Keys)+i] = schema.Field(len(op.Keys) + i)
		}
	}
	return arrow.NewSchema(fields, nil)
}

func (op *GroupOp) asKeys(in []*arrow.Schema) Op {
	keys := *op
	keys.Input = in[0]
	return &keys
}

func (spec *Group) check() error {
	if len(spec.Keys) == 0 && len(spec.Aggs) == 0 {
		return fmt.Errorf("it has neither keys nor aggregates")
	}
	for _, a := range spec.Aggs {
		known, ok := aggregates[a.Fn]
		if !ok {
			return fmt.Errorf("aggregate %q isn't known: %s are", a.Fn, strings.Join(slices.Sorted(maps.Keys(aggregates)), ", "))
		}
		switch {
		case a.Interpolation != "" && oneOf("interpolation", a.Interpolation, Linear, Lower, Higher, Nearest, Midpoint) != nil:
			return oneOf("interpolation", a.Interpolation, Linear, Lower, Higher, Nearest, Midpoint)
		case !(a.Q >= 0 && a.Q <= 1):
			return fmt.Errorf("quantile %v isn't between 0 and 1", a.Q)
		case a.DDof < 0:
			return fmt.Errorf("ddof is %d", a.DDof)
		case known.ragged && a.N < 0:
			return fmt.Errorf("%s of %d values", a.Fn, a.N)
		case known.ragged && len(spec.Aggs) > 1:
			return fmt.Errorf("%s makes several rows of a group: it can't be beside other aggregates", a.Fn)
		}
	}
	return nil
}

func (spec *Group) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	keys, err := findAll(in, spec.Keys, "")
	if err != nil {
		return err
	}
	op := &GroupOp{Keys: keys, DropNull: spec.DropNull}
	var fields []arrow.Field
	for _, k := range keys {
		if err := checkKey(in.Field(k)); err != nil {
			return err
		}
		fields = append(fields, in.Field(k))
	}
	casts := newCasts(in)
	for _, a := range spec.Aggs {
		bound, field, err := a.bind(casts)
		if err != nil {
			return err
		}
		op.Aggs = append(op.Aggs, bound)
		fields = append(fields, field)
	}
	s.Inputs[0] = b.addCasts(s.Node, s.Inputs[0], casts)
	op.Input = b.in(s, 0)
	s.Op, s.Schema = op, arrow.NewSchema(fields, nil)
	if !spec.Sort || len(keys) == 0 {
		return nil
	}
	if err := checkSchema(s.Schema); err != nil {
		return err
	}
	sort := &SortOp{Keys: sortBy(upTo(len(keys)))}
	grouped := b.program.add(*s)
	*s = Step{Node: s.Node, Op: sort, Inputs: []int{grouped}, Schema: s.Schema}
	return nil
}

// bind returns the aggregate of a column, as the function takes it, and the column that it makes.
func (a *Agg) bind(casts *casts) (BoundAgg, arrow.Field, error) {
	bound := BoundAgg{Fn: a.Fn, Column: -1, Other: -1, AggOptions: a.AggOptions}
	field := arrow.Field{Name: a.Name, Type: arrow.PrimitiveTypes.Int64}
	if a.Fn == "size" {
		return bound, field, nil
	}
	known := aggregates[a.Fn]
	for i, name := range []string{a.Column, a.Other} {
		if i == 1 && a.Fn != "cov" && a.Fn != "corr" {
			continue
		}
		at, err := find(casts.in, name, "")
		if err != nil {
			return bound, field, err
		}
		t := quantityType(a.Fn, casts.in.Field(at).Type)
		if !known.takes(t) {
			return bound, field, status.Errorf(status.TypeMismatch, "%s of column %q, which is %s: cast it first, or use min, max or count", a.Fn, name, TypeName(t))
		}
		at = casts.add(at, t)
		if i == 1 {
			bound.Other = at
			continue
		}
		bound.Column, field.Type, field.Nullable = at, known.result(t), !known.always
		if a.Fn == "sum" && isDecimal(t) {
			bound.Decimal = field.Type.(*arrow.Decimal128Type)
		}
		if a.Fn == "quantile" && !isTime(t) && (a.Interpolation == "" || a.Interpolation == Linear || a.Interpolation == Midpoint) {
			field.Type = arrow.PrimitiveTypes.Float64
		}
	}
	return bound, field, nil
}

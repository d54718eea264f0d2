package plan

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Shuffle moves rows so that equal keys are on one rank.
type Shuffle struct {
	Keys []string `json:"keys"`
}

// Repartition moves rows so that all ranks hold equally many, in the same order overall.
type Repartition struct{}

// Replicate gives every rank all rows.
type Replicate struct{}

// Gather gives one rank all rows.
type Gather struct {
	Root int `json:"root"`
}

// ExchangeKind is how an Exchange chooses the rank of a row.
type ExchangeKind uint8

// The exchanges.
const (
	ByHash  ExchangeKind = iota // the hash of Keys: equal keys on one rank
	ByRange                     // the order of Sort: lower ranks hold lower rows
	Even                        // the position: equally many rows on each rank, in the same order
	ToAll                       // every rank
	ToRoot                      // rank Root
)

// Exchange moves rows between ranks.
type Exchange struct {
	Kind ExchangeKind
	Keys []int
	Sort []BoundSortKey
	// Together keeps rows of equal Sort keys on one rank; otherwise ties are split evenly, in the frame's order.
	Together bool
	Root     int
	// Own marks an input that every rank holds: each keeps the rows that are its own, and none move.
	Own bool
}

// Name is "exchange", and how.
func (e *Exchange) Name() string {
	return [...]string{ByHash: "exchange by hash", ByRange: "exchange by range", Even: "exchange evenly",
		ToAll: "exchange to all", ToRoot: "exchange to root"}[e.Kind]
}

func (e *Exchange) compares() [][]int { return [][]int{append(sortColumns(e.Sort), e.Keys...)} }

func (e *Exchange) asKeys([]*arrow.Schema) Op { return e }

func (spec *Shuffle) check() error {
	if len(spec.Keys) == 0 {
		return fmt.Errorf("it has no keys")
	}
	return nil
}

func (*Repartition) check() error { return nil }
func (*Replicate) check() error   { return nil }
func (*Gather) check() error      { return nil }

func (spec *Shuffle) bind(b *binder, s *Step) error {
	keys, err := findAll(b.in(s, 0), spec.Keys, "")
	s.Op, s.Schema = &Exchange{Kind: ByHash, Keys: keys}, b.in(s, 0)
	return err
}

func (*Repartition) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &Exchange{Kind: Even}, b.in(s, 0)
	return nil
}

func (*Replicate) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &Exchange{Kind: ToAll}, b.in(s, 0)
	return nil
}

func (spec *Gather) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &Exchange{Kind: ToRoot, Root: spec.Root}, b.in(s, 0)
	return nil
}

// place places an Exchange that the plan names; rows that lie right stay.
func (e *Exchange) place(pl *placer, _ int, given Step) (int, error) {
	input, node := given.Inputs[0], given.Node
	from := pl.at(input)
	if e.Kind == ToRoot && (e.Root < 0 || e.Root >= pl.world) {
		return 0, status.Errorf(status.Invalid, "gather to rank %d of a world of %d", e.Root, pl.world)
	}
	if pl.world == 1 {
		s := Step{Node: node, Op: &ConcatOp{}, Inputs: []int{input}, Schema: from.Schema, Placement: Partitioned}
		switch e.Kind {
		case ByHash:
			s.Keys = sets(e.Keys)
		case ToAll:
			s.Placement = Replicated
		}
		return pl.out.add(s), nil
	}
	switch {
	case e.Kind == ByHash && from.Placement == Partitioned && placedBy(from.Keys, e.Keys),
		e.Kind == ToAll && from.Placement == Replicated:
		return input, nil
	}
	moved := *e
	return pl.exchange(input, node, &moved), nil
}

func (e *Exchange) describe(w words) string {
	switch e.Kind {
	case ByHash:
		return "of " + w.columns(0, e.Keys)
	case ByRange:
		return "of " + w.sort(e.Sort)
	}
	return ""
}

func (e *Exchange) sift(reads []int, n int) ([][]int, bool) {
	if e.Kind == Even || e.Kind == ByRange {
		return nil, false // where a row goes depends on the others
	}
	return everywhere(reads, n), true
}

func (e *Exchange) needs(wanted []int, n int) [][]int {
	return same(wanted, append(sortColumns(e.Sort), e.Keys...), n)
}

func (e *Exchange) narrow(_ []int, in []narrowed) (Op, []int) {
	moved := *e
	moved.Keys, moved.Sort = in[0].all(e.Keys), in[0].keys(e.Sort)
	return &moved, in[0].left
}

package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// NAPosition is where a sort puts nulls.
type NAPosition string

// The positions of nulls.
const (
	NALast  NAPosition = "last"
	NAFirst NAPosition = "first"
)

// Sort orders rows, stably.
type Sort struct {
	Keys       []SortKey  `json:"keys"`
	NAPosition NAPosition `json:"na_position"`
	Ties       Keep       `json:"ties"` // which of rows that are equal in all keys come first: the first ones, or the last
}

// SortKey is a column to sort by.
type SortKey struct {
	Column     string     `json:"column"`
	Ascending  bool       `json:"ascending"`
	NAPosition NAPosition `json:"na_position"` // empty: the sort's
}

// BoundSortKey is a column to sort by.
type BoundSortKey struct {
	Column     int
	Descending bool
	NullsFirst bool
}

// SortOp orders this rank's rows, stably.
type SortOp struct{ Keys []BoundSortKey }

// Name is "sort".
func (*SortOp) Name() string { return "sort" }

func (op *SortOp) compares() [][]int { return [][]int{sortColumns(op.Keys)} }

func (op *SortOp) asKeys([]*arrow.Schema) Op { return op }

func (spec *Sort) check() error {
	if len(spec.Keys) == 0 {
		return fmt.Errorf("it has no keys")
	}
	for _, key := range spec.Keys {
		if err := oneOf("na_position", cmp.Or(key.NAPosition, spec.NAPosition), NALast, NAFirst); err != nil {
			return err
		}
	}
	return oneOf("ties", spec.Ties, KeepFirst, KeepLast)
}

func (spec *Sort) bind(b *binder, s *Step) error {
	keys, err := b.sortKeys(s, spec)
	if err != nil {
		return err
	}
	in := b.in(s, 0)
	if spec.Ties == KeepFirst {
		s.Op, s.Schema = &SortOp{keys}, in
		return nil
	}
	n := in.NumFields()
	numbered := arrow.NewSchema(append(slices.Clone(in.Fields()), arrow.Field{Name: "number", Type: arrow.PrimitiveTypes.Int64}), nil)
	at := b.program.add(Step{Node: s.Node, Op: &NumberOp{}, Inputs: s.Inputs, Schema: numbered})
	keys = append(keys, BoundSortKey{Column: n, Descending: true})
	at = b.program.add(Step{Node: s.Node, Op: &SortOp{keys}, Inputs: []int{at}, Schema: numbered})
	*s = b.project(s.Node, at, n)
	return nil
}

func (b *binder) sortKeys(s *Step, spec *Sort) ([]BoundSortKey, error) {
	keys := make([]BoundSortKey, len(spec.Keys))
	for i, k := range spec.Keys {
		at, err := find(b.in(s, 0), k.Column, "")
		if err != nil {
			return nil, err
		}
		if err := checkKey(b.in(s, 0).Field(at)); err != nil {
			return nil, err
		}
		keys[i] = BoundSortKey{Column: at, Descending: !k.Ascending, NullsFirst: cmp.Or(k.NAPosition, spec.NAPosition) == NAFirst}
	}
	return keys, nil
}

func (op *SortOp) place(pl *placer, _ int, s Step) (int, error) {
	if input := s.Inputs[0]; pl.apart(input) && !pl.ordered[input] {
		s.Inputs[0] = pl.exchange(input, s.Node, &Exchange{Kind: ByRange, Sort: op.Keys})
		s.Keys = nil
	}
	return pl.out.add(s), nil
}

func (op *SortOp) describe(w words) string { return "by " + w.sort(op.Keys) }

func (*SortOp) sift(reads []int, n int) ([][]int, bool) { return everywhere(reads, n), true }

func (op *SortOp) needs(wanted []int, n int) [][]int { return same(wanted, sortColumns(op.Keys), n) }

func (op *SortOp) narrow(_ []int, in []narrowed) (Op, []int) {
	return &SortOp{Keys: in[0].keys(op.Keys)}, in[0].left
}

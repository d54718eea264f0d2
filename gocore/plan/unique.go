package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Keep is which of the rows with equal keys stay.
type Keep string

// What to keep.
const (
	KeepFirst Keep = "first"
	KeepLast  Keep = "last"
	KeepNone  Keep = "none"
)

// Unique keeps one row of each key, or only rows whose key no other row has.
type Unique struct {
	Keys []string `json:"keys"` // none: all columns
	Keep Keep     `json:"keep"`
	// Mark is the name of a column to add to all rows instead: true for those that would go.
	Mark string `json:"mark"`
}

// UniqueOp keeps rows of this rank by their keys.
type UniqueOp struct {
	Keys []int
	Keep Keep
	Mark bool // keeps all, with a column that tells which would go
	mark int  // where that column is
}

// Name is "unique".
func (*UniqueOp) Name() string { return "unique" }

func (op *UniqueOp) compares() [][]int { return [][]int{op.Keys} }

func (op *UniqueOp) asKeys([]*arrow.Schema) Op { return op }

func (spec *Unique) check() error { return oneOf("keep", spec.Keep, KeepFirst, KeepLast, KeepNone) }

func (spec *Unique) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	keys, err := findAll(in, spec.Keys, "")
	if err != nil {
		return err
	}
	if spec.Keys == nil {
		keys = upTo(in.NumFields())
	}
	if err := checkKeys(in, keys); err != nil {
		return err
	}
	s.Op, s.Schema = &UniqueOp{Keys: keys, Keep: spec.Keep, Mark: spec.Mark != "", mark: in.NumFields()}, in
	if spec.Mark != "" {
		s.Schema = arrow.NewSchema(append(slices.Clone(in.Fields()), arrow.Field{Name: spec.Mark, Type: arrow.FixedWidthTypes.Boolean}), nil)
	}
	return nil
}

// checkKeys refuses keys that can't tell rows apart.
func checkKeys(s *arrow.Schema, keys []int) error {
	if len(keys) == 0 {
		return status.Errorf(status.Invalid, "there are no columns to tell rows apart by")
	}
	for _, key := range keys {
		if err := checkKey(s.Field(key)); err != nil {
			return err
		}
	}
	return nil
}

// place brings rows of equal keys together. Each rank drops what it can before: of rows in the order of the rank
// concatenation the first of the firsts is the first. Marks come back to the rows.
func (op *UniqueOp) place(pl *placer, _ int, s Step) (int, error) {
	input := s.Inputs[0]
	switch {
	case !pl.apart(input) || keysAmong(pl.at(input).Keys, op.Keys) != nil:
		return pl.out.add(s), nil
	case op.Mark:
		return op.placeMarks(pl, s), nil
	case op.Keep != KeepNone:
		input = pl.out.add(s)
	}
	s.Inputs = []int{pl.exchange(input, s.Node, &Exchange{Kind: ByHash, Keys: op.Keys})}
	s.Keys = pl.at(s.Inputs[0]).Keys
	return pl.out.add(s), nil
}

// placeMarks has the keys alone moved.
func (op *UniqueOp) placeMarks(pl *placer, s Step) int {
	keys := upTo(len(op.Keys))
	numbered, number := pl.number(s.Inputs[0], s.Node, op.Keys)
	moved := pl.exchange(numbered, s.Node, &Exchange{Kind: ByHash, Keys: keys})
	mark := s.Schema.Field(s.Schema.NumFields() - 1)
	fields := append(slices.Clone(pl.at(moved).Schema.Fields()), mark)
	marked := pl.out.add(Step{Node: s.Node, Op: &UniqueOp{Keys: keys, Keep: op.Keep, Mark: true}, Inputs: []int{moved},
		Schema: arrow.NewSchema(fields, nil), Placement: Partitioned})
	return pl.restore(s, pl.pick(marked, s.Node, []int{number, len(fields) - 1}))
}

func (op *UniqueOp) describe(w words) string {
	return "by " + w.columns(0, op.Keys) + ", keep " + string(op.Keep)
}

// sift lets filters of keys through: they drop all rows of a key, or none.
func (op *UniqueOp) sift(reads []int, n int) ([][]int, bool) {
	if slices.ContainsFunc(reads, func(c int) bool { return !slices.Contains(op.Keys, c) }) {
		return nil, false
	}
	return everywhere(reads, n), false
}

func (op *UniqueOp) needs(wanted []int, n int) [][]int {
	if columns := len(wanted); op.Mark && columns > 0 && wanted[columns-1] == op.mark {
		wanted = wanted[:columns-1]
	}
	return same(wanted, op.Keys, n)
}

func (op *UniqueOp) narrow(_ []int, in []narrowed) (Op, []int) {
	narrow, makes := *op, in[0].left
	narrow.Keys = in[0].all(op.Keys)
	if op.Mark {
		narrow.mark, makes = len(makes), append(slices.Clone(makes), op.mark)
	}
	return &narrow, makes
}

package plan

import (
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
	// Mark is the name of a column of bools, true for the rows that would go, to make instead.
	Mark string `json:"mark"`
}

// UniqueOp keeps rows of this rank by their keys.
type UniqueOp struct {
	Keys []int
	Keep Keep
	Mark bool
}

// Name is "unique".
func (*UniqueOp) Name() string { return "unique" }

func (spec *Unique) check() error { return oneOf("keep", spec.Keep, KeepFirst, KeepLast, KeepNone) }

func (spec *Unique) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	keys, err := findAll(in, spec.Keys, "")
	if err != nil {
		return err
	}
	if spec.Keys == nil {
		keys = allColumns(in)
	}
	if len(keys) == 0 {
		return status.Errorf(status.Invalid, "there are no columns to tell rows apart by")
	}
	s.Op, s.Schema = &UniqueOp{Keys: keys, Keep: spec.Keep, Mark: spec.Mark != ""}, in
	if spec.Mark != "" {
		s.Schema = arrow.NewSchema([]arrow.Field{{Name: spec.Mark, Type: arrow.FixedWidthTypes.Boolean}}, nil)
	}
	return nil
}

// allColumns returns the positions of all columns.
func allColumns(s *arrow.Schema) []int {
	all := make([]int, s.NumFields())
	for i := range all {
		all[i] = i
	}
	return all
}

// place brings rows of equal keys together. Each rank drops what it can before: of rows in the order of the rank
// concatenation the first of the firsts is the first.
func (op *UniqueOp) place(pl *placer, _ int, s Step) (int, error) {
	input := s.Inputs[0]
	switch {
	case op.Mark && pl.apart(input):
		return 0, status.Errorf(status.Unsupported, "duplicated of a partitioned frame isn't supported: use drop_duplicates, or duplicated of df.local for this rank's rows")
	case op.Mark:
		s.Keys = nil
		return pl.out.add(s), nil
	case !pl.apart(input) || groupKeys(pl.at(input).Keys, op.Keys) != nil:
		return pl.out.add(s), nil
	}
	if op.Keep != KeepNone {
		input = pl.out.add(s)
	}
	s.Inputs = []int{pl.exchange(input, s.Node, &Exchange{Kind: ByHash, Keys: op.Keys})}
	s.Keys = pl.at(s.Inputs[0]).Keys
	return pl.out.add(s), nil
}

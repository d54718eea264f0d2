package plan

import "github.com/apache/arrow/go/v17/arrow"

// SetKind is which rows of the left input a set operation keeps.
type SetKind string

// The set operations: rows that the right input has, too, or hasn't.
const (
	Intersect SetKind = "intersect"
	Subtract  SetKind = "subtract"
)

// SetOp keeps rows of its left input by what the right one has, comparing all columns.
type SetOp struct {
	Kind     SetKind `json:"kind"`
	Distinct bool    `json:"distinct"` // each row once; else as often as both have it, or as the left has it more
}

// SetOpOp keeps rows of this rank's left input.
type SetOpOp struct {
	Kind SetKind
	All  bool

	columns []int // all of them
}

// Name is the kind.
func (op *SetOpOp) Name() string { return string(op.Kind) }

func (op *SetOpOp) compares() [][]int { return [][]int{op.columns, op.columns} }

func (op *SetOpOp) asKeys([]*arrow.Schema) Op { return op }

func (spec *SetOp) check() error { return oneOf("kind", spec.Kind, Intersect, Subtract) }

func (spec *SetOp) bind(b *binder, s *Step) error {
	schema, err := UnifySchemas(b.in(s, 0), b.in(s, 1))
	if err != nil {
		return err
	}
	if err := checkKeys(schema, upTo(schema.NumFields())); err != nil {
		return err
	}
	for i := range s.Inputs {
		s.Inputs[i] = b.castColumns(s.Node, s.Inputs[i], schema)
	}
	s.Op, s.Schema = &SetOpOp{Kind: spec.Kind, All: !spec.Distinct, columns: upTo(schema.NumFields())}, schema
	return nil
}

// place brings equal rows together.
func (op *SetOpOp) place(pl *placer, _ int, s Step) (int, error) {
	l, r := s.Inputs[0], s.Inputs[1]
	if !pl.apart(l) && !pl.apart(r) {
		if right := pl.at(r).Placement; s.Placement == Replicated && right != Replicated {
			s.Placement, s.Keys = right, nil
		}
		return pl.out.add(s), nil
	}
	columns := upTo(s.Schema.NumFields())
	pl.colocate(&s, columns, columns)
	s.Placement, s.Keys = Partitioned, pl.at(s.Inputs[0]).Keys
	return pl.out.add(s), nil
}

func (*SetOpOp) sift(reads []int, n int) ([][]int, bool) { return everywhere(reads, n), false }

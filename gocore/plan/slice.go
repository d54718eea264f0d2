package plan

import (
	"fmt"
)

// Slice keeps Length rows from Offset on; a negative offset counts from the end. Length is -1 for all that follow.
type Slice struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// SliceOp keeps a range of rows: of this rank's rows, or (Global) of the concatenation over the ranks.
type SliceOp struct {
	Offset, Length int64
	Global         bool
}

// Name is "slice".
func (*SliceOp) Name() string { return "slice" }

func (spec *Slice) check() error {
	if spec.Length < -1 {
		return fmt.Errorf("length %d: give -1 for all rows that follow", spec.Length)
	}
	return nil
}

func (spec *Slice) bind(b *binder, s *Step) error {
	s.Op, s.Schema = &SliceOp{Offset: spec.Offset, Length: spec.Length}, b.in(s, 0)
	return nil
}

func (op *SliceOp) place(pl *placer, _ int, s Step) (int, error) {
	global := *op
	global.Global = pl.apart(s.Inputs[0])
	s.Op = &global
	return pl.out.add(s), nil
}

func (op *SliceOp) describe(words) string {
	return fmt.Sprintf("%d rows from %d", op.Length, op.Offset)
}

func (op *SliceOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *SliceOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }

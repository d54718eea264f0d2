package plan

import (
	"github.com/pycylon/pycylon/gocore/base/status"
)

// Take gathers rows by position: the first column of an argument; -1 gives nulls.
type Take struct {
	Arg int `json:"indices"`
}

// TakeOp gathers rows by the positions in the first column of an argument.
type TakeOp struct{ Arg int }

// Name is "take".
func (*TakeOp) Name() string { return "take" }

func (*Take) check() error { return nil }

func (spec *Take) bind(b *binder, s *Step) error {
	if spec.Arg < 0 || spec.Arg >= len(b.args) || b.args[spec.Arg].NumFields() == 0 || !kindOf(b.args[spec.Arg].Field(0).Type).IsInteger() {
		return status.Errorf(status.Invalid, "the row positions must be a column of integers")
	}
	s.Op, s.Schema = &TakeOp{spec.Arg}, b.in(s, 0)
	return nil
}

func (*TakeOp) place(pl *placer, _ int, s Step) (int, error) {
	if pl.apart(s.Inputs[0]) {
		return 0, status.Errorf(status.Unsupported, "take of a partitioned frame isn't supported: use a filter or a slice, or take of df.local for this rank's rows")
	}
	return pl.out.add(s), nil
}

func (op *TakeOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *TakeOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }

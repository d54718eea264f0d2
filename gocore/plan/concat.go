package plan

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Concat is the rows of its inputs, one input after the other.
type Concat struct{}

// ConcatOp is its inputs' rows, one input after the other.
type ConcatOp struct{}

// Name is "concat".
func (*ConcatOp) Name() string { return "concat" }

func (*Concat) check() error { return nil }

// bind unifies its inputs' schemas, casting where they differ.
func (*Concat) bind(b *binder, s *Step) error {
	schema := b.in(s, 0)
	for i := 1; i < len(s.Inputs); i++ {
		unified, err := UnifySchemas(schema, b.in(s, i))
		if err != nil {
			return status.Errorf(status.CodeOf(err), "inputs 0 and %d: %w", i, err)
		}
		schema = unified
	}
	for i := range s.Inputs {
		s.Inputs[i] = b.castColumns(s.Node, s.Inputs[i], schema)
	}
	s.Op, s.Schema = &ConcatOp{}, schema
	return nil
}

func (*ConcatOp) place(pl *placer, _ int, s Step) (int, error) {
	apart, same := false, true
	for _, in := range s.Inputs {
		apart = apart || pl.apart(in)
		same = same && slices.EqualFunc(pl.at(in).Keys, s.Keys, slices.Equal[[]int])
		if kind := pl.at(in).Placement; kind != s.Placement && s.Placement == Replicated {
			s.Placement = kind
		}
	}
	for i, in := range s.Inputs {
		if apart && pl.at(in).Placement == Replicated {
			s.Inputs[i] = pl.exchange(in, s.Node, &Exchange{Kind: Even})
			same = false
		}
	}
	if !same {
		s.Keys = nil
	}
	return pl.out.add(s), nil
}

func (*ConcatOp) sift(reads []int, n int) ([][]int, bool) { return everywhere(reads, n), true }

func (op *ConcatOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *ConcatOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }

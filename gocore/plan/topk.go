package plan

import "fmt"

// TopKOp drops rows of this rank that can't be among the first N in the order of Keys.
type TopKOp struct {
	Keys []BoundSortKey
	N    int64
}

// maxTopK is the most first rows for which it pays to look at every row before the sort.
const maxTopK = 8 << 10

// Name is "top k".
func (*TopKOp) Name() string { return "top k" }

func (op *TopKOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

func (op *TopKOp) describe(w words) string { return fmt.Sprintf("%d by %s", op.N, w.sort(op.Keys)) }

func (op *TopKOp) needs(wanted []int, n int) [][]int { return same(wanted, sortColumns(op.Keys), n) }

func (op *TopKOp) narrow(_ []int, in []narrowed) (Op, []int) {
	return &TopKOp{Keys: in[0].keys(op.Keys), N: op.N}, in[0].left
}

// limit puts a TopKOp in front of a sort of which only the first rows are read: by a slice, maybe of some columns.
func limit(p *Program) *Program {
	uses := p.uses()
	first := map[int]int64{} // of a sort: how many of its rows are read
	for i := range p.Steps {
		if n := rowsRead(p.Steps[i].Op); uses[i] > 0 && n > 0 {
			if sort, ok := p.sortBelow(p.Steps[i].Inputs[0], uses); ok {
				first[sort] = n
			}
		}
	}
	if len(first) == 0 {
		return p
	}
	out := &Program{}
	step := make([]int, len(p.Steps))
	for i, s := range p.Steps {
		inputs := make([]int, len(s.Inputs))
		for k, in := range s.Inputs {
			inputs[k] = step[in]
		}
		s.Inputs = inputs
		if n, ok := first[i]; ok {
			op := &TopKOp{Keys: s.Op.(*SortOp).Keys, N: n}
			s.Inputs = []int{out.add(Step{Node: s.Node, Op: op, Inputs: inputs, Schema: s.Schema})}
		}
		step[i] = out.add(s)
	}
	out.Root = step[p.Root]
	return out
}

// rowsRead returns how many first rows of its input op reads: 0 if that isn't known, or many.
func rowsRead(op Op) int64 {
	switch op := op.(type) {
	case *SliceOp:
		if op.Offset >= 0 && op.Length > 0 && op.Offset < maxTopK && op.Length < maxTopK {
			return op.Offset + op.Length
		}
	case *FirstOp:
		if op.Draw.Share == 0 && op.Draw.N < maxTopK {
			return op.Draw.N
		}
	}
	return 0
}

// sortBelow returns the sort that makes a step's rows, if nothing but projections lies between and nobody else reads it.
func (p *Program) sortBelow(at int, uses []int) (int, bool) {
	for uses[at] == 1 {
		switch p.Steps[at].Op.(type) {
		case *ProjectOp:
			at = p.Steps[at].Inputs[0]
		case *SortOp:
			_, limited := p.Steps[p.Steps[at].Inputs[0]].Op.(*TopKOp)
			return at, !limited
		default:
			return 0, false
		}
	}
	return 0, false
}

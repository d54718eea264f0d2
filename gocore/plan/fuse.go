package plan

import "slices"

// fusedSize is the most nodes that the expressions of a fused projection may have: what is written once and read twice
// is in them twice, though it is computed once.
const fusedSize = 1000

// fuse makes one projection of a projection of another one that nobody else reads, or that only renames or drops
// columns, and leaves out those that change nothing.
func fuse(p *Program) *Program {
	uses := p.uses()
	out := &Program{}
	step := make([]int, len(p.Steps))
	for i := 0; i <= p.Root; i++ {
		if uses[i] == 0 {
			continue
		}
		s := p.Steps[i]
		s.Inputs = make([]int, len(s.Inputs))
		for k, in := range p.Steps[i].Inputs {
			s.Inputs[k] = step[in]
		}
		op, ok := s.Op.(*ProjectOp)
		if !ok {
			step[i] = out.add(s)
			continue
		}
		below := &out.Steps[s.Inputs[0]]
		if inner, ok := below.Op.(*ProjectOp); ok && (uses[p.Steps[i].Inputs[0]] == 1 || inner.isPlain()) {
			if fused := op.after(inner); fused.size() <= fusedSize {
				s.Op, s.Inputs = fused, below.Inputs
			}
		}
		step[i] = out.addProject(s)
	}
	out.Root = step[p.Root]
	return out.reached()
}

// addProject adds a projection, unless it makes its input.
func (p *Program) addProject(s Step) int {
	in := p.Steps[s.Inputs[0]].Schema
	isSame := len(s.Op.(*ProjectOp).Columns) == in.NumFields()
	for i, e := range s.Op.(*ProjectOp).Columns {
		isSame = isSame && e.Column == i && s.Schema.Field(i).Name == in.Field(i).Name
	}
	if isSame {
		return s.Inputs[0]
	}
	return p.add(s)
}

// reached returns the program without the steps that its root doesn't need.
func (p *Program) reached() *Program {
	uses := p.uses()
	out := &Program{}
	step := make([]int, len(p.Steps))
	for i := 0; i <= p.Root; i++ {
		if uses[i] > 0 {
			s := p.Steps[i]
			s.Inputs = slices.Clone(s.Inputs)
			for k, in := range s.Inputs {
				s.Inputs[k] = step[in]
			}
			step[i] = out.add(s)
		}
	}
	out.Root = step[p.Root]
	return out
}

func (e *BoundExpr) size() int {
	n := 1
	for _, a := range e.Args {
		n += a.size()
	}
	return n
}

package plan

import "slices"

// unordered are the aggregates that are the same in whatever order the rows come.
var unordered = []string{"sum", "min", "max", "count", "mean", "size", "any", "all", "nunique"}

// unorder leaves out sorts whose order nobody sees: a join has no order of its own, and most aggregates have no use for
// one. Such are the sorts of group-bys whose result is merged.
func unorder(p *Program) *Program {
	uses := p.uses()
	seen := make([]bool, len(p.Steps)) // whether a step's order matters
	seen[p.Root] = true
	for i := p.Root; i >= 0; i-- {
		if uses[i] == 0 {
			continue
		}
		for _, in := range p.Steps[i].Inputs {
			seen[in] = seen[in] || p.Steps[i].sees(seen[i])
		}
	}
	out := &Program{Steps: slices.Clone(p.Steps)}
	instead := upTo(len(p.Steps)) // of each step: where its rows are
	for i := range out.Steps {
		s := &out.Steps[i]
		s.Inputs = slices.Clone(s.Inputs)
		for k, in := range s.Inputs {
			s.Inputs[k] = instead[in]
		}
		if _, ok := s.Op.(*SortOp); ok && !seen[i] {
			instead[i] = s.Inputs[0]
		}
	}
	out.Root = instead[p.Root]
	return out.reached()
}

// sees tells whether what a step makes depends on the order of its inputs' rows, given whether its own order matters.
func (s *Step) sees(ordered bool) bool {
	switch op := s.Op.(type) {
	case *JoinOp:
		return op.MaintainOrder || ordered && op.How == Cross // as unspecified as that of others, but each side's rows come in its order on every rank
	case *GroupOp:
		return slices.ContainsFunc(op.Aggs, func(a BoundAgg) bool { return !slices.Contains(unordered, a.Fn) })
	case *FilterOp, *ProjectOp:
		return ordered
	}
	return true
}

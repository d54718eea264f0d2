package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/function"
)

// onInput returns what a condition that can't go on as a whole, an "or" of conditions on several inputs, demands of the
// rows of input k alone, over its columns; nil where that is nothing:
//
//	(a = 1 and b = 2) or (a = 3 and b = 4)     of a's input: a = 1 or a = 3
//
// The condition itself stays where it is. move says what one condition is on input k, nil if it doesn't go there.
func (c conjunct) onInput(move func(conjunct) *BoundExpr) *BoundExpr {
	if c.Fn == nil || c.Fn.Name != "or" {
		return nil
	}
	var alternatives []*BoundExpr
	for _, one := range c.alternatives(nil) {
		var all *BoundExpr
		for _, part := range conjuncts(one, c.node, nil) {
			if moved := move(part); moved != nil {
				all = combined("and", all, moved)
			} else if moved := part.onInput(move); moved != nil {
				all = combined("and", all, moved)
			}
		}
		if all == nil {
			return nil
		}
		if !slices.ContainsFunc(alternatives, all.same) {
			alternatives = append(alternatives, all)
		}
	}
	var either *BoundExpr
	for _, one := range alternatives {
		either = combined("or", either, one)
	}
	return either
}

// alternatives appends the conditions one of which e demands.
func (e *BoundExpr) alternatives(all []*BoundExpr) []*BoundExpr {
	if e.Fn != nil && e.Fn.Name == "or" {
		return e.Args[1].alternatives(e.Args[0].alternatives(all))
	}
	return append(all, e)
}

// combined returns a and b, or a or b; b alone where a is nil.
func combined(name string, a, b *BoundExpr) *BoundExpr {
	if a == nil {
		return b
	}
	fn, err := function.Bind(function.Call{Name: name, Args: []function.Argument{{Type: a.Type}, {Type: b.Type}}})
	if err != nil {
		panic("plan: two predicates that have no " + name + ": " + err.Error())
	}
	return &BoundExpr{Column: -1, Arg: -1, Fn: fn, Args: []*BoundExpr{a, b}, Type: fn.Type}
}

// different returns conditions without those that came before or that the rows of input fulfil already, because it is a
// filter by them.
func (s *sifter) different(input int, conditions []conjunct) []conjunct {
	var known []*BoundExpr
	filter, ok := s.out.Steps[input].Op.(*FilterOp)
	if ok {
		for _, c := range conjuncts(filter.Predicate, 0, nil) {
			known = append(known, c.BoundExpr)
		}
	}
	var kept []conjunct
	for _, c := range conditions {
		below := c.BoundExpr
		if ok && filter.Output != nil {
			below = c.moved(func(i int) int { return filter.Output[i] })
		}
		if !slices.ContainsFunc(known, below.same) {
			kept, known = append(kept, c), append(known, below)
		}
	}
	return kept
}

// same tells whether two expressions are one.
func (e *BoundExpr) same(other *BoundExpr) bool {
	if e.Column != other.Column || e.Arg != other.Arg || e.ArgCol != other.ArgCol || e.Set != other.Set ||
		(e.Fn == nil) != (other.Fn == nil) || !arrow.TypeEqual(e.Type, other.Type) {
		return false
	}
	if e.Fn != nil && (e.Fn.Name != other.Fn.Name || e.Fn.Key != other.Fn.Key) {
		return false
	}
	return slices.EqualFunc(e.Args, other.Args, (*BoundExpr).same)
}

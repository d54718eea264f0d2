package plan

import (
	"fmt"

	"github.com/pycylon/pycylon/gocore/engine/function"
)

// bound is a condition that compares a column of integers with a literal, as one end of a range.
type bound struct {
	column, literal *BoundExpr
	isLow           bool
	isIn            bool // the literal belongs to the range
}

// boundOf returns e as a bound, and false where it isn't one.
func boundOf(e *BoundExpr) (bound, bool) {
	if e.Fn == nil || len(e.Args) != 2 {
		return bound{}, false
	}
	b := bound{column: e.Args[0], literal: e.Args[1]}
	switch e.Fn.Name {
	case "lt":
	case "le":
		b.isIn = true
	case "gt":
		b.isLow = true
	case "ge":
		b.isLow, b.isIn = true, true
	default:
		return bound{}, false
	}
	if b.literal.Column >= 0 {
		b.column, b.literal, b.isLow = b.literal, b.column, !b.isLow
	}
	return b, b.column.Column >= 0 && b.literal.Arg >= 0 && kindOf(b.column.Type).IsInteger()
}

// between returns conditions in which a lower and an upper bound of one column have become one, in the place of the first
// of them: of x >= 3 and x < 9, one test of each value in one pass over the column.
func between(conditions []*BoundExpr) []*BoundExpr {
	type end struct {
		column int
		isLow  bool
	}
	type place struct {
		bound
		at int
	}
	var all []*BoundExpr
	single := map[end]place{} // bounds whose column has no bound at the other end yet
	for _, e := range conditions {
		b, ok := boundOf(e)
		if !ok {
			all = append(all, e)
			continue
		}
		other := end{b.column.Column, !b.isLow}
		if first, ok := single[other]; ok {
			all[first.at] = b.and(first.bound)
			delete(single, other)
			continue
		}
		single[end{b.column.Column, b.isLow}] = place{b, len(all)}
		all = append(all, e)
	}
	return all
}

// and returns the condition of both ends of a range.
func (b bound) and(other bound) *BoundExpr {
	low, high := b, other
	if !b.isLow {
		low, high = other, b
	}
	call := function.Call{Name: "between", Options: fmt.Appendf(nil, `{"with_low":%t,"with_high":%t}`, low.isIn, high.isIn)}
	args := []*BoundExpr{low.column, low.literal, high.literal}
	for _, a := range args {
		call.Args = append(call.Args, function.Argument{Type: a.Type, Literal: a.Arg >= 0})
	}
	fn, err := function.Bind(call)
	if err != nil {
		panic("plan: two comparisons that have no range: " + err.Error())
	}
	return &BoundExpr{Column: -1, Arg: -1, Fn: fn, Args: args, Type: fn.Type}
}

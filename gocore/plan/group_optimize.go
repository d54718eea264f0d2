package plan

import (
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

func (op *GroupOp) describe(w words) string {
	w.in = []*arrow.Schema{op.Input}
	aggs := make([]string, len(op.Aggs))
	for i, a := range op.Aggs {
		aggs[i] = a.Fn + "()"
		if columns := a.reads(); len(columns) > 0 {
			aggs[i] = a.Fn + "(" + w.columns(0, columns) + ")"
		}
	}
	return strings.TrimSuffix("by "+w.columns(0, op.Keys)+": "+strings.Join(aggs, ", "), ": ")
}

func (op *GroupOp) sift(reads []int, _ int) ([][]int, bool) {
	if slices.ContainsFunc(reads, func(c int) bool { return c >= len(op.Keys) }) || len(reads) == 0 {
		return nil, false
	}
	return [][]int{op.Keys}, false
}

func (op *GroupOp) needs(wanted []int, _ int) [][]int {
	read := slices.Clone(op.Keys)
	for _, i := range wanted {
		if i >= len(op.Keys) {
			read = append(read, op.Aggs[i-len(op.Keys)].reads()...)
		}
	}
	return [][]int{union(read, nil)}
}

func (op *GroupOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	narrow, makes := *op, upTo(len(op.Keys))
	narrow.Keys, narrow.Aggs, narrow.Input = in[0].all(op.Keys), nil, in[0].schema
	for _, i := range wanted {
		if i >= len(op.Keys) {
			a := op.Aggs[i-len(op.Keys)]
			for _, c := range []*int{&a.Column, &a.Other} {
				if *c >= 0 {
					*c = in[0].at(*c)
				}
			}
			narrow.Aggs, makes = append(narrow.Aggs, a), append(makes, i)
		}
	}
	return &narrow, makes
}

// reads returns the columns that the aggregate reads.
func (a *BoundAgg) reads() []int {
	return slices.DeleteFunc([]int{a.Column, a.Other}, func(c int) bool { return c < 0 })
}

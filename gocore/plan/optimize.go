package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// Optimize returns a program that makes the same rows with less work. It runs between Bind and Place, is pure, and
// looks at no data: ranks that optimize the same program get the same one.
//
//	unorder sorts whose order nobody sees are left out
//	sift    filters go down to where their rows come from: fewer rows are joined, grouped, sorted
//	prune   columns that nobody asks for are dropped where they come from: fewer values are gathered and moved
//	fuse    projections of projections become one
//	limit   of a sort whose first rows are all that is read, others are dropped before it
//
// What several steps read stays one step: only what all of them leave out is left out of it. A function may raise an
// error (a cast of text, an overflow), so it is never computed for a row for which the given program doesn't compute it;
// but what nobody asks for isn't computed, and its errors aren't raised.
func Optimize(p *Program) *Program { return limit(fuse(prune(sift(unorder(p))))) }

// uses returns how many steps read each step, the root counting as read.
func (p *Program) uses() []int {
	uses := make([]int, len(p.Steps))
	uses[p.Root] = 1
	for i := p.Root; i >= 0; i-- {
		if uses[i] > 0 {
			for _, in := range p.Steps[i].Inputs {
				uses[in]++
			}
		}
	}
	return uses
}

// pick adds a step that keeps the given columns of an input, in that order, and returns its index: the input's own where
// those are all.
func (p *Program) pick(node, input int, columns []int) int {
	in := p.Steps[input].Schema
	if slices.Equal(columns, upTo(in.NumFields())) {
		return input
	}
	op := &ProjectOp{}
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = in.Field(c)
		op.Columns = append(op.Columns, column(c, fields[i].Type))
	}
	return p.add(Step{Node: node, Op: op, Inputs: []int{input}, Schema: arrow.NewSchema(fields, nil)})
}

// upTo returns 0 .. n-1.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// union returns the numbers that are in one of two ascending lists, ascending.
func union(a, b []int) []int {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// reads appends the input columns that e reads.
func (e *BoundExpr) reads(columns []int) []int {
	if e.Column >= 0 {
		return append(columns, e.Column)
	}
	for _, a := range e.Args {
		columns = a.reads(columns)
	}
	return columns
}

// replaced returns e with each column's place taken by what replace says.
func (e *BoundExpr) replaced(replace func(column int) *BoundExpr) *BoundExpr {
	if e.Column >= 0 {
		return replace(e.Column)
	}
	if len(e.Args) == 0 {
		return e
	}
	changed := *e
	changed.Args = make([]*BoundExpr, len(e.Args))
	for i, a := range e.Args {
		changed.Args[i] = a.replaced(replace)
	}
	return &changed
}

// moved returns e with its columns renumbered.
func (e *BoundExpr) moved(at func(column int) int) *BoundExpr {
	return e.replaced(func(c int) *BoundExpr {
		changed := *e.find(c)
		changed.Column = at(c)
		return &changed
	})
}

// find returns the part of e that is an input column.
func (e *BoundExpr) find(c int) *BoundExpr {
	if e.Column == c {
		return e
	}
	for _, a := range e.Args {
		if found := a.find(c); found != nil {
			return found
		}
	}
	return nil
}

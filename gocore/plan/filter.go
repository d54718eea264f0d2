package plan

import (
	"cmp"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	col "github.com/pycylon/pycylon/gocore/engine/column"
)

// Filter keeps the rows for which Predicate is true.
type Filter struct {
	Predicate *Expr `json:"predicate"`
}

// FilterOp keeps the rows for which Predicate is true, and of them the columns in Output.
type FilterOp struct {
	Predicate *BoundExpr
	Output    []int // nil: all
}

// Name is "filter".
func (*FilterOp) Name() string { return "filter" }

func (spec *Filter) check() error { return spec.Predicate.check(0) }

func (spec *Filter) bind(b *binder, s *Step) error {
	predicate, err := spec.Predicate.bind(b.in(s, 0), b.args)
	if err != nil {
		return err
	}
	if t := predicate.Type; t.ID() != arrow.BOOL && t.ID() != arrow.NULL {
		return status.Errorf(status.TypeMismatch, "a filter takes bool, and %s is %s", spec.Predicate.text(), t)
	}
	s.Op, s.Schema = &FilterOp{Predicate: predicate.castTo(arrow.FixedWidthTypes.Boolean)}, b.in(s, 0)
	return nil
}

// Conditions returns the conditions that a row has to fulfil, in the order in which they are best looked at, since rows
// that don't fulfil one needn't be asked for the next: those that may fail first, for all rows, then the cheap ones. Two
// bounds of one column are one condition (see between).
func (op *FilterOp) Conditions() []*BoundExpr {
	var sure, first []*BoundExpr
	for _, c := range conjuncts(op.Predicate, 0, nil) {
		if c.neverFails() {
			sure = append(sure, c.BoundExpr)
		} else {
			first = append(first, c.BoundExpr)
		}
	}
	sure = between(sure)
	slices.SortStableFunc(sure, func(a, b *BoundExpr) int { return cmp.Compare(a.cost(), b.cost()) })
	if len(first) == 0 {
		return sure
	}
	var all *BoundExpr
	for _, c := range first {
		all = combined("and", all, c)
	}
	return append([]*BoundExpr{all}, sure...)
}

// cost is roughly what a row of e costs: a comparison of numbers 1.
func (e *BoundExpr) cost() int {
	if e.Fn == nil {
		return 0
	}
	n := 1
	for _, a := range e.Args {
		if kindOf(a.Type) == col.String && a.Column >= 0 {
			n += stringCost
		}
		n += a.cost()
	}
	if e.Fn.Slow {
		n += slowCost
	}
	return n
}

const (
	stringCost = 8
	slowCost   = 1000
)

func (op *FilterOp) place(pl *placer, _ int, s Step) (int, error) {
	if op.Output != nil {
		s.Keys = keysAmong(s.Keys, op.Output)
	}
	at := pl.out.add(s)
	pl.ordered[at] = pl.ordered[s.Inputs[0]]
	return at, nil
}

func (op *FilterOp) describe(w words) string { return w.expr(op.Predicate) }

func (op *FilterOp) needs(wanted []int, _ int) [][]int {
	return [][]int{union(op.output(wanted), op.Predicate.reads(nil))}
}

func (op *FilterOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	return &FilterOp{Predicate: op.Predicate.moved(in[0].at), Output: in[0].all(op.output(wanted))}, wanted
}

// output returns where the input has some output columns.
func (op *FilterOp) output(columns []int) []int {
	if op.Output == nil {
		return columns
	}
	return pick(op.Output, columns)
}

package plan

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Filter keeps the rows for which Predicate is true.
type Filter struct {
	Predicate *Expr `json:"predicate"`
}

// FilterOp keeps the rows for which Predicate is true.
type FilterOp struct{ Predicate *BoundExpr }

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
	s.Op, s.Schema = &FilterOp{predicate.castTo(arrow.FixedWidthTypes.Boolean)}, b.in(s, 0)
	return nil
}

func (*FilterOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

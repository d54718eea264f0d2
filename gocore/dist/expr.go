package dist

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

var comparisons = map[string]compute.Comparison{"eq": compute.Equal, "ne": compute.NotEqual, "lt": compute.Less,
	"le": compute.LessEqual, "gt": compute.Greater, "ge": compute.GreaterEqual}

var logics = map[string]compute.Logic{"and": compute.And, "or": compute.Or}

// expression makes the engine's expression of a plan's.
func (l *lowerer) expression(e *plan.BoundExpr, in *arrow.Schema) (expr.Expr, error) {
	switch {
	case e.Column >= 0:
		return expr.NewColumn(in, e.Column)
	case e.Arg >= 0:
		for _, b := range l.args[e.Arg].Batches {
			if b.Len > 0 {
				return expr.NewLiteral(b.Cols[e.ArgCol].Slice(0, 1))
			}
		}
		return nil, status.Errorf(status.Invalid, "the table of literals has no rows")
	}
	args := make([]expr.Expr, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = l.expression(a, in); err != nil {
			return nil, err
		}
	}
	if comparison, ok := comparisons[e.Fn]; ok {
		return expr.NewCompare(comparison, args[0], args[1])
	}
	if logic, ok := logics[e.Fn]; ok {
		return expr.NewLogic(logic, args[0], args[1])
	}
	switch e.Fn {
	case "not":
		return expr.NewNot(args[0])
	case "is_null":
		return expr.NewIsNull(args[0]), nil
	case "cast":
		return expr.NewCast(args[0], e.Type)
	}
	return nil, status.Errorf(status.Internal, "no kernel computes %q", e.Fn)
}

func (l *lowerer) filter(step *plan.Step, op *plan.FilterOp, in stream) (stream, error) {
	predicate, err := l.expression(op.Predicate, in.schema)
	if err != nil {
		return stream{}, err
	}
	filter, err := operator.NewFilter(predicate)
	if err != nil {
		return stream{}, err
	}
	return in.through(filter, step.Schema), nil
}

func (l *lowerer) project(step *plan.Step, op *plan.ProjectOp, in stream) (stream, error) {
	columns := make([]int, len(op.Columns))
	exprs := make([]expr.Expr, len(op.Columns))
	computed := false
	for i, c := range op.Columns {
		var err error
		if exprs[i], err = l.expression(c, in.schema); err != nil {
			return stream{}, err
		}
		columns[i] = c.Column
		computed = computed || c.Column < 0
	}
	if computed {
		return in.through(&operator.Compute{Exprs: exprs}, step.Schema), nil
	}
	return in.through(&operator.Project{Columns: columns}, step.Schema), nil
}

func (l *lowerer) take(step *plan.Step, op *plan.TakeOp, in stream) (stream, error) {
	argument := l.args[op.Arg]
	indices, _, err := memory.Make[int64](l.q.Scope, argument.Rows)
	if err != nil {
		return stream{}, err
	}
	at := 0
	for _, b := range argument.Batches {
		if b.Cols[0].Nulls > 0 {
			return stream{}, status.Errorf(status.Invalid, "a row position is null: give -1 for a row of nulls")
		}
		c, err := compute.Cast(l.q.Scope, &b.Cols[0], arrow.PrimitiveTypes.Int64)
		if err != nil {
			return stream{}, err
		}
		at += copy(indices[at:], column.Of[int64](&c))
		c.Release()
	}
	return l.into(in, operator.NewTake(indices, step.Schema), step.Schema)
}

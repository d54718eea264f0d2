package dist

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

// expression adds a plan's expression to the engine's.
func (l *lowerer) expression(b *expr.Builder, e *plan.BoundExpr) (expr.Node, error) {
	switch {
	case e.Column >= 0:
		return b.Column(e.Column)
	case e.Set:
		return l.set(b, e)
	case e.Arg >= 0:
		literal, err := l.valueOf(e)
		if err != nil {
			return 0, err
		}
		return b.Literal(literal)
	case e.Fn == nil:
		c, err := compute.AllNull(l.q.Scope, e.Type, 1)
		if err != nil {
			return 0, err
		}
		defer c.Release()
		return b.Literal(c)
	}
	args := make([]expr.Node, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = l.expression(b, a); err != nil {
			return 0, err
		}
	}
	return b.Call(e.Fn, args...)
}

// valueOf returns a column of the one row that holds a plan's literal.
func (l *lowerer) valueOf(e *plan.BoundExpr) (column.Column, error) {
	for _, batch := range l.args[e.Arg].Batches {
		if batch.Len > 0 {
			return batch.Cols[e.ArgCol].Slice(0, 1), nil
		}
	}
	return column.Column{}, status.Errorf(status.Invalid, "the table of literals has no rows")
}

// set adds the values of a plan's set.
func (l *lowerer) set(b *expr.Builder, e *plan.BoundExpr) (expr.Node, error) {
	var columns []column.Column
	for _, batch := range l.args[e.Arg].Batches {
		columns = append(columns, batch.Cols[e.ArgCol])
	}
	return b.Set(fmt.Sprintf("set %d %d", e.Arg, e.ArgCol), e.Type, columns)
}

// compute makes what computes expressions over rows of schema in.
func (l *lowerer) compute(in *arrow.Schema, exprs ...*plan.BoundExpr) (*expr.Program, error) {
	b := expr.NewBuilder(l.q.Scope, in)
	nodes := make([]expr.Node, len(exprs))
	for i, e := range exprs {
		var err error
		if nodes[i], err = l.expression(b, e); err != nil {
			return nil, err
		}
	}
	return b.Program(nodes...), nil
}

func (l *lowerer) filter(step *plan.Step, op *plan.FilterOp, in stream) (stream, error) {
	var conditions []*expr.Program
	for _, c := range op.Conditions() {
		condition, err := l.compute(in.schema, c)
		if err != nil {
			return stream{}, err
		}
		conditions = append(conditions, condition)
	}
	filter, err := operator.NewFilter(conditions, op.Output)
	if err != nil {
		return stream{}, err
	}
	return in.through(filter, step.Schema), nil
}

func (l *lowerer) project(step *plan.Step, op *plan.ProjectOp, in stream) (stream, error) {
	columns, computed := make([]int, len(op.Columns)), false
	for i, c := range op.Columns {
		columns[i] = c.Column
		computed = computed || c.Column < 0
	}
	if !computed {
		return in.through(&operator.Project{Columns: columns}, step.Schema), nil
	}
	program, err := l.compute(in.schema, op.Columns...)
	if err != nil {
		return stream{}, err
	}
	return in.through(&operator.Compute{Program: program, NeverFails: op.NeverFails()}, step.Schema), nil
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

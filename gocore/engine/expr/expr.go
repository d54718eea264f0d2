// Package expr holds bound expressions: trees over the columns of a batch, evaluated batch by batch with the kernels
// of package compute.
//
//	Column 2 ─┐
//	          ├─ Less ─┐
//	Literal ──┘        ├─ And ── Filter
//	...        Not ────┘
//
// An expression is bound when it names columns by position and every type is known: the constructors check types and
// refuse by name what doesn't go together, so that evaluation can fail only by memory or by a value (an Overflow).
// A literal is a column of one row and is never spread out: kernels let one row meet all. Logic is three-valued; the
// comparison of a null is null.
package expr

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Expr is a bound expression. It is immutable and may be evaluated by several workers at once.
type Expr interface {
	// Type returns the type of the result.
	Type() arrow.DataType
	// Eval returns the value for each row of b, with references that the caller releases. A result of one row for a
	// batch of any other number stands for all rows: Column spreads it.
	Eval(scope *memory.Scope, b *table.Batch) (column.Column, error)
}

// Eval returns the value of e for each row of b, as many rows as b has.
func Eval(scope *memory.Scope, e Expr, b *table.Batch) (column.Column, error) {
	c, err := e.Eval(scope, b)
	if err != nil || c.Len == b.Len {
		return c, err
	}
	defer c.Release()
	return compute.Gather(scope, &c, make([]uint32, b.Len))
}

type columnExpr struct {
	index int
	typ   arrow.DataType
}

// NewColumn returns the column at position index of rows of schema.
func NewColumn(schema *arrow.Schema, index int) (Expr, error) {
	if index < 0 || index >= schema.NumFields() {
		return nil, status.Errorf(status.NotFound, "column %d isn't one of the %d columns", index, schema.NumFields())
	}
	return &columnExpr{index, schema.Field(index).Type}, nil
}

func (e *columnExpr) Type() arrow.DataType { return e.typ }

func (e *columnExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return b.Cols[e.index].AsViews(scope)
}

type literalExpr struct{ value column.Column }

// NewLiteral returns the value in the only row of c, which must live as long as the expression.
func NewLiteral(c column.Column) (Expr, error) {
	if c.Len != 1 {
		return nil, status.Errorf(status.Invalid, "a literal is a column of one row, not %d", c.Len)
	}
	return &literalExpr{c}, nil
}

func (e *literalExpr) Type() arrow.DataType { return e.value.Type }

func (e *literalExpr) Eval(scope *memory.Scope, _ *table.Batch) (column.Column, error) {
	return e.value.AsViews(scope)
}

type compareExpr struct {
	op   compute.Comparison
	a, b Expr
}

// NewCompare returns a op b.
func NewCompare(op compute.Comparison, a, b Expr) (Expr, error) {
	if !compute.CanCompare(a.Type(), b.Type()) {
		return nil, status.Errorf(status.TypeMismatch, "%s can't be compared with %s: cast one of them", a.Type(), b.Type())
	}
	return &compareExpr{op, a, b}, nil
}

func (e *compareExpr) Type() arrow.DataType { return arrow.FixedWidthTypes.Boolean }

func (e *compareExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return evalBoth(scope, b, e.a, e.b, func(x, y *column.Column) (column.Column, error) {
		return compute.Compare(scope, e.op, x, y)
	})
}

type logicExpr struct {
	op   compute.Logic
	a, b Expr
}

// NewLogic returns a op b.
func NewLogic(op compute.Logic, a, b Expr) (Expr, error) {
	for _, e := range []Expr{a, b} {
		if err := isTruth(e); err != nil {
			return nil, err
		}
	}
	return &logicExpr{op, a, b}, nil
}

func (e *logicExpr) Type() arrow.DataType { return arrow.FixedWidthTypes.Boolean }

func (e *logicExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return evalBoth(scope, b, e.a, e.b, func(x, y *column.Column) (column.Column, error) {
		return compute.Combine(scope, e.op, x, y)
	})
}

type notExpr struct{ a Expr }

// NewNot returns the opposite of a.
func NewNot(a Expr) (Expr, error) {
	if err := isTruth(a); err != nil {
		return nil, err
	}
	return &notExpr{a}, nil
}

func (e *notExpr) Type() arrow.DataType { return arrow.FixedWidthTypes.Boolean }

func (e *notExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return evalOne(scope, b, e.a, func(x *column.Column) (column.Column, error) { return compute.Not(scope, x) })
}

type missingExpr struct{ a Expr }

// NewIsNull returns whether a is null or NaN, which counts as missing.
func NewIsNull(a Expr) Expr { return &missingExpr{a} }

func (e *missingExpr) Type() arrow.DataType { return arrow.FixedWidthTypes.Boolean }

func (e *missingExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return evalOne(scope, b, e.a, func(x *column.Column) (column.Column, error) { return compute.IsMissing(scope, x) })
}

type castExpr struct {
	a  Expr
	to arrow.DataType
}

// NewCast returns a as type to.
func NewCast(a Expr, to arrow.DataType) (Expr, error) {
	if !compute.CanCast(a.Type(), to) {
		return nil, status.Errorf(status.TypeMismatch, "a column of type %s can't be cast to %s", a.Type(), to)
	}
	return &castExpr{a, to}, nil
}

func (e *castExpr) Type() arrow.DataType { return e.to }

func (e *castExpr) Eval(scope *memory.Scope, b *table.Batch) (column.Column, error) {
	return evalOne(scope, b, e.a, func(x *column.Column) (column.Column, error) { return compute.Cast(scope, x, e.to) })
}

// isTruth refuses an expression whose values aren't true, false or null.
func isTruth(e Expr) error {
	if id := e.Type().ID(); id != arrow.BOOL && id != arrow.NULL {
		return status.Errorf(status.TypeMismatch, "and, or, not and filters take bool, not %s: compare it with something first", e.Type())
	}
	return nil
}

func evalOne(scope *memory.Scope, b *table.Batch, a Expr, f func(x *column.Column) (column.Column, error)) (column.Column, error) {
	x, err := a.Eval(scope, b)
	if err != nil {
		return x, err
	}
	defer x.Release()
	return f(&x)
}

func evalBoth(scope *memory.Scope, b *table.Batch, left, right Expr, f func(x, y *column.Column) (column.Column, error)) (column.Column, error) {
	return evalOne(scope, b, left, func(x *column.Column) (column.Column, error) {
		return evalOne(scope, b, right, func(y *column.Column) (column.Column, error) { return f(x, y) })
	})
}

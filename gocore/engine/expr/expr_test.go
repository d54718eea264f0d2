package expr_test

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const columns = "a int64, s utf8, f float64, b bool, n null"

// col returns a column of the test schema.
func col(t *testing.T, index int) expr.Expr {
	t.Helper()
	e, err := expr.NewColumn(optest.Schema(t, columns), index)
	require.NoError(t, err)
	return e
}

func lit(t *testing.T, typ string, value any) expr.Expr {
	t.Helper()
	e, err := expr.NewLiteral(optest.Column(t, typ, value))
	require.NoError(t, err)
	return e
}

// made returns an expression, or fails the test.
func made(t *testing.T) func(e expr.Expr, err error) expr.Expr {
	return func(e expr.Expr, err error) expr.Expr {
		t.Helper()
		require.NoError(t, err)
		return e
	}
}

func TestEval(t *testing.T) {
	leak.Check(t)
	must := made(t)
	less := must(expr.NewCompare(compute.Less, col(t, 0), lit(t, "float64", 2.5)))
	same := must(expr.NewCompare(compute.Equal, lit(t, "large_utf8", "y"), col(t, 1)))
	tests := []struct {
		name string
		e    expr.Expr
		typ  arrow.DataType
		want []string
	}{
		{"column", col(t, 1), arrow.BinaryTypes.String, []string{`"x"`, `"y"`, "null"}},
		{"literal", lit(t, "int8", 7), arrow.PrimitiveTypes.Int8, []string{"7", "7", "7"}},
		{"null literal", lit(t, "utf8", nil), arrow.BinaryTypes.String, []string{"null", "null", "null"}},
		{"compare", less, arrow.FixedWidthTypes.Boolean, []string{"true", "null", "false"}},
		{"strings", same, arrow.FixedWidthTypes.Boolean, []string{"false", "true", "null"}},
		{"and", must(expr.NewLogic(compute.And, less, same)), arrow.FixedWidthTypes.Boolean, []string{"false", "null", "false"}},
		{"or", must(expr.NewLogic(compute.Or, less, same)), arrow.FixedWidthTypes.Boolean, []string{"true", "true", "null"}},
		{"or null", must(expr.NewLogic(compute.Or, less, col(t, 4))), arrow.FixedWidthTypes.Boolean, []string{"true", "null", "null"}},
		{"not", must(expr.NewNot(less)), arrow.FixedWidthTypes.Boolean, []string{"false", "null", "true"}},
		{"is null", expr.NewIsNull(col(t, 0)), arrow.FixedWidthTypes.Boolean, []string{"false", "true", "false"}},
		{"cast", must(expr.NewCast(col(t, 0), arrow.PrimitiveTypes.Float32)), arrow.PrimitiveTypes.Float32, []string{"1", "null", "3"}},
		{"two literals", must(expr.NewCompare(compute.Less, lit(t, "int64", 1), lit(t, "int64", 2))), arrow.FixedWidthTypes.Boolean, []string{"true", "true", "true"}},
	}
	b := optest.Batch(t, columns, []any{1, "x", 0.5, true, nil}, []any{nil, "y", 1.5, nil, nil}, []any{3, nil, nil, false, nil})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.True(t, arrow.TypeEqual(test.typ, test.e.Type()))
			for _, n := range []int{3, 1, 0} {
				scope := memory.NewScope(memory.NewBudget(0), "test")
				c, err := expr.Eval(scope, test.e, b.Slice(0, n))
				require.NoError(t, err)
				require.Equal(t, test.want[:n], append([]string{}, optest.Rows(t, &table.Batch{Cols: []column.Column{c}, Len: n})...))
				c.Release()
				require.Zero(t, scope.Held())
				scope.Close()
			}
			for limit := int64(1); limit < 2000; limit += 60 { // whatever is refused, nothing is left
				scope := memory.NewScope(memory.NewBudget(limit), "test")
				c, err := expr.Eval(scope, test.e, b)
				if err == nil {
					c.Release()
				} else {
					require.Equal(t, status.OutOfMemory, status.CodeOf(err))
				}
				require.Zero(t, scope.Held())
				scope.Close()
			}
		})
	}
}

func TestBindingRefuses(t *testing.T) {
	_, err := expr.NewColumn(optest.Schema(t, columns), 5)
	require.Equal(t, status.NotFound, status.CodeOf(err))
	_, err = expr.NewLiteral(optest.Column(t, "int64", 1, 2))
	require.Equal(t, status.Invalid, status.CodeOf(err))
	_, err = expr.NewCompare(compute.Equal, col(t, 0), col(t, 1))
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
	require.ErrorContains(t, err, "int64")
	_, err = expr.NewLogic(compute.And, col(t, 3), col(t, 0))
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
	_, err = expr.NewNot(col(t, 1))
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
	_, err = expr.NewCast(col(t, 1), arrow.FixedWidthTypes.Date32)
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
}

func TestOverflowIsReported(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	narrow := made(t)(expr.NewCast(col(t, 0), arrow.PrimitiveTypes.Int8))
	b := optest.Batch(t, columns, []any{1000, nil, nil, nil, nil})
	_, err := narrow.Eval(scope, b)
	require.Equal(t, status.Overflow, status.CodeOf(err))
	require.ErrorContains(t, err, "1000")
	require.Zero(t, scope.Held())
}

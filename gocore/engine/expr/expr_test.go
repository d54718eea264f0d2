package expr_test

import (
	"encoding/json"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/function"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const columns = "a int64, s utf8, f float64, b bool, n null"

// builder makes expressions over the test schema, or fails the test.
type builder struct {
	*expr.Builder
	t *testing.T
}

func newBuilder(t *testing.T, scope *memory.Scope) builder {
	return builder{expr.NewBuilder(scope, optest.Schema(t, columns)), t}
}

func (b builder) col(index int) expr.Node {
	n, err := b.Column(index)
	require.NoError(b.t, err)
	return n
}

func (b builder) lit(typ string, value any) expr.Node {
	n, err := b.Literal(optest.Column(b.t, typ, value))
	require.NoError(b.t, err)
	return n
}

func (b builder) call(name string, args ...expr.Node) expr.Node {
	call := function.Call{Name: name}
	for _, a := range args {
		call.Args = append(call.Args, function.Argument{Type: b.Type(a)})
	}
	f, err := function.Bind(call)
	require.NoError(b.t, err)
	for i, a := range args {
		if !arrow.TypeEqual(b.Type(a), f.Args[i]) {
			args[i], err = b.Call(function.Cast(b.Type(a), f.Args[i]), a)
			require.NoError(b.t, err)
		}
	}
	n, err := b.Call(f, args...)
	require.NoError(b.t, err)
	return n
}

func TestEval(t *testing.T) {
	leak.Check(t)
	less := func(b builder) expr.Node { return b.call("lt", b.col(0), b.lit("float64", 2.5)) }
	same := func(b builder) expr.Node { return b.call("eq", b.lit("large_utf8", "y"), b.col(1)) }
	tests := []struct {
		name string
		make func(b builder) expr.Node
		typ  arrow.DataType
		want []string
	}{
		{"column", func(b builder) expr.Node { return b.call("add", b.col(0), b.col(0)) }, arrow.PrimitiveTypes.Int64, []string{"2", "null", "6"}},
		{"literal", func(b builder) expr.Node { return b.lit("int8", 7) }, arrow.PrimitiveTypes.Int8, []string{"7", "7", "7"}},
		{"null literal", func(b builder) expr.Node { return b.lit("utf8", nil) }, arrow.BinaryTypes.String, []string{"null", "null", "null"}},
		{"compare", less, arrow.FixedWidthTypes.Boolean, []string{"true", "null", "false"}},
		{"strings", same, arrow.FixedWidthTypes.Boolean, []string{"false", "true", "null"}},
		{"and", func(b builder) expr.Node { return b.call("and", less(b), same(b)) }, arrow.FixedWidthTypes.Boolean, []string{"false", "null", "false"}},
		{"or", func(b builder) expr.Node { return b.call("or", less(b), same(b)) }, arrow.FixedWidthTypes.Boolean, []string{"true", "true", "null"}},
		{"or null", func(b builder) expr.Node { return b.call("or", less(b), b.col(4)) }, arrow.FixedWidthTypes.Boolean, []string{"true", "null", "null"}},
		{"not", func(b builder) expr.Node { return b.call("not", less(b)) }, arrow.FixedWidthTypes.Boolean, []string{"false", "null", "true"}},
		{"is null", func(b builder) expr.Node { return b.call("is_null", b.col(0)) }, arrow.FixedWidthTypes.Boolean, []string{"false", "true", "false"}},
		{"folded", func(b builder) expr.Node { return b.call("lt", b.lit("int64", 1), b.lit("int64", 2)) }, arrow.FixedWidthTypes.Boolean, []string{"true", "true", "true"}},
		{"of a folded", func(b builder) expr.Node {
			return b.call("mul", b.col(0), b.call("add", b.lit("int64", 1), b.lit("int64", 2)))
		}, arrow.PrimitiveTypes.Int64, []string{"3", "null", "9"}},
	}
	batch := optest.Batch(t, columns, []any{1, "x", 0.5, true, nil}, []any{nil, "y", 1.5, nil, nil}, []any{3, nil, nil, false, nil})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, n := range []int{3, 1, 0} {
				scope := memory.NewScope(memory.NewBudget(0), "test")
				b := newBuilder(t, scope)
				program := b.Program(test.make(b))
				require.True(t, arrow.TypeEqual(test.typ, program.Types()[0]))
				before := scope.Held()
				out, err := program.Eval(scope, batch.Slice(0, n))
				require.NoError(t, err)
				require.Equal(t, test.want[:n], append([]string{}, optest.Rows(t, &table.Batch{Cols: out, Len: n})...))
				out[0].Release()
				require.Equal(t, before, scope.Held(), "an evaluation gives back all but its results")
				scope.Close()
			}
			budget := memory.NewBudget(0)
			scope := memory.NewScope(budget, "test")
			b := newBuilder(t, scope)
			program := b.Program(test.make(b))
			for limit := int64(1); limit < 2000; limit += 60 { // whatever is refused, nothing is left
				small := memory.NewScope(memory.NewBudget(limit), "test")
				out, err := program.Eval(small, batch)
				if err == nil {
					out[0].Release()
				} else {
					require.Equal(t, status.OutOfMemory, status.CodeOf(err))
				}
				require.Zero(t, small.Held())
				small.Close()
			}
			scope.Close()
		})
	}
}

// counted returns a function that counts its calls.
func counted(calls *int) *function.Bound {
	typ := arrow.PrimitiveTypes.Int64
	return &function.Bound{Name: "counted", Key: "counted", Type: typ, Args: []arrow.DataType{typ},
		Eval: func(_ *memory.Scope, args []*column.Column) (column.Column, error) {
			*calls++
			args[0].Retain()
			return *args[0], nil
		}}
}

func TestWhatIsAskedForTwiceIsComputedOnce(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b, calls := newBuilder(t, scope), 0
	once := func() expr.Node {
		n, err := b.Call(counted(&calls), b.call("add", b.col(0), b.lit("int64", 1)))
		require.NoError(t, err)
		return n
	}
	program := b.Program(b.call("mul", once(), once()), once(), b.col(0))
	batch := optest.Batch(t, columns, []any{2, nil, nil, nil, nil}, []any{nil, nil, nil, nil, nil})
	out, err := program.Eval(scope, batch)
	require.NoError(t, err)
	require.Equal(t, 1, calls)
	require.Equal(t, []string{"9 | 3 | 2", "null | null | null"}, optest.Rows(t, &table.Batch{Cols: out, Len: 2}))
	for i := range out {
		out[i].Release()
	}
	require.Zero(t, scope.Held())
}

func TestFunctionsOfLiteralsAreComputedWhenBuilt(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b, calls := newBuilder(t, scope), 0
	n, err := b.Call(counted(&calls), b.lit("int64", 5))
	require.NoError(t, err)
	require.Equal(t, 1, calls)
	out, err := b.Program(n).Eval(scope, optest.Batch(t, columns, []any{2, nil, nil, nil, nil}))
	require.NoError(t, err)
	out[0].Release()
	require.Equal(t, 1, calls)
}

func TestBuildingRefuses(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b := newBuilder(t, scope)
	_, err := b.Column(5)
	require.Equal(t, status.NotFound, status.CodeOf(err))
	_, err = b.Literal(optest.Column(t, "int64", 1, 2))
	require.Equal(t, status.Invalid, status.CodeOf(err))
	_, err = b.Call(function.Cast(arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int64), b.col(0))
	require.ErrorContains(t, err, "is int64, not int8")
	_, err = b.Call(function.Cast(arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int8))
	require.ErrorContains(t, err, "takes 1 arguments, not 0")
}

func TestErrorsComeWithRows(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b := newBuilder(t, scope)
	f, err := function.Bind(function.Call{Name: "round", Args: []function.Argument{{Type: arrow.PrimitiveTypes.Int64}}, Options: json.RawMessage(`{"decimals": 0}`)})
	require.NoError(t, err)
	rounded, err := b.Call(f, b.col(0))
	require.NoError(t, err)
	narrow, err := b.Call(function.Cast(arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int8), rounded)
	require.NoError(t, err)
	wide, err := b.Call(function.Cast(arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int8), b.lit("int64", 1000))
	require.NoError(t, err, "a literal's error is one of the rows that it meets")
	program := b.Program(narrow, wide)
	rows := optest.Batch(t, columns, []any{1000, nil, nil, nil, nil})
	_, err = program.Eval(scope, rows)
	require.Equal(t, status.Overflow, status.CodeOf(err))
	require.ErrorContains(t, err, "1000")
	out, err := program.Eval(scope, rows.Slice(0, 0))
	require.NoError(t, err)
	for i := range out {
		out[i].Release()
	}
	require.Zero(t, scope.Held())
}

func TestListsOfNoRowsAreWhole(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b := newBuilder(t, scope)
	f, err := function.Bind(function.Call{Name: "str_split", Args: []function.Argument{{Type: b.Type(b.col(1))}}})
	require.NoError(t, err)
	n, err := b.Call(f, b.col(1))
	require.NoError(t, err)
	batch := optest.Batch(t, columns)
	defer batch.Release()
	out, err := b.Program(n).Eval(scope, batch)
	require.NoError(t, err)
	defer out[0].Release()
	require.NoError(t, out[0].Check())
}

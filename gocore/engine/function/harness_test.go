package function_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/function"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// arg is an argument of a case: a column, or a literal where it has one value that isn't in a list.
type arg struct {
	typ     string
	values  []any
	literal bool
	set     bool
}

func col(typ string, values ...any) arg { return arg{typ: typ, values: values} }
func lit(typ string, value any) arg     { return arg{typ: typ, values: []any{value}, literal: true} }

// example is a function call and what it returns.
type example struct {
	fn      string
	options string
	args    []arg
	typ     string   // of the result, as Arrow prints it
	want    []any    // its values
	text    []string // or as they are written
	err     string   // or its error
	code    status.Code
}

func (e example) name() string {
	parts := []string{e.fn + e.options}
	for _, a := range e.args {
		parts = append(parts, fmt.Sprint(a.typ, a.values))
	}
	return strings.Join(parts, " ")
}

// run checks each example as it is, cut out of longer columns at odd bit offsets, and with rows of nulls between its
// own; and on budgets too small for it.
func run(t *testing.T, examples ...example) {
	t.Helper()
	leak.Check(t)
	for _, e := range examples {
		t.Run(e.name(), func(t *testing.T) {
			scope := memory.NewScope(memory.NewBudget(0), "test")
			defer scope.Close()
			f, err := e.bind(t)
			if err != nil {
				require.NotEmpty(t, e.err, "%v", err)
				require.ErrorContains(t, err, e.err)
				require.Equal(t, e.code, status.CodeOf(err))
				return
			}
			for _, lead := range []int{0, 1, 3, 8, 67} {
				for _, padded := range []bool{false, true} {
					e.check(t, scope, f, lead, padded)
				}
			}
			for limit := int64(1); limit < 1<<16; limit *= 2 {
				small := memory.NewScope(memory.NewBudget(limit), "test")
				_, err := e.eval(t, small, f, 3, true)
				if err != nil && e.err == "" {
					require.Equal(t, status.OutOfMemory, status.CodeOf(err), "%v", err)
				}
				require.Zero(t, small.Held(), "bytes held after a refusal at %d", limit)
				small.Close()
			}
		})
	}
}

func (e example) bind(t *testing.T) (*function.Bound, error) {
	call := function.Call{Name: e.fn}
	if e.options != "" {
		call.Options = json.RawMessage(e.options)
	}
	for i, a := range e.args {
		call.Args = append(call.Args, function.Argument{Type: optest.Schema(t, "x "+a.typ).Field(0).Type, Literal: a.literal, Set: a.set, Text: fmt.Sprintf("argument %d", i)})
	}
	return function.Bind(call)
}

// checkOnce checks an example as it is.
func (e example) checkOnce(t *testing.T, f *function.Bound) {
	t.Helper()
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	e.check(t, scope, f, 0, false)
}

func (e example) check(t *testing.T, scope *memory.Scope, f *function.Bound, lead int, padded bool) {
	t.Helper()
	got, err := e.eval(t, scope, f, lead, padded)
	if e.err != "" {
		require.ErrorContains(t, err, e.err)
		require.Equal(t, e.code, status.CodeOf(err))
		return
	}
	require.NoError(t, err)
	require.Equal(t, e.typ, f.Type.String(), "type of the result")
	want := append([]string{}, e.text...)
	for _, v := range e.want {
		want = append(want, optest.RowText([]any{v}))
	}
	require.Equal(t, want, got, "lead %d, padded %t", lead, padded)
	require.Zero(t, scope.Held())
}

// eval returns the values of the rows of the example as text.
func (e example) eval(t *testing.T, scope *memory.Scope, f *function.Bound, lead int, padded bool) ([]string, error) {
	t.Helper()
	args := make([]*column.Column, len(e.args))
	for i, a := range e.args {
		c := a.column(t, lead, padded)
		cast, err := castTo(scope, &c, f.Args[i], layoutOf(f, lead))
		if err != nil {
			return nil, err
		}
		defer cast.Release()
		args[i] = &cast
	}
	eval := f.Eval
	if f.Prepare != nil {
		prepared := memory.NewScope(memory.NewBudget(0), "prepared")
		defer prepared.Close()
		known := make([]*column.Column, len(args))
		for i, a := range e.args {
			if a.literal {
				known[i] = args[i]
			}
		}
		var err error
		if eval, err = f.Prepare(prepared, known); err != nil {
			return nil, err
		}
	}
	out, err := eval(scope, args)
	if err != nil {
		return nil, err
	}
	defer out.Release()
	rows := optest.Rows(t, &table.Batch{Cols: []column.Column{out}, Len: out.Len})
	if padded && out.Len > 1 {
		own := make([]string, 0, len(rows)/2)
		for i := 0; i < len(rows); i += 2 {
			own = append(own, rows[i])
		}
		rows = own
	}
	return rows, nil
}

// castTo is what a plan puts before a function: the argument's cast, strings as views.
func castTo(scope *memory.Scope, c *column.Column, to arrow.DataType, layout column.Layout) (column.Column, error) {
	laid := *c
	if c.Kind == column.String {
		var err error
		if laid, err = c.WithLayout(layout, scope); err != nil {
			return column.Column{}, err
		}
		defer laid.Release()
	}
	return compute.Cast(scope, &laid, to)
}

// layoutOf returns one of the layouts that f takes strings in.
func layoutOf(f *function.Bound, lead int) column.Layout {
	if !f.AnyLayout {
		return column.Views
	}
	return column.Layout(lead % 3)
}

// column returns the values of a in a column, with lead rows cut off in front, and a null after each where it is padded.
func (a arg) column(t *testing.T, lead int, padded bool) column.Column {
	var values []any
	if !a.literal {
		for range lead {
			values = append(values, nil)
		}
	}
	for _, v := range a.values {
		values = append(values, v)
		if padded && !a.literal {
			values = append(values, nil)
		}
	}
	c := optest.Column(t, a.typ, values...)
	from := min(lead, c.Len-1)
	if a.literal {
		from = 0
	}
	return c.Slice(from, c.Len-from)
}

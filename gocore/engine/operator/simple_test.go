package operator

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/function"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const simpleColumns = "a int64, s utf8, f float64, b bool"

// throughTransforms returns the Run of a case that runs its input through transforms.
func throughTransforms(transforms ...exec.Transform) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], transforms, &orderedScan{})
	}
}

// orderedScan is a Sink that hands out what it was pushed, strings as views.
type orderedScan struct{ ordered }

func (o *orderedScan) Push(w *exec.Worker, b *table.Batch) error {
	_, err := o.push(w, b)
	return err
}

// program returns the Program of what build makes over the simple columns.
func program(t testing.TB, schema *arrow.Schema, build func(b *expr.Builder) []expr.Node) *expr.Program {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	t.Cleanup(scope.Close)
	b := expr.NewBuilder(scope, schema)
	return b.Program(build(b)...)
}

// calls adds the function called name.
func calls(t testing.TB, b *expr.Builder, name string, args ...expr.Node) expr.Node {
	call := function.Call{Name: name}
	for _, a := range args {
		call.Args = append(call.Args, function.Argument{Type: b.Type(a)})
	}
	f, err := function.Bind(call)
	require.NoError(t, err)
	n, err := b.Call(f, args...)
	require.NoError(t, err)
	return n
}

func inputColumn(t testing.TB, b *expr.Builder, index int) expr.Node {
	n, err := b.Column(index)
	require.NoError(t, err)
	return n
}

func literal(t testing.TB, b *expr.Builder, typ string, value any) expr.Node {
	n, err := b.Literal(optest.Column(t, typ, value))
	require.NoError(t, err)
	return n
}

func TestFilter(t *testing.T) {
	leak.Check(t)
	schema := optest.Schema(t, simpleColumns)
	for _, limit := range []int{-100, 0, 100} {
		output := []int{1, 0} // of the three columns, in another order
		filter, err := NewFilter([]*expr.Program{program(t, schema, func(b *expr.Builder) []expr.Node {
			return []expr.Node{calls(t, b, "lt", inputColumn(t, b, 0), literal(t, b, "int64", limit))}
		})}, output)
		require.NoError(t, err)
		optest.Run(t, optest.Case{
			Name:   "less",
			Inputs: []optest.Input{{Columns: simpleColumns, Rows: optest.RandomRows(t, 1, simpleColumns, 40, 20)}},
			Run:    throughTransforms(filter),
			Model: func(in [][][]any) [][]any {
				var out [][]any
				for _, row := range in[0] {
					if row[0] != nil && row[0].(int) < limit {
						out = append(out, []any{row[1], row[0]})
					}
				}
				return out
			},
			Ordered: true,
		})
	}
	none, err := NewFilter([]*expr.Program{program(t, schema, func(b *expr.Builder) []expr.Node { return []expr.Node{literal(t, b, "null", nil)} })}, nil)
	require.NoError(t, err)
	optest.Run(t, optest.Case{
		Name: "null", Inputs: []optest.Input{{Columns: "a int64", Rows: [][]any{{1}}}}, Run: throughTransforms(none),
	})
	_, err = NewFilter([]*expr.Program{program(t, schema, func(b *expr.Builder) []expr.Node { return []expr.Node{inputColumn(t, b, 0)} })}, nil)
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
}

// Conditions one after the other keep the rows that all of them keep, however few the first ones leave to the next.
func TestFilterByConditions(t *testing.T) {
	leak.Check(t)
	const columns = "a int64, s utf8, b int64"
	schema := optest.Schema(t, columns)
	below := func(column, limit int) *expr.Program {
		return program(t, schema, func(b *expr.Builder) []expr.Node {
			return []expr.Node{calls(t, b, "lt", inputColumn(t, b, column), literal(t, b, "int64", limit))}
		})
	}
	after := program(t, schema, func(b *expr.Builder) []expr.Node {
		return []expr.Node{calls(t, b, "gt", inputColumn(t, b, 1), literal(t, b, "utf8", "b"))}
	})
	for _, limits := range [][2]int{{-100, 100}, {-15, 0}, {0, -15}, {100, 0}, {100, 100}} {
		filter, err := NewFilter([]*expr.Program{below(0, limits[0]), after, below(2, limits[1])}, nil)
		require.NoError(t, err)
		optest.Run(t, optest.Case{
			Name:   fmt.Sprint(limits),
			Inputs: []optest.Input{{Columns: columns, Rows: optest.RandomRows(t, 3, columns, 60, 20)}},
			Run:    throughTransforms(filter),
			Model: func(in [][][]any) [][]any {
				var out [][]any
				for _, row := range in[0] {
					if row[0] != nil && row[0].(int) < limits[0] && row[1] != nil && row[1].(string) > "b" && row[2] != nil && row[2].(int) < limits[1] {
						out = append(out, row)
					}
				}
				return out
			},
			Ordered: true,
		})
	}
}

func TestProjectAndCompute(t *testing.T) {
	leak.Check(t)
	optest.Run(t, optest.Case{
		Name:   "project",
		Inputs: []optest.Input{{Columns: simpleColumns, Rows: optest.RandomRows(t, 1, simpleColumns, 20, 20)}},
		Run:    throughTransforms(&Project{[]int{2, 0, 2}}),
		Model: func(in [][][]any) [][]any {
			var out [][]any
			for _, row := range in[0] {
				out = append(out, []any{row[2], row[0], row[2]})
			}
			return out
		},
		Ordered: true,
	})
	schema := optest.Schema(t, simpleColumns)
	computed := program(t, schema, func(b *expr.Builder) []expr.Node {
		return []expr.Node{calls(t, b, "not", inputColumn(t, b, 3)), literal(t, b, "utf8", "seven is a number")}
	})
	optest.Run(t, optest.Case{
		Name:   "compute",
		Inputs: []optest.Input{{Columns: simpleColumns, Rows: optest.RandomRows(t, 1, simpleColumns, 20, 20)}},
		Run:    throughTransforms(&Compute{Program: computed}),
		Model: func(in [][][]any) [][]any {
			var out [][]any
			for _, row := range in[0] {
				var opposite any
				if row[3] != nil {
					opposite = !row[3].(bool)
				}
				out = append(out, []any{opposite, "seven is a number"})
			}
			return out
		},
		Ordered: true,
	})
}

func TestSlice(t *testing.T) {
	leak.Check(t)
	rows := optest.RandomRows(t, 1, simpleColumns, 20, 20)
	for _, test := range []struct{ offset, length, from, to int }{
		{0, 5, 0, 5}, {3, 0, 0, 0}, {3, 5, 3, 8}, {18, 5, 18, 20}, {20, 5, 0, 0}, {100, 5, 0, 0}, {0, -1, 0, 20}, {7, -1, 7, 20},
		{-5, -1, 15, 20}, {-5, 2, 15, 17}, {-100, 3, 0, 3}, {0, 1 << 62, 0, 20},
	} {
		optest.Run(t, optest.Case{
			Name:   "slice",
			Inputs: []optest.Input{{Columns: simpleColumns, Rows: rows}},
			Run: func(q *exec.Query, in []exec.Source) (exec.Source, error) {
				return q.Run(in[0], nil, NewSlice(test.offset, test.length))
			},
			Model:   func(in [][][]any) [][]any { return in[0][test.from:test.to] },
			Ordered: true,
		})
	}
}

// A slice of the first rows leaves the rest of an ordered source unread, whatever lies between.
func TestSliceStopsReading(t *testing.T) {
	leak.Check(t)
	const columns = "a int64"
	rows := optest.RandomRows(t, 1, columns, 1000, 1000)
	for _, test := range []struct {
		name           string
		offset, length int
		read           int // batches of one row, with a second worker's
	}{
		{"head", 0, 5, 7}, {"nothing", 0, 0, 2}, {"middle", 10, 5, 17}, {"rest", 5, -1, 1000}, {"tail", -5, -1, 1000},
	} {
		t.Run(test.name, func(t *testing.T) {
			batches := make([]*table.Batch, len(rows))
			for i := range rows {
				batches[i] = optest.Batch(t, columns, rows[i])
				defer batches[i].Release()
			}
			var read atomic.Int32
			concat, err := NewConcat(exec.NewScan(batches[:3]), exec.NewScan(batches[3:]))
			require.NoError(t, err)
			scope := memory.NewScope(memory.NewBudget(0), "test")
			defer scope.Close()
			q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
			src, err := q.Run(concat, []exec.Transform{onBatch(func() { read.Add(1) })}, NewSlice(test.offset, test.length))
			require.NoError(t, err)
			require.LessOrEqual(t, read.Load(), int32(test.read))
			var sink exec.Collect
			_, err = q.Run(src, nil, &sink)
			require.NoError(t, err)
			var got, want []string
			for _, b := range sink.Batches() {
				got = append(got, optest.Rows(t, b)...)
			}
			from := (test.offset + len(rows)) % len(rows)
			to := len(rows)
			if test.length >= 0 {
				to = from + test.length
			}
			for _, row := range rows[from:to] {
				want = append(want, optest.RowText(row))
			}
			require.Equal(t, want, got)
			require.NoError(t, q.Wait())
		})
	}
}

func TestTake(t *testing.T) {
	leak.Check(t)
	rows := optest.RandomRows(t, 1, simpleColumns, 20, 20)
	take := func(indices ...int64) func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
			return q.Run(in[0], nil, NewTake(indices, optest.Schema(t, simpleColumns)))
		}
	}
	for _, indices := range [][]int64{{}, {0}, {19, 0, 0, -1, 7, 8, 9, -1}, {-1}} {
		optest.Run(t, optest.Case{
			Name:   "take",
			Inputs: []optest.Input{{Columns: simpleColumns, Rows: rows}},
			Run:    take(indices...),
			Model: func(in [][][]any) [][]any {
				var out [][]any
				for _, i := range indices {
					if i < 0 {
						out = append(out, make([]any, 4))
					} else {
						out = append(out, in[0][i])
					}
				}
				return out
			},
			Ordered: true,
		})
	}
	for _, wrong := range []int64{20, -2} {
		scope := memory.NewScope(memory.NewBudget(0), "test")
		q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
		b := optest.Batch(t, simpleColumns, rows...)
		_, err := take(wrong)(q, []exec.Source{exec.NewScan([]*table.Batch{b})})
		require.Equal(t, status.NotFound, status.CodeOf(err))
		require.ErrorContains(t, err, "20 rows")
		require.NoError(t, q.Wait())
		scope.Close()
	}
}

func TestConcat(t *testing.T) {
	leak.Check(t)
	inputs := []optest.Input{}
	for i := range 3 {
		inputs = append(inputs, optest.Input{Columns: simpleColumns, Rows: optest.RandomRows(t, uint64(i), simpleColumns, 10*i, 20)})
	}
	optest.Run(t, optest.Case{
		Name:   "concat",
		Inputs: inputs,
		Run: func(q *exec.Query, in []exec.Source) (exec.Source, error) {
			inner, err := NewConcat(in[1:]...)
			if err != nil {
				return nil, err
			}
			outer, err := NewConcat(in[0], inner, exec.NewScan(nil))
			if err != nil {
				return nil, err
			}
			return q.Run(outer, nil, &orderedScan{})
		},
		Model:   func(in [][][]any) [][]any { return slices.Concat(in...) },
		Ordered: true,
	})
}

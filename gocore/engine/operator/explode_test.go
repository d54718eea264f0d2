package operator

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// explodeModel explodes a column of literal rows.
func explodeModel(column int) func([][][]any) [][]any {
	return func(in [][][]any) [][]any {
		var out [][]any
		for _, row := range in[0] {
			list, _ := row[column].([]any)
			if len(list) == 0 {
				list = []any{nil}
			}
			for _, element := range list {
				made := slices.Clone(row)
				made[column] = element
				out = append(out, made)
			}
		}
		return out
	}
}

func TestExplode(t *testing.T) {
	leak.Check(t)
	for _, typ := range []string{"list<int64>", "large_list<utf8>", "fixed_size_list<double>[3]", "list<list<int8>>", "list<struct<a: utf8, b: bool>>"} {
		columns := "s utf8, l " + typ + ", i int16"
		optest.Run(t, optest.Case{
			Name: typ, Inputs: []optest.Input{{Columns: columns, Rows: optest.RandomRows(t, 4, columns, 30, 9)}}, Ordered: true,
			Run: throughTransforms(&Explode{Columns: []int{1}}), Model: explodeModel(1),
		})
	}
	optest.Run(t, optest.Case{
		Name:   "two columns",
		Inputs: []optest.Input{{Columns: "a list<int64>, k utf8, b list<utf8>", Rows: [][]any{{[]any{1, 2}, "x", []any{"p", nil}}, {[]any{}, "y", nil}, {[]any{nil}, "z", []any{"q"}}}}},
		Run:    throughTransforms(&Explode{Columns: []int{2, 0}}), Ordered: true,
		Want: [][]any{{1, "x", "p"}, {2, "x", nil}, {nil, "y", nil}, {nil, "z", "q"}},
	})
}

func TestExplodeDifferentLengths(t *testing.T) {
	b := optest.Batch(t, "a list<int64>, b list<int64>", []any{[]any{1}, []any{1, 2}})
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	_, err := q.Run(exec.NewScan([]*table.Batch{b}), []exec.Transform{&Explode{Columns: []int{0, 1}}}, &exec.Collect{})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.ErrorContains(t, err, "one has 1 elements and one 2")
	require.NoError(t, q.Wait())
}

// Lists longer than a batch.
func TestExplodeLongLists(t *testing.T) {
	const n = table.MaxRows + 10
	long := make([]any, n)
	for i := range long {
		long[i] = i
	}
	b := optest.Batch(t, "k int64, l list<int64>", []any{1, []any{7}}, []any{2, long}, []any{3, nil}, []any{4, long})
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	sink := &exec.Collect{}
	_, err := q.Run(exec.NewScan([]*table.Batch{b}), []exec.Transform{&Explode{Columns: []int{1}}}, sink)
	require.NoError(t, err)
	var keys, elements []int64
	for _, out := range sink.Batches() {
		require.LessOrEqual(t, out.Len, table.MaxRows)
		keys, elements = append(keys, column.Of[int64](&out.Cols[0])...), append(elements, column.Of[int64](&out.Cols[1])...)
	}
	require.Len(t, keys, 2*n+2)
	require.Equal(t, []int64{1, 2, 2, 3, 4, 4}, []int64{keys[0], keys[1], keys[n], keys[n+1], keys[n+2], keys[2*n+1]})
	require.Equal(t, []int64{7, 0, n - 1, 0, n - 1}, []int64{elements[0], elements[1], elements[n], elements[n+2], elements[2*n+1]})
	require.NoError(t, q.Wait())
}

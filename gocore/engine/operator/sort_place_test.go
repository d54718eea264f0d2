package operator

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// TestSortInPlace sorts columns that take the entries' memory, and ones that nearly do.
func TestSortInPlace(t *testing.T) {
	leak.Check(t)
	r := rand.New(rand.NewPCG(1, 1))
	for name, columns := range map[string]string{
		"key and payload":      "k int64, v uint64",
		"payload and key":      "v float64, k int64",
		"two keys of one word": "k int64, v timestamp[us, tz=UTC]",
		"and gathered ones":    "k int64, v int64, s utf8, b bool",
		"a smaller one":        "k int64, v int32",
		"a single one":         "k int64",
	} {
		schema := optest.Schema(t, columns)
		keys := []SortKey{{Column: schema.FieldIndices("k")[0], Descending: true, NullsFirst: true}}
		if v := schema.FieldIndices("v"); name != "key and payload" && name != "payload and key" && v != nil {
			keys = append(keys, SortKey{Column: v[0]})
		}
		var rows [][]any
		for i := range 60 {
			values := map[string]any{"k": r.IntN(9) - 4, "v": r.IntN(5), "s": "a text of some length", "b": i%3 == 0}
			var row []any
			for _, f := range schema.Fields() {
				row = append(row, values[f.Name])
			}
			rows = append(rows, row)
		}
		optest.Run(t, optest.Case{Name: name, Inputs: []optest.Input{{Columns: columns, Rows: rows}},
			Run: runSort(t, columns, keys...), Model: sortModel(keys...), Ordered: true})
	}
}

// TestFewRowsHoldLittle checks that the first rows of a large sort in place let go of its entries.
func TestFewRowsHoldLittle(t *testing.T) {
	leak.Check(t)
	const rows = 1 << 21
	keys := make([]int64, rows)
	for i := range keys {
		keys[i] = int64(i) * 7919 % rows
	}
	schema := optest.Schema(t, "k int64, v int64")
	input := int64Batch(keys)
	input.Cols = append(input.Cols, input.Cols[0])
	live := memory.Stat().Live
	scope := memory.NewScope(memory.NewBudget(0), "test")
	q := exec.NewQuery(t.Context(), exec.NewPool(2), scope)
	sorted, err := q.Run(exec.NewScan([]*table.Batch{input}), nil, NewSort(SortSpec{[]SortKey{{}}}, schema))
	require.NoError(t, err)
	first, err := q.Run(sorted, nil, NewSlice(3, 4))
	require.NoError(t, err)
	result, err := optest.Materialize(q, schema, first)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	scope.Close()
	require.Less(t, memory.Stat().Live-live, int64(1<<20), "bytes that four rows hold")
	require.Equal(t, []int64{3, 4, 5, 6}, int64sOf(result.Batches[0]))
	result.Release()
}

package operator

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runTopK sorts what a TopK lets through and takes the first n rows.
func runTopK(t *testing.T, columns string, n int, keys ...SortKey) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		schema := optest.Schema(t, columns)
		sorted, err := q.Run(in[0], []exec.Transform{NewTopK(keys, n, schema)}, NewSort(SortSpec{keys}, schema))
		if err != nil {
			return nil, err
		}
		return q.Run(sorted, nil, NewSlice(0, n))
	}
}

func TestTopKOfEachType(t *testing.T) {
	leak.Check(t)
	for typ, list := range distinctValues {
		columns := "k " + typ + ", n int32"
		var rows [][]any
		for i, v := range append(list, list...) {
			rows = append(rows, []any{v, i})
		}
		for _, key := range directions(0) {
			for _, n := range []int{1, 3, 100} {
				model := sortModel(key)
				optest.Run(t, optest.Case{
					Name: fmt.Sprintf("%s %+v first %d", typ, key, n), Inputs: []optest.Input{{Columns: columns, Rows: rows}},
					Run: runTopK(t, columns, n, key), Ordered: true, Operator: "top k", Keys: []int{0},
					Model: func(in [][][]any) [][]any { sorted := model(in); return sorted[:min(n, len(sorted))] },
				})
			}
		}
	}
}

// TestTopKDrops checks that few rows pass, also where all keys are equal, and that the first rows are the sort's.
func TestTopKDrops(t *testing.T) {
	leak.Check(t)
	const rows, n = 300_000, 50
	r := rand.New(rand.NewPCG(1, 1))
	for name, draw := range map[string]func(i int) int64{
		"random":    func(int) int64 { return r.Int64() },
		"ascending": func(i int) int64 { return int64(i) },
		"two":       func(i int) int64 { return int64(i&1) + 5 },
		"equal":     func(int) int64 { return 7 },
	} {
		t.Run(name, func(t *testing.T) {
			values := make([]int64, rows)
			for i := range values {
				values[i] = draw(i)
			}
			scope := memory.NewScope(memory.NewBudget(0), "test")
			defer scope.Close()
			q := exec.NewQuery(t.Context(), exec.NewPool(2), scope)
			keys := []SortKey{{}}
			schema := optest.Schema(t, "k int64")
			batches := exec.NewScan(cut(int64Batch(values), 10_000))
			passed := &exec.Collect{}
			_, err := q.Run(batches, []exec.Transform{NewTopK(keys, n, schema)}, passed)
			require.NoError(t, err)
			count := 0
			for _, b := range passed.Batches() {
				count += b.Len
			}
			require.Less(t, count, 25_000)
			require.Equal(t, firstSorted(t, q, cut(int64Batch(values), 10_000), n), firstSorted(t, q, passed.Batches(), n))
			require.NoError(t, q.Wait())
		})
	}
}

func firstSorted(t *testing.T, q *exec.Query, batches []*table.Batch, n int) []int64 {
	sorted, err := q.Run(exec.NewScan(batches), nil, NewSort(SortSpec{[]SortKey{{}}}, optest.Schema(t, "k int64")))
	require.NoError(t, err)
	first, err := q.Run(sorted, nil, NewSlice(0, n))
	require.NoError(t, err)
	collect := &exec.Collect{}
	_, err = q.Run(first, nil, collect)
	require.NoError(t, err)
	var out []int64
	for _, b := range collect.Batches() {
		out = append(out, int64sOf(b)...)
	}
	return out
}

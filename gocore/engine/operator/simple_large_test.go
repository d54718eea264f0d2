package operator

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// simpleRun makes the source of an operator's result from the rows of keysAndRows, in batches.
type simpleRun func(t testing.TB, q *exec.Query, schema *arrow.Schema, batches []*table.Batch) (exec.Source, error)

// filterKeys keeps the rows whose key compares with limit as op says.
func filterKeys(op string, limit int) simpleRun {
	return func(t testing.TB, q *exec.Query, schema *arrow.Schema, batches []*table.Batch) (exec.Source, error) {
		return q.Run(exec.NewScan(batches), []exec.Transform{keyFilter(t, schema, op, limit)}, &exec.Collect{})
	}
}

func keyFilter(t testing.TB, schema *arrow.Schema, op string, limit int) *Filter {
	filter, err := NewFilter([]*expr.Program{program(t, schema, func(b *expr.Builder) []expr.Node {
		return []expr.Node{calls(t, b, op, inputColumn(t, b, 0), literal(t, b, "int64", limit))}
	})}, nil)
	require.NoError(t, err)
	return filter
}

// takeRows takes the rows at indices.
func takeRows(indices []int64) simpleRun {
	return func(_ testing.TB, q *exec.Query, schema *arrow.Schema, batches []*table.Batch) (exec.Source, error) {
		return q.Run(exec.NewScan(batches), nil, NewTake(indices, schema))
	}
}

func sliceRows(offset, length int) simpleRun {
	return func(_ testing.TB, q *exec.Query, _ *arrow.Schema, batches []*table.Batch) (exec.Source, error) {
		return q.Run(exec.NewScan(batches), nil, NewSlice(offset, length))
	}
}

// concatHalves puts the second half of the batches in front of the first.
func concatHalves(_ testing.TB, _ *exec.Query, _ *arrow.Schema, batches []*table.Batch) (exec.Source, error) {
	half := len(batches) / 2
	return NewConcat(exec.NewScan(batches[half:]), exec.NewScan(batches[:half]))
}

// rowNumbers runs an operator on threads workers and calls each with the row number v of every row of the result, in
// order. It returns the most bytes that were reserved at a time.
func rowNumbers(t testing.TB, threads int, run simpleRun, schema *arrow.Schema, batches []*table.Batch, each func(v int64)) int64 {
	budget := memory.NewBudget(0)
	scope := memory.NewScope(budget, "simple")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	src, err := run(t, q, schema, batches)
	require.NoError(t, err)
	var sink exec.Collect
	_, err = q.Run(src, nil, &sink)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	if each != nil {
		for _, b := range sink.Batches() {
			for _, v := range column.Of[int64](&b.Cols[1]) {
				each(v)
			}
		}
	}
	return budget.Peak()
}

// randomIndices returns n rows of n; half of them are row n/3 if skewed.
func randomIndices(n int, skewed bool) []int64 {
	rng := rand.New(rand.NewPCG(3, 3))
	indices := make([]int64, n)
	for i := range indices {
		if indices[i] = rng.Int64N(int64(n)); skewed && i%2 == 0 {
			indices[i] = int64(n / 3)
		}
	}
	return indices
}

// Filter and Take make their result row by row. Slice and Concat do no work per row, as TestSliceAndConcatCopyNothing
// shows, so that a second thread has nothing to gain; here they must not keep a pipeline through them from gaining.
func TestSimpleScaling(t *testing.T) {
	optest.SkipUnlessTimed(t)
	const n = 10_000_000
	dense, skewed := distributions[1], distributions[2]
	for _, test := range []struct {
		name string
		keys distribution
		run  simpleRun
	}{
		{"filter half", dense, filterKeys("lt", n/2)},
		{"filter one row in ten", dense, filterKeys("lt", n/10)},
		{"filter by the key of half the rows", skewed, filterKeys("eq", n/3)},
		{"take", dense, takeRows(randomIndices(n, false))},
		{"take one row half of the time", dense, takeRows(randomIndices(n, true))},
		{"concat, slice and filter", skewed, func(t testing.TB, q *exec.Query, schema *arrow.Schema, batches []*table.Batch) (exec.Source, error) {
			concat, err := concatHalves(t, q, schema, batches)
			require.NoError(t, err)
			sliced, err := q.Run(concat, nil, NewSlice(n/100, -1))
			require.NoError(t, err)
			return q.Run(sliced, []exec.Transform{keyFilter(t, schema, "eq", n/3)}, &exec.Collect{})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			input := memory.NewScope(memory.NewBudget(0), "input")
			defer input.Close()
			schema, batches := keysAndRows(t, input, n, test.keys.key, false)
			optest.RequireScaling(t, func(threads int) { rowNumbers(t, threads, test.run, schema, batches, nil) })
		})
	}
}

func TestSimpleHeap(t *testing.T) {
	n := 10_000_000
	if testing.Short() {
		n = 1_000_000
	}
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	schema, batches := keysAndRows(t, input, n, distributions[2].key, false)
	for name, run := range map[string]simpleRun{
		"filter": filterKeys("eq", n/3),
		"take":   takeRows(randomIndices(n, true)),
		"slice":  sliceRows(n/4, n/2),
		"concat": concatHalves,
	} {
		t.Run(name, func(t *testing.T) {
			optest.RequireSmallHeap(t, func() { rowNumbers(t, 2, run, schema, batches, nil) })
		})
	}
}

// Inputs of no batch, one, and a thousand, and results in the order of the rows.
func TestSimpleBatches(t *testing.T) {
	leak.Check(t)
	const n = 100_000
	indices := randomIndices(n, false)
	tests := []struct {
		name   string
		run    simpleRun
		wanted func(v int64) bool // of the rows in order; nil: the rows at indices
	}{
		{"filter", filterKeys("lt", n/2), func(v int64) bool { return v < n/2 }},
		{"take", takeRows(indices), nil},
		{"slice", sliceRows(n/3, n/3), func(v int64) bool { return v >= n/3 && v < n/3+n/3 }},
		{"slice from the end", sliceRows(-n/3, n/5), func(v int64) bool { return v >= n-n/3 && v < n-n/3+n/5 }},
	}
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	schema, one := keysAndRows(t, input, n, func(_ *rand.Rand, i, _ int) int64 { return int64(i) }, false)
	require.Len(t, one, 1)
	thousand := cut(one[0], n/1000)
	require.Len(t, thousand, 1000)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, threads := range []int{1, 2} {
				for _, batches := range [][]*table.Batch{one, thousand} {
					want := indices
					if test.wanted != nil {
						want = nil
						for v := range int64(n) {
							if test.wanted(v) {
								want = append(want, v)
							}
						}
					}
					var got []int64
					rowNumbers(t, threads, test.run, schema, batches, func(v int64) { got = append(got, v) })
					require.Equal(t, want, got)
				}
				if test.wanted != nil { // no row to take from nothing
					rowNumbers(t, threads, test.run, schema, nil, func(int64) { require.Fail(t, "a row of nothing") })
				}
			}
		})
	}
	rowNumbers(t, 2, takeRows(nil), schema, nil, func(int64) { require.Fail(t, "a row of nothing") })
	for _, batches := range [][]*table.Batch{nil, one, thousand} {
		sum, rows := int64(0), int64(0)
		rowNumbers(t, 2, concatHalves, schema, batches, func(v int64) { sum, rows = sum+v, rows+1 })
		require.Equal(t, min(n, int64(len(batches))*n), rows)
		require.Equal(t, rows*(rows-1)/2, sum)
	}
}

// Slice and Concat work per batch, not per row: they reserve no memory, and allocate no more for ten times the rows.
func TestSliceAndConcatCopyNothing(t *testing.T) {
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	const batches = 100
	for name, run := range map[string]simpleRun{"concat": concatHalves, "head": sliceRows(0, 5), "tail": sliceRows(-5, -1), "rest": sliceRows(5, -1)} {
		var allocated [2]int64
		for i, rows := range []int{100, 1000} {
			schema, all := keysAndRows(t, input, rows*batches, distributions[5].key, false)
			require.Len(t, all, 1)
			parts := cut(all[0], rows)
			allocated[i] = leak.HeapGrowth(func() {
				require.Zero(t, rowNumbers(t, 2, run, schema, parts, nil), "%s: bytes reserved", name)
			})
		}
		require.Less(t, allocated[1], allocated[0]+20_000, name)
	}
}

// The batches that can't be part of a slice go back as soon as that is known, whatever the order in which they come.
func TestSliceHoldsLittle(t *testing.T) {
	leak.Check(t)
	const n = 1000
	for _, test := range []struct {
		name                   string
		offset, length, window int
		order                  func(i int) int
	}{
		{"head", 0, 5, 1, func(i int) int { return i }},
		{"head, backwards", 0, 5, 1, func(i int) int { return n - 1 - i }},
		{"middle, shuffled", 35, 20, 6, func(i int) int { return i * 7 % n }},
		{"tail", -5, -1, 1, func(i int) int { return i }},
		{"tail, shuffled", -25, 3, 3, func(i int) int { return i * 7 % n }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var held, most atomic.Int32
			source := sourceOf(n, func(i int) *table.Batch {
				seq := test.order(i)
				rows := make([][]any, 10)
				for j := range rows {
					rows[j] = []any{seq*10 + j}
				}
				b := optest.Batch(t, "a int64", rows...)
				b.Seq = uint64(seq)
				b.Cols[0].Owners = []*memory.Buffer{memory.Foreign(nil, func() { held.Add(-1) })}
				most.Store(max(most.Load(), held.Add(1)))
				return b
			})
			scope := memory.NewScope(memory.NewBudget(0), "test")
			q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
			src, err := q.Run(source, nil, NewSlice(test.offset, test.length))
			require.NoError(t, err)
			require.LessOrEqual(t, most.Load(), int32(test.window+1), "batches held at a time")
			var sink exec.Collect
			_, err = q.Run(src, nil, &sink)
			require.NoError(t, err)
			from := test.offset
			if from < 0 {
				from += 10 * n
			}
			for _, b := range sink.Batches() {
				for _, v := range column.Of[int64](&b.Cols[0]) {
					require.Equal(t, int64(from), v)
					from++
				}
			}
			length := test.length
			if length < 0 {
				length = -test.offset
			}
			require.Equal(t, length, (from-test.offset+10*n)%(10*n))
			require.NoError(t, q.Wait())
			scope.Close()
			require.Zero(t, held.Load())
		})
	}
}

// batchSource is a Source of n batches that are made as they are read.
type batchSource struct {
	n    int64
	next atomic.Int64
	make func(i int) *table.Batch
}

func sourceOf(n int, make func(i int) *table.Batch) *batchSource {
	return &batchSource{n: int64(n), make: make}
}

func (s *batchSource) Next(*exec.Worker) (*table.Batch, error) {
	i := s.next.Add(1) - 1
	if i >= s.n {
		return nil, nil
	}
	return s.make(int(i)), nil
}

package operator

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const largeWindowColumns = "k int64, v float64"

// largeWindowInput returns n rows whose keys are below groups, and quarters as values.
func largeWindowInput(t testing.TB, scope *memory.Scope, n, groups int) []*table.Batch {
	schema := optest.Schema(t, largeWindowColumns)
	k, err := compute.New(scope, schema.Field(0).Type, n)
	require.NoError(t, err)
	v, err := compute.New(scope, schema.Field(1).Type, n)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		column.Of[int64](&k)[i] = int64(rng.IntN(groups))
		column.Of[float64](&v)[i] = float64(rng.IntN(1000)) / 4
	}
	return []*table.Batch{{Cols: []column.Column{k, v}, Len: n}}
}

// windowLarge runs spec over batches and gives each batch of results to use.
func windowLarge(t testing.TB, threads int, spec WindowSpec, batches []*table.Batch, use func(b *table.Batch)) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	s, err := NewWindow(spec, optest.Schema(t, largeWindowColumns))
	require.NoError(t, err)
	src, err := q.Run(exec.NewScan(batches), nil, s)
	require.NoError(t, err)
	sink := &exec.Collect{}
	_, err = q.Run(src, nil, sink)
	require.NoError(t, err)
	for _, b := range sink.Batches() {
		use(b)
	}
	require.NoError(t, q.Wait())
}

// Partitions of all sizes: many in a unit of work, and one of many units, with frames longer than a unit.
func TestWindowManyRows(t *testing.T) {
	const n, long = 300_000, 50_000
	for _, groups := range []int{1, 3, 1000, 200_000} {
		input := memory.NewScope(memory.NewBudget(0), "input")
		batches := largeWindowInput(t, input, n, groups)
		functions := []WindowFunction{{Fn: WindowRowNumber, Column: -1}, {Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: FromFirst}},
			{Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: -long}}, {Fn: WindowMax, Column: 1, Frame: WindowFrame{Start: -9}},
			{Fn: WindowCount, Column: 1, Frame: WindowFrame{Start: 1, End: ToLast}}}
		type state struct {
			values []float64
			sums   []float64
		}
		states := make([]state, groups)
		counts := make([]int64, groups)
		for _, k := range column.Of[int64](&batches[0].Cols[0]) {
			counts[k]++
		}
		windowLarge(t, 2, WindowSpec{Partition: []int{0}, Functions: functions}, batches, func(b *table.Batch) {
			for i, k := range column.Of[int64](&b.Cols[0]) {
				s := &states[k]
				sum := column.Of[float64](&b.Cols[1])[i]
				s.values = append(s.values, sum)
				if at := len(s.sums); at > 0 {
					sum += s.sums[at-1]
				}
				s.sums = append(s.sums, sum)
				rows := len(s.values)
				before := 0.0
				if rows > long+1 {
					before = s.sums[rows-long-2]
				}
				most := math.Inf(-1)
				for _, v := range s.values[max(0, rows-10):] {
					most = max(most, v)
				}
				got := []float64{float64(column.Of[int64](&b.Cols[2])[i]), column.Of[float64](&b.Cols[3])[i], column.Of[float64](&b.Cols[4])[i],
					column.Of[float64](&b.Cols[5])[i], float64(column.Of[int64](&b.Cols[6])[i])}
				if want := []float64{float64(rows), sum, sum - before, most, float64(counts[k] - int64(rows))}; !equalFloats(want, got) {
					require.Equal(t, want, got, "%d groups", groups)
				}
			}
		})
		input.Close()
	}
}

// Partitions in an order that takes a word of its own: sorted by their workers, or if they are large, all at once.
func TestWindowManyOrderedRows(t *testing.T) {
	const n = 300_000
	for _, groups := range []int{2, 1000, 200_000} {
		input := memory.NewScope(memory.NewBudget(0), "input")
		batches := largeWindowInput(t, input, n, groups)
		keys, values := column.Of[int64](&batches[0].Cols[0]), column.Of[float64](&batches[0].Cols[1])
		values[0], values[1] = -1e300, 1e300 // so that codes are long
		want, rows := make([]int64, n), make([]int, n)
		for i := range rows {
			rows[i] = i
		}
		slices.SortStableFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(values[a], values[b])) })
		for i, row := range rows {
			want[row] = 1
			if i > 0 && keys[rows[i-1]] == keys[row] {
				want[row] = want[rows[i-1]] + 1
			}
		}
		spec := WindowSpec{Partition: []int{0}, Order: []SortKey{{Column: 1}}, Functions: []WindowFunction{{Fn: WindowRowNumber, Column: -1}}}
		var got []int64
		windowLarge(t, 2, spec, batches, func(b *table.Batch) { got = append(got, column.Of[int64](&b.Cols[2])...) })
		require.True(t, slices.Equal(want, got), "%d groups", groups)
		input.Close()
	}
}

func equalFloats(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func BenchmarkWindow(b *testing.B) {
	const n = 10_000_000
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	batches := largeWindowInput(b, input, n, 100_000)
	for name, spec := range map[string]WindowSpec{
		"cumsum":       {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: FromFirst}}}},
		"row_number":   {Partition: []int{0}, Order: []SortKey{{Column: 1}}, Functions: []WindowFunction{{Fn: WindowRowNumber, Column: -1}}},
		"lag":          {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowLag, Column: 1, Param: 1}}},
		"rolling mean": {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowMean, Column: 1, Frame: WindowFrame{Start: -4}, MinPeriods: 5}}},
		"rolling max":  {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowMax, Column: 1, Frame: WindowFrame{Start: -4}, MinPeriods: 5}}},
		"rolling std":  {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowStd, Column: 1, Frame: WindowFrame{Start: -4}, MinPeriods: 5, Param: 1}}},
		"sum":          {Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: FromFirst, End: ToLast}}}},
		"all cumsum":   {Functions: []WindowFunction{{Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: FromFirst}}}},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				windowLarge(b, 2, spec, batches, func(*table.Batch) {})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

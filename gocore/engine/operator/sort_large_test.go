package operator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// distribution makes the key of row i of n.
type distribution struct {
	name string
	key  func(rng *rand.Rand, i, n int) int64
}

var distributions = []distribution{
	{"random", func(rng *rand.Rand, _, _ int) int64 { return int64(rng.Uint64()) }},
	{"dense", func(rng *rand.Rand, _, n int) int64 { return rng.Int64N(int64(n)) }},
	{"half one key", func(rng *rand.Rand, i, n int) int64 {
		if i%2 == 0 {
			return int64(n / 3)
		}
		return rng.Int64N(int64(n))
	}},
	{"outlier", func(rng *rand.Rand, i, n int) int64 {
		if i == n/2 {
			return -1 << 62
		}
		return rng.Int64N(int64(n))
	}},
	{"few", func(rng *rand.Rand, _, _ int) int64 { return rng.Int64N(3) }},
	{"sorted", func(_ *rand.Rand, i, _ int) int64 { return int64(i) }},
	{"reversed", func(_ *rand.Rand, i, _ int) int64 { return int64(-i) }},
	{"exponential", func(rng *rand.Rand, _, _ int) int64 { return int64(1) << rng.IntN(62) * int64(1+rng.IntN(3)) }},
}

// keysAndRows returns a table of n rows in scope: the key k, the row's number v and, if text is set, the key as s.
func keysAndRows(t testing.TB, scope *memory.Scope, n int, key func(rng *rand.Rand, i, n int) int64, text bool) (*arrow.Schema, []*table.Batch) {
	schema := optest.Schema(t, "k int64, v int64")
	if text {
		schema = optest.Schema(t, "k int64, v int64, s utf8")
	}
	rng := rand.New(rand.NewPCG(7, 7))
	var batches []*table.Batch
	for from := 0; from < n; from += table.MaxRows {
		b := &table.Batch{Len: min(table.MaxRows, n-from), Seq: uint64(len(batches))}
		for i := range schema.NumFields() {
			c, err := compute.New(scope, schema.Field(i).Type, b.Len)
			require.NoError(t, err)
			b.Cols = append(b.Cols, c)
		}
		k, v := column.Of[int64](&b.Cols[0]), column.Of[int64](&b.Cols[1])
		heap := []byte{}
		for i := range k {
			k[i], v[i] = key(rng, from+i, n), int64(from+i)
			if text {
				start := len(heap)
				heap = strconv.AppendInt(append(heap, "key number "...), k[i]+1e15, 10)
				b.Cols[2].Views[i] = column.MakeView(heap[start:], 0, start)
			}
		}
		if text {
			b.Cols[2].Heaps = [][]byte{heap}
			b.Cols[2].Owners = append(b.Cols[2].Owners, memory.Foreign(heap, func() {}))
		}
		batches = append(batches, b)
	}
	return schema, batches
}

// sortAll sorts batches on threads workers and returns the result, which lies in scope.
func sortAll(t testing.TB, scope *memory.Scope, threads int, spec SortSpec, schema *arrow.Schema, batches []*table.Batch) []*table.Batch {
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	src, err := q.Run(exec.NewScan(batches), nil, NewSort(spec, schema))
	require.NoError(t, err)
	sink := &exec.Collect{}
	_, err = q.Run(src, nil, sink)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	return sink.Take()
}

// requireSorted checks that keys ascend and that rows of one key ascend, too: sorted, and stable.
func requireSorted(t testing.TB, batches []*table.Batch, n int) {
	rows, sum := 0, int64(0)
	var lastKey, lastRow int64
	for _, b := range batches {
		k, v := column.Of[int64](&b.Cols[0]), column.Of[int64](&b.Cols[1])
		for i := range k {
			if rows > 0 && (k[i] < lastKey || k[i] == lastKey && v[i] <= lastRow) {
				require.Fail(t, "not in order", "row %d: key %d row %d after key %d row %d", rows, k[i], v[i], lastKey, lastRow)
			}
			lastKey, lastRow, rows, sum = k[i], v[i], rows+1, sum+v[i]
		}
	}
	require.Equal(t, n, rows)
	require.Equal(t, int64(n)*int64(n-1)/2, sum)
}

func TestSortManyRows(t *testing.T) {
	leak.Check(t)
	const n = 3*cacheRows + 1000
	byKey, byText := SortSpec{[]SortKey{{Column: 0}}}, SortSpec{[]SortKey{{Column: 2}}}
	for _, d := range distributions {
		for _, threads := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s,threads=%d", d.name, threads), func(t *testing.T) {
				scope := memory.NewScope(memory.NewBudget(0), "test")
				defer scope.Close()
				text := d.name == "dense" || d.name == "half one key" // keys whose digits are in the order of their numbers
				schema, batches := keysAndRows(t, scope, n, d.key, text)
				requireSorted(t, sortAll(t, scope, threads, byKey, schema, batches), n)
				if text {
					requireSorted(t, sortAll(t, scope, threads, byText, schema, batches), n)
				}
			})
		}
	}
}

// sortOnce sorts by the key and frees the result.
func sortOnce(t testing.TB, threads int, schema *arrow.Schema, batches []*table.Batch) {
	scope := memory.NewScope(memory.NewBudget(0), "sort")
	sortAll(t, scope, threads, SortSpec{[]SortKey{{Column: 0}}}, schema, batches)
	scope.Close()
}

func TestSortScaling(t *testing.T) {
	optest.SkipUnlessTimed(t)
	for _, d := range distributions[:3] {
		t.Run(d.name, func(t *testing.T) {
			input := memory.NewScope(memory.NewBudget(0), "input")
			defer input.Close()
			schema, batches := keysAndRows(t, input, 10_000_000, d.key, false)
			optest.RequireScaling(t, func(threads int) { sortOnce(t, threads, schema, batches) })
		})
	}
}

func TestSortHeap(t *testing.T) {
	n := 10_000_000
	if testing.Short() {
		n = 1_000_000
	}
	for _, d := range distributions {
		t.Run(d.name, func(t *testing.T) {
			input := memory.NewScope(memory.NewBudget(0), "input")
			defer input.Close()
			schema, batches := keysAndRows(t, input, n, d.key, false)
			optest.RequireSmallHeap(t, func() { sortOnce(t, 2, schema, batches) })
		})
	}
}

// best returns the shortest of runs of f, in seconds.
func best(runs int, f func()) float64 {
	shortest := time.Duration(1<<63 - 1)
	for range runs {
		start := time.Now()
		f()
		shortest = min(shortest, time.Since(start))
	}
	return shortest.Seconds()
}

// processorSeconds returns the time that the process has computed.
func processorSeconds(t testing.TB) float64 {
	var usage unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// BenchmarkSortText sorts by strings of 27 characters, the first 11 of them equal, and gathers two other columns.
func BenchmarkSortText(b *testing.B) {
	const n = 2_000_000
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	schema, batches := keysAndRows(b, input, n, distributions[1].key, true)
	for _, key := range []int{0, 2} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", schema.Field(key).Name, threads), func(b *testing.B) {
				shortest := 1e9
				for range b.N {
					scope := memory.NewScope(memory.NewBudget(0), "sort")
					shortest = min(shortest, best(1, func() {
						sortAll(b, scope, threads, SortSpec{[]SortKey{{Column: key}}}, schema, batches)
					}))
					scope.Close()
				}
				b.ReportMetric(shortest*1e9/n, "ns/row")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func BenchmarkSort(b *testing.B) {
	const n = 10_000_000
	for _, d := range distributions {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", d.name, threads), func(b *testing.B) {
				input := memory.NewScope(memory.NewBudget(0), "input")
				defer input.Close()
				schema, batches := keysAndRows(b, input, n, d.key, false)
				copied, _, err := memory.Make[int64](input, 2*n)
				require.NoError(b, err)
				b.ResetTimer()
				shortest, memcpy, cpu := 1e9, 1e9, 1e9
				for range b.N {
					scope := memory.NewScope(memory.NewBudget(0), "sort")
					before := processorSeconds(b)
					shortest = min(shortest, best(1, func() {
						sortAll(b, scope, threads, SortSpec{[]SortKey{{Column: 0}}}, schema, batches)
					}))
					cpu = min(cpu, processorSeconds(b)-before)
					scope.Close()
					memcpy = min(memcpy, best(1, func() {
						at := 0
						for _, batch := range batches {
							at += copy(copied[at:], column.Of[int64](&batch.Cols[0]))
							at += copy(copied[at:], column.Of[int64](&batch.Cols[1]))
						}
					}))
				}
				b.ReportMetric(shortest*1e9/n, "ns/row")
				b.ReportMetric(cpu*1e9/n, "cpu-ns/row")
				b.ReportMetric(shortest/memcpy, "memcpys")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// More rows than are sorted in one range, of several keys with missing values, against the model.
func TestSortManyRowsAgainstModel(t *testing.T) {
	const columns = "a int8, s utf8, f float64, n int32"
	const n = cacheRows + 2_000
	rows := optest.RandomRows(t, 3, columns, n, 60)
	for i, row := range rows {
		switch {
		case i%2 == 0:
			row[0], row[1] = 7, "a string that fills half of the rows"
		case i%11 == 0:
			row[0] = nil
		case i%13 == 0:
			row[1] = nil
		}
		if i%17 == 0 {
			row[2] = []any{math.NaN(), nil, math.Copysign(0, -1)}[i%3]
		}
		row[3] = i
	}
	for _, keys := range [][]SortKey{
		{{Column: 0, Descending: true}, {Column: 1}, {Column: 2, NullsFirst: true}},
		{{Column: 1, NullsFirst: true}, {Column: 2, Descending: true}},
		{{Column: 2}, {Column: 1, Descending: true}},
	} {
		scope := memory.NewScope(memory.NewBudget(0), "test")
		b := optest.Batch(t, columns, rows...)
		want := sortModel(keys...)([][][]any{rows})
		at := 0
		for _, out := range sortAll(t, scope, 2, SortSpec{keys}, optest.Schema(t, columns), []*table.Batch{b}) {
			for _, row := range column.Of[int32](&out.Cols[3]) {
				if int(row) != want[at][3].(int) {
					require.Fail(t, "not in order", "row %d is %v, not %v", at, rows[row], want[at])
				}
				at++
			}
			out.Release()
		}
		require.Equal(t, n, at)
		scope.Close()
		b.Release()
	}
}

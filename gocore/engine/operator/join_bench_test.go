package operator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

var paperSchema = arrow.NewSchema([]arrow.Field{{Name: "k", Type: arrow.PrimitiveTypes.Int64}, {Name: "v", Type: arrow.PrimitiveTypes.Int64}}, nil)

// paperSpec is the inner join with the key and both payloads.
var paperSpec = JoinSpec{How: JoinInner, LeftKeys: []int{0}, RightKeys: []int{0},
	Output: []JoinColumn{{Coalesced, 0}, {FromLeft, 1}, {FromRight, 1}}}

// paperInput is two int64 columns: a key and the row's number. It lies off Go's heap, as an imported table does.
func paperInput(t testing.TB, scope *memory.Scope, rows int, key func() int64) []*table.Batch {
	keys, a, err := memory.Make[int64](scope, rows)
	require.NoError(t, err)
	payload, b, err := memory.Make[int64](scope, rows)
	require.NoError(t, err)
	for i := range keys {
		keys[i], payload[i] = key(), int64(i)
	}
	lent := func(values []int64, owner *memory.Buffer) column.Column {
		return column.Column{Type: arrow.PrimitiveTypes.Int64, Kind: column.Int64, Len: rows,
			Values: memory.BytesOf(values), Owners: []*memory.Buffer{owner}}
	}
	return []*table.Batch{{Cols: []column.Column{lent(keys, a), lent(payload, b)}, Len: rows}}
}

// uniform returns keys uniform in [0, 0.9 rows).
func uniform(seed uint64, rows int) func() int64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func() int64 { return rng.Int64N(int64(rows) * 9 / 10) }
}

// joinOnce joins two inputs of the paper's shape and returns the rows of the result and how long it took.
func joinOnce(t testing.TB, spec JoinSpec, left, right []*table.Batch, threads int) (rows int, took time.Duration) {
	return joinBatches(t, spec, paperSchema, left, right, threads)
}

func joinBatches(t testing.TB, spec JoinSpec, schema *arrow.Schema, left, right []*table.Batch, threads int) (rows int, took time.Duration) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	started := time.Now()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	j, err := NewJoin(spec, schema, schema)
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(left), nil, j.Left())
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(right), nil, j.Right())
	require.NoError(t, err)
	src, err := j.Source(q)
	require.NoError(t, err)
	result, err := optest.Materialize(q, paperSchema, src)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	took = time.Since(started)
	rows = result.Rows
	result.Release()
	require.Zero(t, scope.Held())
	return rows, took
}

// BenchmarkJoinPaper is the join of Cylon's paper: bytes/s of input and output, and the time as a multiple of copying
// the input.
func BenchmarkJoinPaper(b *testing.B) {
	for _, rows := range []int{1_000_000, 9_100_000} {
		scope := memory.NewScope(memory.NewBudget(0), "inputs")
		defer scope.Close()
		left := paperInput(b, scope, rows, uniform(1, rows))
		right := paperInput(b, scope, rows, uniform(2, rows))
		want := matches(left[0], right[0], rows)
		copied, _, err := memory.Make[byte](scope, 8*rows)
		require.NoError(b, err)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("rows=%d/threads=%d", rows, threads), func(b *testing.B) {
				var copying, best time.Duration
				for b.Loop() {
					started := time.Now()
					for _, batches := range [][]*table.Batch{left, right} {
						for _, c := range batches[0].Cols {
							copy(copied, c.Values)
						}
					}
					if d := time.Since(started); copying == 0 || d < copying {
						copying = d
					}
					n, took := joinOnce(b, paperSpec, left, right, threads)
					if best == 0 || took < best {
						best = took
					}
					require.Equal(b, want, n)
				}
				b.SetBytes(int64(32*rows + 24*want))
				b.ReportMetric(float64(best.Microseconds())/1000, "min-ms")
				b.ReportMetric(float64(best)/float64(copying), "x-copy")
			})
		}
	}
}

// matches counts the pairs of rows with equal keys, which are below max.
func matches(left, right *table.Batch, max int) (pairs int) {
	counts := make([]int, max)
	for _, k := range column.Of[int64](&left.Cols[0]) {
		counts[k]++
	}
	for _, k := range column.Of[int64](&right.Cols[0]) {
		pairs += counts[k]
	}
	return pairs
}

// BenchmarkJoinKeys joins other keys and shapes, the key and every other column of both sides in the output.
func BenchmarkJoinKeys(b *testing.B) {
	for _, c := range []struct {
		name              string
		columns           string
		keys              int
		probe, build, max int
	}{
		{"utf8", "k utf8, v int64", 1, 1_000_000, 1_000_000, 900_000},
		{"two int32", "k int32, l int32, v int64", 2, 2_000_000, 2_000_000, 1_400},
		{"int64 with utf8", "k int64, s utf8, v int64", 1, 2_000_000, 2_000_000, 1_800_000},
		{"six columns", "k int64, a int64, b int32, c float64, d int64, e bool", 1, 2_000_000, 2_000_000, 1_800_000},
		{"small build", "k int64, a int64, b int32, c float64", 1, 5_000_000, 10_000, 10_000},
		{"middling build", "k int64, a int64, b int32, c float64", 1, 5_000_000, 200_000, 200_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			scope := memory.NewScope(memory.NewBudget(0), "inputs")
			defer scope.Close()
			schema := optest.Schema(b, c.columns)
			probe, build := randomBatches(b, scope, schema, c.probe, c.max, 1), randomBatches(b, scope, schema, c.build, c.max, 2)
			spec := JoinSpec{}
			for i := range schema.NumFields() {
				if i < c.keys {
					spec.LeftKeys, spec.RightKeys = append(spec.LeftKeys, i), append(spec.RightKeys, i)
					spec.Output = append(spec.Output, JoinColumn{Coalesced, i})
				} else {
					spec.Output = append(spec.Output, JoinColumn{FromLeft, i}, JoinColumn{FromRight, i})
				}
			}
			best := time.Duration(0)
			for b.Loop() {
				if _, took := joinBatches(b, spec, schema, probe, build, 1); best == 0 || took < best {
					best = took
				}
			}
			b.ReportMetric(float64(best.Microseconds())/1000, "min-ms")
			b.ReportMetric(float64(best.Nanoseconds())/float64(c.probe+c.build), "min-ns/row")
		})
	}
}

// randomBatches returns n rows of values uniform in [0, max).
func randomBatches(t testing.TB, scope *memory.Scope, schema *arrow.Schema, n, max int, seed uint64) []*table.Batch {
	rng := rand.New(rand.NewPCG(seed, 3))
	var batches []*table.Batch
	for from := 0; from < n; from += table.MaxRows {
		b := &table.Batch{Len: min(table.MaxRows, n-from), Seq: uint64(len(batches))}
		for _, field := range schema.Fields() {
			c, err := compute.New(scope, field.Type, b.Len)
			require.NoError(t, err)
			var heap []byte
			for i := range b.Len {
				v := rng.Uint64N(uint64(max))
				switch c.Kind {
				case column.Bool:
					if v%2 == 0 {
						column.Bitmap{Bits: c.Values}.Set(i)
					}
				case column.Int32:
					column.Of[int32](&c)[i] = int32(v)
				case column.Float64:
					column.Of[float64](&c)[i] = float64(v)
				case column.String:
					start := len(heap)
					heap = strconv.AppendUint(append(heap, "identifier "...), v, 10)
					c.Views[i] = column.MakeView(heap[start:], 0, start)
				default:
					column.Of[int64](&c)[i] = int64(v)
				}
			}
			if c.Kind == column.String {
				c.Heaps, c.Owners = [][]byte{heap}, append(c.Owners, memory.Foreign(heap, func() {}))
			}
			b.Cols = append(b.Cols, c)
		}
		batches = append(batches, b)
	}
	return batches
}

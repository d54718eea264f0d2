package operator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
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

// joinOnce joins two inputs on threads threads and returns the rows and the sum of all values, and how long it took.
func joinOnce(t testing.TB, spec JoinSpec, left, right []*table.Batch, threads int) (rows int, took time.Duration) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	started := time.Now()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	j, err := NewJoin(spec, paperSchema, paperSchema)
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(left), nil, j.Left())
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(right), nil, j.Right())
	require.NoError(t, err)
	src, err := j.Source(q)
	require.NoError(t, err)
	result, err := exec.Materialize(q, paperSchema, src)
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
		copied, _, err := memory.Make[byte](scope, 8*rows)
		require.NoError(b, err)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("rows=%d/threads=%d", rows, threads), func(b *testing.B) {
				var copying, best time.Duration
				out := 0
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
					out = n
				}
				b.SetBytes(int64(32*rows + 24*out))
				b.ReportMetric(float64(best.Microseconds())/1000, "min-ms")
				b.ReportMetric(float64(best)/float64(copying), "x-copy")
			})
		}
	}
}

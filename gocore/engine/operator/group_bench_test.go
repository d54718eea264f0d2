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
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// groupInput is a table of a key and a value column in memory that Go's collector doesn't see.
type groupInput struct {
	schema *arrow.Schema
	batch  *table.Batch
	scope  *memory.Scope
}

// newGroupInput returns rows rows whose keys key draws; the values are small integers of type value.
func newGroupInput(tb testing.TB, rows int, value arrow.DataType, key func(r *rand.Rand) int64) *groupInput {
	scope := memory.NewScope(memory.NewBudget(0), "input")
	tb.Cleanup(scope.Close)
	keys, _, err := memory.Make[int64](scope, rows)
	require.NoError(tb, err)
	values, _, err := memory.Make[int64](scope, rows)
	require.NoError(tb, err)
	floats := memory.As[float64](memory.BytesOf(values))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		keys[i] = key(r)
		v := r.Int64N(1000)
		if value.ID() == arrow.FLOAT64 {
			floats[i] = float64(v)
		} else {
			values[i] = v
		}
	}
	fields := []arrow.Field{{Name: "k", Type: arrow.PrimitiveTypes.Int64}, {Name: "v", Type: value}}
	b := &table.Batch{Len: rows}
	for i, words := range [][]int64{keys, values} {
		kind, _ := column.KindOf(fields[i].Type)
		b.Cols = append(b.Cols, column.Column{Type: fields[i].Type, Kind: kind, Len: rows, Values: memory.BytesOf(words)[:8*rows]})
	}
	return &groupInput{arrow.NewSchema(fields, nil), b, scope}
}

// run groups the input and returns the number of groups and how long it took.
func (in *groupInput) run(tb testing.TB, threads int, spec GroupSpec) (int, time.Duration) {
	scope := memory.NewScope(memory.NewBudget(0), "group")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	start := time.Now()
	g, err := NewGroup(spec, in.schema)
	require.NoError(tb, err)
	src, err := q.Run(exec.NewScan([]*table.Batch{in.batch}), nil, g)
	require.NoError(tb, err)
	counts := make([]int, threads)
	_, err = q.Run(src, nil, &groupCounter{counts})
	took := time.Since(start)
	require.NoError(tb, err)
	require.NoError(tb, q.Wait())
	total := 0
	for _, n := range counts {
		total += n
	}
	return total, took
}

// groupCounter is a sink that counts rows.
type groupCounter struct{ rows []int }

func (c *groupCounter) Push(w *exec.Worker, b *table.Batch) error {
	c.rows[w.ID] += b.Len
	return nil
}
func (c *groupCounter) Combine(*exec.Worker) error              { return nil }
func (c *groupCounter) Finish(*exec.Query) (exec.Source, error) { return nil, nil }

func groupUniform(groups int64) func(r *rand.Rand) int64 {
	return func(r *rand.Rand) int64 { return r.Int64N(groups) }
}

// groupHalfOne draws one key half the time.
func groupHalfOne(groups int64) func(r *rand.Rand) int64 {
	return func(r *rand.Rand) int64 {
		if r.IntN(2) == 0 {
			return 7
		}
		return r.Int64N(groups)
	}
}

func BenchmarkGroup(b *testing.B) {
	const rows = 10_000_000
	for _, value := range []arrow.DataType{arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64} {
		for _, groups := range []int64{100, 10_000, 100_000, 1_000_000, 9_000_000} {
			in := newGroupInput(b, rows, value, groupUniform(groups))
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/groups=%d/threads=%d", value, groups, threads), func(b *testing.B) {
					best := time.Duration(1 << 62)
					for range b.N {
						_, took := in.run(b, threads, GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}}, DropNull: true})
						best = min(best, took)
					}
					b.ReportMetric(float64(best.Nanoseconds())/rows, "ns/row")
				})
			}
			in.scope.Close()
		}
	}
}

// BenchmarkGroupFloats adds values whose sums two floats hold, and values whose sums they don't.
func BenchmarkGroupFloats(b *testing.B) {
	const rows = 5_000_000
	for _, groups := range []int64{1, 1000, 500_000} {
		in := newGroupInput(b, rows, arrow.PrimitiveTypes.Float64, groupUniform(groups))
		for _, values := range []struct {
			name string
			draw func(*rand.Rand) float64
		}{{"normal", (*rand.Rand).NormFloat64}, {"cancelling", cancellingFloats["cancelling"]}} {
			r := rand.New(rand.NewPCG(1, 2))
			v := column.Of[float64](&in.batch.Cols[1])
			for i := range v {
				v[i] = values.draw(r)
			}
			b.Run(fmt.Sprintf("%s/groups=%d", values.name, groups), func(b *testing.B) {
				best := time.Duration(1 << 62)
				for range b.N {
					_, took := in.run(b, 1, GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}}, DropNull: true})
					best = min(best, took)
				}
				b.ReportMetric(float64(best.Nanoseconds())/rows, "ns/row")
			})
		}
		in.scope.Close()
	}
}

// BenchmarkGroupKeys groups by keys that aren't their own hash: two integers, short and long strings.
func BenchmarkGroupKeys(b *testing.B) {
	const rows = 2_000_000
	for _, groups := range []int64{100, 1_000_000} {
		in := newGroupInput(b, rows, arrow.PrimitiveTypes.Int64, groupUniform(groups))
		for _, width := range []int{8, 30} {
			in.addStrings(b, width)
		}
		for name, keys := range map[string][]int{"int64": {0}, "int64,int64": {0, 0}, "short": {2}, "long": {3}, "long,int64": {3, 0}} {
			b.Run(fmt.Sprintf("%s/groups=%d", name, groups), func(b *testing.B) {
				best := time.Duration(1 << 62)
				for range b.N {
					_, took := in.run(b, 1, GroupSpec{Keys: keys, Aggs: []Agg{{Fn: Sum, Column: 1}}, DropNull: true})
					best = min(best, took)
				}
				b.ReportMetric(float64(best.Nanoseconds())/rows, "ns/row")
			})
		}
		in.scope.Close()
	}
}

// addStrings adds a column of the keys as decimal numbers of width digits.
func (in *groupInput) addStrings(tb testing.TB, width int) {
	n := in.batch.Len
	chars, _, err := memory.Make[byte](in.scope, n*width)
	require.NoError(tb, err)
	views, _, err := memory.Make[column.View](in.scope, n)
	require.NoError(tb, err)
	for i, k := range column.Of[int64](&in.batch.Cols[0]) {
		s := chars[i*width : (i+1)*width]
		for j := range s {
			s[width-1-j] = byte('0' + k%10)
			k /= 10
		}
		views[i] = column.MakeView(s, 0, i*width)
	}
	c := column.Column{Type: arrow.BinaryTypes.StringView, Kind: column.String, Len: n, Views: views[:n], Heaps: [][]byte{chars}}
	in.batch.Cols = append(in.batch.Cols, c)
	fields := append(in.schema.Fields(), arrow.Field{Name: fmt.Sprint("s", width), Type: c.Type})
	in.schema = arrow.NewSchema(fields, nil)
}

func TestGroupHeapGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("10M rows")
	}
	in := newGroupInput(t, 10_000_000, arrow.PrimitiveTypes.Float64, groupUniform(9_000_000))
	spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Max, Column: 1}}, DropNull: true}
	optest.RequireSmallHeap(t, func() {
		groups, _ := in.run(t, 2, spec)
		require.InDelta(t, 6_000_000, groups, 200_000)
	})
}

func TestGroupScaling(t *testing.T) {
	optest.SkipUnlessTimed(t)
	spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Mean, Column: 1}}, DropNull: true}
	for _, c := range []struct {
		name string
		key  func(*rand.Rand) int64
	}{
		{"few groups", groupUniform(100)}, {"many groups", groupUniform(1_000_000)},
		{"one key in half the rows, few", groupHalfOne(1000)}, {"one key in half the rows, many", groupHalfOne(1_000_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := newGroupInput(t, 10_000_000, arrow.PrimitiveTypes.Float64, c.key)
			optest.RequireScaling(t, func(threads int) { in.run(t, threads, spec) })
		})
	}
}

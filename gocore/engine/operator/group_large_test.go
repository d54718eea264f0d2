package operator

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// groupBatches groups batches in the given order and returns the rows in the order of the output.
func groupBatches(t *testing.T, ctx context.Context, budget *memory.Budget, threads int, batches []*table.Batch, spread int,
	run func(*exec.Query, []exec.Source) (exec.Source, error)) ([]string, error) {
	t.Helper()
	live := memory.Stat().Live
	scope := memory.NewScope(budget, "group")
	defer func() {
		scope.Close()
		require.Zero(t, scope.Held())
		require.Equal(t, live, memory.Stat().Live)
	}()
	groupSpread = spread
	defer func() { groupSpread = firstSpread }()
	q := exec.NewQuery(ctx, exec.NewPool(threads), scope)
	var rows []string
	src, err := run(q, []exec.Source{exec.NewScan(batches)})
	if err == nil {
		out := &exec.Collect{}
		_, err = q.Run(src, nil, out)
		for _, b := range out.Take() {
			rows = append(rows, optest.Rows(t, b)...)
			b.Release()
		}
	}
	if waited := q.Wait(); err == nil {
		err = waited
	}
	return rows, err
}

// groupSpread is how many rows the tests' workers spread before they try a table again.
var groupSpread = firstSpread

// describe returns a schema as optest.Schema reads it.
func describe(s *arrow.Schema) string {
	var columns []string
	for _, f := range s.Fields() {
		columns = append(columns, f.Name+" "+f.Type.String())
	}
	return strings.Join(columns, ", ")
}

// cut returns b in slices of size rows.
func cut(b *table.Batch, size int) []*table.Batch {
	var batches []*table.Batch
	for from := 0; from < b.Len; from += size {
		batches = append(batches, b.Slice(from, min(size, b.Len-from)))
	}
	return batches
}

// TestGroupManyGroups takes every path: tables that overflow, rows that are spread, tables tried again, nulls that
// begin in the middle.
func TestGroupManyGroups(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, s utf8, v int32, f float64, u uint64"
	rows := optest.RandomRows(t, 5, columns, 30_000, 25_000)
	for i := range rows {
		rows[i][1] = fmt.Sprintf("%s%d", strings.Repeat("-", i%19), rows[i][1].(string)[0])
		if i > 15_000 && i%3 == 0 && i/1000%2 == 0 {
			rows[i][i%5] = nil
		}
		if i%4 == 0 { // one key in a quarter of the rows
			rows[i][0], rows[i][1] = 7, "a key that is shared by many rows"
		}
	}
	batches := cut(optest.Batch(t, columns, rows...), 300)
	aggs := []Agg{{Fn: Sum, Column: 2}, {Fn: Mean, Column: 3}, {Fn: Max, Column: 1}, {Fn: Count, Column: 4}, {Fn: Min, Column: 2}, {Fn: Sum, Column: 4}}
	for _, spec := range []GroupSpec{{Keys: []int{0}, Aggs: aggs, DropNull: true}, {Keys: []int{0, 1}, Aggs: aggs}, {Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 4}}, DropNull: true}} {
		var want []string
		for _, row := range groupModel(spec, columns, rows) {
			want = append(want, optest.RowText(row))
		}
		slices.Sort(want)
		for _, threads := range []int{1, 2, 8} {
			for name, run := range map[string]func(*exec.Query, []exec.Source) (exec.Source, error){
				"complete": runGroup(t, spec, columns), "split": runSplitGroup(t, spec, columns)} {
				got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, batches, 3_000, run)
				require.NoError(t, err)
				slices.Sort(got)
				require.True(t, slices.Equal(want, got), "%v %s threads=%d: %d rows instead of %d", spec, name, threads, len(got), len(want))
			}
		}
	}
}

// TestGroupDeterministic wants the same bits in the same order, whatever the threads, the order of arrival and the
// paths taken.
func TestGroupDeterministic(t *testing.T) {
	const columns = "k int32, v float64"
	r := rand.New(rand.NewPCG(3, 4))
	for _, groups := range []int{1, 1000, 40_000} {
		var rows [][]any
		for range 60_000 {
			rows = append(rows, []any{r.IntN(groups), (r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(20)-10))})
		}
		batches := cut(optest.Batch(t, columns, rows...), 1500)
		spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Mean, Column: 1}}, DropNull: true}
		var want []string
		for i, threads := range []int{1, 2, 8, 2, 1} {
			for _, run := range []func(*exec.Query, []exec.Source) (exec.Source, error){runGroup(t, spec, columns), runSplitGroup(t, spec, columns)} {
				got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, batches, firstSpread>>(i*3), run)
				require.NoError(t, err)
				if want == nil {
					want = got
				}
				require.True(t, slices.Equal(want, got), "groups=%d threads=%d", groups, threads)
			}
			r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
		}
	}
}

// TestGroupCollisions gives different keys one hash: they must stay apart, in an order of their own.
func TestGroupCollisions(t *testing.T) {
	const columns = "s utf8, k int64"
	rows := optest.RandomRows(t, 8, columns, 200, 40)
	for i := range rows {
		rows[i][i%2] = nil
	}
	l, err := newGroupLayout(GroupSpec{Keys: []int{0, 1}, Aggs: []Agg{{Fn: Count, Column: 1}}}, optest.Schema(t, columns))
	require.NoError(t, err)
	var want []uint64
	for _, shuffle := range []bool{false, true} {
		if shuffle {
			slices.Reverse(rows)
		}
		scope := memory.NewScope(memory.NewBudget(0), "group")
		encoder, err := newGroupEncoder(l, scope)
		require.NoError(t, err)
		chunk := encoder.encode(allRows(optest.Batch(t, columns, rows...), nil))
		for i := range chunk.n {
			encoder.hashes[i] = math.MaxUint64 // the last slot, too
		}
		table, err := newGroupTable(l, scope, 0, 0)
		require.NoError(t, err)
		ids := make([]uint32, chunk.n)
		to, err := table.lookup(chunk, 0, ids, nil)
		require.NoError(t, err)
		require.Equal(t, chunk.n, to)
		order, _, err := table.order()
		require.NoError(t, err)
		var keys []uint64
		for _, g := range order {
			r := table.record(g)
			keys = append(keys, r[1], r[2], r[4])
		}
		require.Len(t, order, len(groupModel(GroupSpec{Keys: []int{0, 1}}, columns, rows)))
		if want == nil {
			want = keys
		}
		require.Equal(t, want, keys)
		scope.Close()
	}
}

func TestGroupRefuses(t *testing.T) {
	schema := optest.Schema(t, "k int64, s utf8, d date32, t timestamp[us]")
	for _, c := range []struct {
		spec GroupSpec
		code status.Code
		text string
	}{
		{GroupSpec{Aggs: []Agg{{Fn: Largest, N: 1}, {Fn: Size}}}, status.Invalid, "nlargest makes several rows"},
		{GroupSpec{Aggs: []Agg{{Fn: Quantile}}, Mode: Partial}, status.Internal, "quantile has no partial"},
		{GroupSpec{Aggs: []Agg{{Fn: Size}}, Mode: Final}, status.Internal, "Rows"},
		{GroupSpec{Aggs: []Agg{{Fn: Correlation, Column: 0, Other: 1}}}, status.TypeMismatch, `corr of column "s"`},
		{GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}}}, status.TypeMismatch, `sum of column "s"`},
		{GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Mean, Column: 1}}}, status.TypeMismatch, `mean of column "s"`},
		{GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 2}}}, status.TypeMismatch, `sum of column "d"`},
		{GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Var, Column: 3}}}, status.TypeMismatch, `var of column "t"`},
		{GroupSpec{Keys: []int{4}}, status.Internal, "key 4"},
		{GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Min, Column: 4}}}, status.Internal, "column 4"},
		{GroupSpec{Keys: []int{0, 1, 2, 3}, Aggs: []Agg{{Fn: Min, Column: 0}}, Mode: Final, Rows: schema}, status.Internal, "states of min"},
	} {
		_, err := NewGroup(c.spec, schema)
		require.Equal(t, c.code, status.CodeOf(err), "%v", c.spec)
		require.ErrorContains(t, err, c.text)
		_, err = c.spec.OutputSchema(schema)
		require.ErrorContains(t, err, c.text)
	}
}

func TestGroupSchemas(t *testing.T) {
	in := optest.Schema(t, "k utf8, i int8, u uint16, f float32, t timestamp[us, tz=UTC]")
	spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Sum, Column: 2}, {Fn: Sum, Column: 3}, {Fn: Mean, Column: 1}, {Fn: Mean, Column: 3}, {Fn: Count, Column: 4}, {Fn: Min, Column: 4}, {Fn: Max, Column: 3}}}
	out, err := spec.OutputSchema(in)
	require.NoError(t, err)
	require.Equal(t, "k utf8, sum(i) int64, sum(u) uint64, sum(f) float64, mean(i) float64, mean(f) float64, count(t) int64, "+
		"min(t) timestamp[us, tz=UTC], max(f) float32", describe(out))
	states, err := spec.StateSchema(in)
	require.NoError(t, err)
	require.Equal(t, "k utf8, sum(i).0 uint64, sum(i).1 int64, sum(u).0 uint64, sum(u).1 uint64, sum(f).0 float64, sum(f).1 float64, sum(f).2 string_view, "+
		"mean(i).0 uint64, mean(i).1 int64, mean(i).2 int64, mean(i).3 int64, mean(f).0 float64, mean(f).1 float64, mean(f).2 string_view, mean(f).3 int64, mean(f).4 int64, count(t).0 int64, count(t).1 int64, "+
		"min(t).0 timestamp[us, tz=UTC], max(f).0 float32", describe(states))
	spec.Mode, spec.Rows = Final, in
	final, err := spec.OutputSchema(states)
	require.NoError(t, err)
	require.Equal(t, describe(out), describe(final))
}

func TestGroupBudget(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, s utf8"
	batches := cut(optest.Batch(t, columns, optest.RandomRows(t, 9, columns, 40_000, 40_000)...), 1000)
	spec := GroupSpec{Keys: []int{0, 1}, Aggs: []Agg{{Fn: Max, Column: 1}}, DropNull: true}
	refused := 0
	for limit := int64(64 << 10); limit <= 64<<20; limit *= 2 {
		budget := memory.NewBudget(limit)
		rows, err := groupBatches(t, context.Background(), budget, 2, batches, firstSpread, runGroup(t, spec, columns))
		if err != nil {
			require.Equal(t, status.OutOfMemory, status.CodeOf(err))
			require.ErrorContains(t, err, "group")
			refused++
		} else {
			require.NotEmpty(t, rows)
		}
		require.Zero(t, budget.Used())
	}
	require.Greater(t, refused, 3)
	require.Less(t, refused, 11)
}

// TestGroupCancelled ends the query while it takes rows in and while it merges.
func TestGroupCancelled(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, v int64"
	batches := cut(optest.Batch(t, columns, optest.RandomRows(t, 9, columns, 60_000, 60_000)...), 1000)
	spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Max, Column: 1}}, DropNull: true}
	for _, merging := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		run := func(q *exec.Query, in []exec.Source) (exec.Source, error) {
			g, err := NewGroup(spec, optest.Schema(t, columns))
			require.NoError(t, err)
			return q.Run(in[0], nil, cancelling{g, merging, cancel})
		}
		_, err := groupBatches(t, ctx, memory.NewBudget(0), 2, batches, firstSpread, run)
		require.Equal(t, status.Cancelled, status.CodeOf(err), "merging=%t", merging)
		cancel()
	}
}

// cancelling is a Group whose query is cancelled as its first Push, or its Finish, begins.
type cancelling struct {
	*Group
	merging bool
	cancel  func()
}

func (c cancelling) Push(w *exec.Worker, b *table.Batch) error {
	if !c.merging {
		c.cancel()
	}
	return c.Group.Push(w, b)
}

func (c cancelling) Finish(q *exec.Query) (exec.Source, error) {
	c.cancel()
	return c.Group.Finish(q)
}

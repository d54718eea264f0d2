package operator

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runGroup is a Case's Run for spec.
func runGroup(t *testing.T, spec GroupSpec, columns string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		g, err := NewGroup(spec, optest.Schema(t, columns))
		require.NoError(t, err)
		g.spread, g.bytes = groupSpread, 1<<20
		return q.Run(in[0], nil, g)
	}
}

// everyAgg is the aggregates whose results the model knows to the last bit.
var everyAgg = []AggFn{Sum, Min, Max, Count, Mean, Size, First, Last, Any, All, Product}

func aggsOf(column int, fns ...AggFn) []Agg {
	var aggs []Agg
	for _, fn := range fns {
		aggs = append(aggs, Agg{Fn: fn, Column: column})
	}
	return aggs
}

func TestGroup(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, v int64"
	rows := [][]any{{1, 10}, {2, -5}, {1, 20}, {3, nil}, {nil, 7}, {2, 5}, {1, nil}, {nil, 1}}
	optest.Run(t,
		optest.Case{
			Name: "null keys dropped", Inputs: []optest.Input{{Columns: columns, Rows: rows}},
			Run:  runGroup(t, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, Sum, Min, Max, Count, Mean), DropNull: true}, columns),
			Want: [][]any{{1, 30, 10, 20, 2, 15.0}, {2, 0, -5, 5, 2, 0.0}, {3, 0, nil, nil, 0, nil}},
		},
		optest.Case{
			Name: "null keys kept", Inputs: []optest.Input{{Columns: columns, Rows: rows}},
			Run:  runGroup(t, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, Sum, Min, Max, Count, Mean)}, columns),
			Want: [][]any{{1, 30, 10, 20, 2, 15.0}, {2, 0, -5, 5, 2, 0.0}, {3, 0, nil, nil, 0, nil}, {nil, 8, 1, 7, 2, 4.0}},
		},
	)
}

func TestGroupOverflow(t *testing.T) {
	const big = math.MaxInt64
	for _, c := range []struct {
		typ    string
		values []any
		want   any // nil: an error
	}{
		{"int64", []any{big, 1}, nil},
		{"int64", []any{-big, -2}, nil},
		{"int64", []any{big, big, -big, -big, -big - 1}, -big - 1},
		{"int64", []any{big, 1, -1}, big},
		{"uint64", []any{uint64(math.MaxUint64), 1}, nil},
		{"uint64", []any{uint64(math.MaxUint64), 0}, uint64(math.MaxUint64)},
	} {
		columns := "k int64, price " + c.typ
		var rows [][]any
		for _, v := range c.values {
			rows = append(rows, []any{1, v})
		}
		for name, run := range map[string]func(*testing.T, GroupSpec, string) func(*exec.Query, []exec.Source) (exec.Source, error){
			"complete": runGroup, "split": runSplitGroup} {
			spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Count, Column: 1}}, DropNull: true}
			batches := cut(optest.Batch(t, columns, rows...), 1)
			got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 2, batches, firstSpread, run(t, spec, columns))
			if c.want == nil {
				require.Equal(t, status.Overflow, status.CodeOf(err), "%s %v", name, c.values)
				require.ErrorContains(t, err, `column "price"`)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, []string{optest.RowText([]any{1, c.want, len(rows)})}, got, "%s %v", name, c.values)
		}
	}
	// A mean has no range to leave.
	for _, v := range []int{big, -big} {
		batches := cut(optest.Batch(t, "k int64, v int64", []any{1, v}, []any{1, v}, []any{1, v}), 1)
		spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Mean, Column: 1}}, DropNull: true}
		got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 1, batches, firstSpread, runGroup(t, spec, "k int64, v int64"))
		require.NoError(t, err)
		require.Equal(t, []string{optest.RowText([]any{1, float64(v)})}, got)
	}
}

func TestWideFloat(t *testing.T) {
	for _, c := range []struct {
		lo, hi uint64
		want   float64
	}{
		{1, 1, 1 << 64},
		{0, 1 << 63, math.Ldexp(1, 127)},
		{math.MaxUint64, math.MaxUint64, math.Ldexp(1, 128)},
		{1 << 11, 1, 1 << 64},                        // half a unit: to even
		{1<<11 | 1, 1, math.Nextafter(1<<64, 1<<65)}, // and a little more: up
		{1<<12 | 1<<11, 1, 1<<64 + 2<<12},            // half a unit over an odd one: to even
	} {
		require.Equal(t, c.want, wideFloat(c.lo, c.hi), "%x %x", c.hi, c.lo)
	}
}

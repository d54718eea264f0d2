package operator

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runMerge returns the Run of a case that sorts both sides, as the operator asks, and merges them.
func runMerge(t *testing.T, spec JoinSpec, columns [2]string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	spec.Algorithm = JoinMerge
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		sorted := make([]exec.Source, 2)
		for side, keys := range [2][]int{spec.LeftKeys, spec.RightKeys} {
			sort := SortSpec{}
			for _, k := range keys {
				sort.Keys = append(sort.Keys, SortKey{Column: k})
			}
			var err error
			if sorted[side], err = q.Run(in[side], nil, NewSort(sort, optest.Schema(t, columns[side]))); err != nil {
				return nil, err
			}
		}
		return runJoin(t, spec, columns[0], columns[1], joinDefaults)(q, sorted)
	}
}

// TestMergeJoin compares every kind of key and of join with the model.
func TestMergeJoin(t *testing.T) {
	for _, c := range joinCases(t) {
		for how, value := range joinHows {
			if testing.Short() && value != JoinOuter && value != JoinSemi {
				continue
			}
			spec := c.spec(t, value)
			optest.Run(t, optest.Case{
				Name:   fmt.Sprintf("%s/%s", c.name, how),
				Inputs: []optest.Input{{Columns: c.left, Rows: c.leftRows}, {Columns: c.right, Rows: c.rightRows}},
				Run:    runMerge(t, spec, [2]string{c.left, c.right}),
				Model:  joinModel(spec),
			})
		}
	}
}

// TestMergeJoinFewMatches matches one right key in 90, and five left ones: long runs of groups are skipped.
func TestMergeJoinFewMatches(t *testing.T) {
	var left, right [][]any
	for k := range 450 {
		left = append(left, []any{k * 90, k})
		right = append(right, []any{k, "r"})
	}
	columns := [2]string{"k int64, v int64", "k int64, s utf8"}
	for how, value := range joinHows {
		spec := JoinSpec{How: value, LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{FromLeft, 0}, {FromLeft, 1}}}
		optest.Run(t, optest.Case{
			Name:   how,
			Inputs: []optest.Input{{Columns: columns[0], Rows: left}, {Columns: columns[1], Rows: right}},
			Run:    runMerge(t, spec, columns),
			Model:  joinModel(spec),
		})
	}
}

// TestMergeJoinUnique checks that repeated keys are found on the side that mustn't have them.
func TestMergeJoinUnique(t *testing.T) {
	schema := optest.Schema(t, "k int64")
	for repeated, spec := range map[string]JoinSpec{"left": {UniqueLeft: true}, "right": {UniqueRight: true}, "": {}} {
		t.Run(repeated, func(t *testing.T) {
			scope := memory.NewScope(memory.NewBudget(0), "join")
			defer scope.Close()
			q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
			spec.LeftKeys, spec.RightKeys, spec.Algorithm = []int{0}, []int{0}, JoinMerge
			j, err := NewJoin(spec, schema, schema)
			require.NoError(t, err)
			b := optest.Batch(t, "k int64", []any{1}, []any{2}, []any{2})
			defer b.Release()
			for _, side := range []exec.Sink{j.Left(), j.Right()} {
				_, err := q.Run(exec.NewScan([]*table.Batch{b}), nil, side)
				require.NoError(t, err)
			}
			_, err = j.Source(q)
			require.NoError(t, q.Wait())
			if repeated == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, "the "+repeated+" side has several rows with the same keys")
			}
		})
	}
}

// TestMergeJoinManyRows checks that rows come in the order of keys, the same rows that hashing finds, for any number of workers.
func TestMergeJoinManyRows(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	const n = 150_000
	every := func(few int64) func() int64 {
		next := counted()
		return func() int64 { return (next() - n/2) / few }
	}
	frequent := func() func() int64 {
		next := counted()
		return func() int64 { return max(next(), n/2) }
	}
	inputs := map[string][2][]*table.Batch{
		"some repeated":  {paperInput(t, scope, n, every(2)), paperInput(t, scope, n, every(3))},
		"left unique":    {paperInput(t, scope, n, counted()), paperInput(t, scope, n, every(1))},
		"one frequent":   {paperInput(t, scope, n, frequent()), paperInput(t, scope, n, counted())},
		"nothing common": {paperInput(t, scope, n, counted()), paperInput(t, scope, n, func() int64 { return -1 })},
	}
	for name, in := range inputs {
		for how, value := range joinHows {
			t.Run(name+"/"+how, func(t *testing.T) {
				spec := JoinSpec{How: value, LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{Coalesced, 0}, {FromLeft, 1}}}
				if spec.pairs() {
					spec.Output = append(spec.Output, JoinColumn{FromRight, 1})
				}
				want := joinedRows(t, spec, in, 1)
				spec.Algorithm = JoinMerge
				for _, threads := range []int{1, 3} {
					got := joinedRows(t, spec, in, threads)
					require.True(t, slices.IsSortedFunc(got, func(a, b [3]int64) int { return slices.Compare(a[:], b[:]) }), "in order")
					slices.SortFunc(want, func(a, b [3]int64) int { return slices.Compare(a[:], b[:]) })
					require.True(t, slices.Equal(want, got))
				}
			})
		}
	}
}

// joinedRows returns the rows of a join: null is the greatest value.
func joinedRows(t *testing.T, spec JoinSpec, in [2][]*table.Batch, threads int) (rows [][3]int64) {
	joinSourceOf(t, spec, in, threads, func(q *exec.Query, src exec.Source) {
		expected, err := src.(exec.Expected).ExpectedRows(q)
		require.NoError(t, err)
		sink := &exec.Collect{}
		_, err = q.Run(src, nil, sink)
		require.NoError(t, err)
		for _, b := range sink.Take() {
			require.LessOrEqual(t, b.Len, table.MaxRows)
			for i := range b.Len {
				var row [3]int64
				for k := range b.Cols {
					if row[k] = 1 << 62; !b.Cols[k].IsNull(i) {
						row[k] = column.Of[int64](&b.Cols[k])[i]
					}
				}
				rows = append(rows, row)
			}
			b.Release()
		}
		if _, merges := src.(*mergeSource); merges {
			require.Equal(t, int(expected), len(rows))
		}
		require.Zero(t, q.Scope.Held(), "all is given back before the scope closes")
	})
	return rows
}

func joinSourceOf(t *testing.T, spec JoinSpec, in [2][]*table.Batch, threads int, use func(q *exec.Query, src exec.Source)) {
	scope := memory.NewScope(memory.NewBudget(0), "join")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(threads), scope)
	j, err := NewJoin(spec, paperSchema, paperSchema)
	require.NoError(t, err)
	for side, sink := range []exec.Sink{j.Left(), j.Right()} {
		_, err := q.Run(exec.NewScan(rechunk(in[side], 10_000)), nil, sink)
		require.NoError(t, err)
	}
	src, err := j.Source(q)
	require.NoError(t, err)
	use(q, src)
	require.NoError(t, q.Wait())
}

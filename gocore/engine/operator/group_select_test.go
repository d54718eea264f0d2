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
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// asWorker calls f as the one worker of a query.
func asWorker(t *testing.T, f func(w *exec.Worker) error) error {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer func() {
		scope.Close()
		require.Zero(t, scope.Held())
	}()
	q := exec.NewQuery(t.Context(), exec.NewPool(1), scope)
	err := q.For(1, func(w *exec.Worker, _ int) error { return f(w) })
	require.NoError(t, q.Wait())
	return err
}

func TestSortPieces(t *testing.T) {
	type pair struct{ key, at int }
	byKey := func(a, b pair) int { return cmp.Compare(a.key, b.key) }
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{0, 1, 2, sortPiece - 1, sortPiece, sortPiece + 1, 2 * sortPiece, 2*sortPiece + 1, 5*sortPiece + 7, 8 * sortPiece} {
		for _, keys := range []int{1, n/3 + 1} {
			values := make([]pair, n)
			for i := range values {
				values[i] = pair{r.IntN(keys), i}
			}
			want := slices.Clone(values)
			slices.SortFunc(want, byKey)
			require.NoError(t, asWorker(t, func(w *exec.Worker) error { return sortPieces(&groupCollector{worker: w}, values, byKey) }))
			require.True(t, slices.EqualFunc(want, values, func(a, b pair) bool { return a.key == b.key }), "%d values of %d keys", n, keys)
			slices.SortFunc(values, func(a, b pair) int { return cmp.Compare(a.at, b.at) })
			for i, v := range values {
				require.Equal(t, i, v.at, "%d values of %d keys", n, keys)
			}
		}
	}
}

// TestGroupQuantileOfAllTimes takes quantiles between times that are further apart than an int64 can tell.
func TestGroupQuantileOfAllTimes(t *testing.T) {
	const columns = "t timestamp[us]"
	for _, c := range []struct {
		q    float64
		want int64
	}{{0.25, -1 << 62}, {0.5, 0}, {0.75, 1 << 62}, {1, math.MaxInt64}} {
		spec := GroupSpec{Aggs: []Agg{{Fn: Quantile, Q: c.q}}}
		batch := optest.Batch(t, columns, []any{math.MinInt64}, []any{math.MaxInt64})
		got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 1, cut(batch, 1), firstSpread, runGroup(t, spec, columns))
		require.NoError(t, err)
		require.Equal(t, []string{optest.RowText([]any{c.want})}, got, "%v", c.q)
	}
}

func TestGroupCollectorRefusesTooManyRows(t *testing.T) {
	l, err := newGroupLayout(GroupSpec{Aggs: []Agg{{Fn: NUnique}}}, optest.Schema(t, "v int64"))
	require.NoError(t, err)
	err = asWorker(t, func(w *exec.Worker) error {
		_, err := newGroupCollector(l, w, math.MaxUint32)
		return err
	})
	require.Equal(t, status.Unsupported, status.CodeOf(err))
	require.ErrorContains(t, err, "nunique of 4294967295 rows")
}

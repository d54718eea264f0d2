package operator

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// TestJoinExpectedRows compares what a join expects with the number of pairs, partitioned or looked up.
func TestJoinExpectedRows(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "inputs")
	defer scope.Close()
	one := func() int64 { return 7 }
	modulo := func(n int64) func() int64 {
		next := counted()
		return func() int64 { return next() % n }
	}
	for _, c := range []struct {
		name        string
		rows        [2]int
		left, right func() int64
		want        float64
		within      float64 // a factor
	}{
		{"unique", [2]int{300_000, 300_000}, counted(), counted(), 300_000, 1.3},
		{"ten of each", [2]int{300_000, 300_000}, modulo(30_000), modulo(30_000), 3_000_000, 1.3},
		{"many of each", [2]int{300_000, 300_000}, modulo(100), modulo(100), 9e8, 2.5},
		{"one key", [2]int{300_000, 200_000}, one, one, 6e10, 1.01},
		{"one frequent key", [2]int{200_000, 200_000}, skewed(1, 200_000), skewed(2, 200_000), 1e10, 1.01},
		{"nothing matches", [2]int{200_000, 200_000}, counted(), func() int64 { return -1 }, 0, 1},
		{"looked up", [2]int{400_000, 50_000}, modulo(100), modulo(100), 2e8, 1.01},
		{"looked up, unique", [2]int{400_000, 50_000}, one, counted(), 400_000, 1},
		{"looked up, far apart", [2]int{50_000, 400_000}, func() int64 { return math.MinInt64 }, modulo(4), 0, 1},
		{"so few that all fit", [2]int{1000, 1000}, counted(), counted(), 1e6, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			left := rechunk(paperInput(t, scope, c.rows[0], c.left), table.MaxRows)
			right := rechunk(paperInput(t, scope, c.rows[1], c.right), table.MaxRows)
			rows := expectedRows(t, paperSpec, left, right)
			slack := 0.02 * float64(c.rows[0]+c.rows[1]) // where chance is taken off
			require.LessOrEqual(t, rows, c.want*c.within+slack)
			require.GreaterOrEqual(t, rows, c.want/c.within-slack)
		})
	}
	nulls := paperInput(t, scope, 100_000, one)[0]
	nulls.Cols[0].Nulls, nulls.Cols[0].Valid = nulls.Len, column.Bitmap{Bits: make([]byte, column.BitmapBytes(nulls.Len))}
	require.InDelta(t, 1e10, expectedRows(t, paperSpec, []*table.Batch{nulls}, []*table.Batch{nulls}), 1)
	semi := JoinSpec{How: JoinSemi, LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{FromLeft, 1}}}
	require.InDelta(t, 100_000, expectedRows(t, semi, []*table.Batch{nulls}, []*table.Batch{nulls}), 0)
}

// expectedRows returns what the join of two inputs expects to make.
func expectedRows(t *testing.T, spec JoinSpec, left, right []*table.Batch) float64 {
	scope := memory.NewScope(memory.NewBudget(0), "join")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
	j, err := NewJoin(spec, paperSchema, paperSchema)
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(left), nil, j.Left())
	require.NoError(t, err)
	_, err = q.Run(exec.NewScan(right), nil, j.Right())
	require.NoError(t, err)
	src, err := j.Source(q)
	require.NoError(t, err)
	rows, err := src.(exec.Expected).ExpectedRows(q)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	return float64(rows)
}

package operator

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// halfDistinct are keys of which about half are distinct, multiplied.
func halfDistinct(rows int, by int64) []*table.Batch {
	r := rand.New(rand.NewPCG(1, 1))
	keys := make([]int64, rows)
	for i := range keys {
		keys[i] = r.Int64N(int64(rows)*5/8) * by
	}
	return cut(int64Batch(keys), table.MaxRows)
}

func uniqueOnce(t testing.TB, threads int, batches []*table.Batch) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(t.Context(), exec.NewPool(threads), scope)
	out, err := q.Run(exec.NewScan(batches), nil, NewUnique(UniqueSpec{Keys: []int{0}}, optest.Schema(t, "k int64")))
	require.NoError(t, err)
	_, err = q.Run(out, nil, &exec.Collect{})
	require.NoError(t, err)
	require.NoError(t, q.Wait())
}

func TestUniqueScaling(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 10M rows to measure")
	}
	batches := halfDistinct(10_000_000, 0x1234567891)
	optest.RequireScaling(t, func(threads int) { uniqueOnce(t, threads, batches) })
}

func TestUniqueHeap(t *testing.T) {
	rows := 10_000_000
	if testing.Short() {
		rows = 1_000_000
	}
	for name, by := range map[string]int64{"dense": 1, "sparse": 0x1234567891} {
		t.Run(name, func(t *testing.T) {
			batches := halfDistinct(rows, by)
			optest.RequireSmallHeap(t, func() { uniqueOnce(t, 2, batches) })
		})
	}
}

package table_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const columns = "a int64, s utf8"

// newBatch returns n rows allocated in scope, with one reference.
func newBatch(t *testing.T, scope *memory.Scope, n int) *table.Batch {
	t.Helper()
	b := &table.Batch{Len: n}
	for _, field := range optest.Schema(t, columns).Fields() {
		c, err := compute.AllNull(scope, field.Type, n)
		require.NoError(t, err)
		b.Cols = append(b.Cols, c)
	}
	return b
}

func TestTableOutlivesScope(t *testing.T) {
	leak.Check(t)
	budget := memory.NewBudget(0)
	scope := memory.NewScope(budget, "test")
	made := table.New(optest.Schema(t, columns), []*table.Batch{newBatch(t, scope, 3), newBatch(t, scope, 0), newBatch(t, scope, 5)})
	scope.Close()
	require.Zero(t, budget.Used(), "a result is its holder's")
	require.Equal(t, 8, made.Rows)
	require.Equal(t, []string{"null | null", "null | null", "null | null"}, optest.Rows(t, made.Batches[0]))
	require.Equal(t, int64(8*8+1+1+8*16+1+1), made.Bytes())
	made.Retain()
	made.Release()
	require.Len(t, optest.Rows(t, made.Batches[2]), 5)
	made.Release()
}

func TestSliceIsIndependent(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	b := newBatch(t, scope, 10)
	b.Seq = 7
	s := b.Slice(4, 3)
	s.Retain()
	b.Release()
	require.Equal(t, uint64(7), s.Seq)
	require.Len(t, optest.Rows(t, s), 3)
	s.Release()
	require.Zero(t, scope.Held())
}

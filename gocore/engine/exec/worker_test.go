package exec

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// A panic in what a worker waits for ends the query, and leaves the pool with all of its slots.
func TestBlockPanics(t *testing.T) {
	pool := NewPool(2)
	for range 3 {
		q := NewQuery(context.Background(), pool, memory.NewScope(memory.NewBudget(0), t.Name()))
		err := q.For(4, func(w *Worker, _ int) error {
			return w.Block(func() error { panic("no answer") })
		})
		require.Equal(t, status.Internal, status.CodeOf(err))
		require.ErrorContains(t, err, "no answer")
		require.NoError(t, q.Wait())
	}
}

package comm

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestCollectivesInTheBudget finds long messages of collectives charged to the budget until the operation ends, and
// one that is longer than the budget refused with OutOfMemory.
func TestCollectivesInTheBudget(t *testing.T) {
	leak.Check(t)
	const limit, size = 8 << 20, 3 << 20
	budget := memory.NewBudget(limit)
	world := openWorld(t, overLocal(t, 2), Options{Budget: budget})
	data := make([]byte, limit+1)
	operate(t, world, func(ctx context.Context, o *Operation) error {
		if _, err := o.Allgather(ctx, data[:size]); err != nil {
			return err
		}
		require.GreaterOrEqual(t, o.c.scope.Held(), int64(size), "what was received is held")
		return o.Barrier(ctx)
	})
	for round, run := range []func(context.Context, *Operation) error{
		func(ctx context.Context, o *Operation) error { _, err := o.Bcast(ctx, 0, data); return err },
		func(ctx context.Context, o *Operation) error { _, err := o.Gather(ctx, 1, data); return err },
		func(ctx context.Context, o *Operation) error {
			_, err := o.Allgather(ctx, data[:o.c.rank*len(data)])
			return err
		},
	} {
		errs := each(world, inOperation("collective", 1, run))
		codes := []status.Code{status.CodeOf(errs[0]), status.CodeOf(errs[1])}
		require.Contains(t, codes, status.OutOfMemory, "round %d: %v", round, errs)
		require.NotContains(t, codes, status.OK, "round %d: %v", round, errs)
		operate(t, world, busy)
	}
	// A reduction needs room for its result and a share.
	operate(t, world, func(ctx context.Context, o *Operation) error {
		_, err := o.Allreduce(ctx, Sum, Uint8, data[:limit/4])
		return err
	})
	require.Zero(t, budget.Used())
	closeWorld(t, world)
}

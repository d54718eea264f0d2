package comm

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestManyOperationsAtOnce queues far more operations than run at once, waits for them in another order, and lets another
// rank queue its own only later.
func TestManyOperationsAtOnce(t *testing.T) {
	const operations = 300
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n > 5 {
			return
		}
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			if c.rank == n-1 {
				time.Sleep(20 * time.Millisecond)
			}
			g := task.NewGroup(ctx)
			for i := range operations {
				o, err := c.Queue(ctx, Call{Name: "work", Signature: uint64(1 + i)}, false)
				if err != nil {
					return err
				}
				g.Go(func(ctx context.Context) error {
					if err := o.Await(ctx); err != nil {
						return err
					}
					size := []int{100, wire.MaxEager, 40_000}[i%3]
					got, err := o.Bcast(ctx, i%n, content(c.rank, size))
					if err == nil {
						require.Equal(t, content(i%n, size), append([]byte{}, got...))
						var all [][]byte
						if all, err = o.Gather(ctx, (i+1)%n, content(c.rank, size)); err == nil && c.rank == (i+1)%n {
							require.Len(t, all, n)
						}
					}
					return o.End(err)
				})
			}
			// A blocking one among them comes after them.
			if err := inOperation("last", 7, busy)(ctx, c); err != nil {
				return err
			}
			return g.Wait()
		})
		requireCreditReturned(t, world)
	})
}

// TestQueuedOperationsFail cancels some of many queued operations: the others of the same place fail on the other rank, and
// those behind work.
func TestQueuedOperationsFail(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	const operations = 40
	cancelled := func(i int) bool { return i%4 == 1 }
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		outcomes := make([]error, operations)
		g := task.NewGroup(ctx)
		for i := range operations {
			ctx := ctx
			if c.rank == 0 && cancelled(i) {
				short, cancel := context.WithTimeoutCause(ctx, time.Millisecond, context.Canceled)
				defer cancel()
				ctx = short
			}
			if c.rank == 1 && i == 0 {
				time.Sleep(50 * time.Millisecond)
			}
			o, err := c.Queue(ctx, Call{Name: "work", Signature: uint64(1 + i)}, false)
			if err != nil {
				return err
			}
			g.Go(func(context.Context) error {
				outcomes[i] = o.Await(ctx)
				if outcomes[i] == nil {
					outcomes[i] = o.End(busy(ctx, o))
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, err := range outcomes {
			want := status.OK
			if cancelled(i) {
				want = []status.Code{status.Cancelled, status.Remote}[c.rank]
			}
			require.Equal(t, want, status.CodeOf(err), "rank %d, operation %d: %v", c.rank, i, err)
		}
		return nil
	})
	closeWorld(t, world)
}

// TestTheOldestOperationHasCredit fills the credit with short messages of later operations that their receiver has not
// begun, before the oldest sends anything.
func TestTheOldestOperationHasCredit(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		var queued []*Operation
		later := maxInFlight
		if c.rank == 1 {
			later = 1
		}
		for i := range later {
			o, err := c.Queue(ctx, Call{Name: "work", Signature: uint64(1 + i)}, false)
			if err != nil {
				return err
			}
			if err := o.Await(ctx); err != nil {
				return err
			}
			queued = append(queued, o)
		}
		letters := func(ctx context.Context, o *Operation) error {
			for range 30 {
				if _, err := o.Bcast(ctx, 0, content(0, wire.MaxEager)); err != nil {
					return err
				}
			}
			return nil
		}
		g := task.NewGroup(ctx)
		for _, o := range queued[1:] {
			g.Go(func(ctx context.Context) error { return o.End(letters(ctx, o)) })
		}
		if c.rank == 0 {
			time.Sleep(30 * time.Millisecond)
		}
		if err := queued[0].End(letters(ctx, queued[0])); err != nil {
			return err
		}
		for i := len(queued); i < maxInFlight; i++ {
			o, err := c.Queue(ctx, Call{Name: "work", Signature: uint64(1 + i)}, false)
			if err != nil {
				return err
			}
			if err := o.Await(ctx); err != nil {
				return err
			}
			if err := o.End(letters(ctx, o)); err != nil {
				return err
			}
		}
		return g.Wait()
	})
	closeWorld(t, world)
}

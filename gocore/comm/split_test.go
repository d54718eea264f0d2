package comm

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

func split(ctx context.Context, c *Communicator, color, key int) (made *Communicator, err error) {
	err = inOperation("Split", 2, func(ctx context.Context, o *Operation) (err error) {
		made, err = o.Split(ctx, color, key)
		return err
	})(ctx, c)
	return made, err
}

func TestSplit(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		for _, parts := range []struct {
			name       string
			color, key func(r int) int
		}{
			{"all", func(int) int { return 0 }, func(r int) int { return r }},
			{"reversed", func(int) int { return 5 }, func(r int) int { return -r }},
			{"equal keys", func(int) int { return 5 }, func(int) int { return 1 }},
			{"odd and even", func(r int) int { return r % 2 }, func(r int) int { return (r*7 + 3) % 5 }},
			{"each for itself", func(r int) int { return r }, func(int) int { return 0 }},
			{"without rank 0", func(r int) int { return min(r, 1) - 1 }, func(r int) int { return r }},
		} {
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				var want []int
				color := parts.color(c.rank)
				for r := range n {
					if parts.color(r) == color {
						want = append(want, r)
					}
				}
				slices.SortStableFunc(want, func(a, b int) int { return parts.key(a) - parts.key(b) })
				made, err := split(ctx, c, color, parts.key(c.rank))
				if err != nil {
					return err
				}
				if color == NoColor {
					require.Nil(t, made)
					return nil
				}
				require.Equal(t, want, made.members, parts.name)
				require.Equal(t, c.rank, want[made.Rank()])
				if err := inOperation("work", 1, func(ctx context.Context, o *Operation) error {
					all, err := o.Allgather(ctx, content(c.rank, 10_000))
					for i, got := range all {
						require.Equal(t, content(want[i], 10_000), append([]byte{}, got...))
					}
					return err
				})(ctx, made); err != nil {
					return err
				}
				again, err := split(ctx, made, made.rank/2, 0) // a part of a part
				if err != nil {
					return err
				}
				if err := inOperation("work", 1, busy)(ctx, again); err != nil {
					return err
				}
				if err := again.Free(ctx, Call{Name: "Free"}); err != nil {
					return err
				}
				if err := inOperation("work", 1, busy)(ctx, made); err != nil {
					return err
				}
				return made.Free(ctx, Call{Name: "Free"})
			})
			for _, c := range world {
				require.Len(t, c.comms, 1)
			}
		}
	})
}

// TestTwoCommunicatorsAtOnce runs collectives, exchanges and messages on communicators at once, begun in different orders
// on different ranks.
func TestTwoCommunicatorsAtOnce(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n > 5 {
			return
		}
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			first, err := dup(ctx, c)
			if err != nil {
				return err
			}
			second, err := split(ctx, c, 0, -c.rank)
			if err != nil {
				return err
			}
			comms := []*Communicator{c, first, second}
			g := task.NewGroup(ctx)
			for i := range comms {
				one := comms[(i+c.rank)%len(comms)]
				g.Go(func(ctx context.Context) error {
					for round := range 10 {
						if err := inOperation("work", 1, busy)(ctx, one); err != nil {
							return err
						}
						next := (one.rank + 1) % n
						if err := one.Send(ctx, next, 0, content(one.rank+round, 30_000)); err != nil {
							return err
						}
						if _, err := expect(ctx, one, AnySource, AnyTag, content((one.rank+n-1)%n+round, 30_000)); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return g.Wait()
		})
	})
}

// TestOneCommunicatorWaits has a rank that is slow on one communicator hold up nothing on the other.
func TestOneCommunicatorWaits(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		other, err := dup(ctx, c)
		if err != nil {
			return err
		}
		g := task.NewGroup(ctx)
		late := make(chan struct{})
		g.Go(func(ctx context.Context) error {
			if c.rank == 1 {
				<-late
			}
			return inOperation("work", 1, busy)(ctx, other)
		})
		for range 50 {
			if err := inOperation("work", 1, busy)(ctx, c); err != nil {
				return err
			}
		}
		close(late)
		return g.Wait()
	})
	closeWorld(t, world)
}

// TestFailureStaysInItsCommunicator has an operation fail on one communicator while another works on, and a rank leave that
// only one of two communicators has.
func TestFailureStaysInItsCommunicator(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 3), Options{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				part, err := split(ctx, c, c.rank/2, -c.rank) // ranks 1 and 0; 2
				if err != nil {
					return err
				}
				g := task.NewGroup(ctx)
				g.Go(func(ctx context.Context) error {
					for range 20 {
						if err := inOperation("work", 1, busy)(ctx, part); err != nil {
							return err
						}
					}
					return nil
				})
				err = inOperation("work", 1, func(ctx context.Context, o *Operation) error {
					if c.rank == 0 {
						return status.Errorf(status.Overflow, "as planned")
					}
					return o.Barrier(ctx)
				})(ctx, c)
				require.Contains(t, []status.Code{status.Overflow, status.Remote}, status.CodeOf(err), "%v", err)
				if err := g.Wait(); err != nil {
					return err
				}
				if c.rank == 2 {
					return c.Close(ctx)
				}
				err = inOperation("work", 1, busy)(ctx, c)
				require.ErrorContains(t, err, "rank 2, which has closed")
				return inOperation("work", 1, busy)(ctx, part)
			})
			closeWorld(t, world)
		})
	}
}

// TestErrorsNameRanksOfTheWorld finds a rank's number in the world in what a part of it says.
func TestErrorsNameRanksOfTheWorld(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 4), Options{})
	parts := make([]*Communicator, 4)
	succeed(t, world, func(ctx context.Context, c *Communicator) (err error) {
		parts[c.rank], err = split(ctx, c, c.rank%2, -c.rank)
		return err
	})
	errs := each(parts, func(ctx context.Context, c *Communicator) error {
		return inOperation("work", uint64(1+c.rank), busy)(ctx, c)
	})
	for r, err := range errs {
		require.Equal(t, status.CollectiveMismatch, status.CodeOf(err))
		require.Equal(t, (r+2)%4, status.From(err).Rank)
		require.ErrorContains(t, err, fmt.Sprintf("on rank %d", r))
		require.ErrorContains(t, err, fmt.Sprintf("on rank %d", (r+2)%4))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := inOperation("late", 1, busy)(ctx, parts[3])
	require.ErrorContains(t, err, "rank 1 has not begun it")
	closeWorld(t, world)
}

// TestFree ends requests for messages that the communicator still has, and nothing works on it afterwards.
func TestFree(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		require.Equal(t, status.Invalid, status.CodeOf(c.Free(ctx, Call{Name: "Free"})))
		part, err := dup(ctx, c)
		if err != nil {
			return err
		}
		received, err := part.Irecv(1-part.rank, 1)
		require.NoError(t, err)
		long, err := part.Isend(1-part.rank, 2, make([]byte, 100_000))
		require.NoError(t, err)
		require.NoError(t, part.Send(ctx, 1-part.rank, 3, make([]byte, 100)))
		if err := part.Free(ctx, Call{Name: "Free"}); err != nil {
			return err
		}
		for _, r := range []*Request{received, long} {
			_, _, err := r.Wait(ctx)
			require.Equal(t, status.Closed, status.CodeOf(err))
		}
		_, err = part.Begin(ctx, Call{Name: "work"})
		require.ErrorContains(t, err, "was freed")
		_, err = part.Irecv(0, 0)
		require.ErrorContains(t, err, "was freed")
		return inOperation("work", 1, busy)(ctx, c)
	})
	closeWorld(t, world)
}

// TestSplitOfAFailedOperation leaves no communicator behind where the operation fails after Split has returned one.
func TestSplitOfAFailedOperation(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	errs := each(world, func(ctx context.Context, c *Communicator) error {
		var part *Communicator
		err := inOperation("Split", 2, func(ctx context.Context, o *Operation) (err error) {
			if part, err = o.Split(ctx, c.rank/2, 0); err != nil {
				return err
			}
			return status.Errorf(status.Overflow, "as planned")
		})(ctx, c)
		if part != nil { // not where another rank's failure was faster
			_, begun := part.Begin(ctx, Call{Name: "work"})
			require.ErrorContains(t, begun, "was freed")
		}
		return err
	})
	for r, err := range errs {
		require.Error(t, err)
		require.Len(t, world[r].comms, 1, "the communicator of all ranks")
	}
	succeed(t, world, inOperation("work", 1, busy))
	closeWorld(t, world)
}

package comm

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// busy is a mix of steps that keeps all ranks waiting for each other.
func busy(ctx context.Context, o *Operation) error {
	if err := o.Barrier(ctx); err != nil {
		return err
	}
	if _, err := o.Allgather(ctx, content(o.c.rank, 20_000)); err != nil {
		return err
	}
	parts := make([][]byte, o.c.size)
	for dst := range parts {
		parts[dst] = content(dst, 100_000)
	}
	_, err := o.Alltoallv(ctx, parts)
	return err
}

// TestFailedOperation lets a different rank fail at a different step in every other operation: the others learn of it
// as Remote, and the operation after it works.
func TestFailedOperation(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n == 1 || n > 5 {
			return
		}
		rounds := 12
		if n == 3 {
			rounds = 100
		}
		for round := range rounds {
			culprit := round % n
			errs := each(world, inOperation("merge", 1, func(ctx context.Context, o *Operation) error {
				if o.c.rank == culprit {
					if round%3 == 1 {
						if err := o.Barrier(ctx); err != nil {
							return err
						}
					}
					if round%3 == 2 {
						x, err := o.Exchange(ctx)
						if err != nil {
							return err
						}
						_ = x.Send(ctx, (culprit+1)%n, content(0, 300_000))
					}
					return status.Errorf(status.OutOfMemory, "no memory for round %d", round)
				}
				if round%3 == 2 {
					x, err := o.Exchange(ctx)
					if err != nil {
						return err
					}
					for {
						m, err := x.Recv(ctx)
						if err != nil {
							return err
						}
						m.Release()
					}
				}
				if err := o.Barrier(ctx); err != nil {
					return err
				}
				return o.Barrier(ctx)
			}))
			for r, err := range errs {
				e := status.From(err)
				if r == culprit {
					require.Equal(t, status.OutOfMemory, e.Code)
					continue
				}
				require.Equal(t, status.Remote, e.Code, "rank %d: %v", r, err)
				require.Equal(t, culprit, e.Rank)
				require.ErrorContains(t, err, fmt.Sprintf("no memory for round %d", round))
				require.ErrorContains(t, err, "OutOfMemory")
				require.ErrorContains(t, err, "merge")
			}
			operate(t, world, busy)
		}
		requireCreditReturned(t, world)
	})
}

// requireCreditReturned checks that what each rank spent of stream 0's credit is free again: nothing leaked with the
// frames of failed operations.
func requireCreditReturned(t *testing.T, world []*Communicator) {
	t.Helper()
	read := func(c *Communicator, r int) (spent, consumed uint64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.peers[r].spent, c.peers[r].consumed
	}
	for a, from := range world {
		for b, to := range world {
			require.Eventually(t, func() bool {
				spent, _ := read(from, b)
				_, consumed := read(to, a)
				return spent == consumed
			}, 5*time.Second, time.Millisecond, "from rank %d to rank %d", a, b)
		}
	}
}

func TestCollectiveMismatch(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n == 1 {
			return
		}
		odd := n - 1
		errs := each(world, func(ctx context.Context, c *Communicator) error {
			name, signature := "merge", uint64(1)
			if c.rank == odd {
				name, signature = "sort_values", 2
			}
			return inOperation(name, signature, busy)(ctx, c)
		})
		for r, err := range errs {
			require.Equal(t, status.CollectiveMismatch, status.CodeOf(err), "rank %d: %v", r, err)
			for _, part := range []string{"merge", "sort_values", fmt.Sprintf("rank %d", odd), fmt.Sprintf("rank%d.py:1", odd), fmt.Sprintf("rank%d.py:1", r)} {
				require.ErrorContains(t, err, part, "rank %d", r)
			}
		}
		operate(t, world, busy)
	})
}

// TestLeavingWithAnError has a rank begin whatever the others begin, only to tell them of its error, and leave.
func TestLeavingWithAnError(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	errs := each(world, func(ctx context.Context, c *Communicator) error {
		if c.rank != 1 {
			return inOperation("merge", 5, busy)(ctx, c)
		}
		err := inOperation("script", 0, func(context.Context, *Operation) error {
			return status.Errorf(status.Invalid, "division by zero")
		})(ctx, c)
		_ = c.Close(ctx)
		return err
	})
	for _, r := range []int{0, 2} {
		require.Equal(t, status.Remote, status.CodeOf(errs[r]), "%v", errs[r])
		require.ErrorContains(t, errs[r], "division by zero")
	}
	closeWorld(t, world)
}

// TestLateMismatch has rank 0 end its operation before the other has begun a different one: rank 0 learns of it in
// its next operation.
func TestLateMismatch(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	ctx := context.Background()
	alone := func(_ context.Context, o *Operation) error { return nil }
	require.NoError(t, inOperation("head", 1, alone)(ctx, world[0]))
	require.Equal(t, status.CollectiveMismatch, status.CodeOf(inOperation("tail", 2, busy)(ctx, world[1])))
	errs := each(world, inOperation("merge", 3, busy))
	require.Equal(t, status.CollectiveMismatch, status.CodeOf(errs[0]), "%v", errs[0])
	require.ErrorContains(t, errs[0], "head")
	require.ErrorContains(t, errs[0], "tail")
	require.Equal(t, status.Remote, status.CodeOf(errs[1]))
	operate(t, world, busy)
	closeWorld(t, world)
}

// TestRankLeaves closes one rank while the others begin an operation, and while they are in it.
func TestRankLeaves(t *testing.T) {
	for _, during := range []bool{false, true} {
		for _, fabric := range fabrics {
			t.Run(fmt.Sprintf("%s/%v", fabric.name, during), func(t *testing.T) {
				leak.Check(t)
				world := openWorld(t, fabric.open(t, 3), Options{})
				operate(t, world, busy)
				errs := each(world, func(ctx context.Context, c *Communicator) error {
					if c.rank == 2 {
						if during {
							time.Sleep(50 * time.Millisecond)
						}
						return c.Close(ctx)
					}
					if !during {
						time.Sleep(50 * time.Millisecond)
					}
					return inOperation("merge", 1, busy)(ctx, c)
				})
				require.NoError(t, errs[2])
				left := 0
				for _, err := range errs[:2] {
					e := status.From(err)
					require.Contains(t, []status.Code{status.CollectiveMismatch, status.Remote}, e.Code, "%v", err)
					require.ErrorContains(t, err, "merge (rank")
					require.ErrorContains(t, err, "rank 2, which has closed its environment")
					if e.Code == status.CollectiveMismatch {
						left++
					}
				}
				require.NotZero(t, left)
				closeWorld(t, world)
			})
		}
	}
}

func TestConcurrentOperationsAreRefused(t *testing.T) {
	world := openWorld(t, overLocal(t, 1), Options{})
	ctx := context.Background()
	o, err := world[0].Begin(ctx, Call{Name: "merge", Site: "a.py:1"})
	require.NoError(t, err)
	_, err = world[0].Begin(ctx, Call{Name: "sort_values", Site: "a.py:2"})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.ErrorContains(t, err, "sort_values (a.py:2) can't begin while merge (a.py:1) runs")
	require.NoError(t, o.End(nil))
	closeWorld(t, world)
	_, err = world[0].Begin(ctx, Call{Name: "merge"})
	require.Equal(t, status.Closed, status.CodeOf(err))
}

func TestTimeoutNamesTheAbsent(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	operate(t, world, busy)
	errs := each(world, func(ctx context.Context, c *Communicator) error {
		if c.rank == 2 {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		return inOperation("merge", 7, busy)(ctx, c)
	})
	timeouts := 0
	for _, err := range errs[:2] {
		if status.CodeOf(err) == status.Timeout {
			timeouts++
			require.ErrorContains(t, err, "merge (rank")
			require.ErrorContains(t, err, "operation 2")
			require.ErrorContains(t, err, "rank 2 has not begun it (it is in or past operation 1, test (rank2.py:1))")
		} else {
			require.Equal(t, status.Remote, status.CodeOf(err), "%v", err)
		}
	}
	require.NotZero(t, timeouts)
	err := inOperation("merge", 7, busy)(context.Background(), world[2])
	require.Equal(t, status.Remote, status.CodeOf(err), "the late rank hears that the others gave up: %v", err)
	operate(t, world, busy)
	require.Contains(t, world[0].Describe(), "2 merge (rank0.py:1)")
	closeWorld(t, world)
}

func TestCancelEndsTheOperationEverywhere(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 3), Options{})
	errs := each(world, func(ctx context.Context, c *Communicator) error {
		if c.rank == 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, 20*time.Millisecond, context.Canceled)
			defer cancel()
		}
		return inOperation("wait", 1, func(ctx context.Context, o *Operation) error {
			x, err := o.Exchange(ctx)
			if err != nil {
				return err
			}
			_, err = x.Recv(ctx)
			return err
		})(ctx, c)
	})
	require.Equal(t, status.Cancelled, status.CodeOf(errs[0]), "%v", errs[0])
	for _, err := range errs[1:] {
		require.Equal(t, status.Remote, status.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "Cancelled")
	}
	operate(t, world, busy)
	closeWorld(t, world)
}

// TestPeerLost kills or freezes a rank, or cuts a link, while all are busy: every other rank names it (or one end of
// the link), soon, and nothing is left.
func TestPeerLost(t *testing.T) {
	const limit = 300 * time.Millisecond
	for _, how := range []string{"kill", "freeze", "cut"} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			tcp := channeltest.TCPWorld(t, 4, limit)
			world := openWorld(t, tcp.Channels, Options{})
			var injected atomic.Pointer[time.Time]
			began := make(chan struct{})
			errs := each(world, func(ctx context.Context, c *Communicator) error {
				if c.rank == 3 {
					close(began)
				} else if c.rank == 0 {
					<-began
					time.AfterFunc(50*time.Millisecond, func() {
						now := time.Now()
						injected.Store(&now)
						if how == "cut" {
							tcp.Cut(3, 0)
							return
						}
						time.AfterFunc(4*limit, tcp.Freeze(3))
						if how == "kill" {
							for r := range 3 {
								tcp.Cut(3, r)
							}
						}
					})
				}
				var err error
				for err == nil {
					err = inOperation("merge", 1, busy)(ctx, c)
				}
				if c.rank != 3 {
					require.Less(t, time.Since(*injected.Load()), 20*limit)
				}
				_, again := c.Begin(ctx, Call{Name: "sort_values"})
				require.Equal(t, status.CodeOf(err), status.CodeOf(again))
				return err
			})
			for r, err := range errs[:3] {
				e := status.From(err)
				if how == "cut" && r == 0 {
					require.Contains(t, []status.Code{status.PeerLost, status.Stale}, e.Code, "%v", err)
				} else {
					require.Equal(t, status.PeerLost, e.Code, "rank %d: %v", r, err)
				}
				if how == "cut" {
					require.Contains(t, []int{0, 3}, e.Rank, "rank %d: %v", r, err)
				} else {
					require.Equal(t, 3, e.Rank, "rank %d: %v", r, err)
				}
			}
			require.Contains(t, []status.Code{status.PeerLost, status.Stale}, status.CodeOf(errs[3]), "%v", errs[3])
			closeWorld(t, world)
		})
	}
}

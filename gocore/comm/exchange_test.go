package comm

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// drain receives until the end and gives each message to f.
func drain(ctx context.Context, x *Exchange, f func(Message) error) error {
	for {
		m, err := x.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = f(m)
		m.Release()
		if err != nil {
			return err
		}
	}
}

// both runs the two sides of an exchange.
func both(ctx context.Context, x *Exchange, send func(context.Context) error, recv func(Message) error) error {
	g := task.NewGroup(ctx)
	g.Go(func(ctx context.Context) error {
		if err := send(ctx); err != nil {
			return err
		}
		return x.CloseSend(ctx)
	})
	g.Go(func(ctx context.Context) error { return drain(ctx, x, recv) })
	return g.Wait()
}

// TestExchangeOrder sends messages of random sizes, in random parts, between all pairs at once over two exchanges, and
// checks that each arrives whole and in its pair's order.
func TestExchangeOrder(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		const messages = 40
		operate(t, world, func(ctx context.Context, o *Operation) error {
			g := task.NewGroup(ctx)
			for range 2 {
				x, err := o.Exchange(ctx)
				if err != nil {
					return err
				}
				next := make([]int, n)
				g.Go(func(ctx context.Context) error {
					return both(ctx, x, func(ctx context.Context) error {
						random := rand.New(rand.NewPCG(uint64(o.c.rank), uint64(x.id)))
						for i := range messages {
							for dst := range n {
								data := content(o.c.rank+i, random.IntN(1<<random.IntN(18)))
								cut := random.IntN(len(data) + 1)
								if err := x.Send(ctx, dst, data[:cut], nil, data[cut:]); err != nil {
									return err
								}
							}
						}
						return nil
					}, func(m Message) error {
						want := content(m.Src+next[m.Src], len(m.Bytes))
						require.Equal(t, want, append([]byte{}, m.Bytes...))
						next[m.Src]++
						return nil
					})
				})
				defer func() {
					for src := range n {
						require.Equal(t, messages, next[src], "from rank %d", src)
					}
				}()
			}
			return g.Wait()
		})
	})
}

// TestExchangeBounds floods a rank that doesn't receive: what arrives there stays within the windows, its senders
// stop, and everybody else goes on.
func TestExchangeBounds(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			const window, total, size = 256 << 10, 8 << 20, 40_000
			world := openWorld(t, fabric.open(t, 3), Options{Window: window})
			operate(t, world, func(ctx context.Context, o *Operation) error {
				slow, err := o.Exchange(ctx)
				if err != nil {
					return err
				}
				if o.c.rank == 0 {
					time.Sleep(300 * time.Millisecond)
					held := o.c.scope.Held()
					require.LessOrEqual(t, held, int64(2*window*5/4+2*size), "two senders fill their windows and no more")
					require.Greater(t, held, int64(window), "they do fill them")
				}
				return both(ctx, slow, func(ctx context.Context) error {
					if o.c.rank == 0 {
						return nil
					}
					for range total / size {
						if err := slow.Send(ctx, 0, content(0, size)); err != nil {
							return err
						}
					}
					return nil
				}, func(Message) error { return nil })
			})
			closeWorld(t, world)
		})
	}
}

// TestExchangeRefusals is what an exchange says to wrong use, and to a message that doesn't fit the budget.
func TestExchangeRefusals(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{Budget: memory.NewBudget(8 << 20)})
	errs := each(world, inOperation("shuffle", 1, func(ctx context.Context, o *Operation) error {
		x, err := o.Exchange(ctx)
		if err != nil {
			return err
		}
		require.Equal(t, status.Invalid, status.CodeOf(x.Send(ctx, 2, nil)))
		return both(ctx, x, func(ctx context.Context) error {
			return x.Send(ctx, 1-o.c.rank, make([]byte, (16<<20)*o.c.rank))
		}, func(Message) error { return nil })
	}))
	require.Equal(t, status.OutOfMemory, status.CodeOf(errs[0]), "%v", errs[0])
	require.Equal(t, status.Remote, status.CodeOf(errs[1]), "%v", errs[1])

	errs = each(world, inOperation("shuffle", 1, func(ctx context.Context, o *Operation) error {
		x, err := o.Exchange(ctx)
		if err != nil || o.c.rank == 0 {
			return err
		}
		return both(ctx, x, func(context.Context) error { return nil }, func(Message) error { return nil })
	}))
	require.ErrorContains(t, errs[0], "ended without CloseSend on its exchange 1")
	require.Equal(t, status.Remote, status.CodeOf(errs[1]), "%v", errs[1])

	require.NoError(t, inOperation("alone", 2, func(ctx context.Context, o *Operation) error {
		x, err := o.Exchange(ctx)
		require.NoError(t, err)
		require.NoError(t, x.CloseSend(ctx))
		require.Equal(t, status.Closed, status.CodeOf(x.Send(ctx, 0, nil)))
		x.Close()
		_, err = x.Recv(ctx)
		require.Equal(t, status.Closed, status.CodeOf(err))
		return nil
	})(context.Background(), world[0]))
	closeWorld(t, world)
}

// TestExchangeEarlyClose has a rank give up receiving with success: those who still send to it are not held up.
func TestExchangeEarlyClose(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		operate(t, world, func(ctx context.Context, o *Operation) error {
			x, err := o.Exchange(ctx)
			if err != nil {
				return err
			}
			if o.c.rank == 0 {
				x.Close()
				return x.CloseSend(ctx)
			}
			return both(ctx, x, func(ctx context.Context) error {
				for range 8 {
					if err := x.Send(ctx, 0, make([]byte, 1<<20)); err != nil {
						return err
					}
				}
				return nil
			}, func(Message) error { return nil })
		})
		operate(t, world, busy)
	})
}

// TestShuffleThroughBudget moves 4 GB between four ranks through a budget of 256 MB while one rank sleeps for 5 s:
// nobody is taken for lost, no budget is exceeded, and every byte arrives.
func TestShuffleThroughBudget(t *testing.T) {
	total, sleep := 4<<30, 5*time.Second
	if testing.Short() {
		total, sleep = 256<<20, 200*time.Millisecond
	}
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			const n, size = 4, 1 << 20
			channels := overLocal(t, n)
			if fabric.name == "tcp" {
				channels = channeltest.TCPWorld(t, n, 2*time.Second).Channels
			}
			budgets := make([]*memory.Budget, n)
			world := make([]*Communicator, n)
			for r := range n {
				budgets[r] = memory.NewBudget(256 << 20 / n)
				world[r] = openWorld(t, channels[r:r+1], Options{Budget: budgets[r]})[0]
			}
			rounds := total / (n * n * size)
			operate(t, world, func(ctx context.Context, o *Operation) error {
				x, err := o.Exchange(ctx)
				if err != nil {
					return err
				}
				r := o.c.rank
				next := make([]int, n)
				err = both(ctx, x, func(ctx context.Context) error {
					data := make([]byte, size)
					for i := range rounds {
						binary.LittleEndian.PutUint64(data[size-8:], uint64(i))
						for d := range n {
							if err := x.Send(ctx, (r+d)%n, data); err != nil {
								return err
							}
						}
					}
					return nil
				}, func(m Message) error {
					if r == 2 && m.Src == 2 && next[2] == rounds/4 {
						time.Sleep(sleep)
					}
					if got := binary.LittleEndian.Uint64(m.Bytes[size-8:]); got != uint64(next[m.Src]) || len(m.Bytes) != size {
						return status.Errorf(status.Internal, "message %d of rank %d came as number %d", got, m.Src, next[m.Src])
					}
					next[m.Src]++
					return nil
				})
				for src := range n {
					require.Equal(t, rounds, next[src])
				}
				return err
			})
			for r := range n {
				require.LessOrEqual(t, budgets[r].Peak(), int64(256<<20/n))
			}
			closeWorld(t, world)
		})
	}
}

// TestSendBrokenOff cancels a Send to a rank that stands still, before and after the first part of its message has
// left, and closes the sending side as if nothing were missing: in the second case the operation fails on both ranks.
func TestSendBrokenOff(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{Window: wire.EagerCredit})
			cancelled := func(ctx context.Context, x *Exchange, sizes ...int) (err error) {
				world[1].mu.Lock()
				defer world[1].mu.Unlock()
				ctx, cancel := context.WithTimeoutCause(ctx, 50*time.Millisecond, context.Canceled)
				defer cancel()
				for _, n := range sizes {
					err = x.Send(ctx, 1, make([]byte, n))
				}
				return err
			}
			for _, part := range []bool{false, true} {
				errs := each(world, inOperation("shuffle", 1, func(ctx context.Context, o *Operation) error {
					x, err := o.Exchange(ctx)
					if err != nil {
						return err
					}
					if err := o.Barrier(ctx); err != nil {
						return err
					}
					received := 0
					return both(ctx, x, func(context.Context) error {
						switch {
						case o.c.rank == 1:
						case part:
							require.Equal(t, status.Cancelled, status.CodeOf(cancelled(ctx, x, 100_000)))
						default: // no credit is left for the second one
							require.Equal(t, status.Cancelled, status.CodeOf(cancelled(ctx, x, 62_000, 40_000)))
							return x.Send(ctx, 1, make([]byte, 40_000))
						}
						return nil
					}, func(m Message) error {
						received++
						require.Len(t, m.Bytes, []int{0, 62_000, 40_000}[received])
						return nil
					})
				}))
				if !part {
					require.Equal(t, []error{nil, nil}, errs)
					continue
				}
				require.Equal(t, status.Cancelled, status.CodeOf(errs[0]), "%v", errs[0])
				require.Equal(t, status.Remote, status.CodeOf(errs[1]), "%v", errs[1])
			}
			operate(t, world, busy)
			closeWorld(t, world)
		})
	}
}

// TestSendToSelf finds the Communicator's lock free while a long message of a rank to itself is copied.
func TestSendToSelf(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 1), Options{})
	operate(t, world, func(ctx context.Context, o *Operation) error {
		own := [][]byte{{7}}
		got, err := o.Alltoallv(ctx, own)
		require.NoError(t, err)
		require.Same(t, &own[0][0], &got[0][0], "nothing is copied")

		x, err := o.Exchange(ctx)
		require.NoError(t, err)
		var parts [][]byte
		for range 4096 {
			parts = append(parts, pattern[:64<<10])
		}
		return both(ctx, x, func(ctx context.Context) error {
			g := task.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { return x.Send(ctx, 0, parts...) })
			for o.c.scope.Held() == 0 {
			}
			o.c.mu.Lock()
			require.Zero(t, x.s.in[0].arrived, "the lock was held until all was copied")
			o.c.mu.Unlock()
			return g.Wait()
		}, func(m Message) error {
			require.Equal(t, pattern[:64<<10], append([]byte{}, m.Bytes[4095<<16:][:64<<10]...))
			return nil
		})
	})
	closeWorld(t, world)
}

package comm

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// TestEveryoneSendsBeforeItReceives has each rank send to all, itself included, before it receives the first message.
func TestEveryoneSendsBeforeItReceives(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			for tag, size := range messageSizes {
				for dst := range n {
					if err := c.Send(ctx, dst, tag, content(c.rank+tag, size+dst)); err != nil {
						return err
					}
				}
			}
			for tag := len(messageSizes) - 1; tag >= 0; tag-- { // not in the order in which they came
				for src := range n {
					e, err := expect(ctx, c, src, tag, content(src+tag, messageSizes[tag]+c.rank))
					if err != nil {
						return err
					}
					require.Equal(t, Envelope{Source: src, Tag: tag, Length: messageSizes[tag] + c.rank}, e)
				}
			}
			return nil
		})
		requireLanesEmpty(t, world)
	})
}

// requireLanesEmpty checks that no message is left, and that all credit was given back.
func requireLanesEmpty(t *testing.T, world []*Communicator) {
	t.Helper()
	for a, from := range world {
		for b, to := range world {
			require.Eventually(t, func() bool {
				from.mu.Lock()
				l := &from.peers[b].lane
				spent, sent, idle := l.spent, l.places.sent, len(l.queue)+len(l.announced)+from.buffered+len(from.copies) == 0
				from.mu.Unlock()
				to.mu.Lock()
				defer to.mu.Unlock()
				in := &to.peers[a].lane
				return idle && spent == in.consumed && sent == in.places.received && len(in.incoming)+len(in.withdrawn)+len(to.messages.arrived)+len(to.messages.posted) == 0
			}, 5*time.Second, time.Millisecond, "from rank %d to rank %d", a, b)
		}
	}
}

// TestUnreceivedMessagesAreBounded floods a rank that doesn't receive: what lies there stays within the credit, what Send
// takes within its bound, collectives and messages of another communicator go on meanwhile, and in the end all arrives.
func TestUnreceivedMessagesAreBounded(t *testing.T) {
	const size, messages = 1 << 20, 100
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{})
			flooded := make(chan struct{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				other, err := dup(ctx, c)
				if err != nil {
					return err
				}
				g := task.NewGroup(ctx)
				if c.rank == 0 {
					sent := make(chan int, messages)
					g.Go(func(ctx context.Context) error {
						for i := range messages {
							if err := c.Send(ctx, 1, 0, pattern[:size/4]); err != nil {
								return err
							}
							if err := c.Send(ctx, 1, 1, make([]byte, size)); err != nil {
								return err
							}
							sent <- i
						}
						return nil
					})
					require.Eventually(t, func() bool {
						c.mu.Lock()
						defer c.mu.Unlock()
						return c.buffered > MaxBuffered-2*size
					}, 10*time.Second, time.Millisecond)
					require.Less(t, len(sent), messages, "Send waits in the end")
				}
				for range 20 {
					if err := inOperation("busy", 1, busy)(ctx, c); err != nil {
						return err
					}
					if err := other.Send(ctx, 1-c.rank, 0, pattern[:100_000]); err != nil {
						return err
					}
					if _, err := expect(ctx, other, 1-c.rank, 0, pattern[:100_000]); err != nil {
						return err
					}
				}
				if c.rank == 1 {
					if held := c.scope.Held(); held > size { // a message of the other communicator, and of its answer
						return status.Errorf(status.Internal, "%d bytes are held: long messages should wait where they are", held)
					}
					<-flooded
					for range messages {
						for tag, n := range []int{size / 4, size} {
							m, e, err := c.Recv(ctx, 0, AnyTag)
							if err != nil {
								return err
							}
							m.Release()
							require.Equal(t, Envelope{Source: 0, Tag: tag, Length: n}, e)
						}
					}
				} else {
					close(flooded)
				}
				return g.Wait()
			})
			requireLanesEmpty(t, world)
			closeWorld(t, world)
		})
	}
}

// TestShortMessagesAreBounded sends more short messages than a rank lets lie unreceived: it keeps as many as it allows, and
// the bytes of as many as the credit allows. A receive finds what was sent for it behind them.
func TestShortMessagesAreBounded(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	const messages = 2*MaxUnreceived + 5
	ctx := context.Background()
	var requests []*Request
	for i := range messages {
		r, err := world[0].Isend(1, i&1, content(i, 100))
		require.NoError(t, err)
		requests = append(requests, r)
	}
	kept := func() (letters, bytes int) {
		world[1].mu.Lock()
		defer world[1].mu.Unlock()
		for _, l := range world[1].messages.arrived {
			bytes += len(l.data)
		}
		return len(world[1].messages.arrived), bytes
	}
	require.Eventually(t, func() bool { letters, _ := kept(); return letters == MaxUnreceived }, 5*time.Second, time.Millisecond)
	_, bytes := kept()
	require.Equal(t, wire.EagerCredit/100*100, bytes)
	for tag := 1; tag >= 0; tag-- { // those with tag 1 from the first half while all with tag 0 lie there
		for i := tag; i < messages; i += 2 {
			if tag == 1 && i >= MaxUnreceived {
				break
			}
			_, err := expect(ctx, world[1], 0, tag, content(i, 100))
			require.NoError(t, err)
		}
	}
	for i := MaxUnreceived + 1; i < messages; i += 2 {
		_, err := expect(ctx, world[1], 0, 1, content(i, 100))
		require.NoError(t, err)
	}
	for _, r := range requests {
		_, _, err := r.Wait(ctx)
		require.NoError(t, err)
	}
	requireLanesEmpty(t, world)
	closeWorld(t, world)
}

func TestMessagesInTheBudget(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{Budget: memory.NewBudget(8 << 20)})
	ctx := context.Background()
	r, err := world[0].Isend(1, 0, make([]byte, 16<<20))
	require.NoError(t, err)
	_, _, err = world[1].Recv(ctx, 0, 0)
	require.Equal(t, status.OutOfMemory, status.CodeOf(err), "%v", err)
	_, _, err = r.Wait(ctx)
	require.NoError(t, err, "it was sent, and dropped there")
	operateSome(t, world)
	requireLanesEmpty(t, world)
	closeWorld(t, world)
}

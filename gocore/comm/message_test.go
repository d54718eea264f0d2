package comm

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// succeed runs f on every rank and expects success.
func succeed(t testing.TB, world []*Communicator, f func(ctx context.Context, c *Communicator) error) {
	t.Helper()
	for r, err := range each(world, f) {
		require.NoError(t, err, "rank %d of %d", r, len(world))
	}
}

// expect receives a message and compares it.
func expect(ctx context.Context, c *Communicator, src, tag int, want []byte) (Envelope, error) {
	m, e, err := c.Recv(ctx, src, tag)
	if err != nil {
		return e, err
	}
	defer m.Release()
	if e.Length != len(want) || !bytes.Equal(m.Bytes, want) {
		return e, status.Errorf(status.Internal, "%+v is not the message of %d bytes that was expected", e, len(want))
	}
	return e, nil
}

// messageSizes are lengths about every limit.
var messageSizes = []int{0, 1, 1000, wire.MaxEager, wire.MaxEager + 1, wire.MaxPayload, wire.MaxPayload + 1, 300_000}

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

// TestMessageOrder sends many messages of mixed sizes with two tags and receives them with receives that accept one tag, or
// any; each kind in the order in which it was sent.
func TestMessageOrder(t *testing.T) {
	const messages = 300
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n > 5 {
			return
		}
		size := func(i int) int { return messageSizes[i*7%len(messageSizes)] + i }
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			g := task.NewGroup(ctx)
			g.Go(func(ctx context.Context) error {
				for i := range messages {
					for dst := range n {
						r, err := c.Isend(dst, i%2, content(i, size(i)))
						if err != nil {
							return err
						}
						g.Go(func(ctx context.Context) error { _, _, err := r.Wait(ctx); return err })
					}
				}
				return nil
			})
			g.Go(func(ctx context.Context) error {
				next := make([]int, n)
				for range messages / 2 * n { // all that have tag 1
					m, e, err := c.Recv(ctx, AnySource, 1)
					if err != nil {
						return err
					}
					i := 2*next[e.Source] + 1
					require.Equal(t, content(i, size(i)), append([]byte{}, m.Bytes...))
					next[e.Source]++
					m.Release()
				}
				for src := range n { // and the rest
					for i := 0; i < messages; i += 2 {
						if _, err := expect(ctx, c, src, AnyTag, content(i, size(i))); err != nil {
							return err
						}
					}
				}
				return nil
			})
			return g.Wait()
		})
		requireLanesEmpty(t, world)
	})
}

// TestReceivesBeforeSends posts receives in an order and finds the messages given to them in that order, by what each
// accepts.
func TestReceivesBeforeSends(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		if len(world) != 2 {
			return
		}
		accepts := []struct{ src, tag, gets int }{{1, 7, 2}, {AnySource, AnyTag, 0}, {1, AnyTag, 1}, {AnySource, 7, 3}}
		tags := []int{5, 6, 7, 7}
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			if c.rank == 1 {
				if _, err := expect(ctx, c, 0, 0, nil); err != nil {
					return err
				}
				for i, tag := range tags {
					if err := c.Send(ctx, 0, tag, content(i, 20_000*(i+1))); err != nil {
						return err
					}
				}
				return nil
			}
			var requests []*Request
			for _, a := range accepts {
				r, err := c.Irecv(a.src, a.tag)
				if err != nil {
					return err
				}
				requests = append(requests, r)
			}
			if err := c.Send(ctx, 1, 0, nil); err != nil {
				return err
			}
			for i, a := range accepts {
				m, e, err := requests[i].Wait(ctx)
				if err != nil {
					return err
				}
				require.Equal(t, Envelope{Source: 1, Tag: tags[a.gets], Length: 20_000 * (a.gets + 1)}, e, "receive %d", i)
				m.Release()
			}
			return nil
		})
	})
}

func TestProbe(t *testing.T) {
	onEveryFabric(t, func(t *testing.T, world []*Communicator) {
		n := len(world)
		if n > 4 {
			return
		}
		succeed(t, world, func(ctx context.Context, c *Communicator) error {
			_, found, err := c.Probe(ctx, AnySource, 99, false)
			require.False(t, found)
			if err != nil {
				return err
			}
			dst, src := (c.rank+1)%n, (c.rank+n-1)%n
			for tag, size := range messageSizes {
				if err := c.Send(ctx, dst, tag, content(tag, size)); err != nil {
					return err
				}
			}
			for tag, size := range messageSizes {
				e, found, err := c.Probe(ctx, AnySource, tag, true)
				if err != nil {
					return err
				}
				require.True(t, found)
				require.Equal(t, Envelope{Source: src, Tag: tag, Length: size}, e)
				e, found, err = c.Probe(ctx, e.Source, e.Tag, false)
				require.NoError(t, err)
				require.True(t, found, "it stays")
				if _, err := expect(ctx, c, e.Source, e.Tag, content(tag, size)); err != nil {
					return err
				}
			}
			return nil
		})
	})
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

func dup(ctx context.Context, c *Communicator) (made *Communicator, err error) {
	err = inOperation("Dup", 3, func(ctx context.Context, o *Operation) (err error) {
		made, err = o.Dup(ctx)
		return err
	})(ctx, c)
	return made, err
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

// TestCancelledRequests cancels requests at every stage: what was not received disappears, a receive that lost its message
// gets the next one, and nothing is left.
func TestCancelledRequests(t *testing.T) {
	cause := status.Errorf(status.Cancelled, "by the test")
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{})
			ctx := context.Background()
			a, b := world[0], world[1]
			ended := func(r *Request, code status.Code) {
				t.Helper()
				m, _, err := r.Wait(ctx)
				m.Release()
				require.Equal(t, code, status.CodeOf(err), "%v", err)
			}
			isend := func(tag, size int) *Request {
				r, err := a.Isend(1, tag, content(tag, size))
				require.NoError(t, err)
				return r
			}
			// A receive that nothing was sent to.
			r, err := b.Irecv(0, 1)
			require.NoError(t, err)
			r.Cancel(cause)
			ended(r, status.Cancelled)
			// A long message that was announced, then one behind it that is received.
			first := isend(2, 100_000)
			first.Cancel(cause)
			ended(first, status.Cancelled)
			second := isend(2, 50_000)
			_, err = expect(ctx, b, 0, 2, content(2, 50_000))
			require.NoError(t, err)
			ended(second, status.OK)
			// One that is received as it is cancelled: either it arrives or the receive gets the next one.
			for i := range 200 {
				r, err := b.Irecv(0, 3)
				require.NoError(t, err)
				one := isend(3, 70_000)
				if i%2 == 0 {
					time.Sleep(time.Duration(i) * time.Microsecond)
				}
				one.Cancel(cause)
				_, _, sendErr := one.Wait(ctx)
				if sendErr != nil {
					two := isend(3, 60_000)
					m, e, err := r.Wait(ctx)
					if err != nil { // cut in the middle
						require.Equal(t, status.Remote, status.CodeOf(err), "%v", err)
						m, e, err = b.Recv(ctx, 0, 3)
						require.NoError(t, err)
					}
					require.Equal(t, 60_000, e.Length)
					m.Release()
					ended(two, status.OK)
					continue
				}
				m, e, err := r.Wait(ctx)
				require.NoError(t, err)
				require.Equal(t, 70_000, e.Length)
				m.Release()
			}
			// Sends that wait for credit, or for a place.
			var sends []*Request
			for range MaxUnreceived + 100 {
				sends = append(sends, isend(4, 1000))
			}
			for _, r := range sends {
				r.Cancel(cause)
			}
			require.NoError(t, a.Send(ctx, 1, 5, nil))
			done, failed := 0, 0
			for _, r := range sends {
				if _, _, err := r.Wait(ctx); err == nil {
					done++
				} else {
					failed++
				}
			}
			require.NotZero(t, failed)
			for range done {
				_, err := expect(ctx, b, 0, 4, content(4, 1000))
				require.NoError(t, err)
			}
			_, err = expect(ctx, b, 0, 5, nil)
			require.NoError(t, err)
			// Receives in the middle of a message: it is dropped.
			for range 50 {
				r, err := b.Irecv(0, 6)
				require.NoError(t, err)
				one := isend(6, 300_000)
				r.Cancel(cause)
				if m, _, err := r.Wait(ctx); err == nil {
					m.Release()
					ended(one, status.OK)
					continue
				}
				// It was matched, and is dropped as it comes; or it is still to be received.
				for !one.finished() {
					_, found, err := b.Probe(ctx, 0, 6, false)
					require.NoError(t, err)
					if found {
						m, _, err := b.Recv(ctx, 0, 6)
						require.NoError(t, err)
						m.Release()
					}
					time.Sleep(10 * time.Microsecond)
				}
				ended(one, status.OK)
			}
			requireLanesEmpty(t, world)
			closeWorld(t, world)
		})
	}
}

// TestAnnouncedBeforeTheEnd receives, after a rank is lost, what others had only announced: nothing comes any more.
func TestAnnouncedBeforeTheEnd(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 3), Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			c := world[0]
			for src := range 2 { // this rank is one of them
				_, err := world[src].Isend(0, 1, make([]byte, 100_000))
				require.NoError(t, err)
				_, _, err = c.Probe(ctx, src, 1, true)
				require.NoError(t, err)
			}
			world[2].ch.Abort()
			r, err := c.Irecv(2, 1)
			if err == nil {
				_, _, err = r.Wait(ctx)
			}
			require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			for src := range 2 {
				_, _, err := c.Recv(ctx, src, 1)
				require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			}
			closeWorld(t, world)
		})
	}
}

// TestRequestsEnd has a rank leave, or be lost, with requests of every kind pending on another: each ends, and names it.
func TestRequestsEnd(t *testing.T) {
	for _, fabric := range fabrics {
		for _, how := range []string{"leaves", "is lost", "closes here", "times out"} {
			t.Run(fabric.name+"/"+how, func(t *testing.T) {
				leak.Check(t)
				world := openWorld(t, fabric.open(t, 3), Options{})
				ctx := context.Background()
				c := world[0]
				var requests []*Request
				add := func(r *Request, err error) {
					require.NoError(t, err)
					requests = append(requests, r)
				}
				add(c.Irecv(2, 1))
				add(c.Irecv(2, AnyTag))
				add(c.Isend(2, 3, make([]byte, 100_000)))
				for range 70 {
					add(c.Isend(2, 4, make([]byte, 1000)))
				}
				requests = append(requests[:3], requests[len(requests)-1]) // the credit ended before the last
				want, rank := status.Closed, 2
				wait := ctx
				switch how {
				case "leaves":
					g := task.NewGroup(ctx)
					g.Go(func(ctx context.Context) error { return world[2].Close(ctx) })
					defer func() { require.NoError(t, g.Wait()) }()
				case "is lost":
					world[2].ch.Abort()
					want = status.PeerLost
				case "closes here":
					g := task.NewGroup(ctx)
					for _, c := range world {
						g.Go(func(ctx context.Context) error { return c.Close(ctx) })
					}
					defer func() { require.NoError(t, g.Wait()) }()
					rank = -1
				case "times out":
					limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
					defer cancel()
					wait, want, rank = limited, status.Timeout, -1
				}
				for i, r := range requests {
					_, _, err := r.Wait(wait)
					e := status.From(err)
					require.Equal(t, want, e.Code, "%d %s: %v", i, r, err)
					if rank >= 0 {
						require.Equal(t, rank, e.Rank, "%d: %v", i, err)
					}
				}
				if how == "leaves" {
					operateSome(t, world[:2])
				}
				closeWorld(t, world)
			})
		}
	}
}

// operateSome sends messages between ranks while others have left.
func operateSome(t *testing.T, world []*Communicator) {
	succeed(t, world, func(ctx context.Context, c *Communicator) error {
		if err := c.Send(ctx, 1-c.rank, 9, content(c.rank, 50_000)); err != nil {
			return err
		}
		_, err := expect(ctx, c, AnySource, 9, content(1-c.rank, 50_000))
		return err
	})
}

// TestLastMessages has a rank send and leave at once: its messages are received all the same. Two ranks that leave and have
// sent each other what nobody receives don't wait for each other.
func TestLastMessages(t *testing.T) {
	for _, fabric := range fabrics {
		t.Run(fabric.name, func(t *testing.T) {
			leak.Check(t)
			world := openWorld(t, fabric.open(t, 2), Options{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				if c.rank == 0 {
					for i, size := range messageSizes {
						if err := c.Send(ctx, 1, i, content(i, size)); err != nil {
							return err
						}
					}
					return c.Close(ctx)
				}
				time.Sleep(50 * time.Millisecond)
				for i, size := range messageSizes {
					if _, err := expect(ctx, c, 0, i, content(i, size)); err != nil {
						return err
					}
				}
				return c.Close(ctx)
			})
			closeWorld(t, world)
			world = openWorld(t, fabric.open(t, 2), Options{})
			succeed(t, world, func(ctx context.Context, c *Communicator) error {
				if err := c.Send(ctx, 1-c.rank, 0, make([]byte, 100_000)); err != nil {
					return err
				}
				if err := inOperation("both", 1, busy)(ctx, c); err != nil {
					return err
				}
				return c.Close(ctx)
			})
			closeWorld(t, world)
		})
	}
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

func TestMessagesRefuse(t *testing.T) {
	leak.Check(t)
	world := openWorld(t, overLocal(t, 2), Options{})
	c := world[0]
	for _, call := range []func() error{
		func() error { _, err := c.Isend(2, 0, nil); return err },
		func() error { _, err := c.Isend(AnySource, 0, nil); return err },
		func() error { _, err := c.Isend(1, -1, nil); return err },
		func() error { _, err := c.Isend(1, MaxTag+1, nil); return err },
		func() error { _, err := c.Irecv(2, 0); return err },
		func() error { _, err := c.Irecv(-2, 0); return err },
		func() error { _, err := c.Irecv(0, -2); return err },
		func() error { _, _, err := c.Probe(context.Background(), 0, MaxTag+1, true); return err },
	} {
		require.Equal(t, status.Invalid, status.CodeOf(call()))
	}
	closeWorld(t, world)
	_, err := c.Isend(1, 0, nil)
	require.Equal(t, status.Closed, status.CodeOf(err))
	_, err = c.Irecv(1, 0)
	require.Equal(t, status.Closed, status.CodeOf(err))
}

// TestMessageProtocolBroken sends frames of messages that no correct rank sends.
func TestMessageProtocolBroken(t *testing.T) {
	short := wire.Header{Class: wire.ClassEager, Stream: pointToPoint, Payload: wire.MaxEager, Length: wire.MaxEager}
	long := wire.Header{Class: wire.ClassRTS, Stream: pointToPoint, Length: 1 << 20}
	for name, c := range map[string]struct{ fine, broken []wire.Header }{
		"short ones beyond the credit": {frames(4, short), frames(6, short)[4:]},
		"one twice":                    {frames(1, short), frames(1, short)},
		"one left out":                 {frames(1, long), frames(3, long)[2:]},
		"an empty one announced":       {nil, frames(1, wire.Header{Class: wire.ClassRTS, Stream: pointToPoint})},
		"too many":                     {frames(MaxUnreceived, long), frames(MaxUnreceived+1, long)[MaxUnreceived:]},
		"one that is too long":         {nil, frames(1, wire.Header{Class: wire.ClassRTS, Stream: pointToPoint, Length: 1 << 40})},
		"of no operation":              {nil, frames(1, wire.Header{Class: wire.ClassEager, Stream: pointToPoint + 1})},
		"a failure":                    {nil, frames(1, wire.Header{Class: wire.ClassFail, Stream: pointToPoint})},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			channels := overLocal(t, 2)
			world := openWorld(t, channels[:1], Options{})
			channels[1].Start(deaf{})
			for _, h := range append(c.fine, c.broken...) {
				channels[1].Post(0, channel.NewFrame(&h).Append(make([]byte, h.Payload)))
			}
			_, _, err := world[0].Recv(context.Background(), 1, 1)
			require.Equal(t, status.PeerLost, status.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "rank 1 broke the protocol")
			channels[1].Abort()
			closeWorld(t, world)
			require.NoError(t, channels[1].Close(context.Background()))
		})
	}
}

func ExampleRequest_String() {
	fmt.Println(&Request{c: &Communicator{members: []int{4, 5}}, peer: 1, tag: AnyTag}, &Request{c: &Communicator{members: []int{4}}, sends: true})
	// Output: recv(source=5, tag=any) send(dest=4, tag=0)
}

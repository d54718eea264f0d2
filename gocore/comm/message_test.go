package comm

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

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

func dup(ctx context.Context, c *Communicator) (made *Communicator, err error) {
	err = inOperation("Dup", 3, func(ctx context.Context, o *Operation) (err error) {
		made, err = o.Dup(ctx)
		return err
	})(ctx, c)
	return made, err
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

package tcp_test

import (
	"context"
	"encoding/binary"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// inOrder is a Receiver that checks the order of numbered frames.
type inOrder struct {
	mu     sync.Mutex
	next   uint64
	wrong  bool
	left   bool
	err    error
	signal chan struct{}
}

func newInOrder() *inOrder { return &inOrder{signal: make(chan struct{}, 1)} }

func (r *inOrder) Place(_ int, h *wire.Header) []byte { return make([]byte, h.Payload) }

func (r *inOrder) Deliver(_ int, h *wire.Header, payload []byte) {
	if h.Class != wire.ClassPart {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = r.wrong || h.PairSequence != r.next || binary.LittleEndian.Uint64(payload) != r.next
	r.next++
	r.tell()
}

func (r *inOrder) Left(_ int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left, r.err = true, err
	r.tell()
}

func (r *inOrder) tell() {
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

// until waits for so many frames, or the peer's end.
func (r *inOrder) until(t *testing.T, n uint64) {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		r.mu.Lock()
		done := r.next >= n || r.left
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-r.signal:
		case <-deadline:
			t.Fatalf("%d of %d frames came", r.next, n)
		}
	}
}

// pair returns the ends of a new connection, over TLS.
func pair(t *testing.T) [2]net.Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	var ends [2]net.Conn
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		conn, err := l.Accept()
		if err == nil {
			ends[1] = channeltest.Secure(t, conn, false)
		}
		return err
	})
	conn, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	ends[0] = channeltest.Secure(t, conn, true)
	require.NoError(t, g.Wait())
	return ends
}

// started returns a world of two with a receiver each.
func started(t *testing.T) (channeltest.World, [2]*inOrder) {
	w := channeltest.TCPWorld(t, 2, time.Second)
	receivers := [2]*inOrder{newInOrder(), newInOrder()}
	for rank, ch := range w.Channels {
		ch.Start(receivers[rank])
	}
	return w, receivers
}

// pour sends numbered frames of n bytes to the other rank.
func pour(ch channel.Channel, from, to uint64, n int) error {
	payload := make([]byte, n)
	for i := from; i < to; i++ {
		binary.LittleEndian.PutUint64(payload, i)
		h := wire.Header{Class: wire.ClassPart, Stream: 1, Sequence: 1, PairSequence: i, Length: uint64(n), Payload: n}
		if err := ch.Send(context.Background(), 1-ch.Rank(), channel.NewFrame(&h).Append(payload)); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(t *testing.T, w channeltest.World) {
	t.Helper()
	g := task.NewGroup(context.Background())
	for _, ch := range w.Channels {
		g.Go(func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			return ch.Close(ctx)
		})
	}
	require.NoError(t, g.Wait())
}

// A link moves again and again while frames of all sizes fly both ways, led by either rank: all come, in order, and the
// first connection can be cut then.
func TestLinkMovesUnderLoad(t *testing.T) {
	leak.Check(t)
	const frames, moves = 4000, 5
	w, receivers := started(t)
	g := task.NewGroup(context.Background())
	for rank, ch := range w.Channels {
		g.Go(func(context.Context) error {
			for i := uint64(0); i < frames; i += 100 {
				size := 100
				if i%400 == uint64(100*rank) {
					size = wire.MaxPayload
				}
				if err := pour(ch, i, i+100, size); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for move := range moves {
		receivers[0].until(t, uint64(move*frames/moves))
		ends := pair(t)
		follower := move % 2
		for _, rank := range []int{follower, 1 - follower} {
			w.Channels[rank].(channel.Switcher).Switch(1-rank, ends[rank], uint64(move)+7, rank != follower)
		}
	}
	require.NoError(t, g.Wait())
	for _, r := range receivers {
		r.until(t, frames)
	}
	w.Cut(0, 1)
	for _, ch := range w.Channels {
		require.NoError(t, pour(ch, frames, frames+1, 100))
	}
	for _, r := range receivers {
		r.until(t, frames+1)
		require.False(t, r.wrong)
		require.False(t, r.left, "%v", r.err)
	}
	time.Sleep(1500 * time.Millisecond) // longer than the limit: heartbeats travel, too
	closeAll(t, w)
	for _, r := range receivers {
		require.NoError(t, r.err)
	}
}

// What the leader gave up is replaced by the next offer, and an offer that is never taken ends with the link.
func TestOffersThatAreNotTaken(t *testing.T) {
	leak.Check(t)
	w, receivers := started(t)
	follower := w.Channels[1].(channel.Switcher)
	for id := range uint64(6) {
		ends := pair(t)
		follower.Switch(0, ends[1], id+1, false)
		require.NoError(t, ends[0].Close())
	}
	require.NoError(t, pour(w.Channels[0], 0, 10, 1000))
	receivers[1].until(t, 10)
	require.False(t, receivers[1].wrong)
	closeAll(t, w)
	ends := pair(t) // after the end: closed
	follower.Switch(0, ends[1], 9, true)
	_, err := ends[1].Write([]byte("x"))
	require.Error(t, err)
	require.NoError(t, ends[0].Close())
}

// A move to a connection that the other side doesn't have is the end, not a hang.
func TestMoveIntoNowhere(t *testing.T) {
	leak.Check(t)
	w, receivers := started(t)
	ends := pair(t)
	w.Channels[0].(channel.Switcher).Switch(1, ends[0], 1, true)
	defer func() { _ = ends[1].Close() }()
	receivers[1].until(t, 1)
	require.Equal(t, status.PeerLost, status.CodeOf(receivers[1].err))
	closeAll(t, w)
}

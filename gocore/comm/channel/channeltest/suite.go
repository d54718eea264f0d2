package channeltest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// patience bounds each wait: a hang fails.
const patience = 30 * time.Second

// Run runs the suite: what a Communicator may rely on. open makes a world of n ranks; limit is how long a silent rank
// is believed, where the channel judges that.
func Run(t *testing.T, open func(t testing.TB, n int, limit time.Duration) World) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func(n int, limit time.Duration) World)
	}{
		{"order per pair", testOrder},
		{"control overtakes data", testControl},
		{"laid frames", testLay},
		{"large volume", testVolume},
		{"slow receiver", testSlowReceiver},
		{"orderly close", testClose},
		{"close of a channel that never started", testCloseUnstarted},
		{"abort", testAbort},
		{"cut link", testCut},
		{"frozen rank", testFreeze},
		{"idle ranks live", testIdle},
	} {
		t.Run(c.name, func(t *testing.T) {
			leak.Check(t)
			c.test(t, func(n int, limit time.Duration) World { return open(t, n, limit) })
		})
	}
}

// frame returns a data frame of a stream with n bytes, the first of which number it.
func frame(number uint64, n int) *channel.Frame {
	payload := make([]byte, max(n, 8))
	binary.LittleEndian.PutUint64(payload, number)
	h := wire.Header{Class: wire.ClassPart, Stream: 1, Payload: len(payload), Length: uint64(len(payload)), PairSequence: number}
	return channel.NewFrame(&h).Append(payload)
}

// control returns a numbered control frame.
func control(number uint64) *channel.Frame {
	return channel.NewFrame(&wire.Header{Class: wire.ClassOpen, Sequence: number})
}

// inbox is a Receiver that records. Its gate, while shut, holds Deliver back: the receiver's fault, which tests use
// to make a queue.
type inbox struct {
	mu      sync.Mutex
	changed *sync.Cond
	got     map[int][]wire.Header
	left    map[int][]error
	bytes   int
	gate    sync.Mutex
}

func newInbox() *inbox {
	in := &inbox{got: map[int][]wire.Header{}, left: map[int][]error{}}
	in.changed = sync.NewCond(&in.mu)
	return in
}

func (in *inbox) Place(_ int, h *wire.Header) []byte { return make([]byte, h.Payload) }

func (in *inbox) Deliver(peer int, h *wire.Header, payload []byte) {
	in.gate.Lock()
	defer in.gate.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	if h.Payload > 0 && binary.LittleEndian.Uint64(payload) != h.PairSequence {
		panic("a payload came with another frame's header")
	}
	in.got[peer] = append(in.got[peer], *h)
	in.bytes += len(payload)
	in.changed.Broadcast()
}

func (in *inbox) Left(peer int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.left[peer] = append(in.left[peer], err)
	in.changed.Broadcast()
}

// await waits until f, called under the lock, is true.
func (in *inbox) await(t testing.TB, what string, f func() bool) {
	t.Helper()
	deadline := time.AfterFunc(patience, in.changed.Broadcast)
	defer deadline.Stop()
	end := time.Now().Add(patience)
	in.mu.Lock()
	defer in.mu.Unlock()
	for !f() {
		require.False(t, time.Now().After(end), "waited in vain for %s", what)
		in.changed.Wait()
	}
}

// start starts every rank with an inbox.
func start(w World) []*inbox {
	boxes := make([]*inbox, len(w.Channels))
	for r, ch := range w.Channels {
		boxes[r] = newInbox()
		ch.Start(boxes[r])
	}
	return boxes
}

// closeAll closes every rank, all at once.
func closeAll(t testing.TB, w World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	g := task.NewGroup(ctx)
	for _, ch := range w.Channels {
		g.Go(ch.Close)
	}
	require.NoError(t, g.Wait())
}

func send(t testing.TB, ch channel.Channel, peer int, f *channel.Frame) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, ch.Send(ctx, peer, f))
}

func testOrder(t *testing.T, open func(int, time.Duration) World) {
	const n, frames = 4, 300
	w := open(n, patience)
	boxes := start(w)
	g := task.NewGroup(context.Background())
	for r, ch := range w.Channels {
		for peer := range n {
			if peer == r {
				continue
			}
			g.Go(func(ctx context.Context) error {
				for i := range uint64(frames) {
					if err := ch.Send(ctx, peer, frame(i, int(i*i)%wire.MaxPayload)); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	require.NoError(t, g.Wait())
	for r, box := range boxes {
		for peer := range n {
			if peer == r {
				continue
			}
			var got []wire.Header // the box goes on to fill from the others
			box.await(t, "all frames", func() bool {
				got = box.got[peer]
				return len(got) == frames
			})
			for i, h := range got {
				require.EqualValues(t, i, h.PairSequence, "from rank %d to rank %d", peer, r)
			}
		}
	}
	closeAll(t, w)
}

// testControl queues bulk behind a receiver that stands still: a control frame queued after it all arrives when only
// what was already on its way has come.
func testControl(t *testing.T, open func(int, time.Duration) World) {
	const bulk = 400
	w := open(2, patience)
	boxes := start(w)
	boxes[1].gate.Lock()
	for i := range uint64(bulk) {
		w.Channels[0].Post(1, frame(i, wire.MaxPayload))
	}
	time.Sleep(50 * time.Millisecond) // until the link is full
	for i := range uint64(3) {
		w.Channels[0].Post(1, control(i))
	}
	boxes[1].gate.Unlock()
	boxes[1].await(t, "all frames", func() bool { return len(boxes[1].got[0]) == bulk+3 })
	last, seen := 0, uint64(0)
	for i, h := range boxes[1].got[0] {
		if h.Class.Control() {
			require.Equal(t, seen, h.Sequence, "control frames keep their order")
			last, seen = i, seen+1
		}
	}
	require.Less(t, last, bulk/2, "control frames waited behind data")
	closeAll(t, w)
}

// testLay lays control frames: they arrive ahead of what is sent next, and when they are flushed.
func testLay(t *testing.T, open func(int, time.Duration) World) {
	w := open(2, patience)
	boxes := start(w)
	ch := w.Channels[0]
	for i := range uint64(50) {
		ch.Lay(1, control(2*i))
		if i%2 == 0 {
			require.NoError(t, ch.Send(context.Background(), 1, frame(i, 100)))
		} else {
			ch.Lay(1, control(2*i+1))
			ch.Flush()
		}
		boxes[1].await(t, "what was laid and what followed", func() bool { return len(boxes[1].got[0]) == int(2*i+2) })
		last := boxes[1].got[0][2*i:]
		require.True(t, last[0].Class.Control())
		require.Equal(t, 2*i, last[0].Sequence)
	}
	ch.Flush()
	closeAll(t, w)
}

func testVolume(t *testing.T, open func(int, time.Duration) World) {
	const frames = 2000
	w := open(2, patience)
	boxes := start(w)
	g := task.NewGroup(context.Background())
	for r, ch := range w.Channels {
		g.Go(func(ctx context.Context) error {
			for i := range uint64(frames) {
				if err := ch.Send(ctx, 1-r, frame(i, wire.MaxPayload)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	for r, box := range boxes {
		box.await(t, "all bytes", func() bool { return box.bytes == frames*wire.MaxPayload })
		require.Len(t, box.got[1-r], frames)
	}
	closeAll(t, w)
}

// testSlowReceiver finds that a sender waits, can be cancelled, and that nothing is lost by it.
func testSlowReceiver(t *testing.T, open func(int, time.Duration) World) {
	w := open(2, patience)
	boxes := start(w)
	boxes[1].gate.Lock()
	ctx, cancel := context.WithTimeoutCause(context.Background(), 200*time.Millisecond, errors.New("enough"))
	defer cancel()
	sent := uint64(0)
	var err error
	for err == nil {
		if err = w.Channels[0].Send(ctx, 1, frame(sent, wire.MaxPayload)); err == nil {
			sent++
		}
		require.Less(t, sent, uint64(4096), "nothing ever stopped the sender")
	}
	require.EqualError(t, err, "enough")
	boxes[1].gate.Unlock()
	boxes[1].await(t, "what was sent", func() bool { return uint64(len(boxes[1].got[0])) == sent })
	closeAll(t, w)
}

// testClose closes one rank right after it sent a lot: all of it arrives, then the news that it has finished. The
// others go on.
func testClose(t *testing.T, open func(int, time.Duration) World) {
	const frames = 100
	w := open(3, patience)
	boxes := start(w)
	for i := range uint64(frames) {
		send(t, w.Channels[0], 1, frame(i, wire.MaxPayload))
		w.Channels[2].Post(0, frame(i, wire.MaxPayload)) // and much is on its way to it
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, w.Channels[0].Close(ctx))
	for _, r := range []int{1, 2} {
		boxes[r].await(t, "the end", func() bool { return len(boxes[r].left[0]) > 0 })
		require.Equal(t, []error{nil}, boxes[r].left[0])
	}
	require.Len(t, boxes[1].got[0], frames)
	send(t, w.Channels[1], 0, frame(0, 8)) // dropped
	send(t, w.Channels[1], 2, frame(0, 8))
	boxes[2].await(t, "a frame", func() bool { return len(boxes[2].got[1]) == 1 })
	closeAll(t, World{Channels: w.Channels[1:]})
	require.Empty(t, boxes[0].left, "a closed rank hears nothing more")
	closeAll(t, w) // a second close does nothing
}

func testCloseUnstarted(t *testing.T, open func(int, time.Duration) World) {
	w := open(2, patience)
	closeAll(t, w)
	closeAll(t, w)
}

// testAbort finds that control frames before an abort arrive, and that the aborting rank counts as lost.
func testAbort(t *testing.T, open func(int, time.Duration) World) {
	w := open(3, patience)
	boxes := start(w)
	for i := range uint64(100) {
		w.Channels[0].Post(1, frame(i, wire.MaxPayload))
	}
	for _, peer := range []int{1, 2} {
		w.Channels[0].Post(peer, control(7))
	}
	w.Channels[0].Abort()
	for _, r := range []int{1, 2} {
		boxes[r].requireLost(t, 0)
		heard := 0
		for _, h := range boxes[r].got[0] {
			if h.Class.Control() {
				heard++
			}
		}
		require.Equal(t, 1, heard, "rank %d didn't hear the control frame", r)
	}
	closeAll(t, w)
}

func testCut(t *testing.T, open func(int, time.Duration) World) {
	w := open(3, patience)
	if w.Cut == nil {
		t.Skip("this channel has no links")
	}
	boxes := start(w)
	w.Cut(0, 1)
	boxes[0].requireLost(t, 1)
	boxes[1].requireLost(t, 0)
	send(t, w.Channels[0], 1, frame(0, 8)) // dropped
	send(t, w.Channels[0], 2, frame(0, 8))
	boxes[2].await(t, "a frame", func() bool { return len(boxes[2].got[0]) == 1 })
	closeAll(t, w)
}

// testFreeze stops a rank whose peers then lose it, and not each other.
func testFreeze(t *testing.T, open func(int, time.Duration) World) {
	const limit = 300 * time.Millisecond
	w := open(3, limit)
	if w.Freeze == nil {
		t.Skip("this channel's ranks can't be frozen one by one")
	}
	boxes := start(w)
	thaw := w.Freeze(2)
	for _, r := range []int{0, 1} {
		boxes[r].requireLost(t, 2)
		require.Empty(t, boxes[r].left[1-r])
	}
	thaw()
	closeAll(t, w)
}

// testIdle leaves all ranks alone for several limits.
func testIdle(t *testing.T, open func(int, time.Duration) World) {
	const limit = 500 * time.Millisecond
	w := open(3, limit)
	boxes := start(w)
	time.Sleep(4 * limit)
	for r, box := range boxes {
		box.mu.Lock()
		require.Empty(t, box.left, "rank %d", r)
		require.Empty(t, box.got, "heartbeats are the channel's own")
		box.mu.Unlock()
	}
	closeAll(t, w)
}

// requireLost waits for the news of peer's end, which must be that it is lost.
func (in *inbox) requireLost(t testing.TB, peer int) {
	t.Helper()
	in.await(t, "the loss of a rank", func() bool { return len(in.left[peer]) > 0 })
	in.mu.Lock()
	defer in.mu.Unlock()
	require.Len(t, in.left[peer], 1)
	e := status.From(in.left[peer][0])
	require.Equal(t, status.PeerLost, e.Code, "%v", e)
	require.Equal(t, peer, e.Rank)
	require.NotErrorIs(t, e, io.EOF, "a lost rank must not pass for the end of a stream")
}

// Package local is the channel between ranks of one process: for worlds inside a test or a notebook.
//
// Each ordered pair has a queue and a goroutine that hands its frames to the receiving rank.
package local

import (
	"context"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// NewWorld returns the channels of n ranks in this process, by rank.
func NewWorld(n int) []channel.Channel {
	ranks := make([]*rank, n)
	for i := range ranks {
		ranks[i] = &rank{
			id: i, ranks: ranks, out: make([]*pair, n),
			started: make(chan struct{}), group: task.NewGroup(context.Background()),
		}
		for j := range n {
			if i != j {
				ranks[i].out[j] = &pair{queue: channel.NewQueue(), ended: make(chan struct{}), done: make(chan struct{})}
			}
		}
	}
	world := make([]channel.Channel, n)
	for i, r := range ranks {
		world[i] = r
	}
	return world
}

// rank is one rank's channel.
type rank struct {
	id      int
	ranks   []*rank
	out     []*pair       // by peer; nil at id
	started chan struct{} // closed by Start
	group   *task.Group

	inbound  sync.RWMutex // held for reading while a frame is delivered here
	receiver channel.Receiver
	stopped  bool // nothing more is delivered here
}

// pair is the way from one rank to another.
type pair struct {
	queue *channel.Queue
	abort sync.Once
	ended chan struct{} // closed when aborted: it ends without BYE once control is out
	done  chan struct{} // closed when the peer has been told the last word
}

var _ channel.Channel = (*rank)(nil)

// Rank implements channel.Channel.
func (r *rank) Rank() int { return r.id }

// Size implements channel.Channel.
func (r *rank) Size() int { return len(r.ranks) }

// Start implements channel.Channel.
func (r *rank) Start(receiver channel.Receiver) {
	r.receiver = receiver
	close(r.started)
	for peer, p := range r.out {
		if p != nil {
			r.group.Go(func(context.Context) error {
				defer close(p.done)
				p.carry(r.id, r.ranks[peer])
				return nil
			})
		}
	}
}

// Send implements channel.Channel.
func (r *rank) Send(ctx context.Context, peer int, f *channel.Frame) error {
	return r.out[peer].queue.Push(ctx, f)
}

// Post implements channel.Channel. What the queue says of its length is no news: each pair has a goroutine that always reads.
func (r *rank) Post(peer int, f *channel.Frame) { r.out[peer].queue.Put(f) }

// Lay implements channel.Channel: nothing is gained by waiting.
func (r *rank) Lay(peer int, f *channel.Frame) { r.Post(peer, f) }

// Flush implements channel.Channel.
func (r *rank) Flush() {}

// Close implements channel.Channel.
func (r *rank) Close(ctx context.Context) error {
	if r.receiver == nil {
		if !r.stop() {
			close(r.started) // for those who send here: it is dropped
		}
		return nil
	}
	for _, p := range r.out {
		if p != nil {
			p.queue.Put(channel.Control(wire.ClassBye))
		}
	}
	for _, p := range r.out {
		if p == nil {
			continue
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			r.Abort()
		}
	}
	err := r.group.Wait()
	r.stop()
	return err
}

// Abort implements channel.Channel.
func (r *rank) Abort() {
	for _, p := range r.out {
		if p != nil {
			p.queue.Close(false)
			p.abort.Do(func() { close(p.ended) })
		}
	}
}

// stop ends deliveries to this rank and tells whether they had ended before.
func (r *rank) stop() bool {
	r.inbound.Lock()
	defer r.inbound.Unlock()
	before := r.stopped
	r.stopped = true
	return before
}

// listens tells whether the rank has been started.
func (r *rank) listens() bool {
	select {
	case <-r.started:
		return true
	default:
		return false
	}
}

// carry hands the frames of a pair to the receiving rank until the sender finishes or aborts.
func (p *pair) carry(src int, dst *rank) {
	select {
	case <-dst.started:
	case <-p.ended:
		if !dst.listens() {
			return
		}
	}
	scratch := make([]byte, wire.MaxPayload)
	for {
		var ended bool
		select {
		case <-p.queue.Ready():
		case <-p.ended:
			ended = true
		}
		for f := p.queue.Pop(); f != nil; f = p.queue.Pop() {
			finished := f.Class() == wire.ClassBye
			if finished {
				p.queue.Close(true)
				dst.left(src, nil)
			} else {
				dst.deliver(src, f, scratch)
			}
			f.Free()
			if finished {
				return
			}
		}
		if ended {
			dst.left(src, status.AtRank(status.PeerLost, src, "rank %d closed its channel in the middle", src))
			return
		}
	}
}

// deliver copies the frame to where the receiver wants it.
func (r *rank) deliver(src int, f *channel.Frame, scratch []byte) {
	h, err := wire.ParseHeader(f.Bytes())
	if err != nil {
		panic(err) // this process made it
	}
	r.inbound.RLock()
	defer r.inbound.RUnlock()
	if r.stopped {
		return
	}
	var place []byte
	if h.Payload > 0 && !h.Class.Control() {
		place = r.receiver.Place(src, &h)
	}
	if place == nil {
		place = scratch[:h.Payload]
	}
	copy(place, f.Bytes()[wire.HeaderSize:])
	r.receiver.Deliver(src, &h, place)
}

func (r *rank) left(src int, err error) {
	r.inbound.RLock()
	defer r.inbound.RUnlock()
	if !r.stopped {
		r.receiver.Left(src, err)
	}
}

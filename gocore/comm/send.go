package comm

import (
	"context"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// pointToPoint is the stream, of sequence 0, of messages from rank to rank. Its credit is apart from that of operations:
// a message that nobody receives holds up no collective.
const pointToPoint = 1

// direct tells whether a frame is of a message from rank to rank.
func direct(h *wire.Header) bool { return h.Sequence == 0 && h.Stream == pointToPoint }

// MaxUnreceived is how many messages a rank lets each other send that it has not received. Of the short ones among them as
// many lie here as the credit says; the others are only announced, as long ones are. So a receive finds what was sent for
// it behind as many messages that nobody receives, and beyond that a sender waits.
const MaxUnreceived = 4096

// MaxBuffered is how many bytes of messages Send takes, over all communicators, before it waits for receivers.
const MaxBuffered = 64 << 20

// lane is the way of messages between this rank and a peer.
type lane struct {
	flow          // of the bytes of short messages
	places places // of all messages

	queue     []*Request // sends that wait for a place, in order
	sending   bool       // somebody sends from the queue
	announced map[uint64]*Request

	incoming  map[uint64]*letter  // announced ones that were matched
	withdrawn map[uint64]struct{} // numbers of those that were broken off before they were announced
}

// places counts messages both ways, which are numbered from 0.
type places struct {
	sent, granted     uint64
	arrived, received uint64
	reported          uint64 // granted to the peer
}

func newLane() lane {
	return lane{
		flow: newFlow(), places: places{granted: MaxUnreceived, reported: MaxUnreceived},
		announced: map[uint64]*Request{}, incoming: map[uint64]*letter{}, withdrawn: map[uint64]struct{}{},
	}
}

// receive notes that a message was received which brought n bytes along, and tells whether the peer should learn it.
func (l *lane) receive(n int) bool {
	_, due := l.consume(uint64(n))
	l.places.received++
	if want := l.places.received + MaxUnreceived; due || want-l.places.reported >= MaxUnreceived/4 {
		l.places.reported, l.reported = want, l.consumed+wire.EagerCredit
		return true
	}
	return false
}

// Isend starts to send data to dst, which may be this rank: short messages within the credit at once, others when dst
// receives them. data stays untouched until the request has ended. Messages of a pair with the same tag keep their order.
func (c *Communicator) Isend(dst, tag int, data []byte) (*Request, error) {
	return c.IsendAs(dst, tag, 0, data)
}

// IsendAs is Isend of a message whose envelope has a format.
func (c *Communicator) IsendAs(dst, tag int, format uint64, data []byte) (*Request, error) {
	r := &Request{c: c, peer: dst, tag: tag, format: format, sends: true, data: data, done: make(chan struct{})}
	if err := checkLength(len(data)); err != nil {
		return nil, err
	}
	if dst < 0 || dst >= c.size {
		return nil, status.Errorf(status.Invalid, "send: rank %d is not in a communicator of %d", dst, c.size)
	}
	if tag < 0 || tag > MaxTag {
		return nil, status.Errorf(status.Invalid, "send: tag %d is not in 0 .. %d", tag, MaxTag)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reachable(r, dst); err != nil {
		return nil, err
	}
	if dst == c.rank {
		c.sendSelf(r)
		return r, nil
	}
	l := &c.peers[dst].lane
	l.queue = append(l.queue, r)
	if !l.sending {
		c.sendQueued(impatient, dst)
	}
	return r, nil
}

// Send sends data to dst and returns when it may change again. Up to MaxBuffered bytes that can't leave yet are copied:
// ranks that all send before they receive need no more than that. Beyond, it waits for dst to receive.
func (c *Communicator) Send(ctx context.Context, dst, tag int, data []byte) error {
	r, err := c.Isend(dst, tag, data)
	if err != nil {
		return err
	}
	if r.Detach() {
		return nil
	}
	_, _, err = r.Wait(ctx)
	return err
}

// Detach copies what a send can't send yet, as Send does, and tells whether it needs the caller's data no more. It then goes
// on by itself.
func (r *Request) Detach() bool {
	return r.finished() || r.detach()
}

// detach makes the request independent of the caller's data, if that is still needed and there is room.
func (r *Request) detach() bool {
	c := r.c
	c.mu.Lock()
	data := r.data
	if r.ended || r.abort != nil || c.buffered+len(data) > MaxBuffered {
		c.mu.Unlock()
		return false
	}
	c.buffered += len(data)
	c.mu.Unlock()
	b, err := c.scope.Alloc(len(data))
	if err == nil {
		copy(b.Bytes(), data)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || r.ended || r.abort != nil { // meanwhile it left, or began to
		c.buffered -= len(data)
		if err == nil {
			b.Release()
		}
		return false
	}
	r.copied, r.data = b, b.Bytes()
	c.copies[r] = struct{}{}
	if l := r.letter; l != nil { // to this rank itself
		l.data = r.data
	}
	return true
}

// reachable returns why no message can go between this rank and r. It is called under the lock.
func (c *Communicator) reachable(request *Request, r int) error {
	switch {
	case c.freed:
		return status.Errorf(status.Closed, "%s: the communicator was freed", request)
	case c.ended == nil && r != AnySource && (c.peers[r].left || request.sends && c.peers[r].leaving):
		return status.AtRank(status.Closed, c.members[r], "%s: rank %d has closed its environment", request, c.members[r])
	}
	return c.unusable(request)
}

// impatient is the context of a Send that takes place at once or not at all.
var impatient = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// sendQueued sends what waits for dst, as far as there are places: short messages within the credit whole, others are
// announced. Where the channel has no room for an impatient one, a goroutine goes on. It is called under the lock, which it
// lets go while it sends, by one at a time.
func (c *Communicator) sendQueued(ctx context.Context, dst int) {
	l := &c.peers[dst].lane
	l.sending = true
	for len(l.queue) > 0 && l.places.sent < l.places.granted {
		r, n := l.queue[0], uint64(len(l.queue[0].data))
		l.queue[0] = nil
		l.queue = l.queue[1:]
		h := wire.Header{Class: wire.ClassRTS, Context: c.id, Stream: pointToPoint, PairSequence: l.places.sent, Length: n, Tag: uint32(r.tag), Signature: r.format}
		r.number = l.places.sent
		l.places.sent++
		var body []byte
		if n <= wire.MaxEager && (n == 0 || l.spent+n <= l.granted) {
			h.Class, h.Payload, body = wire.ClassEager, int(n), r.data
			l.spent += n
		} else {
			l.announced[r.number] = r
		}
		frame := channel.NewFrame(&h).Append(body)
		c.mu.Unlock()
		err := c.ch.Send(ctx, c.members[dst], frame)
		c.mu.Lock()
		if err != nil && ctx == impatient && c.group.Context().Err() == nil {
			frame := channel.NewFrame(&h).Append(body) // the first was dropped
			c.group.Go(func(ctx context.Context) error {
				_ = c.ch.Send(ctx, c.members[dst], frame) // nothing is owed for one that a closing channel drops
				c.mu.Lock()
				defer c.mu.Unlock()
				c.sent(r, &h)
				c.sendQueued(ctx, dst)
				return nil
			})
			return
		}
		c.sent(r, &h)
	}
	l.sending = false
}

// sent notes that the frame of a message has left. It is called under the lock.
func (c *Communicator) sent(r *Request, h *wire.Header) {
	if h.Class == wire.ClassEager {
		c.countSent(r.peer, h.Payload)
		r.finish(nil)
	}
}

// resume sends what waits for dst, now that there are places. It is called under the lock.
func (c *Communicator) resume(dst int) {
	if l := &c.peers[dst].lane; len(l.queue) > 0 && !l.sending {
		l.sending = true
		c.group.Go(func(ctx context.Context) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.sendQueued(ctx, dst)
			return nil
		})
	}
}

// transfer sends a long message that dst is ready for. It is called under the lock.
func (c *Communicator) transfer(r *Request) {
	ctx, cancel := context.WithCancelCause(c.group.Context())
	r.abort = cancel
	c.group.Go(func(context.Context) error {
		h := wire.Header{Context: c.id, Stream: pointToPoint, PairSequence: r.number, Length: uint64(len(r.data)), Tag: uint32(r.tag)}
		err := c.sendParts(ctx, r.peer, h, r.data)
		cancel(nil)
		c.countSent(r.peer, len(r.data))
		if err != nil {
			c.breakOff(r.peer, r.number)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil && c.ended != nil {
			err = c.ended
		}
		r.finish(err)
		return nil
	})
}

// breakOff tells the receiver that no more of a message follows. It may be called under the lock.
func (c *Communicator) breakOff(dst int, number uint64) {
	c.post(dst, &wire.Header{Class: wire.ClassFin, Stream: pointToPoint, PairSequence: number}, nil)
}

// withdraw ends a send with cause. It is called under the lock.
func (c *Communicator) withdraw(r *Request, cause error) {
	l := &c.peers[r.peer].lane
	switch {
	case r.abort != nil:
		r.abort(cause) // it ends when nobody reads its data any more
		return
	case r.letter != nil:
		c.messages.forget(r.letter)
	case l.announced[r.number] == r:
		delete(l.announced, r.number)
		c.breakOff(r.peer, r.number)
	default:
		if i := slices.Index(l.queue, r); i >= 0 {
			l.queue = slices.Delete(l.queue, i, i+1)
		} else {
			return // it is just being sent
		}
	}
	r.finish(cause)
}

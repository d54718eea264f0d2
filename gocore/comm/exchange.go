package comm

import (
	"context"
	"fmt"
	"io"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// minPart is the least that is worth a frame: a sender with less credit waits for more.
const minPart = 4 << 10

// Exchange is a many-to-many stream of messages with flow control. Every rank sends to any, closes its sending side
// and receives until io.EOF. All methods may be called from several goroutines.
type Exchange struct {
	o  *Operation
	id uint32
	s  *stream
}

// Message is one received message. Its holder calls Release.
type Message struct {
	Src    int
	Bytes  []byte
	Buffer *memory.Buffer // holds Bytes: Retain it to keep them beyond Release; nil of short ones that Recv returns
}

// Release gives the message's memory back.
func (m Message) Release() {
	if m.Buffer != nil {
		m.Buffer.Release()
	}
}

// Exchange opens a stream of messages between all ranks. An operation may have several, opened in the same order on
// all ranks, and use them at once.
func (o *Operation) Exchange(context.Context) (*Exchange, error) {
	c := o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.box.failed != nil {
		return nil, o.box.failed
	}
	if o.over {
		return nil, status.Errorf(status.Closed, "%s (operation %d) has ended", o.call, o.sequence)
	}
	if o.streams == maxStreams {
		return nil, status.Errorf(status.Unsupported, "%s (operation %d) needs more than %d exchanges: do it in several steps", o.call, o.sequence, maxStreams)
	}
	o.streams++
	x := &Exchange{o: o, id: o.streams, s: c.stream(o.sequence, o.streams)}
	x.s.opened = true
	for src := range c.peers {
		c.regrant(o.sequence, x.id, x.s, src)
	}
	return x, nil
}

// Send sends the concatenation of parts to dst as one message of any size. parts may be reused on return.
// It blocks while dst grants no credit: receive beside it. dst makes room for all of a message when its first bytes
// arrive; where its budget has none the operation fails there with OutOfMemory, also if Recv would free some. A message
// that can't be sent to its end, because ctx ends, fails the operation.
func (x *Exchange) Send(ctx context.Context, dst int, parts ...[]byte) error {
	o, c := x.o, x.o.c
	if dst < 0 || dst >= c.size {
		return status.Errorf(status.Invalid, "rank %d is not in a world of %d", dst, c.size)
	}
	both, cancel := o.merged(ctx)
	defer cancel()
	out := &x.s.out[dst]
	what := fmt.Sprintf("rank %d to take a message", c.members[dst])
	select {
	case out.turn <- struct{}{}:
		defer func() { <-out.turn }()
	case <-both.Done():
		return o.explain(both, context.Cause(both), what)
	}
	message := pieces{parts: parts}
	for _, p := range parts {
		message.left += len(p)
	}
	if dst == c.rank {
		return x.sendSelf(ctx, &message, what)
	}
	if err := checkLength(message.left); err != nil {
		return err
	}
	h := wire.Header{
		Class: wire.ClassPart, Context: c.id, Sequence: o.sequence, Signature: o.call.Signature,
		Stream: x.id, PairSequence: out.number, Length: uint64(message.left),
	}
	out.number++
	for first := true; first || message.left > 0; first = false {
		n, err := x.credit(ctx, dst, message.left, first, what)
		if err != nil {
			return x.brokeOff(dst, first, 0, err)
		}
		h.Payload = n
		f := channel.NewFrame(&h)
		message.take(n, func(part []byte) { f.Append(part) })
		if err := c.ch.Send(both, c.members[dst], f); err != nil {
			return x.brokeOff(dst, first, wire.HeaderSize+uint64(n), o.explain(both, err, what))
		}
		h.Offset += uint64(n)
	}
	c.countSent(dst, int(h.Length))
	return nil
}

// brokeOff ends a message with err. If dst already has its first part, so that the rest is owed, the operation fails;
// otherwise the credit that the first part would have cost is free again.
func (x *Exchange) brokeOff(dst int, first bool, cost uint64, err error) error {
	c := x.o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if first {
		x.s.out[dst].spent -= cost
	} else {
		x.o.fail(err, false)
	}
	return err
}

// credit takes credit for the next part of a message of which left bytes remain, and returns the part's size.
func (x *Exchange) credit(ctx context.Context, dst, left int, first bool, what string) (int, error) {
	o, c := x.o, x.o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &x.s.out[dst]
	head := uint64(0)
	if first {
		head = wire.HeaderSize
	}
	for {
		if err := x.sendable(); err != nil {
			return 0, err
		}
		if c.peers[dst].left {
			return min(left, wire.MaxPayload), nil
		}
		if free := out.granted - out.spent; free >= head+uint64(min(left, minPart)) {
			n := int(min(uint64(left), wire.MaxPayload, free-head))
			out.spent += head + uint64(n)
			return n, nil
		}
		if err := o.wait(ctx, &out.changed, what); err != nil {
			return 0, err
		}
	}
}

// sendable returns why nothing can be sent any more. It is called under the lock.
func (x *Exchange) sendable() error {
	switch {
	case x.o.box.failed != nil:
		return x.o.box.failed
	case x.s.sendClosed:
		return status.Errorf(status.Closed, "%s: the sending side of the exchange is closed", x.o.call)
	}
	return nil
}

// sendSelf puts a copy of the message among those received. It is made without the lock: a long one takes seconds.
func (x *Exchange) sendSelf(ctx context.Context, message *pieces, what string) error {
	o, c, s := x.o, x.o.c, x.s
	if err := x.creditSelf(ctx, messageCost(message.left), what); err != nil {
		return err
	}
	b, err := c.scope.Alloc(message.left)
	if err == nil {
		rest := b.Bytes()
		message.take(message.left, func(part []byte) { rest = rest[copy(rest, part):] })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		o.fail(err, false)
		return err
	}
	if err := x.sendable(); err != nil || s.closed {
		b.Release()
		return err
	}
	s.arrive(c.rank, b)
	return nil
}

// creditSelf takes credit for a message to this rank: any, where none waits to be received.
func (x *Exchange) creditSelf(ctx context.Context, cost uint64, what string) error {
	o, c, s := x.o, x.o.c, x.s
	c.mu.Lock()
	defer c.mu.Unlock()
	in, out := &s.in[c.rank], &s.out[c.rank]
	for {
		if err := x.sendable(); err != nil {
			return err
		}
		if out.spent+cost <= out.granted || in.arrived == in.consumed {
			out.spent += cost
			return nil
		}
		if err := o.wait(ctx, &out.changed, what); err != nil {
			return err
		}
	}
}

// CloseSend tells every rank that this one sends no more. Call it when every Send has returned.
func (x *Exchange) CloseSend(ctx context.Context) error {
	o, c := x.o, x.o.c
	c.mu.Lock()
	err := x.sendable()
	x.s.sendClosed = true
	c.mu.Unlock()
	if err != nil {
		return err
	}
	h := wire.Header{Class: wire.ClassFin, Context: c.id, Sequence: o.sequence, Stream: x.id, Signature: o.call.Signature}
	both, cancel := o.merged(ctx)
	defer cancel()
	for dst := range c.peers {
		if dst == c.rank {
			continue
		}
		if err := c.ch.Send(both, c.members[dst], channel.NewFrame(&h)); err != nil {
			return o.explain(both, err, fmt.Sprintf("room to send to rank %d", c.members[dst]))
		}
	}
	c.mu.Lock()
	x.s.finish(c.rank)
	c.mu.Unlock()
	return nil
}

// Recv returns the next message; those of one source in its order. io.EOF is the end: every rank closed its sending.
func (x *Exchange) Recv(ctx context.Context) (Message, error) {
	o, c, s := x.o, x.o.c, x.s
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case o.box.failed != nil:
			return Message{}, o.box.failed
		case s.closed:
			return Message{}, status.Errorf(status.Closed, "%s: the exchange is closed", o.call)
		case len(s.ready) > 0:
			return x.take(), nil
		case s.unfinished == 0:
			return Message{}, io.EOF
		}
		for src := range s.in {
			if c.peers[src].left && !s.in[src].finished {
				err := o.leftError(src)
				o.fail(err, false)
				return Message{}, err
			}
		}
		if err := o.wait(ctx, &s.changed, "messages"); err != nil {
			return Message{}, err
		}
	}
}

// take returns the first message that is ready, and lets its source send more.
func (x *Exchange) take() Message {
	c, s := x.o.c, x.s
	m := s.ready[0]
	s.ready[0] = Message{}
	s.ready = s.ready[1:]
	f := &s.in[m.Src]
	f.consumed += messageCost(len(m.Bytes))
	c.regrant(x.o.sequence, x.id, s, m.Src)
	if m.Src == c.rank {
		s.out[m.Src].changed.raise()
	}
	return m
}

// Close ends the receiving side on this rank: what still arrives is dropped. The sending side is closed by CloseSend
// alone, so that a rank which gives up is not taken for one that has sent everything.
func (x *Exchange) Close() {
	c := x.o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	x.s.closeIn(c, x.o.sequence, x.id)
}

package comm

import (
	"context"
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// maxMessage bounds one message. Its receiver makes room for all of it, if its budget has so much.
const maxMessage = 1 << 36

// checkLength refuses to send what no rank receives.
func checkLength(n int) error {
	if n > maxMessage {
		return status.Errorf(status.Unsupported, "a message of %d bytes is longer than %d: send it in pieces", n, maxMessage)
	}
	return nil
}

// done is the outcome of a message that is on its way; nil if it needs no waiting for.
type done chan error

// await returns once the message has been handed to the channel.
func (d done) await() error {
	if d == nil {
		return nil
	}
	return <-d
}

// send starts to send data to dst; data stays untouched until the result is awaited. It doesn't wait for dst.
func (o *Operation) send(ctx context.Context, dst int, tag uint32, data []byte) done {
	c := o.c
	if err := checkLength(len(data)); err != nil {
		return failed(err)
	}
	h := wire.Header{
		Context: c.id, Sequence: o.sequence, Signature: o.call.Signature,
		PairSequence: o.sent[dst], Length: uint64(len(data)), Tag: tag,
	}
	o.sent[dst]++
	c.countSent(dst, len(data))
	if len(data) <= wire.MaxEager && o.spend(dst, h.PairSequence, messageCost(len(data))) {
		h.Class, h.Payload = wire.ClassEager, len(data)
		if err := c.ch.Send(o.group.Context(), c.members[dst], channel.NewFrame(&h).Append(data)); err != nil {
			c.refund(dst, messageCost(len(data)))
			return failed(o.explain(o.group.Context(), err, fmt.Sprintf("room to send to rank %d", c.members[dst])))
		}
		return nil
	}
	d := make(done, 1)
	o.group.Go(func(context.Context) error {
		both, cancel := o.merged(ctx)
		defer cancel()
		err := o.sendSlowly(both, dst, h, data)
		if err != nil {
			err = o.explain(both, err, fmt.Sprintf("rank %d to receive", c.members[dst]))
		}
		d <- err
		return nil
	})
	return d
}

func failed(err error) done {
	d := make(done, 1)
	d <- err
	return d
}

// spend takes credit of stream 0 for a message if there is enough. Messages to one rank take it in their order: one that
// is received later must not lie there on the credit of one that is still to come. Operations that are not the oldest leave
// half of it: what they send may lie unread until the oldest has ended.
func (o *Operation) spend(dst int, message, cost uint64) bool {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	if !o.affords(dst, message, cost) {
		return false
	}
	if p := o.c.peers[dst]; !p.left {
		p.spent += cost
		o.next[dst] = message + 1
		p.credited.raise()
	}
	return true
}

// affords tells whether there is credit for a message to dst, which needs none once dst has left. It is called under the
// lock.
func (o *Operation) affords(dst int, message, cost uint64) bool {
	p := o.c.peers[dst]
	if o.sequence != o.c.oldest() {
		cost += wire.EagerCredit / 2
	}
	return p.left || o.next[dst] == message && p.spent+cost <= p.granted
}

// refund gives back the credit of a message that was not sent.
func (c *Communicator) refund(dst int, cost uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.peers[dst]; !p.left {
		p.spent -= cost
		p.credited.raise()
	}
}

// sendSlowly waits for credit, and for a long message until the receiver is ready for it.
func (o *Operation) sendSlowly(ctx context.Context, dst int, h wire.Header, data []byte) error {
	c := o.c
	short := len(data) <= wire.MaxEager
	cost := uint64(wire.HeaderSize)
	if short {
		cost = messageCost(len(data))
	}
	for !o.spend(dst, h.PairSequence, cost) {
		c.mu.Lock()
		o.flush()
		credited := c.peers[dst].credited.next()
		enough := o.affords(dst, h.PairSequence, cost)
		c.mu.Unlock()
		if enough {
			continue
		}
		select {
		case <-credited:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if short {
		h.Class, h.Payload = wire.ClassEager, len(data)
		err := c.ch.Send(ctx, c.members[dst], channel.NewFrame(&h).Append(data))
		if err != nil {
			c.refund(dst, cost)
		}
		return err
	}
	if err := o.askToSend(ctx, dst, h); err != nil {
		return err
	}
	return c.sendParts(ctx, dst, h, data)
}

// sendParts sends a long message that its receiver has made room for.
func (c *Communicator) sendParts(ctx context.Context, dst int, h wire.Header, data []byte) error {
	h.Class = wire.ClassPart
	for len(data) > 0 {
		h.Payload = min(len(data), wire.MaxPayload)
		if err := c.ch.Send(ctx, c.members[dst], channel.NewFrame(&h).Append(data[:h.Payload])); err != nil {
			return err
		}
		h.Offset += uint64(h.Payload)
		data = data[h.Payload:]
	}
	return nil
}

// askToSend sends RTS and waits for CTS, or until dst has left and needs nothing any more.
func (o *Operation) askToSend(ctx context.Context, dst int, h wire.Header) error {
	c := o.c
	key := sent{dst, h.PairSequence}
	ready := make(chan struct{})
	c.mu.Lock()
	o.flush()
	if c.peers[dst].left {
		close(ready)
	} else {
		o.ready[key] = ready
	}
	c.mu.Unlock()
	h.Class = wire.ClassRTS
	if err := c.ch.Send(ctx, c.members[dst], channel.NewFrame(&h)); err != nil {
		c.refund(dst, wire.HeaderSize)
		return err
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// clear lets a message go that waited for its CTS. It is called under the lock.
func (o *Operation) clear(key sent) {
	if ready := o.ready[key]; ready != nil {
		close(ready)
		delete(o.ready, key)
	}
}

// clearToSend sends CTS.
func (c *Communicator) clearToSend(src int, sequence, pairSequence uint64) {
	c.post(src, &wire.Header{Class: wire.ClassCTS, Sequence: sequence, PairSequence: pairSequence}, nil)
}

// recv returns the next message from src, which must have this tag. It lives until the operation ends.
func (o *Operation) recv(ctx context.Context, src int, tag uint32) ([]byte, error) {
	l, err := o.recvLetter(ctx, src, tag)
	if l.buffer != nil {
		o.keep(l.buffer)
	}
	return l.bytes(), err
}

// keep holds received memory until the operation ends.
func (o *Operation) keep(b *memory.Buffer) {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	o.kept = append(o.kept, b)
}

// recvLetter returns the next message from src, which must have this tag. The caller frees it.
func (o *Operation) recvLetter(ctx context.Context, src int, tag uint32) (letter, error) {
	c := o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &o.box.mail[src]
	for {
		if o.box.failed != nil {
			return letter{}, o.box.failed
		}
		if o.over {
			return letter{}, status.Errorf(status.Closed, "%s (operation %d) has ended", o.call, o.sequence)
		}
		l := m.letters[m.next]
		switch {
		case l == nil && c.peers[src].left:
			err := o.leftError(src)
			o.fail(err, false)
			return letter{}, err
		case l == nil:
		case l.tag != tag:
			err := o.stepMismatch(src, tag, l.tag)
			o.fail(err, false)
			return letter{}, err
		case l.whole():
			delete(m.letters, m.next)
			m.next++
			if !l.long() {
				c.grantEager(src, messageCost(len(l.data)))
			}
			return *l, nil
		case l.buffer == nil:
			var err error
			if l.buffer, err = c.scope.Alloc(int(l.length)); err != nil {
				o.fail(err, false)
				return letter{}, err
			}
			c.grantEager(src, wire.HeaderSize)
			c.clearToSend(src, o.sequence, m.next)
		}
		if err := o.wait(ctx, &m.changed, fmt.Sprintf("rank %d", c.members[src])); err != nil {
			return letter{}, err
		}
	}
}

// stepMismatch returns the error for ranks that call different collectives within one operation.
func (o *Operation) stepMismatch(src int, ours, theirs uint32) error {
	m := o.c.members
	describe := func(tag uint32) string {
		number, kind, a := stepOf(tag)
		return fmt.Sprintf("step %d, a %s (%s)", number, kind, a)
	}
	return status.AtRank(status.CollectiveMismatch, m[src], "%s (operation %d): rank %d is in %s, and rank %d in %s: their arguments differ",
		o.call, o.sequence, m[o.c.rank], describe(ours), m[src], describe(theirs))
}

// swap sends data to dst and receives from src at once.
func (o *Operation) swap(ctx context.Context, dst, src int, tag uint32, data []byte) ([]byte, error) {
	d := o.send(ctx, dst, tag, data)
	got, err := o.recv(ctx, src, tag)
	if sendErr := d.await(); err == nil {
		err = sendErr
	}
	return got, err
}

package comm

import (
	"context"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// flush waits until what Send took has left, or its receivers leave. Those may wait to send to this rank, or for it to
// begin something: they are told that it won't.
func (n *node) flush(ctx context.Context) {
	n.mu.Lock()
	var pending []*Request
	for r := range n.copies {
		if r.peer != r.c.rank {
			pending = append(pending, r)
		}
	}
	if len(pending) > 0 {
		for r := range n.ch.Size() {
			if r != n.ch.Rank() {
				n.ch.Post(r, channel.Control(wire.ClassLeaving))
			}
		}
	}
	n.mu.Unlock()
	for _, r := range pending {
		select {
		case <-r.done:
		case <-ctx.Done():
		}
	}
}

// peerLeaves ends what waits for src to receive, or to begin an operation.
func (n *node) peerLeaves(src int) {
	for _, c := range n.comms {
		from := c.locals[src]
		if from < 0 {
			continue
		}
		c.peers[from].leaving = true
		c.failAbsent(from)
		c.dropSends(from, status.AtRank(status.Closed, src, "rank %d has closed its environment without receiving this message", src))
		c.advance()
	}
}

// dropSends ends the sends to dst that have not begun. It is called under the lock.
func (c *Communicator) dropSends(dst int, cause error) {
	l := &c.peers[dst].lane
	for _, r := range l.queue {
		r.finish(cause)
	}
	l.queue = nil
	for number, r := range l.announced {
		delete(l.announced, number)
		r.finish(cause)
	}
}

// messagesLeft ends the requests that wait for a rank which has finished. It is called under the lock.
func (c *Communicator) messagesLeft(src int) {
	left := status.AtRank(status.Closed, c.members[src], "rank %d has closed its environment", c.members[src])
	c.dropSends(src, left)
	for _, l := range c.peers[src].lane.incoming {
		if l.request != nil {
			l.request.finish(left)
		}
		l.free()
	}
	clear(c.peers[src].lane.incoming)
	// Announced messages can't come any more.
	c.messages.arrived = slices.DeleteFunc(c.messages.arrived, func(l *letter) bool { return l.src == src && src != c.rank && !l.whole() })
	for _, r := range slices.Clone(c.messages.posted) {
		if err := c.canCome(r); err != nil {
			c.messages.remove(r)
			r.finish(err)
		}
	}
	c.messages.changed.raise()
}

// failMessages ends every request. It is called under the lock.
func (c *Communicator) failMessages(cause error) {
	for r, p := range c.peers {
		c.dropSends(r, cause)
		for _, l := range p.lane.incoming {
			if l.request != nil {
				l.request.finish(cause)
			}
		}
	}
	for _, l := range c.messages.arrived {
		if l.sender != nil {
			l.sender.finish(cause)
		}
	}
	// What was only announced doesn't come any more: a receive must not wait for it.
	c.messages.arrived = slices.DeleteFunc(c.messages.arrived, func(l *letter) bool { return l.sender != nil || !l.whole() })
	for _, r := range c.messages.posted {
		r.finish(cause)
	}
	c.messages.posted = nil
	c.messages.changed.raise()
	c.group.Fail(cause)
}

// dropMessages frees what nobody received. It is called under the lock.
func (c *Communicator) dropMessages() {
	for _, p := range c.peers {
		for _, l := range p.lane.incoming {
			l.free()
		}
		clear(p.lane.incoming)
	}
	c.messages.arrived = nil
}

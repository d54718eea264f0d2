package comm

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// deliverMessage takes a frame of a message from rank to rank.
func (c *Communicator) deliverMessage(src int, h *wire.Header, payload []byte) {
	l := &c.peers[src].lane
	switch h.Class {
	case wire.ClassCredit:
		l.grant(h.Credit)
		l.places.granted = max(l.places.granted, h.PairSequence)
		c.resume(src)
	case wire.ClassCTS:
		if r := l.announced[h.PairSequence]; r != nil {
			delete(l.announced, h.PairSequence)
			c.transfer(r)
		} else {
			c.breakOff(src, h.PairSequence) // withdrawn, and the receiver hadn't heard of it
		}
	case wire.ClassEager, wire.ClassRTS:
		c.gotMessage(src, h, payload)
	case wire.ClassPart:
		c.completeMessage(src, h)
	case wire.ClassFin:
		c.gotBreak(src, h)
	default:
		c.broken(src, h)
	}
}

func (c *Communicator) gotMessage(src int, h *wire.Header, payload []byte) {
	from := &c.peers[src].lane
	l := &letter{src: src, number: h.PairSequence, tag: h.Tag, format: h.Signature, length: h.Length}
	from.arrived += uint64(h.Payload)
	if from.arrived > from.reported || h.PairSequence != from.places.arrived || from.places.arrived == from.places.reported ||
		h.Class == wire.ClassRTS && (l.length == 0 || l.length > maxMessage) {
		c.broken(src, h)
		return
	}
	from.places.arrived++
	if _, ok := from.withdrawn[l.number]; ok && h.Class == wire.ClassRTS {
		delete(from.withdrawn, l.number)
		c.makePlace(l)
		return
	}
	if h.Class == wire.ClassEager {
		if h.Payload > 0 {
			l.data = payload
		}
		l.got = l.length
		c.countGot(src, l.length)
	}
	c.file(l)
}

// placeMessage returns where a part of a long message goes; nil when nobody waits for it.
func (c *Communicator) placeMessage(src int, h *wire.Header) []byte {
	l := c.peers[src].lane.incoming[h.PairSequence]
	switch {
	case l == nil:
		return nil
	case h.Length != l.length || h.Offset != l.got:
		c.broken(src, h)
		return nil
	}
	return c.pin(src, l.buffer, h)
}

// completeMessage counts a part that has been read to its place.
func (c *Communicator) completeMessage(src int, h *wire.Header) {
	incoming := c.peers[src].lane.incoming
	l := incoming[h.PairSequence]
	if l == nil || !c.pinned(src, l.buffer) {
		return
	}
	l.got += uint64(h.Payload)
	if !l.whole() {
		return
	}
	delete(incoming, h.PairSequence)
	c.countGot(src, l.length)
	if l.request != nil {
		l.request.finish(nil)
	} else {
		l.free() // its receive was cancelled
	}
}

// gotBreak drops a message that its sender has withdrawn: now, or when it comes, for what breaks it off may overtake its
// announcement. One that is being received fails its receive, unless nothing of it has come: then the receive goes on as
// if it had not been announced.
func (c *Communicator) gotBreak(src int, h *wire.Header) {
	incoming := c.peers[src].lane.incoming
	l := incoming[h.PairSequence]
	if l == nil {
		for _, l := range c.messages.arrived {
			if l.src == src && l.number == h.PairSequence {
				c.messages.forget(l)
				c.makePlace(l)
				return
			}
		}
		if places := &c.peers[src].lane.places; h.PairSequence >= places.arrived && h.PairSequence < places.reported {
			c.peers[src].lane.withdrawn[h.PairSequence] = struct{}{}
		}
		return
	}
	delete(incoming, h.PairSequence)
	r := l.request
	started := l.got > 0
	l.free()
	l.request = nil
	switch {
	case r == nil:
	case started:
		r.letter = nil
		r.finish(status.AtRank(status.Remote, c.members[src], "%s: rank %d gave up sending in the middle of a message of %d bytes", r, c.members[src], l.length))
	default:
		r.letter = nil
		if next := c.messages.find(r); next != nil {
			c.messages.forget(next)
			c.match(r, next)
		} else {
			c.messages.posted = slices.Insert(c.messages.posted, 0, r)
		}
	}
}

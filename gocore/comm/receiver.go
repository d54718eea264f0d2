package comm

import (
	"maps"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// receiver is the Communicator as its channel sees it.
type receiver Communicator

var _ channel.Receiver = (*receiver)(nil)

// Place implements channel.Receiver.
func (r *receiver) Place(src int, h *wire.Header) []byte {
	c := (*Communicator)(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil || h.Context != worldContext || !c.current(h.Sequence) || !c.expected(h) {
		return nil
	}
	switch {
	case h.Class == wire.ClassEager:
		return make([]byte, h.Payload)
	case h.Stream == 0:
		return c.placeLetter(src, h)
	}
	return c.placePart(src, h)
}

// current tells whether an operation runs here or will.
func (c *Communicator) current(sequence uint64) bool {
	return sequence > c.last || c.running != nil && c.running.sequence == sequence
}

// expected tells whether a correct rank may send frames of this operation and stream by now: what it sends before this
// rank begins the operation or opens the stream is kept.
func (c *Communicator) expected(h *wire.Header) bool {
	return h.Sequence <= c.last+maxAhead && h.Stream <= maxStreams
}

// placeLetter returns where a part of a long message of stream 0 goes; nil when nobody waits for it.
func (c *Communicator) placeLetter(src int, h *wire.Header) []byte {
	box := c.boxes[h.Sequence]
	if box == nil {
		return nil
	}
	l := box.mail[src].letters[h.PairSequence]
	if l == nil || l.buffer == nil {
		return nil
	}
	if h.Length != l.length || h.Offset != l.got {
		c.protocolError(src, h)
		return nil
	}
	l.buffer.Retain()
	c.peers[src].filling = l.buffer
	return l.buffer.Bytes()[h.Offset : h.Offset+uint64(h.Payload)]
}

// protocolError ends everything: the peer sends what no correct rank does.
func (c *Communicator) protocolError(src int, h *wire.Header) {
	c.end(status.AtRank(status.PeerLost, src, "rank %d broke the protocol (class %#x, operation %d, stream %d, message %d, %d bytes at %d of %d): "+
		"please report this as a bug", src, byte(h.Class), h.Sequence, h.Stream, h.PairSequence, h.Payload, h.Offset, h.Length))
}

// Deliver implements channel.Receiver.
func (r *receiver) Deliver(src int, h *wire.Header, payload []byte) {
	c := (*Communicator)(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.unpin(src)
	if c.ended != nil || h.Context != worldContext {
		return
	}
	if !c.expected(h) {
		c.protocolError(src, h)
		return
	}
	switch h.Class {
	case wire.ClassOpen:
		c.gotOpen(src, h, payload)
	case wire.ClassCredit:
		c.gotCredit(src, h)
	case wire.ClassCTS:
		if o := c.running; o != nil && o.sequence == h.Sequence {
			o.clear(sent{src, h.PairSequence})
		}
	case wire.ClassFail:
		c.gotFail(src, h, payload)
	case wire.ClassAbort:
		c.gotAbort(src, h, payload)
	case wire.ClassEager, wire.ClassRTS:
		c.gotLetter(src, h, payload)
	case wire.ClassPart:
		c.gotPart(src, h)
	case wire.ClassFin:
		c.gotFin(src, h)
	}
}

// unpin lets go of the memory that the current frame was read into.
func (c *Communicator) unpin(src int) {
	if p := c.peers[src]; p.filling != nil {
		p.filling.Release()
		p.filling = nil
	}
}

func (c *Communicator) gotOpen(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseOpen(payload)
	p := c.peers[src]
	if err != nil || h.Sequence != p.entered+1 {
		c.protocolError(src, h)
		return
	}
	call := Call{Name: m.Name, Site: m.Site, Signature: h.Signature}
	p.entered, p.latest = h.Sequence, call
	c.progress.raise()
	switch {
	case h.Sequence > c.last:
		p.calls[h.Sequence] = call
	case c.running != nil && c.running.sequence == h.Sequence:
		c.running.compare(src, call)
	default:
		c.compareLate(src, h.Sequence, call)
	}
}

// compareLate finds out that this rank ended an operation which was another one on src. The next operation here
// fails with it, as that one did there.
func (c *Communicator) compareLate(src int, sequence uint64, theirs Call) {
	ours := c.log.find(sequence)
	if ours == nil || ours.call.agrees(theirs) || ours.err != nil {
		return
	}
	err := c.mismatch(sequence, ours.call, src, theirs)
	if c.running != nil {
		c.running.fail(err, false)
	} else {
		c.late = err
	}
}

func (c *Communicator) gotCredit(src int, h *wire.Header) {
	if h.Stream == 0 {
		p := c.peers[src]
		p.granted = max(p.granted, h.Credit)
		p.credited.raise()
		return
	}
	if c.current(h.Sequence) {
		c.stream(h.Sequence, h.Stream).out[src].grant(h.Credit)
	}
}

func (c *Communicator) gotFail(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseFail(payload)
	if err != nil {
		c.protocolError(src, h)
		return
	}
	remote := status.AtRank(status.Remote, src, "%w", m.Err())
	if o := c.running; o != nil && o.sequence == h.Sequence {
		o.fail(remote, true)
	} else if h.Sequence > c.last {
		if box := c.box(h.Sequence); box.failed == nil {
			box.failed, box.told = remote, true
		}
	}
}

func (c *Communicator) gotAbort(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseFail(payload)
	switch {
	case err != nil:
		c.protocolError(src, h)
	case m.Rank == c.rank:
		c.end(status.AtRank(status.Stale, c.rank, "the other ranks went on without this one: %s", m.Text))
	default:
		c.end(status.AtRank(status.PeerLost, m.Rank, "%s", m.Text))
	}
}

func (c *Communicator) gotLetter(src int, h *wire.Header, payload []byte) {
	cost := messageCost(h.Payload)
	p := c.peers[src]
	p.arrived += cost
	if p.arrived > p.reported {
		c.protocolError(src, h)
		return
	}
	if !c.current(h.Sequence) {
		c.grantEager(src, cost)
		if h.Class == wire.ClassRTS {
			c.ch.Post(src, ctsFrame(h.Sequence, h.PairSequence))
		}
		return
	}
	l := &letter{tag: h.Tag, length: h.Length}
	if h.Class == wire.ClassEager {
		if h.Payload > 0 {
			l.data = payload
		}
		l.got = l.length
	} else if !l.long() || l.length > maxMessage {
		c.protocolError(src, h)
		return
	}
	m := &c.box(h.Sequence).mail[src]
	if h.PairSequence < m.next || m.letters[h.PairSequence] != nil {
		c.protocolError(src, h)
		return
	}
	p.countGot(h.Length)
	m.post(h.PairSequence, l)
}

func (c *Communicator) gotPart(src int, h *wire.Header) {
	switch {
	case !c.current(h.Sequence):
		if h.Stream != 0 && h.Offset == 0 {
			c.ch.Post(src, creditFrame(h.Sequence, h.Stream, unlimited))
		}
	case h.Stream != 0:
		if h.Payload == 0 {
			c.placePart(src, h)
		}
		c.completePart(src, h)
	default:
		c.completeLetter(src, h)
	}
}

// completeLetter counts a part that has been read to its place.
func (c *Communicator) completeLetter(src int, h *wire.Header) {
	box := c.boxes[h.Sequence]
	if box == nil {
		return
	}
	m := &box.mail[src]
	if l := m.letters[h.PairSequence]; l != nil && l.buffer != nil && c.peers[src].filling == l.buffer {
		l.got += uint64(h.Payload)
		if l.whole() {
			m.changed.raise()
		}
	}
}

// Left implements channel.Receiver.
func (r *receiver) Left(src int, err error) {
	c := (*Communicator)(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unpin(src)
	if err != nil {
		// The text alone goes on: a connection's io.EOF inside would pass for the end of an exchange.
		code, rank := status.PeerLost, src
		if status.CodeOf(err) == status.Stale {
			code, rank = status.Stale, c.rank
		}
		c.end(status.AtRank(code, rank, "%v", status.From(err).Err))
		return
	}
	p := c.peers[src]
	p.left = true
	p.credited.raise()
	c.progress.raise()
	o := c.running
	if o == nil {
		return
	}
	if p.entered < o.sequence {
		o.fail(o.leftError(src), false)
	}
	for key := range maps.Keys(o.ready) {
		if key.dst == src {
			o.clear(key)
		}
	}
	o.box.raise()
}

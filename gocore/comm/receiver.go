package comm

import (
	"maps"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// receiver is the node as its channel sees it.
type receiver node

var _ channel.Receiver = (*receiver)(nil)

// Place implements channel.Receiver.
func (r *receiver) Place(src int, h *wire.Header) []byte {
	n := (*node)(r)
	n.mu.Lock()
	defer n.mu.Unlock()
	c, from := n.addressee(src, h)
	switch {
	case c == nil || !c.expected(h) || !direct(h) && !c.current(h.Sequence):
		return nil
	case h.Class == wire.ClassEager:
		return make([]byte, h.Payload)
	case direct(h):
		return c.placeMessage(from, h)
	case h.Stream == 0:
		return c.placeLetter(from, h)
	}
	return c.placePart(from, h)
}

// addressee returns the communicator that a frame is for, and its sender's rank there; nil where nobody wants it: a
// communicator is known on all of its ranks before one of them sends, and not any more after one of them freed it.
func (n *node) addressee(src int, h *wire.Header) (*Communicator, int) {
	c := n.comms[h.Context]
	if n.ended != nil || c == nil {
		return nil, 0
	}
	from := c.locals[src]
	if from < 0 {
		n.protocolError(src, h)
		return nil, 0
	}
	return c, from
}

// current tells whether an operation runs here or will.
func (c *Communicator) current(sequence uint64) bool {
	return sequence > c.last || c.running[sequence] != nil
}

// expected tells whether a correct rank may send frames of this operation and stream by now: what it sends before this
// rank begins the operation or opens the stream is kept.
func (c *Communicator) expected(h *wire.Header) bool {
	return h.Sequence <= c.last+recorded && h.Stream <= maxStreams && (h.Sequence > 0 || h.Stream <= pointToPoint)
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
		c.broken(src, h)
		return nil
	}
	return c.pin(src, l.buffer, h)
}

// pin returns where in b the frame's payload goes; b is held until the frame is delivered.
func (c *Communicator) pin(src int, b *memory.Buffer, h *wire.Header) []byte {
	b.Retain()
	c.filling[c.members[src]] = b
	return b.Bytes()[h.Offset : h.Offset+uint64(h.Payload)]
}

// pinned tells whether the frame that is delivered was read into b.
func (c *Communicator) pinned(src int, b *memory.Buffer) bool {
	return b != nil && c.filling[c.members[src]] == b
}

// broken ends everything, as protocolError does.
func (c *Communicator) broken(src int, h *wire.Header) { c.protocolError(c.members[src], h) }

// Deliver implements channel.Receiver.
func (r *receiver) Deliver(src int, h *wire.Header, payload []byte) {
	n := (*node)(r)
	n.mu.Lock()
	defer n.mu.Unlock()
	defer n.unpin(src)
	switch h.Class {
	case wire.ClassAbort:
		n.gotAbort(src, h, payload)
		return
	case wire.ClassLeaving:
		n.peerLeaves(src)
		return
	}
	c, from := n.addressee(src, h)
	switch {
	case c == nil:
	case !c.expected(h):
		n.protocolError(src, h)
	case direct(h):
		c.deliverMessage(from, h, payload)
	default:
		c.deliver(from, h, payload)
	}
}

// deliver takes a frame of an operation.
func (c *Communicator) deliver(src int, h *wire.Header, payload []byte) {
	switch h.Class {
	case wire.ClassOpen:
		c.gotOpen(src, h, payload)
	case wire.ClassCredit:
		c.gotCredit(src, h)
	case wire.ClassCTS:
		if o := c.running[h.Sequence]; o != nil {
			o.clear(sent{src, h.PairSequence})
		}
	case wire.ClassFail:
		c.gotFail(src, h, payload)
	case wire.ClassEager, wire.ClassRTS:
		c.gotLetter(src, h, payload)
	case wire.ClassPart:
		c.gotPart(src, h)
	case wire.ClassFin:
		c.gotFin(src, h)
	}
}

func (c *Communicator) gotOpen(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseOpen(payload)
	p := c.peers[src]
	if err != nil || h.Sequence != p.entered+1 {
		c.broken(src, h)
		return
	}
	call := Call{Name: m.Name, Site: m.Site, Signature: h.Signature}
	p.entered, p.latest = h.Sequence, call
	c.progress.raise()
	switch o := c.running[h.Sequence]; {
	case h.Sequence > c.last:
		p.calls[h.Sequence] = call
	case o != nil:
		o.compare(src, call)
	default:
		c.compareLate(src, h.Sequence, call)
	}
	c.advance()
}

// compareLate finds out that this rank ended an operation which was another one on src. The next operation here
// fails with it, as that one did there.
func (c *Communicator) compareLate(src int, sequence uint64, theirs Call) {
	ours := c.log.find(sequence)
	if ours == nil || ours.call.agrees(theirs) || ours.err != nil {
		return
	}
	err := c.mismatch(sequence, ours.call, src, theirs)
	if o := c.running[c.oldest()]; o != nil {
		o.fail(err, false)
	} else {
		c.late = err
	}
}

func (c *Communicator) gotCredit(src int, h *wire.Header) {
	if h.Stream == 0 {
		c.peers[src].grant(h.Credit)
		return
	}
	if c.current(h.Sequence) {
		c.stream(h.Sequence, h.Stream).out[src].grant(h.Credit)
	}
}

func (c *Communicator) gotFail(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseFail(payload)
	if err != nil {
		c.broken(src, h)
		return
	}
	remote := status.AtRank(status.Remote, c.members[src], "%w", m.Err())
	if o := c.running[h.Sequence]; o != nil {
		o.fail(remote, true)
	} else if h.Sequence > c.last {
		if box := c.box(h.Sequence); box.failed == nil {
			box.failed, box.told = remote, true
		}
	}
}

func (n *node) gotAbort(src int, h *wire.Header, payload []byte) {
	m, err := wire.ParseFail(payload)
	switch {
	case err != nil:
		n.protocolError(src, h)
	case m.Rank == n.ch.Rank():
		n.end(status.AtRank(status.Stale, m.Rank, "the other ranks went on without this one: %s", m.Text))
	default:
		n.end(status.AtRank(status.PeerLost, m.Rank, "%s", m.Text))
	}
}

func (c *Communicator) gotLetter(src int, h *wire.Header, payload []byte) {
	cost := messageCost(h.Payload)
	p := c.peers[src]
	p.arrived += cost
	if p.arrived > p.reported {
		c.broken(src, h)
		return
	}
	if !c.current(h.Sequence) {
		c.grantEager(src, cost)
		if h.Class == wire.ClassRTS {
			c.clearToSend(src, h.Sequence, h.PairSequence)
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
		c.broken(src, h)
		return
	}
	m := &c.box(h.Sequence).mail[src]
	if h.PairSequence < m.next || m.letters[h.PairSequence] != nil {
		c.broken(src, h)
		return
	}
	c.countGot(src, h.Length)
	m.post(h.PairSequence, l)
}

func (c *Communicator) gotPart(src int, h *wire.Header) {
	switch {
	case !c.current(h.Sequence):
		if h.Stream != 0 && h.Offset == 0 {
			c.giveCredit(src, h.Sequence, h.Stream, unlimited)
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
	if l := m.letters[h.PairSequence]; l != nil && c.pinned(src, l.buffer) {
		l.got += uint64(h.Payload)
		if l.whole() {
			m.changed.raise()
		}
	}
}

// Left implements channel.Receiver.
func (r *receiver) Left(src int, err error) {
	n := (*node)(r)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.unpin(src)
	if err != nil {
		// The text alone goes on: a connection's io.EOF inside would pass for the end of an exchange.
		code, rank := status.PeerLost, src
		if status.CodeOf(err) == status.Stale {
			code, rank = status.Stale, n.ch.Rank()
		}
		n.end(status.AtRank(code, rank, "%v", status.From(err).Err))
		return
	}
	for _, c := range n.comms {
		if from := c.locals[src]; from >= 0 {
			c.peerLeft(from)
		}
	}
}

// peerLeft notes that a rank has finished: what needs it fails.
func (c *Communicator) peerLeft(src int) {
	p := c.peers[src]
	p.left = true
	p.credited.raise()
	c.progress.raise()
	c.failAbsent(src)
	for _, o := range c.running {
		for key := range maps.Keys(o.ready) {
			if key.dst == src {
				o.clear(key)
			}
		}
		o.box.raise()
	}
	c.advance()
	c.messagesLeft(src)
}

// failAbsent fails the operations that src will not begin.
func (c *Communicator) failAbsent(src int) {
	for _, o := range c.running {
		if c.peers[src].entered < o.sequence {
			o.fail(o.leftError(src), false)
		}
	}
}

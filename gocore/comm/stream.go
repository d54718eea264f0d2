package comm

import (
	"math"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// maxStreams bounds the exchanges of one operation.
const maxStreams = 1 << 10

// unlimited is the grant of a receiver that drops what comes.
const unlimited = math.MaxUint64

// stream is the state of one exchange, guarded by the Communicator's lock. A peer's frames may make it before this
// rank opens the exchange.
type stream struct {
	opened     bool
	closed     bool // what arrives is dropped
	sendClosed bool
	in         []inflow  // by source
	out        []outflow // by destination
	ready      []Message
	unfinished int    // sources that may still send
	changed    signal // raised when ready or unfinished changes
}

// inflow is what comes from one source. Its credit: reported >= arrived >= consumed.
type inflow struct {
	part     *memory.Buffer // the message that is being assembled
	got      uint64         // bytes of it that are there
	arrived  uint64         // cost of the whole messages so far
	consumed uint64         // cost of those that Recv returned
	reported uint64         // credit granted
	finished bool
}

// outflow is what goes to one destination.
type outflow struct {
	granted uint64
	spent   uint64
	changed signal        // raised when granted grows
	turn    chan struct{} // holds a token while a message is sent: messages don't interleave
	number  uint64        // messages sent
}

// grant takes a receiver's grant.
func (f *outflow) grant(credit uint64) {
	f.granted = max(f.granted, credit)
	f.changed.raise()
}

func newStream(world int) *stream {
	s := &stream{in: make([]inflow, world), out: make([]outflow, world), unfinished: world}
	for r := range world {
		s.in[r].reported = wire.EagerCredit
		s.out[r].granted = wire.EagerCredit
		s.out[r].turn = make(chan struct{}, 1)
	}
	return s
}

// stream returns the state of an exchange of an operation that has not ended.
func (c *Communicator) stream(sequence uint64, id uint32) *stream {
	box := c.box(sequence)
	s := box.streams[id]
	if s == nil {
		s = newStream(c.size)
		box.streams[id] = s
	}
	return s
}

func (s *stream) raise() {
	s.changed.raise()
	for i := range s.out {
		s.out[i].changed.raise()
	}
}

// giveCredit tells src what it may send in all.
func (c *Communicator) giveCredit(src int, sequence uint64, id uint32, credit uint64) {
	c.post(src, &wire.Header{Class: wire.ClassCredit, Sequence: sequence, Stream: id, Credit: credit}, nil)
}

// regrant tells src how much more it may send, if that is worth a frame: a window beyond what Recv has returned, and
// always all of the message that has begun.
func (c *Communicator) regrant(sequence uint64, id uint32, s *stream, src int) {
	f := &s.in[src]
	if f.finished || s.closed || !s.opened {
		return
	}
	want := f.consumed + c.window
	needed := uint64(0)
	if f.part != nil {
		needed = f.arrived + messageCost(len(f.part.Bytes()))
		want = max(want, needed)
	}
	if want <= f.reported || want-f.reported < c.window/4 && needed <= f.reported {
		return
	}
	f.reported = want
	if src == c.rank {
		s.out[src].grant(want)
	} else {
		c.giveCredit(src, sequence, id, want)
	}
}

// placePart returns where a part of a message goes; nil drops it. The first part makes room for the whole message.
func (c *Communicator) placePart(src int, h *wire.Header) []byte {
	s := c.stream(h.Sequence, h.Stream)
	box := c.boxes[h.Sequence]
	if s.closed || box.failed != nil {
		return nil
	}
	f := &s.in[src]
	if !f.covers(h) {
		c.broken(src, h)
		return nil
	}
	if h.Offset == 0 && f.part == nil && !f.finished && h.Length <= maxMessage {
		part, err := c.scope.Alloc(int(h.Length))
		if err != nil {
			c.failBox(h.Sequence, box, err)
			return nil
		}
		f.part, f.got = part, 0
		c.regrant(h.Sequence, h.Stream, s, src)
	}
	if f.part == nil || h.Offset != f.got || h.Length != uint64(len(f.part.Bytes())) {
		c.broken(src, h)
		return nil
	}
	return c.pin(src, f.part, h)
}

// covers tells whether a part is within the credit that its source was granted.
func (f *inflow) covers(h *wire.Header) bool {
	return h.Offset < f.reported && f.arrived+wire.HeaderSize+h.Offset+uint64(h.Payload) <= f.reported
}

// failBox fails an operation that runs here or will.
func (c *Communicator) failBox(sequence uint64, box *inbox, err error) {
	if o := c.running[sequence]; o != nil {
		o.fail(err, false)
	} else if box.failed == nil {
		box.failed = err
	}
}

// completePart counts a part that has been read to its place.
func (c *Communicator) completePart(src int, h *wire.Header) {
	s := c.stream(h.Sequence, h.Stream)
	f := &s.in[src]
	if s.closed || !c.pinned(src, f.part) {
		return
	}
	f.got += uint64(h.Payload)
	if f.got == h.Length {
		c.countGot(src, h.Length)
		s.arrive(src, f.part)
		f.part = nil
	}
}

// arrive queues a whole message for Recv.
func (s *stream) arrive(src int, b *memory.Buffer) {
	s.in[src].arrived += messageCost(len(b.Bytes()))
	s.ready = append(s.ready, Message{Src: src, Bytes: b.Bytes(), Buffer: b})
	s.changed.raise()
}

func (c *Communicator) gotFin(src int, h *wire.Header) {
	if !c.current(h.Sequence) {
		return
	}
	s := c.stream(h.Sequence, h.Stream)
	if s.in[src].part != nil && c.boxes[h.Sequence].failed == nil {
		c.broken(src, h) // half a message, and none follows
		return
	}
	s.finish(src)
}

// finish notes that no message follows from src.
func (s *stream) finish(src int) {
	if !s.in[src].finished {
		s.in[src].finished = true
		s.unfinished--
		s.changed.raise()
	}
}

// free drops what has arrived and refuses more.
func (s *stream) free() {
	for _, m := range s.ready {
		m.Release()
	}
	s.ready = nil
	for i := range s.in {
		if f := &s.in[i]; f.part != nil {
			f.part.Release()
			f.part = nil
		}
	}
	s.closed = true
	s.raise()
}

// closeIn frees the stream and lets those go on who still send into it.
func (s *stream) closeIn(c *Communicator, sequence uint64, id uint32) {
	if s.closed {
		return
	}
	s.free()
	for src := range s.in {
		switch {
		case s.in[src].finished:
		case src == c.rank:
			s.out[src].grant(unlimited)
		default:
			c.giveCredit(src, sequence, id, unlimited)
		}
	}
}

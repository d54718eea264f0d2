package comm

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// inbox holds what has arrived for one operation, which this rank may not have begun yet.
type inbox struct {
	failed  error // why the operation has failed
	told    bool  // the other ranks know of it
	mail    []mailbox
	streams map[uint32]*stream
}

// mailbox holds the messages of stream 0 from one rank.
type mailbox struct {
	next    uint64 // pair sequence that is received next
	letters map[uint64]*letter
	changed signal
}

// letter is a message of stream 0, or from rank to rank: a short one, whole, or a long one, announced and then received in parts.
type letter struct {
	tag    uint32
	length uint64
	data   []byte         // of a short one
	buffer *memory.Buffer // of a long one, once there is room for it
	got    uint64

	// Of one from rank to rank.
	src     int
	number  uint64
	format  uint64
	request *Request // the receive that gets it
	sender  *Request // the send of this rank that data is of, until it is received
}

// envelope says what a message from rank to rank is.
func (l *letter) envelope() Envelope {
	return Envelope{Source: l.src, Tag: int(l.tag), Length: int(l.length), Format: l.format}
}

func (l *letter) long() bool  { return l.length > wire.MaxEager }
func (l *letter) whole() bool { return l.got == l.length }

// bytes returns the message, which lives until free.
func (l *letter) bytes() []byte {
	if l.buffer != nil {
		return l.buffer.Bytes()
	}
	return l.data
}

// free gives the message's memory back.
func (l *letter) free() {
	if l.buffer != nil {
		l.buffer.Release()
		l.buffer = nil
	}
}

func newInbox(world int) *inbox {
	return &inbox{mail: make([]mailbox, world), streams: map[uint32]*stream{}}
}

// post files a letter.
func (m *mailbox) post(sequence uint64, l *letter) {
	if m.letters == nil {
		m.letters = map[uint64]*letter{}
	}
	m.letters[sequence] = l
	m.changed.raise()
}

// free drops the long letters.
func (b *inbox) free() {
	for i := range b.mail {
		for _, l := range b.mail[i].letters {
			l.free()
		}
	}
}

// raise wakes everyone who waits for something in the box.
func (b *inbox) raise() {
	for i := range b.mail {
		b.mail[i].changed.raise()
	}
	for _, s := range b.streams {
		s.raise()
	}
}

// box returns the inbox of an operation that has not ended. It is called under the lock.
func (c *Communicator) box(sequence uint64) *inbox {
	b := c.boxes[sequence]
	if b == nil {
		b = newInbox(c.size)
		c.boxes[sequence] = b
	}
	return b
}

// releaseSenders lets ranks go on that still send to an operation that ended here. It is called under the lock.
func (c *Communicator) releaseSenders(o *Operation) {
	for src := range o.box.mail {
		for sequence, l := range o.box.mail[src].letters {
			switch {
			case !l.long():
				c.grantEager(src, messageCost(int(l.length)))
			case l.buffer == nil:
				c.grantEager(src, wire.HeaderSize)
				c.clearToSend(src, o.sequence, sequence)
			}
		}
	}
	for id, s := range o.box.streams {
		s.closeIn(c, o.sequence, id)
	}
}

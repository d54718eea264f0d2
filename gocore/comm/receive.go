package comm

import (
	"context"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// matcher brings messages and receives of one communicator together, by source and tag. A message is matched when its
// first frame arrives, with the oldest receive that accepts it; a receive, when it is posted, with the oldest message.
// So messages of one source that a receive accepts are received in the order in which they were sent. Its fields are
// guarded by the node's lock.
type matcher struct {
	posted  []*Request // receives without a message, in order
	arrived []*letter  // messages without a receive, in order of arrival: whole, or announced
	changed signal     // raised when a message arrives that no receive accepts, or a rank leaves
}

func (r *Request) accepts(l *letter) bool {
	return (r.peer == AnySource || r.peer == l.src) && (r.tag == AnyTag || uint32(r.tag) == l.tag)
}

// find returns the oldest message that r accepts; nil where there is none. It stays.
func (m *matcher) find(r *Request) *letter {
	for _, l := range m.arrived {
		if r.accepts(l) {
			return l
		}
	}
	return nil
}

// forget takes a message out.
func (m *matcher) forget(l *letter) bool {
	i := slices.Index(m.arrived, l)
	if i < 0 {
		return false
	}
	m.arrived = slices.Delete(m.arrived, i, i+1)
	return true
}

// remove takes a receive out.
func (m *matcher) remove(r *Request) {
	if i := slices.Index(m.posted, r); i >= 0 {
		m.posted = slices.Delete(m.posted, i, i+1)
	}
}

// Irecv starts to receive a message from src, or AnySource, with a tag, or AnyTag. The room for a long one is made when it
// is matched.
func (c *Communicator) Irecv(src, tag int) (*Request, error) {
	r, err := c.receive(src, tag)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.messages.find(r); l != nil {
		c.messages.forget(l)
		c.match(r, l)
		return r, nil
	}
	if err := c.canCome(r); err != nil {
		return nil, err
	}
	c.messages.posted = append(c.messages.posted, r)
	return r, nil
}

// Recv returns the next message from src with a tag. Its caller releases it.
func (c *Communicator) Recv(ctx context.Context, src, tag int) (Message, Envelope, error) {
	r, err := c.Irecv(src, tag)
	if err != nil {
		return Message{}, Envelope{}, err
	}
	return r.Wait(ctx)
}

// Probe waits for a message that a receive would get, and says what it is. With wait unset found says whether there is one.
func (c *Communicator) Probe(ctx context.Context, src, tag int, wait bool) (e Envelope, found bool, err error) {
	r, err := c.receive(src, tag)
	if err != nil {
		return Envelope{}, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if l := c.messages.find(r); l != nil {
			return l.envelope(), true, nil
		}
		if err := c.canCome(r); err != nil || !wait {
			return Envelope{}, false, err
		}
		changed := c.messages.changed.next()
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			err = r.Interrupted(ctx)
		}
		c.mu.Lock()
		if err != nil {
			return Envelope{}, false, err
		}
	}
}

// receive makes the request of a receive.
func (c *Communicator) receive(src, tag int) (*Request, error) {
	if src != AnySource && (src < 0 || src >= c.size) {
		return nil, status.Errorf(status.Invalid, "recv: rank %d is not in a communicator of %d", src, c.size)
	}
	if tag != AnyTag && (tag < 0 || tag > MaxTag) {
		return nil, status.Errorf(status.Invalid, "recv: tag %d is not in 0 .. %d", tag, MaxTag)
	}
	return &Request{c: c, peer: src, tag: tag, done: make(chan struct{})}, nil
}

// canCome returns why no message can come that r accepts. From any source one may come as long as there is another rank,
// or this is the only one. It is called under the lock.
func (c *Communicator) canCome(r *Request) error {
	if err := c.reachable(r, r.peer); err != nil || r.peer != AnySource {
		return err
	}
	for src, p := range c.peers {
		if src == c.rank && c.size == 1 || src != c.rank && !p.left {
			return nil
		}
	}
	return status.Errorf(status.Closed, "%s: all other ranks have closed their environments", r)
}

// match gives r the message l, and makes room for a long one. It is called under the lock.
func (c *Communicator) match(r *Request, l *letter) {
	r.letter, l.request = l, r
	if from := l.sender; from != nil {
		c.receiveSelf(r, from)
		return
	}
	c.makePlace(l)
	if l.whole() {
		r.finish(nil)
		return
	}
	c.post(l.src, &wire.Header{Class: wire.ClassCTS, Stream: pointToPoint, PairSequence: l.number}, nil)
	buffer, err := c.scope.Alloc(int(l.length))
	if err != nil {
		r.finish(err) // what comes is dropped
		return
	}
	l.buffer = buffer
	c.peers[l.src].lane.incoming[l.number] = l
}

// makePlace lets the sender of a message that was received send another. It is called under the lock.
func (c *Communicator) makePlace(l *letter) {
	from := &c.peers[l.src].lane
	if from.receive(len(l.data)) {
		c.post(l.src, &wire.Header{Class: wire.ClassCredit, Stream: pointToPoint, Credit: from.reported, PairSequence: from.places.reported}, nil)
	}
}

// sendSelf files a message of this rank to itself, whose data stays with its sender until it is received. It is called
// under the lock.
func (c *Communicator) sendSelf(r *Request) {
	l := &letter{src: c.rank, tag: uint32(r.tag), format: r.format, length: uint64(len(r.data)), data: r.data, sender: r}
	r.letter = l
	c.file(l)
}

// receiveSelf copies a message of this rank to itself, a long one without the lock.
func (c *Communicator) receiveSelf(r, from *Request) {
	l := r.letter
	from.letter, l.sender = nil, nil
	buffer, err := c.scope.Alloc(int(l.length))
	if err != nil {
		r.finish(err)
		from.finish(nil)
		return
	}
	done := func() {
		l.buffer, l.data, l.got = buffer, nil, l.length
		if r.ended {
			l.free()
		}
		r.finish(nil)
		from.finish(nil)
	}
	if !l.long() {
		copy(buffer.Bytes(), l.data)
		done()
		return
	}
	data := l.data
	c.group.Go(func(context.Context) error {
		copy(buffer.Bytes(), data)
		c.mu.Lock()
		defer c.mu.Unlock()
		done()
		return nil
	})
}

// file matches a message that has arrived, or keeps it until a receive accepts it. It is called under the lock.
func (c *Communicator) file(l *letter) {
	for _, r := range c.messages.posted {
		if r.accepts(l) {
			c.messages.remove(r)
			c.match(r, l)
			return
		}
	}
	c.messages.arrived = append(c.messages.arrived, l)
	c.messages.changed.raise()
}

package store

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is the connection to one peer through a store. It implements net.Conn, and CloseWrite.
type Conn struct {
	office *Office
	peer   int

	mu      sync.Mutex
	changed *sync.Cond
	err     error // of the server
	closed  bool  // by this side

	pending []byte // written, not put
	next    uint64 // the sequence of the next object
	acked   uint64 // objects that the peer has read
	putting int    // objects on their way to the server
	ending  bool   // nothing more will be written
	ended   bool   // and the peer is being told, or needn't be: only acknowledgements may follow

	arrived map[uint64]*object
	head    []byte // the rest of the object that is being read
	read    uint64 // objects read
	told    uint64 // of these, the peer knows
	eof     bool   // the peer's end has been read
	reset   bool   // the peer closed in the middle
	last    bool   // of the peer's objects has arrived

	readBy, writeBy deadline
}

var _ net.Conn = (*Conn)(nil)

func newConn(o *Office, peer int) *Conn {
	c := &Conn{office: o, peer: peer, arrived: map[uint64]*object{}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Patience returns for how long the peer may be silent though it is well: what it sends takes its time.
func (c *Conn) Patience() time.Duration { return c.office.traits.Patience }

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := 0
	for len(p) > 0 {
		room := c.office.traits.Object - len(c.pending)
		switch {
		case c.closed || c.ending:
			return written, net.ErrClosed
		case c.err != nil:
			return written, c.err
		case c.reset:
			return written, syscall.EPIPE
		case c.writeBy.passed:
			return written, os.ErrDeadlineExceeded
		case room == 0:
			c.changed.Wait()
			continue
		}
		n := min(len(p), room)
		c.pending = append(c.pending, p[:n]...)
		p, written = p[n:], written+n
		c.changed.Broadcast()
	}
	return written, nil
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch o := c.arrived[c.read]; {
		case c.closed:
			return 0, net.ErrClosed
		case c.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(c.head) > 0:
			n := copy(p, c.head)
			c.head = c.head[n:]
			return n, nil
		case o != nil:
			delete(c.arrived, c.read)
			c.read++
			c.head, c.eof = o.payload, o.kind == end
			c.changed.Broadcast() // an acknowledgement may be due
		case c.eof:
			return 0, io.EOF
		case c.reset:
			return 0, syscall.ECONNRESET
		case c.err != nil:
			return 0, c.err
		default:
			c.changed.Wait()
		}
	}
}

// arrive takes what the peer has put.
func (c *Conn) arrive(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.acknowledged > c.acked && o.acknowledged <= c.next {
		c.acked = o.acknowledged
	}
	c.last = c.last || o.kind == end || o.kind == reset
	switch o.kind {
	case data, end:
		if o.sequence-c.read < uint64(c.office.traits.Window) && !c.closed {
			c.arrived[o.sequence] = o
		}
	case reset:
		c.reset = true
	}
	c.changed.Broadcast()
}

// post puts objects until the connection is closed. Traits.Parallel goroutines run it.
func (c *Conn) post(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.fail(context.Canceled) })
	defer stop()
	for o := c.due(); o != nil; o = c.due() {
		object := o.appendMarshal(make([]byte, 0, headerBytes+len(o.payload)))
		if err := c.office.try(ctx, func() error { return c.office.store.Put(ctx, c.peer, o.name(), object) }); err != nil {
			c.fail(err)
		}
		c.put()
	}
	return nil
}

// put notes that an object has reached the server, or won't.
func (c *Conn) put() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putting--
	c.changed.Broadcast()
}

// due waits for something to put; nil when there will be nothing any more. An end or a reset is put behind everything else but
// acknowledgements of what the peer still says, so that who has seen it, and has said all, may remove his mailbox. A reset is
// answered by one.
func (c *Conn) due() *object {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		window := uint64(c.office.traits.Window)
		o := &object{from: c.office.rank, acknowledged: c.read}
		switch {
		case c.err != nil, c.ended && (c.eof || c.reset || c.closed):
			return nil
		case !c.ended && (c.reset || (c.closed && !c.ending)):
			if c.putting > 0 {
				c.changed.Wait()
				continue
			}
			c.ended = true
			o.kind = reset
		case len(c.pending) > 0 && c.next-c.acked < window:
			o.kind, o.payload, c.pending = data, c.pending, nil
		case !c.ended && len(c.pending) == 0 && c.ending && c.putting == 0 && c.next-c.acked < window:
			c.ended = true
			o.kind = end
		case c.read-c.told >= window/2 && !c.eof && !c.closed:
			o.kind = ack
		default:
			c.changed.Wait()
			continue
		}
		if o.kind == data || o.kind == end {
			o.sequence = c.next
			c.next++
		}
		c.told = c.read
		c.putting++
		c.changed.Broadcast() // there is room to write
		return o
	}
}

// fail ends the connection, because the server does not work.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.changed.Broadcast()
}

// used tells whether anything was done with the connection, here or at the peer's.
func (c *Conn) used() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed || c.ending || c.next > 0 || len(c.pending) > 0 || c.read > 0 || len(c.arrived) > 0 || c.last
}

// drop closes without a word.
func (c *Conn) drop() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	_ = c.Close()
}

// awaitLast waits until the peer has put its last object, or the context ends.
func (c *Conn) awaitLast(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.last && c.err == nil && ctx.Err() == nil {
		c.changed.Wait()
	}
}

// CloseWrite tells the peer that no byte follows. What was written still leaves.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	c.changed.Broadcast()
	return nil
}

// Close implements net.Conn. Without a CloseWrite before, what has not left is dropped, and the peer is told.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.head, c.arrived = nil, map[uint64]*object{}
	if !c.ending {
		c.pending = nil
	}
	c.readBy.stop()
	c.writeBy.stop()
	c.changed.Broadcast()
	return nil
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return address{c.office.path, c.office.rank} }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return address{c.office.path, c.peer} }

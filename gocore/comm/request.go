package comm

import (
	"context"
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// What a receive accepts from any rank, and with any tag.
const (
	AnySource = -1
	AnyTag    = -1
)

// MaxTag is the greatest tag of a message.
const MaxTag = 1<<31 - 1

// Envelope says what a message is.
type Envelope struct {
	Source, Tag, Length int
	Format              uint64 // what the sender says its bytes are
}

// Request is a message that is being sent or received. Its methods may be called from several goroutines.
type Request struct {
	c    *Communicator
	peer int // where it goes, or where it comes from, or AnySource
	tag  int
	done chan struct{} // closed when it has ended

	// Guarded by the node's lock.
	err   error
	ended bool

	// Of a send.
	sends  bool
	format uint64
	data   []byte
	copied *memory.Buffer // holds data, where Send took it
	number uint64         // of the message on its way to peer
	abort  context.CancelCauseFunc

	// Of a receive.
	letter *letter // what it got, or is getting
}

// Done is closed when the request has ended.
func (r *Request) Done() <-chan struct{} { return r.done }

// String returns "recv(source=1, tag=5)", with ranks of the world.
func (r *Request) String() string {
	what, end := "recv", "source"
	if r.sends {
		what, end = "send", "dest"
	}
	peer, tag := "any", "any"
	if r.peer != AnySource {
		peer = fmt.Sprint(r.c.members[r.peer])
	}
	if r.tag != AnyTag {
		tag = fmt.Sprint(r.tag)
	}
	return fmt.Sprintf("%s(%s=%s, tag=%s)", what, end, peer, tag)
}

// Wait returns when the request has ended: a send when its data may change again, a receive with the message. If ctx ends
// before, the request does, too.
func (r *Request) Wait(ctx context.Context) (Message, Envelope, error) {
	select {
	case <-r.done:
	case <-ctx.Done():
		r.Cancel(r.Interrupted(ctx))
		<-r.done
	}
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	if r.err != nil || r.letter == nil {
		return Message{}, Envelope{}, r.err
	}
	l := r.letter
	r.letter = nil // it is the caller's
	return Message{Src: l.src, Bytes: l.bytes(), Buffer: l.buffer}, l.envelope(), nil
}

// Interrupted returns the error for the end of ctx while the request waited.
func (r *Request) Interrupted(ctx context.Context) error {
	e := status.From(context.Cause(ctx))
	if e.Code != status.Timeout {
		return e
	}
	return status.Errorf(status.Timeout, "%s timed out: %w", r, e)
}

// finished tells whether the request has ended.
func (r *Request) finished() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Cancel ends the request with cause, unless it has ended. A message that was not received yet disappears; one that is
// being sent breaks off, and its receiver's request fails.
func (r *Request) Cancel(cause error) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	switch {
	case r.ended:
	case r.sends:
		r.c.withdraw(r, cause)
	default:
		r.c.messages.remove(r)
		r.finish(cause)
	}
}

// finish ends the request, once. It is called under the lock.
func (r *Request) finish(err error) {
	if r.ended {
		return
	}
	r.ended, r.err, r.data = true, err, nil
	if r.copied != nil {
		r.c.buffered -= len(r.copied.Bytes())
		delete(r.c.copies, r)
		r.copied.Release()
		r.copied = nil
	}
	if l := r.letter; l != nil {
		l.request = nil
		if err != nil {
			r.letter = nil
			if l.whole() {
				l.free()
			}
		}
	}
	close(r.done)
}

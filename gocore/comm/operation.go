package comm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
)

// Operation is one collective operation. Its collectives are called from one goroutine at a time, in the same order
// on all ranks; its exchanges may be used from any number of goroutines beside them. What a collective returns is
// memory of the Communicator: it lives until End, or beyond with Keep.
type Operation struct {
	c      *Communicator
	call   Call
	group  *task.Group   // its context ends with the operation or its failure
	opened chan struct{} // closed when it has begun

	// Guarded by the node's lock.
	gaveUp  error // why its caller has gone before it began
	over    bool
	flushed bool   // peers know that it has begun, or will without more ado
	streams uint32 // exchanges opened
	ready   map[sent]chan struct{}
	next    []uint64         // by rank, the message of stream 0 whose turn it is to take credit
	kept    []*memory.Buffer // received by collectives
	made    []*Communicator  // by Split

	// Set when it begins.
	sequence uint64
	box      *inbox // guarded by the node's lock

	step uint32   // collectives begun
	sent []uint64 // messages of stream 0 sent, by rank
}

// sent names a long message that waits for its CTS.
type sent struct {
	dst      int
	sequence uint64
}

func newOperation(ctx context.Context, c *Communicator, call Call) *Operation {
	return &Operation{
		c: c, call: call, group: task.NewGroup(ctx), opened: make(chan struct{}),
		ready: map[sent]chan struct{}{}, next: make([]uint64, c.size), sent: make([]uint64, c.size),
	}
}

// fail makes err the operation's end; the first failure counts. told says that the other ranks know by themselves.
// It is called under the lock.
func (o *Operation) fail(err error, told bool) {
	if o.box.failed == nil {
		o.box.failed, o.box.told = err, told
		o.group.Fail(err)
	}
}

// failure returns why the operation has failed; nil while it has not.
func (o *Operation) failure() error {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	return o.box.failed
}

// compare fails the operation if a peer's call is another one. It is called under the lock.
func (o *Operation) compare(r int, theirs Call) {
	if !o.call.agrees(theirs) {
		o.fail(o.c.mismatch(o.sequence, o.call, r, theirs), true)
	}
}

// leftError returns the error for a rank that has finished and will not take part.
func (o *Operation) leftError(r int) error {
	r = o.c.members[r]
	return status.AtRank(status.CollectiveMismatch, r, "%s (operation %d) needs rank %d, which has closed its environment: "+
		"all ranks must call the same operations in the same order", o.call, o.sequence, r)
}

// End ends the operation, on success with nil. Another error reaches the other ranks, whose calls return it as
// Remote. It returns err, or why the operation failed meanwhile.
func (o *Operation) End(err error) error {
	c := o.c
	c.mu.Lock()
	if o.over {
		c.mu.Unlock()
		return err
	}
	o.over = true
	failed, told := o.box.failed, o.box.told
	switch {
	case failed != nil && err == nil:
		err = failed
	case err == nil:
		err = o.unfinished()
	}
	if err != nil {
		o.fail(err, false)
	}
	c.mu.Unlock()
	o.group.Fail(errOver)
	_ = o.group.Wait()

	c.mu.Lock()
	o.settle(err, told)
	c.advance()
	c.mu.Unlock()
	if err != nil { // nobody uses what was made in vain
		for _, made := range o.made {
			made.unregister()
		}
	}
	return err
}

// settle frees what the operation holds and makes room for others. It is called under the lock.
func (o *Operation) settle(err error, told bool) {
	c := o.c
	o.flush()
	if err != nil && !told && c.ended == nil {
		c.tell(o, err)
	}
	c.releaseSenders(o)
	o.box.free()
	for _, b := range o.kept {
		b.Release()
	}
	o.kept = nil
	delete(c.boxes, o.sequence)
	delete(c.running, o.sequence)
	o.leave()
	c.log.end(o.sequence, err)
	for _, p := range c.peers {
		delete(p.calls, o.sequence)
		p.credited.raise() // another operation is the oldest now
	}
}

// flush lets peers know by now that the operation has begun. It is called under the lock.
func (o *Operation) flush() {
	if !o.flushed {
		o.flushed = true
		o.c.ch.Flush()
	}
}

// Keep takes what the operation's collectives received out of it: release frees their memory, also after End.
func (o *Operation) Keep() (release func()) {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	kept := o.kept
	o.kept = nil
	return func() {
		for _, b := range kept {
			b.Release()
		}
	}
}

// unfinished returns an error if an exchange was left open: the others would wait for it.
func (o *Operation) unfinished() error {
	for id := uint32(1); id <= o.streams; id++ {
		if !o.box.streams[id].sendClosed {
			return status.Errorf(status.Internal, "%s (operation %d) ended without CloseSend on its exchange %d", o.call, o.sequence, id)
		}
	}
	return nil
}

// errOver ends the goroutines of an operation.
var errOver = errors.New("the operation is over")

// wait lets the lock go until s is raised, the operation fails or ctx ends; what it waits for is for the error's text.
func (o *Operation) wait(ctx context.Context, s *signal, what string) error {
	raised := s.next()
	o.flush()
	o.c.mu.Unlock()
	defer o.c.mu.Lock()
	select {
	case <-raised:
		return nil
	case <-o.group.Context().Done():
		return o.ended(what)
	case <-ctx.Done():
		return o.interrupted(ctx, what)
	}
}

// ended returns why the operation's own context ended.
func (o *Operation) ended(what string) error {
	if err := o.failure(); err != nil {
		return err
	}
	return o.interrupted(o.group.Context(), what)
}

// interrupted returns the error for the end of ctx while the operation waited. A timeout names the absent ranks.
func (o *Operation) interrupted(ctx context.Context, what string) error {
	cause := context.Cause(ctx)
	e := status.From(cause)
	if errors.Is(cause, errOver) {
		return status.Errorf(status.Closed, "%s (operation %d) has ended", o.call, o.number())
	}
	if e.Code != status.Timeout {
		return e
	}
	text := fmt.Sprintf("%s (operation %d) timed out while it waited for %s", o.call, o.number(), what)
	if absent := o.absent(); absent != "" {
		text += "; " + absent
	}
	return status.Errorf(status.Timeout, "%s: %w", text, cause)
}

// number returns the sequence that the operation has, or will have at the least.
func (o *Operation) number() uint64 {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	if o.box == nil {
		return o.c.last + 1
	}
	return o.sequence
}

// absent names the ranks that have not begun the operation.
func (o *Operation) absent() string {
	o.c.mu.Lock()
	defer o.c.mu.Unlock()
	var absent []string
	for r, p := range o.c.peers {
		if r != o.c.rank && p.entered < o.sequence {
			absent = append(absent, fmt.Sprintf("rank %d has not begun it (it %s)", o.c.members[r], p.whereabouts()))
		}
	}
	return strings.Join(absent, ", ")
}

// merged returns a context that ends with ctx, with the operation or its failure.
func (o *Operation) merged(ctx context.Context) (context.Context, context.CancelFunc) {
	both, cancel := context.WithCancelCause(ctx)
	own := o.group.Context()
	stop := context.AfterFunc(own, func() { cancel(context.Cause(own)) })
	return both, func() { stop(); cancel(context.Canceled) }
}

// explain turns the end of a merged context into the operation's error.
func (o *Operation) explain(ctx context.Context, err error, what string) error {
	if failed := o.failure(); failed != nil {
		return failed
	}
	if ctx.Err() != nil {
		return o.interrupted(ctx, what)
	}
	return err
}

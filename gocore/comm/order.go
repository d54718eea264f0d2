package comm

import (
	"context"
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// maxInFlight is how far the newest operation that runs may be ahead of the oldest.
const maxInFlight = 8

// Begin opens the next operation and waits until it has begun; one at a time. After an error there is nothing to End,
// and the other ranks' same operation fails.
func (c *Communicator) Begin(ctx context.Context, call Call) (*Operation, error) {
	o, err := c.Queue(ctx, call, true)
	if err == nil {
		err = o.Await(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.ch.Flush() // the caller may compute for long before it sends
	return o, nil
}

// Queue takes the next place in the order of operations and doesn't wait: any number may be queued, of which one may be
// exclusive. Whoever uses the operation calls Await before, and a collective or End soon: the peers learn of it with the
// first frame that is sent, or when it waits. ctx bounds all of it.
func (c *Communicator) Queue(ctx context.Context, call Call, exclusive bool) (*Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.unusable(call); err != nil {
		return nil, err
	}
	switch {
	case c.freed:
		return nil, status.Errorf(status.Closed, "%s: the communicator was freed", call)
	case exclusive && c.exclusive != nil:
		return nil, status.Errorf(status.Invalid, "%s can't begin while %s runs: a communicator runs one blocking collective operation at a time; "+
			"wait for it, call both from one thread, or give each thread a communicator of its own", call, c.exclusive.call)
	case c.givenUp >= recorded:
		r := c.laggard()
		c.end(status.AtRank(status.PeerLost, c.members[r], "rank %d has not begun any of the last %d operations, which failed while they waited for it",
			c.members[r], c.last+uint64(c.givenUp)-c.peers[r].entered))
		return nil, c.ended
	}
	o := newOperation(ctx, c, call)
	if exclusive {
		c.exclusive = o
	}
	c.waiting = append(c.waiting, o)
	c.advance()
	return o, nil
}

// Await returns when the operation has begun: at once, unless too many are before it or a peer is too far behind. After an
// error there is nothing to End.
func (o *Operation) Await(ctx context.Context) error {
	select {
	case <-o.opened:
	default:
		if err := o.awaitTurn(ctx); err != nil {
			return err
		}
	}
	if err := o.failure(); err != nil {
		return o.End(err)
	}
	return nil
}

func (o *Operation) awaitTurn(ctx context.Context) error {
	c := o.c
	select {
	case <-o.opened:
		return nil
	case <-o.group.Context().Done():
		ctx = o.group.Context()
	case <-ctx.Done():
	}
	err := o.interrupted(ctx, o.obstacle())
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-o.opened:
		return nil // meanwhile
	default:
	}
	o.leave()
	if o.gaveUp == nil { // else it was failed as it waited, and is no more in the queue
		o.gaveUp = err
		c.givenUp++
		o.group.Fail(errOver)
	}
	_ = o.group.Wait() // nothing was started in it
	return o.gaveUp
}

// obstacle says what an operation waits for that has not begun.
func (o *Operation) obstacle() string {
	c := o.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last+1 >= c.oldest()+maxInFlight {
		return "those before it"
	}
	return fmt.Sprintf("rank %d to catch up", c.members[c.laggard()])
}

// laggard returns the rank that has entered the fewest operations.
func (c *Communicator) laggard() int {
	slowest := -1
	for r, p := range c.peers {
		if r != c.rank && !p.left && (slowest < 0 || p.entered < c.peers[slowest].entered) {
			slowest = r
		}
	}
	return max(slowest, 0)
}

// oldest returns the sequence of the oldest operation that runs, or of the next one.
func (c *Communicator) oldest() uint64 {
	oldest := c.last + 1
	for s := range c.running {
		oldest = min(oldest, s)
	}
	return oldest
}

// advance begins what waits, as far as may be. It is called under the lock.
func (c *Communicator) advance() {
	for len(c.waiting) > 0 && c.ended == nil && c.mayOpen() {
		o := c.waiting[0]
		c.waiting[0] = nil
		c.waiting = c.waiting[1:]
		o.open()
		if o.gaveUp == nil {
			continue
		}
		c.givenUp--
		o.over = true
		o.fail(o.gaveUp, false)
		o.settle(o.gaveUp, false)
	}
}

// mayOpen tells whether the next operation may begin: within reach of the oldest that runs, and of every peer's newest,
// so that the peer's OPEN can still be compared when it comes.
func (c *Communicator) mayOpen() bool {
	next := c.last + 1
	if next >= c.oldest()+maxInFlight {
		return false
	}
	for r, p := range c.peers {
		if r != c.rank && !p.left && !p.leaving && p.entered+recorded <= next {
			return false
		}
	}
	return true
}

// open begins the operation and tells the peers. It is called under the lock.
func (o *Operation) open() {
	c := o.c
	c.last++
	o.sequence = c.last
	o.box = c.box(o.sequence)
	if o.box.failed != nil {
		o.group.Fail(o.box.failed)
	}
	c.running[o.sequence] = o
	c.log.begin(o.sequence, o.call)
	body := wire.Open{Name: o.call.Name, Site: o.call.Site}.AppendMarshal(nil)
	for r, p := range c.peers {
		if r == c.rank {
			continue
		}
		h := wire.Header{Class: wire.ClassOpen, Context: c.id, Sequence: o.sequence, Signature: o.call.Signature, Payload: len(body)}
		c.ch.Lay(c.members[r], channel.NewFrame(&h).Append(body))
		if theirs, entered := p.calls[o.sequence]; entered {
			o.compare(r, theirs)
		} else if p.left || p.leaving {
			o.fail(o.leftError(r), false)
		}
	}
	if c.late != nil {
		o.fail(c.late, false)
		c.late = nil
	}
	close(o.opened)
}

// leave lets another operation be the exclusive one. It is called under the lock.
func (o *Operation) leave() {
	if o.c.exclusive == o {
		o.c.exclusive = nil
	}
}

// failWaiting ends what has not begun. It is called under the lock.
func (c *Communicator) failWaiting(cause error) {
	for _, o := range c.waiting {
		if o.gaveUp == nil {
			o.gaveUp = cause
			o.group.Fail(cause)
		}
	}
	c.waiting, c.givenUp = nil, 0
}

// Package comm lets the ranks of a world act together: operations, collectives and exchanges over a channel.Channel.
//
//	Communicator ── Begin ──▶ Operation (sequence s) ──┬── Barrier, Bcast, Gather, Allgather, Allreduce    stream 0
//	                             │                     └── Exchange, Alltoallv                      streams 1, 2, ...
//	                             └── End
//
// Operations. All ranks begin the same operations in the same order; the n-th on one meets the n-th on the others.
// Begin tells the peers (OPEN) what it is, with a signature; a rank that hears of another signature for the sequence it
// is in fails with CollectiveMismatch, which names both calls. Nobody waits for an OPEN: an operation costs no round
// trip of its own. A rank may run ahead of another by 64 operations.
//
// Failure. An operation that ends with an error on one rank fails on the others as Remote (FAIL) and the next one
// works: frames of ended operations are dropped, and their senders are given the credit to go on. A rank that is lost
// ends everything: each rank that learns of it tells all others (ABORT) and closes, so that all name the same rank.
//
// Flow control. Who receives grants credit, per stream and pair. Messages of collectives up to 16 KiB go without
// asking, within a credit per pair; longer ones wait until the receiver has made room for them (RTS, CTS). Streams of
// an Exchange have a window each: a receiver that doesn't call Recv stops its senders, and nobody else.
package comm

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Options are a Communicator's settings; the zero value is good.
type Options struct {
	// Budget bounds the memory of received data; nil is no bound.
	Budget *memory.Budget
	// Window is how many bytes one peer may have on their way to this rank in one Exchange; 0 chooses 2 MiB,
	// or less where the budget is small.
	Window int
}

const (
	maxWindow   = 2 << 20
	windowShare = 8 // all windows of an exchange together take at most this part of the budget
)

// worldContext is the context id of the communicator of all ranks.
const worldContext = 0

// Communicator is this rank's membership of a world of ranks. Its methods may be called from several goroutines.
type Communicator struct {
	ch     channel.Channel
	size   int
	rank   int
	scope  *memory.Scope
	window uint64

	mu       sync.Mutex
	peers    []*peer // by rank; the own entry only counts
	last     uint64  // the newest operation this rank has begun
	running  *Operation
	boxes    map[uint64]*inbox // of the running operation and of later ones
	late     error             // a mismatch that showed after its operation had ended here
	ended    error             // why nothing works any more
	closing  bool
	progress signal // raised when a peer enters an operation, or leaves
	log      recorder
}

// New takes ch over and starts to receive.
func New(ch channel.Channel, opt Options) (*Communicator, error) {
	budget := opt.Budget
	if budget == nil {
		budget = memory.NewBudget(0)
	}
	c := &Communicator{
		ch: ch, size: ch.Size(), rank: ch.Rank(),
		scope:  memory.NewScope(budget, "receiving"),
		window: windowOf(opt.Window, budget.Limit(), ch.Size()),
		boxes:  map[uint64]*inbox{},
	}
	for range c.size {
		c.peers = append(c.peers, &peer{calls: map[uint64]Call{}, granted: wire.EagerCredit, reported: wire.EagerCredit})
	}
	ch.Start((*receiver)(c))
	return c, nil
}

// windowOf returns the window of each of world ranks: never less than the credit that every stream begins with.
func windowOf(window int, budget int64, world int) uint64 {
	if window <= 0 {
		window = int(min(maxWindow, budget/int64(windowShare*world)))
	}
	return uint64(max(window, wire.EagerCredit))
}

// Rank returns this rank, 0 .. Size()-1.
func (c *Communicator) Rank() int { return c.rank }

// Size returns the number of ranks.
func (c *Communicator) Size() int { return c.size }

// Call says which operation begins, and where in the user's program.
type Call struct {
	Name      string // as the user knows it: "merge"
	Site      string // "script.py:12"
	Signature uint64 // of all that must be equal on all ranks: plan, schema, root, type; 0 agrees with any
}

// agrees tells whether two ranks' calls may be one operation. A rank that begins one only to tell the others of an
// error gives no signature: they should hear the error, not that they differ.
func (c Call) agrees(other Call) bool {
	return c.Signature == other.Signature || c.Signature == 0 || other.Signature == 0
}

// String returns "merge (script.py:12)".
func (c Call) String() string {
	if c.Site == "" {
		return c.Name
	}
	return fmt.Sprintf("%s (%s)", c.Name, c.Site)
}

// mismatch returns the error for two ranks in different operations at one sequence.
func (c *Communicator) mismatch(sequence uint64, ours Call, r int, theirs Call) error {
	why := "they must call the same operations in the same order"
	if ours.Name == theirs.Name && ours.Site == theirs.Site {
		why = "their arguments or schemas differ"
	}
	return status.AtRank(status.CollectiveMismatch, r, "operation %d is %s on rank %d and %s on rank %d: %s",
		sequence, ours, c.rank, theirs, r, why)
}

// Begin opens the next operation; one at a time. After an error there is nothing to End, and the other ranks' same
// operation fails.
func (c *Communicator) Begin(ctx context.Context, call Call) (*Operation, error) {
	o, err := c.open(ctx, call)
	if err != nil {
		return nil, err
	}
	if err = o.awaitLaggards(ctx); err == nil {
		err = o.failure()
	}
	if err != nil {
		return nil, o.End(err)
	}
	return o, nil
}

// open makes the operation and tells the peers.
func (c *Communicator) open(ctx context.Context, call Call) (*Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended != nil:
		return nil, c.ended
	case c.closing:
		return nil, status.Errorf(status.Closed, "%s: the environment is closed", call)
	case c.running != nil:
		return nil, status.Errorf(status.Invalid, "%s can't begin while %s runs: an environment runs one collective operation at a time; "+
			"wait for it, or call both from one thread", call, c.running.call)
	}
	for r, p := range c.peers {
		if r != c.rank && !p.left && p.entered+maxAhead <= c.last {
			c.end(status.AtRank(status.PeerLost, r, "rank %d has not begun any of the last %d operations, which failed while they waited for it", r, maxAhead))
			return nil, c.ended
		}
	}
	c.last++
	o := newOperation(ctx, c, call, c.last)
	c.running = o
	c.log.begin(o.sequence, call)
	h := wire.Header{Class: wire.ClassOpen, Context: worldContext, Sequence: o.sequence, Signature: call.Signature}
	body := wire.Open{Name: call.Name, Site: call.Site}.AppendMarshal(nil)
	h.Payload = len(body)
	for r, p := range c.peers {
		if r == c.rank {
			continue
		}
		c.ch.Post(r, channel.NewFrame(&h).Append(body))
		if theirs, entered := p.calls[o.sequence]; entered {
			o.compare(r, theirs)
		} else if p.left {
			o.fail(o.leftError(r), false)
		}
	}
	if c.late != nil {
		o.fail(c.late, false)
		c.late = nil
	}
	return o, nil
}

// Close tells the other ranks that this one has finished and ends the communicator. A running operation fails.
func (c *Communicator) Close(ctx context.Context) error {
	c.mu.Lock()
	o := c.running
	c.mu.Unlock()
	if o != nil {
		_ = o.End(status.Errorf(status.Closed, "the environment was closed while %s was running", o.call))
	}
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	err := c.ch.Close(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	for src := range c.peers {
		c.unpin(src) // of a frame that broke off
	}
	for s, box := range c.boxes {
		box.free()
		for _, stream := range box.streams {
			stream.free()
		}
		delete(c.boxes, s)
	}
	return err
}

// end makes cause the answer to everything, tells the peers and closes the channel. It is called under the lock.
func (c *Communicator) end(cause *status.Error) {
	if c.ended != nil || c.closing {
		return
	}
	c.ended = cause
	if c.running != nil {
		c.running.fail(cause, true)
	}
	c.progress.raise()
	body := wire.FailOf(cause).AppendMarshal(nil)
	h := wire.Header{Class: wire.ClassAbort, Context: worldContext, Tag: uint32(c.rank), Payload: len(body)}
	for r := range c.peers {
		if r != c.rank {
			c.ch.Post(r, channel.NewFrame(&h).Append(body))
		}
	}
	c.ch.Abort()
}

// tell sends the other ranks FAIL. It is called under the lock.
func (c *Communicator) tell(o *Operation, err error) {
	m := wire.FailOf(err)
	m.Text = fmt.Sprintf("%s failed on rank %d with %s: %s", o.call, c.rank, m.Code, m.Text)
	body := m.AppendMarshal(nil)
	h := wire.Header{Class: wire.ClassFail, Context: worldContext, Sequence: o.sequence, Payload: len(body)}
	for r := range c.peers {
		if r != c.rank {
			c.ch.Post(r, channel.NewFrame(&h).Append(body))
		}
	}
}

// Describe returns the last operations of this rank and where each peer is, as text for people.
func (c *Communicator) Describe() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "rank %d of %d, last operations:\n", c.rank, c.size)
	c.log.describe(&b, c.last)
	for r, p := range c.peers {
		if r != c.rank {
			fmt.Fprintf(&b, "  rank %d %s\n", r, p.whereabouts())
		}
	}
	if c.ended != nil {
		fmt.Fprintf(&b, "  over: %v\n", c.ended)
	}
	return b.String()
}

// whereabouts says what the peer was last heard to do.
func (p *peer) whereabouts() string {
	text := "has not begun any operation"
	if p.entered > 0 {
		text = fmt.Sprintf("is in or past operation %d, %s", p.entered, p.latest)
	}
	if p.left {
		text += ", and has left"
	}
	return text
}

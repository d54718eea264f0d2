// Package comm lets the ranks of a world act together: operations, collectives, exchanges and messages over a
// channel.Channel.
//
//	node ──▶ Communicator (context) ──┬─ Begin, Queue ──▶ Operation (sequence s) ──┬── Barrier, Bcast, Allreduce ...   stream 0
//	 │                                │                                             └── Exchange, Alltoallv        streams 1, 2, ...
//	 └─ one channel, one lock         └─ Isend, Irecv, Probe ──▶ Request                                     sequence 0, stream 1
//
// Operations. All ranks begin the same operations in the same order; the n-th on one meets the n-th on the others.
// Its beginning tells the peers (OPEN) what it is, with a signature; a rank that hears of another signature for the
// sequence it is in fails with CollectiveMismatch, which names both calls. Nobody waits for an OPEN: an operation costs no
// round trip of its own. Up to 8 run at once on a communicator, and those queued behind them follow in order; a rank may
// run ahead of another by 64.
//
// Communicators. Each has a context of its own: sequences, credit and messages of one never meet those of another. Split
// and Dup make them of an existing one, and all share the channel. Errors name ranks by their number in the world.
//
// Messages (send.go, receive.go, arrive.go, leave.go) go from rank to rank, by source and tag, outside of operations.
//
// Failure. An operation that ends with an error on one rank fails on the others as Remote (FAIL) and the next one
// works: frames of ended operations are dropped, and their senders are given the credit to go on. A rank that is lost
// ends everything: each rank that learns of it tells all others (ABORT) and closes, so that all name the same rank. One
// that closes ends only what needs it.
//
// Flow control. Who receives grants credit, per communicator, stream and pair. Messages up to 16 KiB go without
// asking, within a credit per pair; longer ones wait until the receiver has made room for them (RTS, CTS). Half of the
// credit is for the oldest operation that runs: those behind it can't block it. Streams of an Exchange have a window each:
// a receiver that doesn't call Recv stops its senders, and nobody else.
package comm

import (
	"context"
	"fmt"
	"strings"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/costmodel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Options are a Communicator's settings; the zero value is good.
type Options struct {
	// Budget bounds the memory of received data; nil is no bound.
	Budget *memory.Budget
	// Window is how many bytes one peer may have on their way to this rank in one Exchange; 0 chooses 2 MiB,
	// or less where the budget is small.
	Window int
	// Model and Hint are what algorithms are chosen by; nil is costmodel.Default, "" is Fast. The same on all ranks.
	Model *costmodel.Model
	Hint  costmodel.Hint
	// Board is a store in which a rank can leave what all others read, and BoardPath its name in the model; nil: none.
	Board     Board
	BoardPath string
	// Paths are the names in the model of the ways between ranks, of all pairs, in any order; nil is punched TCP.
	Paths []string
}

// Board is where a rank leaves data for all others, under names that are used once.
type Board interface {
	Put(ctx context.Context, name string, data []byte) error
	// Get waits until there is something under the name, as many bytes as into has.
	Get(ctx context.Context, name string, into []byte) error
}

const (
	maxWindow   = 2 << 20
	windowShare = 8 // all windows of an exchange together take at most this part of the budget
)

// worldContext is the context id of the communicator of all ranks.
const worldContext = 0

// Communicator is this rank's membership of a group of ranks. Its methods may be called from several goroutines.
type Communicator struct {
	*node
	id      uint64
	members []int // by rank here, the rank in the world
	locals  []int // by rank in the world, the rank here, or -1
	rank    int
	size    int
	group   *task.Group // sends messages

	// Guarded by the node's lock.
	peers     []*peer // by rank; the own entry only counts
	last      uint64  // the newest operation this rank has begun
	running   map[uint64]*Operation
	waiting   []*Operation      // queued, not begun
	givenUp   int               // of waiting, those whose callers have gone
	exclusive *Operation        // the one that Begin runs
	boxes     map[uint64]*inbox // of running operations and of later ones
	late      error             // a mismatch that showed after its operation had ended here
	freed     bool
	progress  signal // raised when a peer enters an operation, or leaves
	messages  matcher
	log       recorder
}

// New takes ch over, starts to receive and returns the communicator of all ranks.
func New(ch channel.Channel, opt Options) (*Communicator, error) {
	n := newNode(ch, opt)
	members := make([]int, ch.Size())
	for r := range members {
		members[r] = r
	}
	c := newCommunicator(n, worldContext, members)
	n.comms[c.id] = c
	ch.Start((*receiver)(n))
	return c, nil
}

func newCommunicator(n *node, id uint64, members []int) *Communicator {
	c := &Communicator{
		node: n, id: id, members: members, locals: make([]int, n.ch.Size()), size: len(members),
		group: task.NewGroup(context.Background()), running: map[uint64]*Operation{}, boxes: map[uint64]*inbox{},
	}
	for r := range c.locals {
		c.locals[r] = -1
	}
	for r, world := range members {
		c.locals[world] = r
		c.peers = append(c.peers, &peer{calls: map[uint64]Call{}, flow: newFlow(), lane: newLane()})
	}
	c.rank = c.locals[n.ch.Rank()]
	return c
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
	return status.AtRank(status.CollectiveMismatch, c.members[r], "operation %d is %s on rank %d and %s on rank %d: %s",
		sequence, ours, c.members[c.rank], theirs, c.members[r], why)
}

// Close tells the other ranks that this one has finished and ends all communicators over the channel. What Send took is
// sent first, if its receivers take it; running operations and other requests fail.
func (c *Communicator) Close(ctx context.Context) error {
	n := c.node
	n.flush(ctx)
	n.mu.Lock()
	n.closing = true
	var running []*Operation
	var groups []*task.Group
	for _, c := range n.comms {
		closed := status.Errorf(status.Closed, "the environment was closed while this was running")
		c.failMessages(closed)
		c.failWaiting(closed)
		for _, o := range c.running {
			running = append(running, o)
		}
		groups = append(groups, c.group)
	}
	n.mu.Unlock()
	for _, o := range running {
		_ = o.End(status.Errorf(status.Closed, "the environment was closed while %s was running", o.call))
	}
	for _, g := range groups {
		g.Fail(errOver)
		_ = g.Wait()
	}
	err := n.ch.Close(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	for src := range n.filling {
		n.unpin(src) // of a frame that broke off
	}
	for _, c := range n.comms {
		c.release()
	}
	return err
}

// release frees what has arrived and nobody took. It is called under the lock.
func (c *Communicator) release() {
	for s, box := range c.boxes {
		box.free()
		for _, stream := range box.streams {
			stream.free()
		}
		delete(c.boxes, s)
	}
	c.dropMessages()
}

// fail ends all that runs or waits, because the environment has ended. It is called under the lock.
func (c *Communicator) fail(cause error) {
	for _, o := range c.running {
		o.fail(cause, true)
	}
	c.failWaiting(cause)
	c.failMessages(cause)
	c.progress.raise()
}

// tell sends the other ranks FAIL. It is called under the lock.
func (c *Communicator) tell(o *Operation, err error) {
	m := wire.FailOf(err)
	m.Text = fmt.Sprintf("%s failed on rank %d with %s: %s", o.call, c.members[c.rank], m.Code, m.Text)
	body := m.AppendMarshal(nil)
	for r := range c.peers {
		if r != c.rank {
			c.post(r, &wire.Header{Class: wire.ClassFail, Sequence: o.sequence}, body)
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
			fmt.Fprintf(&b, "  rank %d %s\n", c.members[r], p.whereabouts())
		}
	}
	if c.ended != nil {
		fmt.Fprintf(&b, "  over: %v\n", c.ended)
	}
	return b.String()
}

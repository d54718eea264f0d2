package comm

import (
	"sync"
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// node is this rank's end of the channel: what its communicators share. Its lock guards their state, too.
type node struct {
	ch     channel.Channel
	scope  *memory.Scope
	window uint64
	costs  *costs
	board  Board
	choose chooser

	mu       sync.Mutex
	comms    map[uint64]*Communicator // by context
	ended    error                    // why nothing works any more
	closing  bool
	filling  []*memory.Buffer      // by rank: holds the memory that the payload of its current frame is read into
	copies   map[*Request]struct{} // sends whose data Send has copied
	buffered int                   // bytes of these

	traffic []traffic // by rank
}

// traffic counts what went between this rank and another.
type traffic struct {
	sentBytes, sentMessages, gotBytes, gotMessages atomic.Uint64
}

func newNode(ch channel.Channel, opt Options) *node {
	budget := opt.Budget
	if budget == nil {
		budget = memory.NewBudget(0)
	}
	k := newCosts(opt)
	return &node{
		ch:      ch,
		scope:   memory.NewScope(budget, "receiving"),
		window:  windowOf(opt.Window, budget.Limit(), ch.Size()),
		costs:   k,
		board:   opt.Board,
		choose:  k.choose,
		comms:   map[uint64]*Communicator{},
		copies:  map[*Request]struct{}{},
		filling: make([]*memory.Buffer, ch.Size()),
		traffic: make([]traffic, ch.Size()),
	}
}

// windowOf returns the window of each of world ranks: never less than the credit that every stream begins with.
func windowOf(window int, budget int64, world int) uint64 {
	if window <= 0 {
		window = int(min(maxWindow, budget/int64(windowShare*world)))
	}
	return uint64(max(window, wire.EagerCredit))
}

// unusable returns why nothing can begin any more. It is called under the lock.
func (n *node) unusable(what any) error {
	switch {
	case n.ended != nil:
		return n.ended
	case n.closing:
		return status.Errorf(status.Closed, "%s: the environment is closed", what)
	}
	return nil
}

// end makes cause the answer to everything, tells the peers and closes the channel. It is called under the lock.
func (n *node) end(cause *status.Error) {
	if n.ended != nil || n.closing {
		return
	}
	n.ended = cause
	for _, c := range n.comms {
		c.fail(cause)
	}
	own := n.ch.Rank()
	body := wire.FailOf(cause).AppendMarshal(nil)
	h := wire.Header{Class: wire.ClassAbort, Tag: uint32(own), Payload: len(body)}
	for r := range n.ch.Size() {
		if r != own {
			n.ch.Post(r, channel.NewFrame(&h).Append(body))
		}
	}
	n.ch.Abort()
}

// protocolError ends everything: the peer sends what no correct rank does.
func (n *node) protocolError(src int, h *wire.Header) {
	n.end(status.AtRank(status.PeerLost, src, "rank %d broke the protocol (class %#x, operation %d, stream %d, message %d, %d bytes at %d of %d): "+
		"please report this as a bug", src, byte(h.Class), h.Sequence, h.Stream, h.PairSequence, h.Payload, h.Offset, h.Length))
}

// unpin lets go of the memory that the current frame was read into.
func (n *node) unpin(src int) {
	if b := n.filling[src]; b != nil {
		b.Release()
		n.filling[src] = nil
	}
}

// PeerStats is the traffic between this rank and another. Bytes are payload, without headers.
type PeerStats struct {
	Rank                           int
	BytesSent, BytesReceived       uint64
	MessagesSent, MessagesReceived uint64
}

// Stats is the traffic of one rank.
type Stats struct{ Peers []PeerStats }

// Stats returns what was sent to and received from each rank of the environment, by all communicators. What a rank sends
// to itself does not travel.
func (n *node) Stats() Stats {
	s := Stats{Peers: make([]PeerStats, len(n.traffic))}
	for r := range n.traffic {
		t := &n.traffic[r]
		s.Peers[r] = PeerStats{
			Rank: r, BytesSent: t.sentBytes.Load(), BytesReceived: t.gotBytes.Load(),
			MessagesSent: t.sentMessages.Load(), MessagesReceived: t.gotMessages.Load(),
		}
	}
	return s
}

package comm

import (
	"fmt"

	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// peer is what this rank knows of another within one communicator, guarded by the node's lock.
type peer struct {
	left    bool            // it has finished
	leaving bool            // it is about to, and begins and receives nothing any more
	entered uint64          // the newest operation it has begun
	calls   map[uint64]Call // what it has begun that this rank hasn't
	latest  Call            // what entered is

	flow // of the letters of operations
	lane lane
}

// flow is the credit between this rank and a peer for messages that go without asking, both ways.
type flow struct {
	granted  uint64 // what the peer gave us
	spent    uint64 // of that, used
	credited signal // raised when there may be more, or the peer leaves

	arrived  uint64 // what came from it
	consumed uint64 // of that, taken
	reported uint64 // what we gave it
}

func newFlow() flow { return flow{granted: wire.EagerCredit, reported: wire.EagerCredit} }

// grant takes the peer's grant.
func (f *flow) grant(credit uint64) {
	f.granted = max(f.granted, credit)
	f.credited.raise()
}

// consume notes that cost is free again, and returns the grant to send, if it is time. A peer that can't send has at
// least that to come: what isn't reported is less than the longest message needs.
func (f *flow) consume(cost uint64) (want uint64, due bool) {
	f.consumed += cost
	want = f.consumed + wire.EagerCredit
	if want-f.reported < wire.EagerCredit/4 {
		return 0, false
	}
	f.reported = want
	return want, true
}

// messageCost is what a message of n bytes takes from a stream's credit.
func messageCost(n int) uint64 { return uint64(n) + wire.HeaderSize }

// grantEager frees credit of the letters of operations. It is called under the lock.
func (c *Communicator) grantEager(src int, cost uint64) {
	if want, due := c.peers[src].consume(cost); due {
		c.post(src, &wire.Header{Class: wire.ClassCredit, Credit: want}, nil)
	}
}

// post sends a control frame of this communicator to one of its ranks.
func (c *Communicator) post(dst int, h *wire.Header, body []byte) {
	h.Context, h.Payload = c.id, len(body)
	c.ch.Post(c.members[dst], channel.NewFrame(h).Append(body))
}

// countSent counts a message on its way to the peer.
func (c *Communicator) countSent(dst, n int) {
	t := &c.traffic[c.members[dst]]
	t.sentMessages.Add(1)
	t.sentBytes.Add(uint64(n))
}

// countGot counts a message that arrived.
func (c *Communicator) countGot(src int, n uint64) {
	t := &c.traffic[c.members[src]]
	t.gotMessages.Add(1)
	t.gotBytes.Add(n)
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

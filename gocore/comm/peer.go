package comm

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// peer is what this rank knows of another. All but the counters are guarded by the Communicator's lock.
type peer struct {
	left    bool            // it has finished
	entered uint64          // the newest operation it has begun
	calls   map[uint64]Call // what it has begun that this rank hasn't ended
	latest  Call            // what entered is

	granted  uint64 // credit of stream 0 that it gave us
	spent    uint64 // of that, used
	credited signal // raised when granted grows, or it leaves

	arrived  uint64 // bytes of stream 0 that came from it
	consumed uint64 // of these, taken
	reported uint64 // credit of stream 0 that we gave it

	filling *memory.Buffer // holds the memory that the payload of its current frame is read into

	sentBytes, sentMessages, gotBytes, gotMessages atomic.Uint64
}

// messageCost is what a message of n bytes takes from a stream's credit.
func messageCost(n int) uint64 { return uint64(n) + wire.HeaderSize }

// consume notes that n bytes of credit of stream 0 are free again, and returns the grant to send, if it is time.
func (p *peer) consume(context uint64, cost uint64) *channel.Frame {
	p.consumed += cost
	want := p.consumed + wire.EagerCredit
	if want-p.reported < wire.EagerCredit/2 {
		return nil
	}
	p.reported = want
	return channel.NewFrame(&wire.Header{Class: wire.ClassCredit, Context: context, Credit: want})
}

// grantEager frees credit of stream 0. It is called under the lock.
func (c *Communicator) grantEager(src int, cost uint64) {
	if f := c.peers[src].consume(worldContext, cost); f != nil {
		c.ch.Post(src, f)
	}
}

// countSent counts a message on its way to the peer.
func (p *peer) countSent(n int) {
	p.sentMessages.Add(1)
	p.sentBytes.Add(uint64(n))
}

// countGot counts a message that arrived.
func (p *peer) countGot(n uint64) {
	p.gotMessages.Add(1)
	p.gotBytes.Add(n)
}

// PeerStats is the traffic between this rank and another. Bytes are payload, without headers.
type PeerStats struct {
	Rank                           int
	BytesSent, BytesReceived       uint64
	MessagesSent, MessagesReceived uint64
}

// Stats is the traffic of one rank.
type Stats struct{ Peers []PeerStats }

// Stats returns what was sent to and received from each rank. What a rank sends to itself does not travel.
func (c *Communicator) Stats() Stats {
	s := Stats{Peers: make([]PeerStats, c.Size())}
	for r, p := range c.peers {
		s.Peers[r] = PeerStats{
			Rank: r, BytesSent: p.sentBytes.Load(), BytesReceived: p.gotBytes.Load(),
			MessagesSent: p.sentMessages.Load(), MessagesReceived: p.gotMessages.Load(),
		}
	}
	return s
}

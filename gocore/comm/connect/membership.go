package connect

import (
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Link is the connection to one other rank.
type Link struct {
	Conn  net.Conn      // a *tls.Conn or *quic.Conn, authenticated, nothing read beyond the nomination; nil at the own rank
	Path  string        // "loopback", "private", "public", "punched", "quic", "relay", "redis", "s3" or "custom"; "self" at the own rank
	Setup time.Duration // from the sealed roster to the nomination
	Name  uint64        // that both ends have for the connection; 0: of the opening
}

// Membership is a rank's place in an open job: exactly one connection to every other rank.
type Membership struct {
	Rank  int
	Size  int
	Epoch wire.Epoch
	Links []Link        // by rank
	Setup time.Duration // of the whole: from Join's call to GO
	Trace []Event       // what happened on the way, in order

	Board *Board // nil without a store

	rest    func()  // closes what is shared by connections
	relayed *joiner // looks for better paths; nil: there is no rank that only the relay connects
}

// Conns returns the connections by rank, nil at the own.
func (m *Membership) Conns() []net.Conn {
	conns := make([]net.Conn, len(m.Links))
	for i, l := range m.Links {
		if l.Conn != nil {
			conns[i] = l.Conn
		}
	}
	return conns
}

// Close closes every connection. It may be called more than once, and after a channel has closed them itself.
func (m *Membership) Close() {
	for _, l := range m.Links {
		if l.Conn != nil {
			_ = l.Conn.Close()
		}
	}
	m.rest()
}

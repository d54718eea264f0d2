package tcp

import (
	"net"
	"sync/atomic"
	"time"
)

// strand is one connection of a link, which has two while it moves from one to the other.
type strand struct {
	conn   net.Conn     // TLS
	socket *Socket      // beneath conn; nil where conn was made without one
	raw    net.Conn     // beneath both
	id     uint64       // which both ends know; 0: the first
	lead   bool         // this rank begins to move
	ended  atomic.Int32 // directions
}

func newStrand(conn net.Conn, limit time.Duration) *strand {
	s := &strand{conn: conn, raw: Raw(conn)}
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		s.socket, _ = c.NetConn().(*Socket)
	}
	tune(s.raw, limit)
	return s
}

// closeWrite tells the peer's kernel that no byte follows. The reader goes on until the peer has closed too: closing
// with unread bytes would reset the connection, and destroy what the peer has not yet received.
func (s *strand) closeWrite() {
	if c, ok := s.raw.(interface{ CloseWrite() error }); !ok || c.CloseWrite() != nil {
		_ = s.raw.Close()
	}
}

// end ends a direction, after which nothing is to come: with the second one the connection is closed.
func (s *strand) end() {
	if s.ended.Add(1) == 2 {
		_ = s.raw.Close()
	}
}

package tcp

import (
	"net"
	"sync"
)

// Socket goes between TCP and TLS. While it holds, what TLS writes, a record of 16 KiB at a time, is gathered for one
// system call. Connections that were made over a Socket are found by New and used so; any other works as well.
type Socket struct {
	net.Conn
	mu      sync.Mutex // TLS also writes while it reads, though seldom
	holding bool
	out     []byte
}

// NewSocket wraps a TCP connection for use beneath TLS.
func NewSocket(conn net.Conn) *Socket { return &Socket{Conn: conn} }

// Raw returns the connection that carries conn: without TLS, and without a Socket.
func Raw(conn net.Conn) net.Conn {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = c.NetConn()
	}
	if s, ok := conn.(*Socket); ok {
		conn = s.Conn
	}
	return conn
}

// Write implements net.Conn.
func (s *Socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holding {
		s.out = append(s.out, p...)
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// hold gathers writes until flush.
func (s *Socket) hold() {
	s.mu.Lock()
	s.holding = true
	s.mu.Unlock()
}

// held returns how many bytes are gathered.
func (s *Socket) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out)
}

// flush writes what was gathered.
func (s *Socket) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = false
	_, err := s.Conn.Write(s.out)
	s.out = s.out[:0]
	return err
}

package natmodel

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one end of a connection.
type Conn struct {
	net.Conn
	Link          int // which connection it is the end of
	local, remote netip.AddrPort
	delay         time.Duration
	writes        *atomic.Int64 // that are left before the connection breaks
	other         net.Conn
}

// link makes both ends of a connection.
func (n *Net) link(a, toB, b, toA netip.AddrPort) (*Conn, *Conn) {
	n.links++
	ca, cb := net.Pipe()
	left := &atomic.Int64{}
	left.Store(1 << 40)
	if n.random.Float64() < n.Break {
		left.Store(1 + n.random.Int64N(4)) // before anything can have been nominated
	}
	delay := n.delay()
	return &Conn{ca, n.links, a, toB, delay, left, cb}, &Conn{cb, n.links, b, toA, delay, left, ca}
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	time.Sleep(c.delay)
	if c.writes.Add(-1) < 0 {
		_, _ = c.Conn.Close(), c.other.Close()
	}
	return c.Conn.Write(p)
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// listener implements net.Listener.
type listener struct {
	host  *Host
	port  uint16
	queue chan *Conn
	once  sync.Once
	done  chan struct{}
}

// Listen takes in connections to a port.
func (h *Host) Listen(port uint16) net.Listener {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	l := &listener{host: h, port: port, queue: make(chan *Conn, 1024), done: make(chan struct{})}
	h.listeners[port] = l
	return l
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.host.net.mu.Lock()
		defer l.host.net.mu.Unlock()
		delete(l.host.listeners, l.port)
		close(l.done)
	})
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.host.address, l.port))
}

// Relay connects who comes to it with the same key.
type Relay struct {
	net     *Net
	waiting map[any]chan *Conn
}

// Relay adds a relay, which all hosts reach.
func (n *Net) Relay() *Relay { return &Relay{n, map[any]chan *Conn{}} }

// Meet returns a connection to the other who comes with this key, or nil if done is closed before.
func (r *Relay) Meet(done <-chan struct{}, key any) *Conn {
	r.net.mu.Lock()
	if other := r.waiting[key]; other != nil {
		delete(r.waiting, key)
		a, b := r.net.link(netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{}, netip.AddrPort{})
		r.net.mu.Unlock()
		other <- a
		return b
	}
	mine := make(chan *Conn, 1)
	r.waiting[key] = mine
	r.net.mu.Unlock()
	select {
	case c := <-mine:
		return c
	case <-done:
	}
	r.net.mu.Lock()
	defer r.net.mu.Unlock()
	if r.waiting[key] == mine {
		delete(r.waiting, key)
		return nil
	}
	c := <-mine // met at the same instant; it is in the channel, or about to be
	_ = c.Close()
	return nil
}

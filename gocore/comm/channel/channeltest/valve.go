package channeltest

import (
	"net"
	"sync"
)

// valve stops all connections of a rank at once.
type valve struct {
	mu   sync.Mutex
	flow *sync.Cond
	held bool
}

func newValve() *valve {
	v := &valve{}
	v.flow = sync.NewCond(&v.mu)
	return v
}

func (v *valve) shut() { v.set(true) }
func (v *valve) open() { v.set(false) }

func (v *valve) set(held bool) {
	v.mu.Lock()
	v.held = held
	v.mu.Unlock()
	v.flow.Broadcast()
}

func (v *valve) pass() {
	v.mu.Lock()
	for v.held {
		v.flow.Wait()
	}
	v.mu.Unlock()
}

// valved is a connection behind its rank's valve.
type valved struct {
	net.Conn
	valve *valve
}

// Read implements net.Conn.
func (c *valved) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.valve.pass()
	return n, err
}

// Write implements net.Conn.
func (c *valved) Write(p []byte) (int, error) {
	c.valve.pass()
	return c.Conn.Write(p)
}

// CloseWrite closes the writing side, as a *net.TCPConn does.
func (c *valved) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

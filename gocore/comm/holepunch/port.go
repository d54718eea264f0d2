// Package holepunch opens TCP connections between two workers that are both behind NATs, by simultaneous open
// (RFC 5128, 3.4): both connect at the same instant from the port whose public address the rendezvous server has
// seen. Each NAT takes the other's SYN for the answer to its own worker's.
//
//	worker A            NAT A                    NAT B            worker B
//	  | bind P, connect   |                        |  bind Q, connect |
//	  |------ SYN ------->| maps P -> P'           |<----- SYN -------|
//	  |                   |------- SYN ---X------->| maps Q -> Q'     |    the same instant, the announced start
//	  |<------ SYN -------|<-----------------------|                  |    passes: A's NAT awaits Q'
//	  |---------- SYN-ACK ----------------------------------------->  |    both are in SYN_SENT: no listener,
//	  |<--------- SYN-ACK ------------------------------------------  |    both connects return the one connection
//
// One port per worker serves all its punches and the connection to the rendezvous server (SO_REUSEADDR and
// SO_REUSEPORT), so that the address which the server sees is the one that peers dial. It works where a NAT keeps one
// public port per private port whatever the destination; one that picks a port per destination needs a relay.
//
// A NAT that drops the early SYN lets the kernel's retransmission through: one attempt does. A NAT that answers it
// with RST ends the attempt after one round trip, and closes what the SYN had opened on its way: the two SYNs have to
// cross on the wire, which they do where the way is longer than the clocks are apart. Where it is not, one side sends
// openers: SYNs that may pass so few routers that they get through the own NAT and die before the other's, which never
// answers. The other side's SYN then finds the way open, and a socket that is in SYN_SENT:
//
//	|                   |                        | open to P' <-- opener --|
//	|                   |               X <------|                  |    its last hop
//	|------ SYN ------->|----------------------->|------ SYN ------>|
//	|<------------------------- SYN-ACK ----------------------------|
//
// How far the other NAT is, nobody knows: openers of one to a few hops more take turns. Attempts of the other side follow
// each other without a pause in bursts; bursts repeat in common slots after the start, with a jitter that grows from zero:
// well-estimated clocks meet at once and badly estimated ones soon.
package holepunch

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
)

// Port is a local TCP port that several outgoing connections share.
type Port struct {
	sockets Sockets
	mu      sync.Mutex
	number  int
	used    bool // a connection has been made from it: its public address may be known
}

// Ports are drawn from below the range from which systems draw ephemeral ones.
const (
	firstPort = 12000
	portCount = 20000
	portTries = 16
)

// NewPort returns a random port.
func NewPort() *Port { return NewPortOf(system{}) }

// NewPortOf returns a random port of sockets other than the system's: a model's.
func NewPortOf(s Sockets) *Port { return &Port{sockets: s, number: drawPort()} }

// Sockets are what a port needs of a TCP.
type Sockets interface {
	// Dial connects from a port.
	Dial(ctx context.Context, port int, address string) (net.Conn, error)
	// Opener returns what sends an opener, which passes so many routers, and waits for the other side's SYN; nil where the
	// system doesn't let that be done. It returns nil if none comes.
	Opener(port int, remote netip.AddrPort) func(ctx context.Context, hops int) net.Conn
}

// system is the system's TCP.
type system struct{}

// Dial implements Sockets.
func (system) Dial(ctx context.Context, port int, address string) (net.Conn, error) {
	return dialFrom(ctx, port, address)
}

// Opener implements Sockets.
func (system) Opener(port int, remote netip.AddrPort) func(ctx context.Context, hops int) net.Conn {
	return opener(port, remote)
}

func drawPort() int { return firstPort + rand.IntN(portCount) }

// Number returns the port's number.
func (p *Port) Number() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.number
}

// Dial connects from the port. Until a first connection stands, a port that turns out to be taken is exchanged for
// another.
func (p *Port) Dial(ctx context.Context, address string) (net.Conn, error) {
	for try := 0; ; try++ {
		conn, err := p.sockets.Dial(ctx, p.Number(), address)
		p.mu.Lock()
		switch {
		case err == nil:
			p.used = true
		case taken(err) && !p.used && try < portTries:
			p.number = drawPort()
			p.mu.Unlock()
			continue
		}
		p.mu.Unlock()
		return conn, err
	}
}

// Listen takes in what reaches the port.
func (p *Port) Listen(ctx context.Context) (net.Listener, error) {
	lc := net.ListenConfig{Control: reuse}
	lc.SetMultipathTCP(false)
	return lc.Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(p.Number())))
}

func dialFrom(ctx context.Context, port int, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{Port: port}, Control: reuse}
	d.SetMultipathTCP(false)
	return d.DialContext(ctx, "tcp", address)
}

func taken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

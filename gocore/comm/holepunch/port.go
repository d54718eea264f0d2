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
// with RST ends the attempt after one round trip, and the two SYNs must cross on the wire. Attempts then follow each
// other without a pause in bursts, so that one is on its way most of the time; bursts repeat in common slots after the
// start, with a jitter that grows from zero: well-estimated clocks meet at once and badly estimated ones soon.
package holepunch

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Port is a local TCP port that several outgoing connections share.
type Port struct {
	mu     sync.Mutex
	number int
	used   bool // a connection has been made from it: its public address may be known
}

// Ports are drawn from below the range from which systems draw ephemeral ones.
const (
	firstPort = 12000
	portCount = 20000
	portTries = 16
)

// NewPort returns a random port.
func NewPort() *Port { return &Port{number: drawPort()} }

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
		conn, err := dialFrom(ctx, p.Number(), address)
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

func dialFrom(ctx context.Context, port int, address string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{Port: port}, Control: reuse}
	d.SetMultipathTCP(false)
	return d.DialContext(ctx, "tcp", address)
}

func taken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// Timing of attempts.
const (
	attemptTimeout = 3 * time.Second      // the kernel repeats a SYN after one second
	burst          = 4 * time.Millisecond // of attempts that RST ends at once, one right after the other
	slot           = 20 * time.Millisecond
	lateSlot       = 100 * time.Millisecond
	lateAfter      = 50 // bursts
	maxJitter      = slot / 2
)

// nextBurst returns when burst n (from 0) is due: at the first common instant that isn't past, plus jitter drawn from
// [0, 1) times a width that grows with n.
func nextBurst(start, now time.Time, n int, draw float64) time.Time {
	every := slot
	if n >= lateAfter {
		every = lateSlot
	}
	due := start
	if late := now.Sub(start); late > 0 {
		due = start.Add((late + every - 1) / every * every)
	}
	width := min(time.Duration(n)*time.Millisecond, maxJitter)
	return due.Add(time.Duration(draw * float64(width)))
}

// Burst is one step of a punch, for reports.
type Burst struct {
	Number int
	Tries  int
	Err    error // of the last try; nil: connected
}

// Punch connects to the remote punch port at the start instant, or again after it, until the context ends. Both sides
// call it. The connection says nothing about who is at its other end.
func (p *Port) Punch(ctx context.Context, remote netip.AddrPort, start time.Time, trace func(Burst)) (net.Conn, error) {
	return punch(ctx, remote, start, trace, func(ctx context.Context, address string) (net.Conn, error) {
		return dialFrom(ctx, p.Number(), address)
	})
}

type dialer func(context.Context, string) (net.Conn, error)

func punch(ctx context.Context, remote netip.AddrPort, start time.Time, trace func(Burst), dial dialer) (net.Conn, error) {
	var last error
	for n := 0; ; n++ {
		timer := time.NewTimer(time.Until(nextBurst(start, time.Now(), n, rand.Float64())))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, gaveUp(ctx, remote, n, last)
		case <-timer.C:
		}
		b := Burst{Number: n}
		var conn net.Conn
		for began := time.Now(); ; {
			b.Tries++
			conn, b.Err = attempt(ctx, remote, dial)
			if b.Err == nil || ctx.Err() != nil || !errors.Is(b.Err, syscall.ECONNREFUSED) || time.Since(began) > burst {
				break
			}
		}
		if b.Err == nil || ctx.Err() == nil {
			trace(b)
			last = b.Err
		}
		if b.Err == nil {
			return conn, nil
		}
	}
}

// attempt sends one SYN, and its repetitions. A SYN to the own port would connect to itself.
func attempt(ctx context.Context, remote netip.AddrPort, dial dialer) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := dial(ctx, remote.String())
	if err == nil && conn.LocalAddr().String() == conn.RemoteAddr().String() {
		Abandon(conn)
		return nil, errSelf
	}
	return conn, err
}

var errSelf = status.Errorf(status.Unreachable, "connected to itself")

func gaveUp(ctx context.Context, remote netip.AddrPort, bursts int, last error) error {
	if last == nil {
		last = context.Cause(ctx)
	}
	return status.Errorf(status.Unreachable, "no simultaneous open with %s in %d bursts of attempts: %w", remote, bursts, last)
}

// Abandon closes a connection without leaving its addresses in TIME_WAIT, so that they can be used again at once.
func Abandon(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

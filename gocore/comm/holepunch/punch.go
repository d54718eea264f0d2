package holepunch

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Timing of attempts.
const (
	attemptTimeout = 3 * time.Second      // the kernel repeats a SYN after one second
	burst          = 4 * time.Millisecond // of attempts that RST ends at once, one right after the other
	eagerSlot      = 4 * time.Millisecond
	eagerUntil     = 100 // bursts
	slot           = 20 * time.Millisecond
	lateSlot       = 100 * time.Millisecond
	lateAfter      = 150 // bursts
	maxJitter      = slot / 2
)

// Openers pass between 2 and maxHops routers, the own NAT being the first. Each waits for the other side's next SYN.
const (
	maxHops    = 8
	openerWait = 15 * time.Millisecond
)

// nextBurst returns when burst n (from 0) is due: at the first common instant that isn't past, plus jitter drawn from
// [0, 1) times a width that grows with n.
func nextBurst(start, now time.Time, n int, draw float64) time.Time {
	every := slot
	switch {
	case n < eagerUntil:
		every = eagerSlot
	case n >= lateAfter:
		every = lateSlot
	}
	due := start
	if late := now.Sub(start); late > 0 { // counted from now: the server may name an instant centuries ago
		due = now.Add((every - late%every) % every)
	}
	width := min(time.Duration(n)*time.Millisecond, every/2, maxJitter)
	return due.Add(time.Duration(draw * float64(width)))
}

// Burst is one step of a punch, for reports.
type Burst struct {
	Number  int
	Tries   int   // SYNs
	Openers int   // that followed
	Err     error // of the last try; nil: connected
}

// Punch connects to the remote punch port at the start instant, or again after it, until the context ends. Both sides
// call it, one of them with opens. The connection says nothing about who is at its other end.
func (p *Port) Punch(ctx context.Context, remote netip.AddrPort, start time.Time, opens bool, trace func(Burst)) (net.Conn, error) {
	w := way{remote: remote, dial: func(ctx context.Context, address string) (net.Conn, error) {
		return p.sockets.Dial(ctx, p.Number(), address)
	}}
	if opens {
		w.open = p.sockets.Opener(p.Number(), remote)
	}
	return w.punch(ctx, start, trace)
}

// way is a pair of punch ports.
type way struct {
	remote netip.AddrPort
	dial   func(context.Context, string) (net.Conn, error)
	open   func(ctx context.Context, hops int) net.Conn // nil: this side sends no openers
}

func (w way) punch(ctx context.Context, start time.Time, trace func(Burst)) (net.Conn, error) {
	var last error
	for n := 0; ; n++ {
		if !pause(ctx, time.Until(nextBurst(start, time.Now(), n, rand.Float64()))) {
			return nil, gaveUp(ctx, w.remote, n, last)
		}
		b := Burst{Number: n}
		conn := w.burst(ctx, &b)
		if errors.Is(b.Err, syscall.ECONNREFUSED) && w.open != nil {
			conn = w.openers(ctx, &b)
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

// burst sends SYNs, one after the other as long as RST ends them.
func (w way) burst(ctx context.Context, b *Burst) (conn net.Conn) {
	for began := time.Now(); ; {
		b.Tries++
		conn, b.Err = w.attempt(ctx)
		if b.Err == nil || ctx.Err() != nil || !errors.Is(b.Err, syscall.ECONNREFUSED) || time.Since(began) > burst {
			return conn
		}
	}
}

// openers sends openers of all ranges.
func (w way) openers(ctx context.Context, b *Burst) net.Conn {
	for hops := 2; hops <= maxHops && ctx.Err() == nil; hops++ {
		b.Openers++
		if conn := w.open(ctx, hops); conn != nil {
			b.Err = nil
			return conn
		}
	}
	return nil
}

// pause waits, and tells whether the context has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// attempt sends one SYN, and its repetitions. A SYN to the own port would connect to itself.
func (w way) attempt(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := w.dial(ctx, w.remote.String())
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

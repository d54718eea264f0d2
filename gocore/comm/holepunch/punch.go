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
	if late := now.Sub(start); late > 0 { // counted from now: the server may name an instant centuries ago
		due = now.Add((every - late%every) % every)
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

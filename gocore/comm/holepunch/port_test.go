package holepunch

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

var remote = netip.MustParseAddrPort("192.0.2.1:1234")

func refused() error { return &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} }

// script is a dialer whose tries end as listed; the last entry repeats.
func script(ends ...func(ctx context.Context) (net.Conn, error)) way {
	n := 0
	return way{remote: remote, dial: func(ctx context.Context, _ string) (net.Conn, error) {
		end := ends[min(n, len(ends)-1)]
		n++
		return end(ctx)
	}}
}

func answers(err error) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) { return nil, err }
}

func connects(local, remote string) func(context.Context) (net.Conn, error) {
	return func(context.Context) (net.Conn, error) { return fake{local: local, remote: remote}, nil }
}

type fake struct {
	net.Conn
	local, remote string
}

func (f fake) LocalAddr() net.Addr  { return address(f.local) }
func (f fake) RemoteAddr() net.Addr { return address(f.remote) }
func (fake) Close() error           { return nil }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func TestPunchSequence(t *testing.T) {
	ok := connects("10.0.0.1:5", "192.0.2.1:1234")
	for name, c := range map[string]struct {
		way   way
		tries []int // per burst
	}{
		"at once":                     {script(ok), []int{1}},
		"in use, then free":           {script(answers(syscall.EADDRNOTAVAIL), ok), []int{1, 1}},
		"itself, then the peer":       {script(connects("10.0.0.1:5", "10.0.0.1:5"), ok), []int{1, 1}},
		"no route for a while":        {script(answers(syscall.EHOSTUNREACH), answers(syscall.EHOSTUNREACH), ok), []int{1, 1, 1}},
		"silence is a burst's single": {script(answers(context.DeadlineExceeded), ok), []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var tries []int
			start := time.Now().Add(20 * time.Millisecond)
			conn, err := c.way.punch(context.Background(), start, func(b Burst) {
				require.Equal(t, len(tries), b.Number)
				require.False(t, time.Now().Before(start), "nothing is sent before the start")
				tries = append(tries, b.Tries)
			})
			require.NoError(t, err)
			require.Equal(t, "192.0.2.1:1234", conn.RemoteAddr().String())
			require.Equal(t, c.tries, tries)
		})
	}
}

func TestAnswerOfRSTIsTriedAgainAtOnce(t *testing.T) {
	tries, bursts := 0, 0
	crossed := script(answers(refused()), answers(refused()), answers(refused()), connects("10.0.0.1:5", "192.0.2.1:1234"))
	_, err := crossed.punch(context.Background(), time.Now(), func(b Burst) {
		tries += b.Tries
		bursts++
	})
	require.NoError(t, err)
	require.Equal(t, 4, tries)
	require.LessOrEqual(t, bursts, 4) // one, unless the machine is busy
}

// Openers of all ranges follow an answer of RST, and no other.
func TestOpenersFollowRST(t *testing.T) {
	ok := connects("10.0.0.1:5", "192.0.2.1:1234")
	for _, c := range []struct {
		answer error
		want   []int
	}{{refused(), []int{2, 3, 4, 5}}, {syscall.EHOSTUNREACH, nil}} {
		var opened []int
		w := script(answers(c.answer), ok)
		if c.want != nil {
			w = script(answers(c.answer))
		}
		w.open = func(_ context.Context, hops int) net.Conn {
			if opened = append(opened, hops); hops < 5 {
				return nil
			}
			return fake{local: "10.0.0.1:5", remote: "192.0.2.1:1234"}
		}
		conn, err := w.punch(context.Background(), time.Now(), func(Burst) {})
		require.NoError(t, err)
		require.NotNil(t, conn)
		require.Equal(t, c.want, opened)
	}
}

func TestPunchEndsWithTheContext(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := script(answers(refused())).punch(ctx, time.Now(), func(Burst) {})
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "192.0.2.1:1234")

	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	_, err = script(answers(refused())).punch(ctx, time.Now().Add(time.Hour), func(Burst) {})
	require.Equal(t, status.Unreachable, status.CodeOf(err))
}

func TestBurstsAreInCommonSlots(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(after time.Duration, n int, draw float64) time.Duration {
		return nextBurst(start, start.Add(after), n, draw).Sub(start)
	}
	require.Zero(t, at(-time.Second, 0, 0.99), "the first is exact")
	require.Zero(t, at(-time.Second, 0, 0))
	require.Equal(t, eagerSlot, at(time.Millisecond, 1, 0))
	require.Equal(t, eagerSlot, at(eagerSlot, 1, 0), "an instant that is now is not past")
	require.Equal(t, 3*eagerSlot, at(2*eagerSlot+1, 5, 0), "both sides compute the same slot")
	require.Equal(t, slot, at(time.Millisecond, eagerUntil, 0))
	require.Less(t, at(time.Millisecond, 1000, 0.999), lateSlot+maxJitter)
	require.Equal(t, lateSlot, at(time.Millisecond, lateAfter, 0), "later ones are rarer")
	now := time.Now()
	require.WithinDuration(t, now, nextBurst(time.Unix(-9e9, 1), now, 1, 0), slot, "an instant centuries ago")
}

func TestPortIsShared(t *testing.T) {
	leak.Check(t)
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		addresses = append(addresses, l.Addr().String())
	}
	p := NewPort()
	for _, a := range addresses {
		c, err := p.Dial(context.Background(), a)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		require.Equal(t, p.Number(), c.LocalAddr().(*net.TCPAddr).Port)
	}
}

func TestTakenPortIsExchanged(t *testing.T) {
	taken, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	to, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, to.Close()) }()
	p := &Port{sockets: system{}, number: taken.Addr().(*net.TCPAddr).Port}
	c, err := p.Dial(context.Background(), to.Addr().String())
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NotEqual(t, taken.Addr().(*net.TCPAddr).Port, p.Number())
}

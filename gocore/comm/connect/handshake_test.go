package connect

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// ranks returns joiners that have the same roster, without a server.
func ranks(t testing.TB, n int) []*joiner {
	t.Helper()
	all := make([]*joiner, n)
	roster := &wire.Roster{}
	known := map[trust.Pin]int{}
	for rank := range all {
		identity, err := trust.NewIdentity()
		require.NoError(t, err)
		known[identity.Pin()] = rank
		roster.Entries = append(roster.Entries, wire.Entry{Member: wire.Member{Pin: identity.Pin()}})
		all[rank] = &joiner{identity: identity, rank: rank, roster: roster, ranks: known, pairs: make([]*pair, n),
			settled: make(chan struct{}, n), slots: make(chan struct{}, outgoing), network: system{}}
	}
	return all
}

// wired returns both ends of a TCP connection.
func wired(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a, b
}

// meet lets a dial b and returns what each thinks of it.
func meet(t testing.TB, a *joiner, expected int, path wire.Path, b *joiner) (ra, rb *racer, from int, errA, errB error) {
	t.Helper()
	ca, cb := wired(t)
	g := task.NewGroup(context.Background())
	g.Go(func(ctx context.Context) error {
		if rb, from, errB = b.greet(ctx, cb, false, -1, 0); errB != nil {
			_ = cb.Close()
		}
		return nil
	})
	if ra, _, errA = a.greet(context.Background(), ca, true, expected, path); errA != nil {
		_ = ca.Close()
	}
	require.NoError(t, g.Wait())
	return ra, rb, from, errA, errB
}

func TestGreet(t *testing.T) {
	all := ranks(t, 3)
	ra, rb, from, errA, errB := meet(t, all[2], 1, wire.Public, all[1])
	require.NoError(t, errA)
	require.NoError(t, errB)
	require.Equal(t, 2, from)
	require.Equal(t, wire.Public, ra.path)
	require.Equal(t, wire.Public, rb.path)
}

func TestGreetRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil    func(t *testing.T, all []*joiner)
		expected int // whom rank 0 means to call at rank 1's port
		codeA    status.Code
		codeB    status.Code
	}{
		"another epoch":         {func(_ *testing.T, all []*joiner) { all[0].epoch[0]++ }, 1, status.Internal, status.Stale},
		"a wrong own rank":      {func(_ *testing.T, all []*joiner) { all[0].rank = 2 }, 1, status.Internal, status.Unauthenticated},
		"the wrong rank's port": {func(*testing.T, []*joiner) {}, 2, status.Unauthenticated, status.Internal},
		"a stranger calls": {func(t *testing.T, all []*joiner) {
			all[0].identity = ranks(t, 1)[0].identity
		}, 1, status.Internal, status.Unauthenticated},
		"a stranger answers": {func(t *testing.T, all []*joiner) {
			all[1].identity = ranks(t, 1)[0].identity
		}, 1, status.Unauthenticated, status.Internal},
		"one's own identity": {func(_ *testing.T, all []*joiner) { all[1].identity, all[1].rank = all[0].identity, 0 }, 0, status.Internal, status.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			all := ranks(t, 3)
			c.spoil(t, all)
			_, _, _, errA, errB := meet(t, all[0], c.expected, wire.Loopback, all[1])
			require.Equal(t, c.codeA, status.CodeOf(errA), "%v", errA) // Internal: whatever a closed connection gives
			require.Equal(t, c.codeB, status.CodeOf(errB), "%v", errB)
		})
	}
}

// TestBrokenHellos: what an authentic certificate does not make good.
func TestBrokenHellos(t *testing.T) {
	hello := func(change func(*wire.Hello)) []byte {
		h := &wire.Hello{Source: 0, Destination: 1, Path: wire.Private}
		change(h)
		return wire.AppendJoin(nil, wire.TypeHello, h.AppendMarshal(nil))
	}
	for name, c := range map[string]struct {
		send []byte
		want status.Code
	}{
		"replayed from an earlier epoch": {hello(func(h *wire.Hello) { h.Epoch[0] = 9 }), status.Stale},
		"from another rank":              {hello(func(h *wire.Hello) { h.Source = 2 }), status.Unauthenticated},
		"to another rank":                {hello(func(h *wire.Hello) { h.Destination = 2 }), status.Unauthenticated},
		"a path that has no listener":    {hello(func(h *wire.Hello) { h.Path = wire.Punched }), status.Malformed},
		"an unknown path":                {hello(func(h *wire.Hello) { h.Path = 77 }), status.Malformed},
		"oversize":                       {[]byte{byte(wire.TypeHello), 0xff, 0xff, 0xff}, status.Malformed},
		"another message":                {wire.AppendJoin(nil, wire.TypeNominate, nil), status.Malformed},
		"an acknowledgement first":       {wire.AppendJoin(nil, wire.TypeHelloAck, nil), status.Malformed},
		"truncated":                      {hello(func(*wire.Hello) {})[:20], status.Internal},
		"nothing":                        {nil, status.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			all := ranks(t, 3)
			ca, cb := wired(t)
			var err error
			g := task.NewGroup(context.Background())
			g.Go(func(ctx context.Context) error {
				_, _, err = all[1].greet(ctx, cb, false, -1, 0)
				return nil
			})
			conn := tls.Client(ca, all[0].identity.PeerClient(all[1].identity.Pin()))
			require.NoError(t, conn.Handshake())
			_, _ = conn.Write(c.send)
			require.NoError(t, conn.CloseWrite())
			require.NoError(t, g.Wait())
			require.Equal(t, c.want, status.CodeOf(err), "%v", err)
		})
	}
}

func TestSilentPeerIsGivenUp(t *testing.T) {
	all := ranks(t, 2)
	_, cb := wired(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, _, err := all[1].greet(ctx, cb, false, -1, 0)
	require.Error(t, err)
}

// paired returns authenticated connections of ranks 0 and 1, as racers of both.
func paired(t testing.TB, all []*joiner, path wire.Path) (low, high *racer) {
	low, high, _, errA, errB := meet(t, all[0], 1, path, all[1])
	require.NoError(t, errA)
	require.NoError(t, errB)
	return low, high
}

// settleOn offers racers to a pair of two joiners and returns what they settle on.
func settleOn(t *testing.T, all []*joiner, low, high []*racer, hopes []candidate) (wire.Path, wire.Path) {
	g := task.NewGroup(context.Background())
	ctx, cancel := context.WithTimeout(g.Context(), 10*time.Second)
	defer cancel()
	a, b := newPair(ctx, 0, 1), newPair(ctx, 1, 0)
	a.list = hopes
	g.Go(func(context.Context) error {
		all[0].nominate(ctx, a)
		return nil
	})
	for _, r := range low {
		g.Go(func(context.Context) error {
			all[0].offer(ctx, a, r)
			return nil
		})
	}
	for _, r := range high {
		g.Go(func(context.Context) error {
			all[1].offer(ctx, b, r)
			return nil
		})
	}
	for _, j := range all[:2] {
		select {
		case <-j.settled:
		case <-ctx.Done():
			require.Fail(t, "not settled")
		}
	}
	cancel()
	a.close(true)
	b.close(true)
	require.NoError(t, g.Wait())

	_, err := a.settled.conn.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(b.settled.conn, make([]byte, 1))
	require.NoError(t, err, "both settled on the same connection")
	closed := 0
	for _, r := range low {
		if r != a.settled {
			_, err := r.conn.Write([]byte("x"))
			require.Error(t, err)
			closed++
		}
	}
	require.Equal(t, len(low)-1, closed)
	return a.settled.path, b.settled.path
}

func TestBetterPathWithinTheGraceWins(t *testing.T) {
	all := ranks(t, 2)
	l1, h1 := paired(t, all, wire.Public)
	l2, h2 := paired(t, all, wire.Private)
	low, high := settleOn(t, all, []*racer{l1, l2}, []*racer{h1, h2}, []candidate{{path: wire.Private}})
	require.Equal(t, wire.Private, low)
	require.Equal(t, wire.Private, high)
}

func TestNominationOfABrokenConnectionIsRepeated(t *testing.T) {
	all := ranks(t, 2)
	l1, h1 := paired(t, all, wire.Loopback)
	l2, h2 := paired(t, all, wire.Private)
	require.NoError(t, tcp.Raw(h1.conn).Close())
	low, high := settleOn(t, all, []*racer{l1, l2}, []*racer{h1, h2}, []candidate{{path: wire.Loopback}})
	require.Equal(t, wire.Private, low)
	require.Equal(t, wire.Private, high)
}

func TestStrangersAtTheListeningPort(t *testing.T) {
	all := ranks(t, 2)
	j := all[1]
	var err error
	j.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	ctx, cancel := context.WithCancel(g.Context())
	j.pairs[0] = newPair(ctx, 1, 0)
	inner := task.NewGroup(ctx)
	g.Go(func(context.Context) error { return j.accept(ctx, inner) })
	for i := range 300 { // some of them wait for places; by turns of 32 the rank would wait longer than its handshake may last
		c, err := net.Dial("tcp", j.listener.Addr().String())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		if i%10 == 0 {
			_, err = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
			require.NoError(t, err)
		}
	}
	c, err := net.Dial("tcp", j.listener.Addr().String())
	require.NoError(t, err)
	r, _, err := all[0].greet(ctx, c, true, 1, wire.Loopback)
	require.NoError(t, err)
	require.Equal(t, wire.Loopback, r.path)
	cancel()
	require.NoError(t, j.listener.Close())
	j.pairs[0].close(false)
	require.NoError(t, inner.Wait())
	require.NoError(t, g.Wait())
	require.NoError(t, c.Close())
}

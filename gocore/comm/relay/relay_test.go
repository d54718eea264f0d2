package relay_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/relay"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// lab is a relay that serves on loopback, and what signs its tickets.
type lab struct {
	t       *testing.T
	issuer  *trust.State
	relay   *relay.Relay
	address string
}

func newLab(t *testing.T, opt relay.Options) *lab {
	t.Helper()
	leak.Check(t)
	issuer, err := trust.NewState()
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &lab{t: t, issuer: issuer, relay: relay.New(issuer.Issuer(), opt), address: listener.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	g := task.NewGroup(ctx)
	g.Go(func(ctx context.Context) error {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return nil
			}
			g.Go(func(ctx context.Context) error {
				_ = l.relay.Serve(ctx, conn, bytes.NewReader(nil), func() {})
				return nil
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		_ = g.Wait()
		require.Zero(t, l.relay.Stats().Pairs)
		for range 2 { // pipes that splicing keeps for the next go with the second collection
			runtime.GC()
		}
	})
	return l
}

// rank is a worker with a ticket.
type rank struct {
	lab      *lab
	identity *trust.Identity
	ticket   wire.Ticket
	signed   [wire.SignedTicketBytes]byte
}

// rank makes a worker of the first opening of a job of the same number.
func (l *lab) rank(number int, epoch byte) *rank { return l.opened(number, epoch, epoch) }

// opened makes a worker of an opening of a job.
func (l *lab) opened(number int, job, epoch byte) *rank {
	l.t.Helper()
	identity, err := trust.NewIdentity()
	require.NoError(l.t, err)
	r := &rank{lab: l, identity: identity, ticket: wire.Ticket{Job: [32]byte{job}, Epoch: wire.Epoch{epoch}, WorldSize: 3, Rank: number,
		Pin: identity.Pin(), Expires: time.Now().Add(time.Minute)}}
	r.signed = l.issuer.SignTicket(&r.ticket)
	return r
}

func (r *rank) dial(peer int) (net.Conn, error) {
	return relay.Dial(context.Background(), r.lab.address, r.signed, r.identity, peer)
}

// meet connects two ranks through the relay.
func meet(t *testing.T, a, b *rank) (net.Conn, net.Conn) {
	t.Helper()
	var one, other net.Conn
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) (err error) {
		one, err = a.dial(b.ticket.Rank)
		return err
	})
	g.Go(func(context.Context) (err error) {
		other, err = b.dial(a.ticket.Rank)
		return err
	})
	require.NoError(t, g.Wait())
	t.Cleanup(func() {
		_ = one.Close()
		_ = other.Close()
	})
	return one, other
}

func TestBytesPassBothWays(t *testing.T) {
	l := newLab(t, relay.Options{})
	a, b := meet(t, l.rank(0, 1), l.rank(1, 1))
	require.Equal(t, 1, l.relay.Stats().Pairs)
	const size = 20 << 20
	g := task.NewGroup(context.Background())
	for i, conn := range []net.Conn{a, b} {
		g.Go(func(context.Context) error {
			if _, err := conn.Write(bytes.Repeat([]byte{byte(i)}, size)); err != nil {
				return err
			}
			return conn.(*net.TCPConn).CloseWrite()
		})
		g.Go(func(context.Context) error {
			got, err := io.ReadAll(conn) // up to the other's CloseWrite
			require.Equal(t, size, bytes.Count(got, []byte{byte(1 - i)}))
			return err
		})
	}
	require.NoError(t, g.Wait())
	require.Eventually(t, func() bool { return l.relay.Stats().Pairs == 0 }, 5*time.Second, time.Millisecond)
}

func TestPairsOfAllRanksAndJobs(t *testing.T) {
	l := newLab(t, relay.Options{})
	for epoch := byte(1); epoch <= 2; epoch++ {
		ranks := []*rank{l.rank(0, epoch), l.rank(1, epoch), l.rank(2, epoch)}
		for i := range ranks {
			for j := range i {
				a, b := meet(t, ranks[j], ranks[i])
				_, err := a.Write([]byte{epoch, byte(i), byte(j)})
				require.NoError(t, err)
				got := make([]byte, 3)
				_, err = io.ReadFull(b, got)
				require.NoError(t, err)
				require.Equal(t, []byte{epoch, byte(i), byte(j)}, got)
			}
		}
	}
}

// A reset on one side reaches the other as one: it is no orderly end.
func TestResetPassesOn(t *testing.T) {
	l := newLab(t, relay.Options{})
	a, b := meet(t, l.rank(0, 1), l.rank(1, 1))
	require.NoError(t, a.(*net.TCPConn).SetLinger(0))
	require.NoError(t, a.Close())
	_, err := io.ReadAll(b)
	require.Error(t, err)
}

// A receiver that doesn't read stops the sender: the relay keeps nothing.
func TestSlowReceiverStopsItsSender(t *testing.T) {
	l := newLab(t, relay.Options{})
	a, _ := meet(t, l.rank(0, 1), l.rank(1, 1))
	require.NoError(t, a.SetWriteDeadline(time.Now().Add(300*time.Millisecond)))
	n, err := a.Write(make([]byte, 64<<20))
	require.Error(t, err)
	require.Less(t, n, 48<<20, "what the sockets hold")
}

func TestNewerConnectionTakesTheOldersPlace(t *testing.T) {
	l := newLab(t, relay.Options{})
	a, b := l.rank(0, 1), l.rank(1, 1)
	var newer net.Conn
	var taken error
	g, second := task.NewGroup(context.Background()), task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		_, taken = a.dial(1)
		return nil
	})
	second.Go(func(context.Context) (err error) {
		newer, err = a.dial(1)
		if status.CodeOf(err) == status.Stale { // it came first: now it takes the other's place
			newer, err = a.dial(1)
		}
		return err
	})
	require.NoError(t, g.Wait())
	require.Equal(t, status.Stale, status.CodeOf(taken))
	conn, err := b.dial(0)
	require.NoError(t, err)
	require.NoError(t, second.Wait())
	for _, c := range []net.Conn{conn, newer} {
		require.NoError(t, c.Close())
	}
}

func TestRefusals(t *testing.T) {
	l := newLab(t, relay.Options{})
	other := newLab(t, relay.Options{})
	for name, c := range map[string]struct {
		spoil func(r *rank)
		peer  int
		code  status.Code
		text  string
	}{
		"a ticket of another server": {func(r *rank) { r.signed = other.issuer.SignTicket(&r.ticket) }, 1, status.Unauthenticated, "did not issue"},
		"a changed ticket":           {func(r *rank) { r.signed[40]++ }, 1, status.Unauthenticated, "did not issue"},
		"an expired ticket": {func(r *rank) {
			r.ticket.Expires = time.Now().Add(-time.Second)
			r.signed = l.issuer.SignTicket(&r.ticket)
		}, 1, status.Unauthenticated, "expired"},
		"another worker's ticket":   {func(r *rank) { r.signed = l.rank(0, 1).signed }, 1, status.Unauthenticated, "another worker's"},
		"itself":                    {func(*rank) {}, 0, status.Invalid, "can't be connected"},
		"a rank beyond the world":   {func(*rank) {}, 3, status.Invalid, "can't be connected"},
		"no ticket, as from a file": {func(r *rank) { r.signed = [wire.SignedTicketBytes]byte{} }, 1, status.Unauthenticated, "did not issue"},
	} {
		t.Run(name, func(t *testing.T) {
			r := l.rank(0, 1)
			c.spoil(r)
			_, err := r.dial(c.peer)
			require.Equal(t, c.code, status.CodeOf(err))
			require.ErrorContains(t, err, c.text)
		})
	}
}

// Who overheard a ticket and its key doesn't get past the challenge.
func TestOverheardTicketIsWorthNothing(t *testing.T) {
	l := newLab(t, relay.Options{})
	r := l.rank(0, 1)
	for name, proof := range map[string][]byte{"zeros": make([]byte, 64), "short": {1}, "of another challenge": func() []byte {
		s := r.identity.ProveToRelay([32]byte{1}, 1)
		return s[:]
	}()} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.address)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			m := &wire.Relay{Ticket: r.signed, PublicKey: r.identity.PublicKey(), Peer: 1}
			require.NoError(t, wire.WriteJoin(conn, wire.TypeRelay, m.AppendMarshal(nil)))
			kind, _, err := wire.ReadJoin(conn, wire.MaxControl)
			require.NoError(t, err)
			require.Equal(t, wire.TypeChallenge, kind)
			require.NoError(t, wire.WriteJoin(conn, wire.TypeProof, proof))
			kind, body, err := wire.ReadJoin(conn, wire.MaxControl)
			require.NoError(t, err)
			require.Equal(t, wire.TypeFail, kind)
			fail, err := wire.ParseFail(body)
			require.NoError(t, err)
			require.Equal(t, status.Unauthenticated, fail.Err().Code)
		})
	}
}

func TestQuotas(t *testing.T) {
	l := newLab(t, relay.Options{PairsPerJob: 1, BytesPerJob: 3 << 20})
	ranks := []*rank{l.rank(0, 1), l.rank(1, 1), l.rank(2, 1)}
	a, b := meet(t, ranks[0], ranks[1])
	g := task.NewGroup(context.Background())
	refused := make([]error, 2)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for i, pair := range [][2]int{{0, 2}, {2, 0}} {
		g.Go(func(context.Context) error {
			_, refused[i] = relay.Dial(ctx, l.address, ranks[pair[0]].signed, ranks[pair[0]].identity, pair[1])
			cancel() // who waits for the refused one would wait on
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Contains(t, []status.Code{status.CodeOf(refused[0]), status.CodeOf(refused[1])}, status.Unreachable)
	meet(t, l.rank(0, 2), l.rank(1, 2)) // of another job

	g = task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		_, _ = a.Write(make([]byte, 64<<20))
		return nil
	})
	n, err := io.Copy(io.Discard, b)
	require.Error(t, err, "the job has used up its bytes")
	require.LessOrEqual(t, n, int64(5<<20))
	require.NoError(t, g.Wait())
}

// A job that has used up its bytes gets none by connecting or opening anew, until its tickets have expired.
func TestQuotaOutlivesConnections(t *testing.T) {
	l := newLab(t, relay.Options{BytesPerJob: 1 << 20})
	ranks := []*rank{l.rank(0, 1), l.rank(1, 1)}
	a, b := meet(t, ranks[0], ranks[1])
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		_, _ = a.Write(make([]byte, 16<<20))
		return nil
	})
	_, err := io.Copy(io.Discard, b)
	require.Error(t, err)
	require.NoError(t, g.Wait())
	require.Eventually(t, func() bool { return l.relay.Stats().Pairs == 0 }, 5*time.Second, time.Millisecond)
	_, err = ranks[0].dial(1)
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	require.ErrorContains(t, err, "used up its 1.0 MiB")
	require.EqualValues(t, 2, l.relay.Stats().Quotas["relay_bytes_per_job"], "once while copying, once at the door")

	_, err = l.opened(0, 1, 2).dial(1)
	require.Equal(t, status.Unreachable, status.CodeOf(err), "another opening of the job")
	l.relay.Sweep(time.Now()) // the tickets are valid still
	_, err = ranks[0].dial(1)
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	l.relay.Sweep(time.Now().Add(time.Hour))
	meet(t, ranks[0], ranks[1])
}

// What strangers say ends their connection, and nothing else.
func TestStrangers(t *testing.T) {
	l := newLab(t, relay.Options{})
	for name, said := range map[string][]byte{
		"http":      []byte("GET / HTTP/1.1\r\n\r\n"),
		"oversize":  wire.AppendJoinHead(nil, wire.TypeRelay, 1<<20),
		"another":   wire.AppendJoin(nil, wire.TypeRegister, make([]byte, wire.RelayBytes)),
		"truncated": wire.AppendJoin(nil, wire.TypeRelay, make([]byte, wire.RelayBytes))[:40],
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.address)
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			_, err = conn.Write(said)
			require.NoError(t, err)
			_ = conn.(*net.TCPConn).CloseWrite() // it may be over already
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
			_, err = io.Copy(io.Discard, conn)
			require.False(t, err != nil && isTimeout(err), "the relay still waits")
		})
	}
	meet(t, l.rank(0, 1), l.rank(1, 1))
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

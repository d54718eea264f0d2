package rendezvous_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// serve runs a server until the test ends.
func serve(t testing.TB, opt rendezvous.Options) *rendezvous.Server {
	t.Helper()
	s, err := rendezvous.NewServer(opt)
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	g.Go(s.Serve)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, g.Wait())
	})
	return s
}

func issue(t testing.TB, s *rendezvous.Server, size int) trust.Token {
	t.Helper()
	token, err := s.Token(size, time.Minute)
	require.NoError(t, err)
	return token
}

func plain(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

func dial(t testing.TB, token trust.Token) *rendezvous.Client {
	t.Helper()
	c, err := rendezvous.Dial(context.Background(), token, plain)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// member is a worker's, told from others by its number.
func member(number byte) wire.Member {
	return wire.Member{Pin: [32]byte{number}, Nonce: [16]byte{number}, Version: wire.ProtocolVersion, Port: 1,
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}
}

// register registers a new client.
func register(t testing.TB, token trust.Token, rank int, patience time.Duration, number byte) *rendezvous.Client {
	t.Helper()
	c := dial(t, token)
	observed, err := c.Register(context.Background(), rank, patience, member(number))
	require.NoError(t, err)
	require.Equal(t, c.LocalAddr(), observed)
	return c
}

// roster waits for it.
func roster(t testing.TB, c *rendezvous.Client) (int, wire.Epoch) {
	t.Helper()
	opening, err := c.Opening(context.Background())
	require.NoError(t, err)
	return opening.Rank, opening.Epoch
}

// refusal returns why a client's wait for the roster failed.
func refusal(t testing.TB, c *rendezvous.Client) *status.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := c.Opening(ctx)
	require.Error(t, err)
	return status.From(err)
}

// attempt registers with little patience and returns why it failed, at whichever step the time was over.
func attempt(t testing.TB, token trust.Token, rank int, patience time.Duration, number byte) *status.Error {
	t.Helper()
	c := dial(t, token)
	if _, err := c.Register(context.Background(), rank, patience, member(number)); err != nil {
		return status.From(err)
	}
	return refusal(t, c)
}

func TestRanksAreGivenOrFirstCome(t *testing.T) {
	leak.Check(t)
	token := issue(t, serve(t, rendezvous.Options{}), 4)
	asked := []int{-1, 0, -1, 2}
	want := []int{1, 0, 3, 2}
	var clients []*rendezvous.Client
	for i, rank := range asked {
		clients = append(clients, register(t, token, rank, time.Minute, byte(i)))
	}
	var epochs []wire.Epoch
	for i, c := range clients {
		o, err := c.Opening(context.Background())
		require.NoError(t, err)
		require.Equal(t, want[i], o.Rank)
		require.Equal(t, byte(i), o.Roster.Entries[o.Rank].Member.Pin[0])
		require.Equal(t, c.LocalAddr(), o.Roster.Entries[o.Rank].Observed)
		require.WithinDuration(t, time.Now(), o.Start, 5*time.Second)
		epochs = append(epochs, o.Epoch)
	}
	for i, c := range clients {
		require.Equal(t, epochs[0], epochs[i])
		require.NoError(t, c.Connected(epochs[i]))
	}
	for i, c := range clients {
		require.NoError(t, c.AwaitGo(context.Background(), epochs[i]))
	}
}

func TestNewestRegistrationOfARankCounts(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 2)
	first := register(t, token, 0, time.Minute, 1)
	second := register(t, token, 0, time.Minute, 2)
	require.Equal(t, status.Stale, refusal(t, first).Code)
	other := register(t, token, 1, time.Minute, 3)
	opening, err := other.Opening(context.Background())
	require.NoError(t, err)
	require.Equal(t, byte(2), opening.Roster.Entries[0].Member.Pin[0])
	roster(t, second)
}

func TestWhoLeavesBeforeTheSealIsForgotten(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	gone := register(t, token, -1, time.Minute, 1)
	gone.Close()
	require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 5*time.Second, time.Millisecond)
	resigned := raw(t, token) // gives up, and stays
	require.NoError(t, wire.WriteJoin(resigned, wire.TypeRegister, request(t, token, resigned, func(*wire.Register) {})))
	require.NoError(t, wire.WriteJoin(resigned, wire.TypeFail, wire.FailOf(context.Canceled).AppendMarshal(nil)))
	for _, want := range []wire.JoinType{wire.TypeWelcome, wire.TypeFail} {
		kind, _, err := wire.ReadJoin(resigned, wire.MaxControl)
		require.NoError(t, err)
		require.Equal(t, want, kind)
	}
	a, b := register(t, token, -1, time.Minute, 2), register(t, token, -1, time.Minute, 3)
	rank, _ := roster(t, a)
	require.Equal(t, 0, rank)
	rank, _ = roster(t, b)
	require.Equal(t, 1, rank)
}

func TestSealedJobRefusesOthers(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 1)
	c := register(t, token, 0, time.Minute, 1)
	_, epoch := roster(t, c)

	late := dial(t, token)
	_, err := late.Register(context.Background(), 0, time.Minute, member(2))
	require.Equal(t, status.Stale, status.CodeOf(err), "sealed")
	require.NoError(t, c.Connected(epoch))
	require.NoError(t, c.AwaitGo(context.Background(), epoch))
	c.Close()
	require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 5*time.Second, time.Millisecond)
	late = dial(t, token)
	_, err = late.Register(context.Background(), 0, time.Minute, member(2))
	require.Equal(t, status.Stale, status.CodeOf(err), "formed")
	require.ErrorContains(t, err, "new token")

	next := s.State().Retry(token, time.Minute)
	taker := register(t, next, 0, time.Minute, 3)
	_, second := roster(t, taker)
	require.NotEqual(t, epoch, second)
	late = dial(t, token)
	_, err = late.Register(context.Background(), 0, time.Minute, member(4))
	require.Equal(t, status.Stale, status.CodeOf(err), "an earlier attempt")
}

func TestNewAttemptEndsTheOld(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	old := register(t, token, 0, time.Minute, 1)
	register(t, s.State().Retry(token, time.Minute), 0, time.Minute, 2)
	require.Equal(t, status.Stale, refusal(t, old).Code)
}

func TestAbsentRanksAreNamed(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 5)
	given := register(t, token, 3, time.Minute, 1)
	any := attempt(t, token, -1, 200*time.Millisecond, 2)
	for _, err := range []*status.Error{refusal(t, given), any} {
		require.Equal(t, status.Timeout, err.Code)
		require.ErrorContains(t, err, "absent: rank 1, 2, 4")
	}
	// The job may be tried again with the same token.
	register(t, token, 0, time.Minute, 3)
}

func TestOneAbsentRankIsTheErrorsRank(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 3)
	register(t, token, 0, time.Minute, 1)
	err := attempt(t, token, 2, 100*time.Millisecond, 2)
	require.Equal(t, status.Timeout, err.Code)
	require.Equal(t, 1, err.Rank)
}

func TestRankThatDoesNotConnectIsNamed(t *testing.T) {
	token := issue(t, serve(t, rendezvous.Options{}), 2)
	a, b := register(t, token, 0, 2*time.Second, 1), register(t, token, 1, time.Minute, 2)
	_, epoch := roster(t, a)
	roster(t, b)
	require.NoError(t, a.Connected(epoch))
	for _, c := range []*rendezvous.Client{a, b} {
		err := c.AwaitGo(context.Background(), epoch)
		require.Equal(t, status.Timeout, status.CodeOf(err))
		require.Equal(t, 1, status.From(err).Rank)
	}
}

func TestFailureOfOneIsAllOnes(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*rendezvous.Client)
		want status.Code
		rank int
	}{
		{"says why", func(c *rendezvous.Client) { c.Fail(status.AtRank(status.Unreachable, 2, "no way to rank 2")) }, status.Unreachable, 2},
		{"leaves", func(c *rendezvous.Client) { c.Close() }, status.PeerLost, 0},
		{"is cancelled", func(c *rendezvous.Client) { c.Fail(context.Canceled) }, status.Remote, 0},
		{"reports another epoch", func(c *rendezvous.Client) { _ = c.Connected(wire.Epoch{}) }, status.PeerLost, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := issue(t, serve(t, rendezvous.Options{}), 3)
			var clients []*rendezvous.Client
			for rank := range 3 {
				clients = append(clients, register(t, token, rank, time.Minute, byte(rank)))
			}
			var epoch wire.Epoch
			for _, client := range clients {
				_, epoch = roster(t, client)
			}
			require.NoError(t, clients[1].Connected(epoch))
			c.end(clients[0])
			for _, client := range clients[1:] {
				err := client.AwaitGo(context.Background(), epoch)
				require.Equal(t, c.want, status.CodeOf(err), "%v", err)
				require.Equal(t, c.rank, status.From(err).Rank)
			}
		})
	}
}

func TestWrongTokens(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	short, err := s.Token(2, time.Second)
	require.NoError(t, err)
	time.Sleep(time.Until(short.Grant().Expires))

	foreign, err := trust.NewState()
	require.NoError(t, err)
	other, err := foreign.Issue(trust.TokenSpec{Addresses: []string{s.Addr()}, WorldSize: 2})
	require.NoError(t, err)

	_, err = rendezvous.Dial(context.Background(), other, plain)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "another server's token")
	require.ErrorContains(t, err, "new token")

	_, err = dial(t, short).Register(context.Background(), 0, time.Minute, member(1))
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "expired")
	require.ErrorContains(t, err, "expired")

	_, err = dial(t, token).Register(context.Background(), 2, time.Minute, member(1))
	require.Equal(t, status.Invalid, status.CodeOf(err), "rank 2 of 2")

	_, err = rendezvous.Dial(context.Background(), trust.Token{}, plain)
	require.Equal(t, status.Invalid, status.CodeOf(err))
}

func TestUnreachable(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 1)
	require.NoError(t, s.Close())
	began := time.Now()
	_, err := rendezvous.Dial(context.Background(), token, plain)
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	require.ErrorContains(t, err, s.Addr())
	require.Less(t, time.Since(began), 20*time.Second)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = rendezvous.Dial(ctx, token, plain)
	require.Equal(t, status.Cancelled, status.CodeOf(err))
}

// TestAnotherServerAtOneAddress lists an address where another server answers before the right one: it is passed over,
// and is the error where no address is right.
func TestAnotherServerAtOneAddress(t *testing.T) {
	other := serve(t, rendezvous.Options{})
	another := serve(t, rendezvous.Options{})
	s := serve(t, rendezvous.Options{Advertise: []string{other.Addr(), another.Addr()}})
	_, err := rendezvous.Dial(context.Background(), issue(t, s, 2), plain)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, another.Addr())

	s = serve(t, rendezvous.Options{Advertise: []string{"first:1", "second:1"}})
	dials := map[string]string{"first:1": other.Addr(), "second:1": s.Addr()}
	c, err := rendezvous.Dial(context.Background(), issue(t, s, 2), func(ctx context.Context, address string) (net.Conn, error) {
		return plain(ctx, dials[address])
	})
	require.NoError(t, err)
	require.Equal(t, s.Addr(), c.ServerAddr().String())
	c.Close()
}

func TestListenAndTokenSettings(t *testing.T) {
	_, err := rendezvous.NewServer(rendezvous.Options{Listen: "nowhere"})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	s := serve(t, rendezvous.Options{Listen: "0.0.0.0:0"})
	_, err = s.Token(1, 0)
	require.Equal(t, status.Invalid, status.CodeOf(err), "no worker can dial 0.0.0.0")
	s = serve(t, rendezvous.Options{Listen: "0.0.0.0:0", Advertise: []string{"host.example:1"}, StateDir: t.TempDir() + "/s"})
	require.Equal(t, []string{"host.example:1"}, issue(t, s, 1).Addresses())
}

// raw opens TLS to the server without a client.
func raw(t testing.TB, token trust.Token) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", token.Addresses()[0], token.RendezvousClient())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	return c
}

// request is a registration as the client makes it, for tests to spoil.
func request(t testing.TB, token trust.Token, c *tls.Conn, spoil func(*wire.Register)) []byte {
	t.Helper()
	m := &wire.Register{Grant: token.Grant().AppendMarshal(nil), GrantSignature: token.GrantSignature(), JobKey: token.JobKey(),
		Rank: -1, Patience: time.Minute, Member: member(1)}
	var err error
	m.Signature, err = token.Prove(c.ConnectionState(), m.AppendSigned(nil))
	require.NoError(t, err)
	spoil(m)
	return m.AppendMarshal(nil)
}

func TestForgedRegistrations(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token, foreign := issue(t, s, 2), issue(t, s, 2)
	for name, spoil := range map[string]func(*wire.Register){
		"another rank":        func(m *wire.Register) { m.Rank = 1 },
		"another certificate": func(m *wire.Register) { m.Member.Pin[0]++ },
		"no signature":        func(m *wire.Register) { m.Signature = [64]byte{} },
		"another job's grant": func(m *wire.Register) {
			m.Grant, m.GrantSignature = foreign.Grant().AppendMarshal(nil), foreign.GrantSignature()
		},
		"another job's key":      func(m *wire.Register) { m.JobKey = foreign.JobKey() },
		"a larger world":         func(m *wire.Register) { m.Grant[33]++ },
		"a grant cut short":      func(m *wire.Register) { m.Grant = m.Grant[:20] },
		"the issuer's signature": func(m *wire.Register) { m.GrantSignature[0]++ },
	} {
		c := raw(t, token)
		require.NoError(t, wire.WriteJoin(c, wire.TypeRegister, request(t, token, c, spoil)))
		kind, body, err := wire.ReadJoin(c, wire.MaxControl)
		require.NoError(t, err, name)
		require.Equal(t, wire.TypeFail, kind, name)
		fail, err := wire.ParseFail(body)
		require.NoError(t, err)
		require.Equal(t, status.Unauthenticated, fail.Code, name)
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	require.Zero(t, s.Stats().Workers)
}

func TestReplayedRegistration(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	first := raw(t, token)
	heard := request(t, token, first, func(*wire.Register) {})
	second := raw(t, token)
	require.NoError(t, wire.WriteJoin(second, wire.TypeRegister, heard))
	kind, _, err := wire.ReadJoin(second, wire.MaxControl)
	require.NoError(t, err)
	require.Equal(t, wire.TypeFail, kind)
}

func TestStrangersAndBrokenMessages(t *testing.T) {
	leak.Check(t)
	s := serve(t, rendezvous.Options{RegisterTimeout: 300 * time.Millisecond})
	token := issue(t, s, 1)
	for name, send := range map[string]func(*tls.Conn){
		"nothing":  func(*tls.Conn) {},
		"oversize": func(c *tls.Conn) { _, _ = c.Write([]byte{byte(wire.TypeRegister), 0xff, 0xff, 0xff}) },
		"truncated": func(c *tls.Conn) {
			_, _ = c.Write([]byte{byte(wire.TypeRegister), 100, 0, 0, 1, 2, 3})
			_ = c.CloseWrite()
		},
		"another message":   func(c *tls.Conn) { _ = wire.WriteJoin(c, wire.TypeConnected, make([]byte, 32)) },
		"slow":              func(c *tls.Conn) { _, _ = c.Write([]byte{byte(wire.TypeRegister)}) },
		"an empty register": func(c *tls.Conn) { _ = wire.WriteJoin(c, wire.TypeRegister, nil) },
	} {
		c := raw(t, token)
		send(c)
		rest, err := io.ReadAll(c) // ends: the server closes
		if err != nil {
			var timeout net.Error
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), name)
		}
		require.False(t, len(rest) > 0 && wire.JoinType(rest[0]) != wire.TypeFail, name)
	}
	plainText, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	_, err = plainText.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 100))
	require.NoError(t, err)
	_, _ = io.ReadAll(plainText)
	require.NoError(t, plainText.Close())
	c := register(t, token, 0, time.Minute, 1) // the server is well
	roster(t, c)
	c.Close()
}

func TestIdleStrangersKeepNobodyOut(t *testing.T) {
	s := serve(t, rendezvous.Options{MaxUnauthenticated: 20})
	token := issue(t, s, 1)
	for range 100 {
		c, err := net.Dial("tcp", s.Addr())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
	}
	roster(t, register(t, token, 0, time.Minute, 1))
}

func TestLimitOfWorkers(t *testing.T) {
	s := serve(t, rendezvous.Options{MaxWorkers: 1})
	register(t, issue(t, s, 2), 0, time.Minute, 1)
	_, err := dial(t, issue(t, s, 2)).Register(context.Background(), 0, time.Minute, member(1))
	require.Equal(t, status.Unreachable, status.CodeOf(err))
}

func TestServerStops(t *testing.T) {
	leak.Check(t)
	s, err := rendezvous.NewServer(rendezvous.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error { return s.Serve(ctx) })
	token := issue(t, s, 2)
	c := register(t, token, 0, time.Minute, 1)
	cancel()
	require.NoError(t, g.Wait())
	require.Equal(t, status.Unreachable, refusal(t, c).Code)
	c.Close()
}

// TestHostileServer has a server that holds the token's key say what no server says: the worker gives up at once, and keeps
// none of it.
func TestHostileServer(t *testing.T) {
	leak.Check(t)
	state, err := trust.NewState()
	require.NoError(t, err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", state.RendezvousServer())
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	token, err := state.Issue(trust.TokenSpec{Addresses: []string{listener.Addr().String()}, WorldSize: 2, Expiry: time.Minute})
	require.NoError(t, err)
	welcome := wire.Welcome{Observed: netip.MustParseAddrPort("10.0.0.1:1")}.AppendMarshal(nil)
	roster := make([]byte, wire.MaxRoster)
	for name, say := range map[string]func(net.Conn) error{
		"rosters instead of pongs": func(c net.Conn) error {
			return errors.Join(wire.WriteJoin(c, wire.TypeWelcome, welcome), wire.WriteJoin(c, wire.TypeRoster, roster),
				wire.WriteJoin(c, wire.TypeRoster, nil))
		},
		"no welcome": func(c net.Conn) error { return wire.WriteJoin(c, wire.TypeGo, nil) },
		"a pong too short": func(c net.Conn) error {
			return errors.Join(wire.WriteJoin(c, wire.TypeWelcome, welcome), wire.WriteJoin(c, wire.TypePong, nil))
		},
		"a long welcome": func(c net.Conn) error { return wire.WriteJoin(c, wire.TypeWelcome, roster) },
	} {
		g := task.NewGroup(context.Background())
		g.Go(func(context.Context) error {
			c, err := listener.Accept()
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			_ = say(c) // the worker may close before it has heard all
			_, _ = io.Copy(io.Discard, c)
			return nil
		})
		c := dial(t, token)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := c.Register(ctx, 0, time.Minute, member(1))
		cancel()
		c.Close()
		require.NoError(t, g.Wait())
		require.Equal(t, status.Malformed, status.CodeOf(err), name)
	}
}

package rendezvous_test

import (
	"context"
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

func TestListenAndTokenSettings(t *testing.T) {
	_, err := rendezvous.NewServer(rendezvous.Options{Listen: "nowhere"})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	s := serve(t, rendezvous.Options{Listen: "0.0.0.0:0"})
	_, err = s.Token(1, 0)
	require.Equal(t, status.Invalid, status.CodeOf(err), "no worker can dial 0.0.0.0")
	s = serve(t, rendezvous.Options{Listen: "0.0.0.0:0", Advertise: []string{"host.example:1"}, StateDir: t.TempDir() + "/s"})
	require.Equal(t, []string{"host.example:1"}, issue(t, s, 1).Addresses())
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

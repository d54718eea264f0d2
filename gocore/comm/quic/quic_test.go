package quic_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/channel/channeltest"
	"github.com/pycylon/pycylon/gocore/comm/quic"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// ranks are endpoints of a world on loopback, closed with the test.
type ranks struct {
	t         testing.TB
	endpoints []*quic.Endpoint
	ids       []*trust.Identity
	accepted  []chan *quic.Conn
}

func openRanks(t testing.TB, n int) *ranks {
	t.Helper()
	r := &ranks{t: t}
	pins := map[trust.Pin]bool{}
	for range n {
		id, err := trust.NewIdentity()
		require.NoError(t, err)
		pins[id.Pin()] = true
		r.ids = append(r.ids, id)
	}
	g := task.NewGroup(context.Background())
	for i := range n {
		e, err := quic.Open(true)
		require.NoError(t, err)
		require.NoError(t, e.Listen(r.ids[i].PeerServer(func(p trust.Pin) bool { return pins[p] })))
		accepted := make(chan *quic.Conn, n)
		g.Go(func(ctx context.Context) error {
			e.Serve(ctx, g, func(_ context.Context, c *quic.Conn) error {
				accepted <- c
				return nil
			})
			return nil
		})
		r.endpoints, r.accepted = append(r.endpoints, e), append(r.accepted, accepted)
	}
	t.Cleanup(func() {
		g.Fail(context.Canceled)
		_ = g.Wait()
		for _, e := range r.endpoints {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			require.NoError(t, e.Close(ctx))
		}
	})
	return r
}

func (r *ranks) address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), r.endpoints[i].Port())
}

// connect returns both ends of a connection. The acceptor learns of a stream with its first byte.
func (r *ranks) connect(a, b int) (net.Conn, net.Conn) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	dialled, err := r.endpoints[a].Dial(ctx, r.address(b), r.ids[a].PeerClient(r.ids[b].Pin()))
	require.NoError(r.t, err)
	_, err = dialled.Write([]byte{1})
	require.NoError(r.t, err)
	accepted := <-r.accepted[b]
	_, err = io.ReadFull(accepted, make([]byte, 1))
	require.NoError(r.t, err)
	require.Equal(r.t, r.ids[a].Pin(), trust.PinOf(accepted.ConnectionState()))
	require.Equal(r.t, r.ids[b].Pin(), trust.PinOf(dialled.ConnectionState()))
	return dialled, accepted
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, func(t testing.TB, n int, limit time.Duration) channeltest.World {
		return channeltest.OverSecure(t, n, limit, openRanks(t, n).connect, nil)
	})
}

// Neither a client with another key nor a server with one gets through.
func TestStrangers(t *testing.T) {
	leak.Check(t)
	r := openRanks(t, 2)
	stranger, err := trust.NewIdentity()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := r.endpoints[0].Dial(ctx, r.address(1), stranger.PeerClient(r.ids[1].Pin()))
	if err == nil { // a client's handshake ends before the server has seen its certificate
		_, err = c.Read(make([]byte, 1))
		require.NoError(t, c.Close())
	}
	require.Error(t, err)
	_, err = r.endpoints[0].Dial(ctx, r.address(1), r.ids[0].PeerClient(stranger.Pin()))
	require.Error(t, err)
	require.Empty(t, r.accepted[1])
}

func TestEnds(t *testing.T) {
	leak.Check(t)
	r := openRanks(t, 2)
	a, b := r.connect(0, 1)
	_, err := a.Write([]byte("last words"))
	require.NoError(t, err)
	require.NoError(t, a.(*quic.Conn).CloseWrite())
	require.NoError(t, a.Close())
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "last words", string(got))
	require.NoError(t, b.Close())

	a, b = r.connect(1, 0)
	require.NoError(t, a.Close())
	_, err = b.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	_, err = a.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	for err = nil; err == nil; _, err = b.Write(make([]byte, 1<<10)) {
	}
	require.True(t, errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET), "%v", err)
}

// A socket learns its address from a server, and nothing from one that answers something else.
func TestObserve(t *testing.T) {
	leak.Check(t)
	server, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error { return quic.Answer(server) })
	e, err := quic.Open(true)
	require.NoError(t, err)
	stranger, err := net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	for _, n := range []int{0, 1, 63, 64, 65, 1400} { // not answered, and no harm
		_, err = stranger.Write(make([]byte, n))
		require.NoError(t, err)
	}
	seen, err := e.Observe(context.Background(), server.LocalAddr().(*net.UDPAddr).AddrPort())
	require.NoError(t, err)
	require.Equal(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), e.Port()), seen)
	require.NoError(t, stranger.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = stranger.Read(make([]byte, 100))
	require.Error(t, err)

	require.NoError(t, server.Close())
	short, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer stop()
	_, err = e.Observe(short, netip.MustParseAddrPort("127.0.0.1:1"))
	require.ErrorContains(t, err, "UDP")
	require.NoError(t, e.Close(context.Background()))
	require.NoError(t, stranger.Close())
	require.ErrorIs(t, g.Wait(), net.ErrClosed)
}

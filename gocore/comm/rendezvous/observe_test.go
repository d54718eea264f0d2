package rendezvous_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// A server at three addresses does the same at each, and names the others.
func TestSeveralAddresses(t *testing.T) {
	leak.Check(t)
	listen := "127.0.0.1:0, 127.0.0.2:0,[::1]:0"
	if l, err := net.Listen("tcp", "[::1]:0"); err == nil {
		require.NoError(t, l.Close())
	} else { // a machine without IPv6
		listen = "127.0.0.1:0, 127.0.0.2:0,127.0.0.3:0"
	}
	s := serve(t, rendezvous.Options{Listen: listen})
	require.Len(t, s.Addrs(), 3)
	token := issue(t, s, 3)
	require.Equal(t, s.Addrs(), token.Addresses())
	port := holepunch.NewPort()
	for i, address := range s.Addrs() {
		o, err := rendezvous.Observe(context.Background(), address, token.RendezvousClient(), port.Dial)
		require.NoError(t, err)
		defer o.Close()
		require.Equal(t, address, o.At.String())
		require.Equal(t, o.Local, o.Seen)
		require.EqualValues(t, port.Number(), o.Seen.Port())
		require.Len(t, o.Others, 2)
		require.NotContains(t, o.Others, o.At)
		c, err := rendezvous.Dial(context.Background(), token, func(ctx context.Context, _ string) (net.Conn, error) { return plain(ctx, address) })
		require.NoError(t, err)
		defer c.Close()
		seen, err := c.Observed(context.Background())
		require.NoError(t, err)
		require.Equal(t, c.LocalAddr(), seen)
		_, err = c.Register(context.Background(), i, time.Minute, member(byte(i)))
		require.NoError(t, err)
	}
	_, err := rendezvous.NewServer(rendezvous.Options{Listen: "127.0.0.1:0,nowhere"})
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.ErrorContains(t, err, `"nowhere"`)
}

// The server connects to where it sees the asker, and tells what came of it.
func TestProbes(t *testing.T) {
	leak.Check(t)
	s := serve(t, rendezvous.Options{Listen: "127.0.0.1:0,127.0.0.2:0"})
	token := issue(t, s, 1)
	observe := func(port *holepunch.Port) *rendezvous.Observer {
		o, err := rendezvous.Observe(context.Background(), s.Addr(), token.RendezvousClient(), port.Dial)
		require.NoError(t, err)
		t.Cleanup(o.Close)
		return o
	}
	probe := func(o *rendezvous.Observer, from wire.Whence) wire.Verdict {
		v, err := o.Probe(context.Background(), from)
		require.NoError(t, err)
		return v
	}
	deaf := observe(holepunch.NewPort())
	require.Equal(t, wire.Reset, probe(deaf, wire.OtherAddress))
	require.Equal(t, wire.Reset, probe(deaf, wire.OtherPort))
	require.Equal(t, wire.NotProbed, probe(deaf, 9))

	port := holepunch.NewPort()
	o := observe(port)
	l, err := port.Listen(context.Background())
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	for from, host := range map[wire.Whence]string{wire.OtherAddress: "127.0.0.2", wire.OtherPort: "127.0.0.1"} {
		require.Equal(t, wire.LetIn, probe(o, from))
		conn, err := l.Accept()
		require.NoError(t, err)
		require.Equal(t, host, conn.RemoteAddr().(*net.TCPAddr).IP.String())
		require.NoError(t, conn.Close())
	}

	require.Eventually(t, func() bool { return s.Stats().Answered == 7 }, 5*time.Second, time.Millisecond) // five probes, two observations
	require.Empty(t, s.Stats().Refused)

	alone := serve(t, rendezvous.Options{})
	o, err = rendezvous.Observe(context.Background(), alone.Addr(), issue(t, alone, 1).RendezvousClient(), plain)
	require.NoError(t, err)
	defer o.Close()
	require.Equal(t, wire.NotProbed, probe(o, wire.OtherAddress))
	require.Empty(t, o.Others)
}

// Who asks and asks is shown out.
func TestObservationsAreBounded(t *testing.T) {
	leak.Check(t)
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 1)
	o, err := rendezvous.Observe(context.Background(), s.Addr(), token.RendezvousClient(), plain)
	require.NoError(t, err)
	defer o.Close()
	answers := 0
	for ; err == nil; answers++ {
		require.Less(t, answers, 100)
		_, err = o.Probe(context.Background(), wire.OtherAddress)
	}
	require.Less(t, answers, 10)

	other := serve(t, rendezvous.Options{})
	_, err = rendezvous.Observe(context.Background(), other.Addr(), token.RendezvousClient(), plain)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "not the server that the token names")
}

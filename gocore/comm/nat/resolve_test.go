package nat

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func TestRoutable(t *testing.T) {
	for address, want := range map[string]bool{
		"192.0.2.1": true, "10.0.0.1": true, "2001:db8::1": true, "fd00::1": true,
		"127.0.0.1": false, "127.9.9.9": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "::": false,
		"169.254.169.254": false, "fe80::1": false, "::ffff:169.254.169.254": false, "224.0.0.1": false, "ff02::1": false, "255.255.255.255": false,
	} {
		require.Equal(t, want, Routable(netip.MustParseAddr(address)), address)
	}
	require.False(t, Routable(netip.Addr{}))
	here, there := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("192.0.2.1")
	require.True(t, diallable(here, here))
	require.False(t, diallable(here, there))
	require.True(t, diallable(there, there))
}

// A server that nobody pinned names other places where it can be asked: services of this machine's network are not dialled for it.
func TestServerNamesOthers(t *testing.T) {
	state, err := trust.NewState()
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var dialled atomic.Int32
	victim, err := net.Listen("tcp", "127.0.0.2:0")
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		for {
			conn, err := victim.Accept()
			if err != nil {
				return nil
			}
			dialled.Add(1)
			_ = conn.Close()
		}
	})
	link := netip.MustParseAddrPort("169.254.169.254:80")
	g.Go(func(context.Context) error {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return nil
			}
			conn := tls.Server(raw, state.RendezvousServer())
			if _, _, err := wire.ReadJoin(conn, wire.MaxControl); err == nil {
				answer := wire.Observed{Seen: link, Others: []netip.AddrPort{link, victim.Addr().(*net.TCPAddr).AddrPort()}}
				_ = wire.WriteJoin(conn, wire.TypeObserved, answer.AppendMarshal(nil))
			}
			_ = conn.Close()
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	began := time.Now()
	reports, err := Find(ctx, []netip.AddrPort{listener.Addr().(*net.TCPAddr).AddrPort()}, trust.AnyRendezvous())
	require.NoError(t, err)
	require.Nil(t, reports[0].Hairpinning)
	require.Less(t, time.Since(began), askTimeout, "nobody waits for an address that isn't asked")
	require.Equal(t, int32(1), dialled.Load(), "of this machine, as the server is")
	require.NoError(t, listener.Close())
	require.NoError(t, victim.Close())
	require.NoError(t, g.Wait())
}

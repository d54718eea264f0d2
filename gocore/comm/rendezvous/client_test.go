package rendezvous_test

import (
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

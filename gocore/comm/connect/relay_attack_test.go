package connect

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/relay"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// evilRelay answers as a relay does, and hands over the connection then: it has no need of tickets.
func evilRelay(t *testing.T, then func(net.Conn)) string {
	t.Helper()
	return servers.Listen(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _, _ = wire.ReadJoin(c, wire.RelayBytes)
		_ = wire.WriteJoin(c, wire.TypeChallenge, make([]byte, 32))
		_, _, _ = wire.ReadJoin(c, wire.MaxControl)
		if wire.WriteJoin(c, wire.TypeReady, nil) == nil {
			then(c)
		}
	})
}

// TestManInTheMiddleAtTheRelay has a relay do what it must not: nothing that it says is taken for the other rank's.
func TestManInTheMiddleAtTheRelay(t *testing.T) {
	for name, evil := range map[string]func(t *testing.T, all []*joiner, to net.Conn){
		"has an identity of its own": func(t *testing.T, _ []*joiner, c net.Conn) {
			stranger, err := trust.NewIdentity()
			require.NoError(t, err)
			_ = tls.Server(c, stranger.PeerServer(func(trust.Pin) bool { return true })).Handshake()
		},
		"connects another rank of the job": func(_ *testing.T, all []*joiner, c net.Conn) {
			_, _, _ = all[2].greet(context.Background(), c, false, -1, 0)
		},
		"connects the rank in another opening": func(_ *testing.T, all []*joiner, c net.Conn) {
			later := &joiner{identity: all[1].identity, rank: 1, roster: all[1].roster, ranks: all[1].ranks, epoch: wire.Epoch{1}}
			_, _, _ = later.greet(context.Background(), c, false, -1, 0)
		},
		"sends the rank's own bytes back": func(_ *testing.T, _ []*joiner, c net.Conn) {
			_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) // not by pipes, which are kept for a while
		},
		"sends what is no TLS":             func(_ *testing.T, _ []*joiner, c net.Conn) { _, _ = c.Write(make([]byte, 1<<16)) },
		"changes a byte of what it copies": func(_ *testing.T, all []*joiner, c net.Conn) { changeByte(all[1], c) },
		"ends at once":                     func(*testing.T, []*joiner, net.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			all := ranks(t, 3)
			address := evilRelay(t, func(c net.Conn) { evil(t, all, c) })
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			raw, err := relay.Dial(ctx, address, [wire.SignedTicketBytes]byte{}, all[0].identity, 1)
			require.NoError(t, err)
			defer func() { _ = raw.Close() }()
			_, _, err = all[0].greet(ctx, raw, true, 1, wire.Relayed)
			require.Error(t, err)
		})
	}
}

// changeByte copies between a connection and a rank that answers at the other end of a pipe, and changes a byte behind
// the handshake, in its hello.
func changeByte(rank *joiner, c net.Conn) {
	here, there := net.Pipe()
	g := task.NewGroup(context.Background())
	g.Go(func(ctx context.Context) error {
		defer func() { _ = there.Close() }()
		_, _, _ = rank.greet(ctx, there, false, 0, wire.Relayed)
		return nil
	})
	g.Go(func(context.Context) error {
		defer func() { _ = here.Close() }()
		_, _ = io.Copy(here, c)
		return nil
	})
	b := make([]byte, 1<<10)
	for at := 0; ; {
		n, err := here.Read(b)
		if err != nil {
			break
		}
		const changed = 300
		if at <= changed && changed < at+n {
			b[changed-at] ^= 1
		}
		at += n
		if _, err := c.Write(b[:n]); err != nil {
			break
		}
	}
	_ = c.Close()
	_ = g.Wait()
}

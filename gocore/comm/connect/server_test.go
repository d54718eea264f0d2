package connect_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/connect"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// evilServer has the server's keys and does with the roster what spoil says: it gives rank and roster per worker.
func evilServer(t *testing.T, size int, spoil func(rank int, r *wire.Roster) int) trust.Token {
	t.Helper()
	state, err := trust.NewState()
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	token, err := state.Issue(trust.TokenSpec{Addresses: []string{l.Addr().String()}, WorldSize: size})
	require.NoError(t, err)
	g := task.NewGroup(context.Background())
	t.Cleanup(func() {
		_ = l.Close()
		_ = g.Wait()
	})
	g.Go(func(context.Context) error {
		members := make([]wire.Member, size)
		conns := make([]*tls.Conn, size)
		for range size {
			raw, err := l.Accept()
			if err != nil {
				return nil
			}
			defer func() { _ = raw.Close() }()
			conn := tls.Server(raw, state.RendezvousServer())
			_, body, err := wire.ReadJoin(conn, wire.MaxRegister)
			if err != nil {
				return err
			}
			m, err := wire.ParseRegister(body)
			if err != nil {
				return err
			}
			members[m.Rank], conns[m.Rank] = m.Member, conn
			if err := wire.WriteJoin(conn, wire.TypeWelcome, wire.Welcome{}.AppendMarshal(nil)); err != nil {
				return err
			}
		}
		for rank, conn := range conns {
			g.Go(func(context.Context) error {
				roster := &wire.Roster{Job: token.Grant().Job}
				for _, m := range members {
					roster.Entries = append(roster.Entries, wire.Entry{Member: m})
				}
				sealed := &wire.Sealed{Rank: spoil(rank, roster), Start: time.Now(), Blob: roster.AppendMarshal(nil)}
				_ = wire.WriteJoin(conn, wire.TypeRoster, sealed.AppendMarshal(nil))
				for { // until the worker has gone
					kind, body, err := wire.ReadJoin(conn, wire.MaxControl)
					if err != nil {
						return nil
					}
					if kind == wire.TypePing {
						pong := wire.Pong{Ping: binary.LittleEndian.Uint64(body), Time: time.Now()}
						_ = wire.WriteJoin(conn, wire.TypePong, pong.AppendMarshal(nil))
					}
				}
			})
			defer func() { _ = conn.CloseWrite() }()
		}
		<-g.Context().Done()
		return nil
	})
	t.Cleanup(func() { g.Fail(context.Canceled) })
	return token
}

func TestServerCannotForgeTheRoster(t *testing.T) {
	stranger, err := trust.NewIdentity()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		spoil func(rank int, r *wire.Roster) int
		want  status.Code
	}{
		"invents a rank": {func(rank int, r *wire.Roster) int {
			r.Entries[1-rank].Member.Pin = stranger.Pin()
			return rank
		}, status.Unauthenticated},
		"changes an address": {func(rank int, r *wire.Roster) int {
			r.Entries[1-rank].Member.Port++
			return rank
		}, status.Unauthenticated},
		"has a rank twice": {func(rank int, r *wire.Roster) int {
			r.Entries[1-rank] = r.Entries[rank]
			return rank
		}, status.Unauthenticated},
		"gives a rank that was not asked for": {func(rank int, r *wire.Roster) int {
			r.Entries[0], r.Entries[1] = r.Entries[1], r.Entries[0]
			return 1 - rank
		}, status.Unauthenticated},
		"says that one is another": {func(rank int, _ *wire.Roster) int { return 1 - rank }, status.Unauthenticated},
		"leaves a rank out": {func(_ int, r *wire.Roster) int {
			r.Entries = r.Entries[:1]
			return 0
		}, status.Unauthenticated},
		"takes another job": {func(rank int, r *wire.Roster) int {
			r.Job[0]++
			return rank
		}, status.Unauthenticated},
		"takes another attempt": {func(rank int, r *wire.Roster) int {
			r.Attempt++
			return rank
		}, status.Unauthenticated},
		"gives two rosters": {func(rank int, r *wire.Roster) int {
			r.Entries[0].Observed = wire.Entry{}.Observed
			if rank == 1 {
				r.Entries[0].Observed = someAddress
			}
			return rank
		}, status.Unreachable}, // two epochs: the ranks don't take each other's hello
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			token := evilServer(t, 2, c.spoil)
			timeout := 20 * time.Second
			if c.want == status.Unreachable { // takes as long as it may
				timeout = 2 * time.Second
			}
			_, errs := joinAll(token, func(i int) connect.Options { return connect.Options{Rank: &i, Timeout: timeout} })
			for _, err := range errs {
				require.Equal(t, c.want, status.CodeOf(err), "%v", err)
			}
		})
	}
}

var someAddress = netip.MustParseAddrPort("192.0.2.1:1")

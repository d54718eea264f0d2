package rendezvous_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/servers"
)

// TestDrippingMessages sends what is right a byte at a time, too slowly: the time from connection to registration counts,
// not that between bytes.
func TestDrippingMessages(t *testing.T) {
	leak.Check(t)
	const limit = 500 * time.Millisecond
	s := serve(t, rendezvous.Options{RegisterTimeout: limit})
	token := issue(t, s, 2)
	for name, open := range map[string]func() (net.Conn, []byte){
		"TLS": func() (net.Conn, []byte) { return stranger(t, s), []byte{22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3} },
		"the relay": func() (net.Conn, []byte) {
			return stranger(t, s), wire.AppendJoin(nil, wire.TypeRelay, make([]byte, wire.RelayBytes))
		},
		"REGISTER": func() (net.Conn, []byte) {
			c := raw(t, token)
			return c, wire.AppendJoin(nil, wire.TypeRegister, request(t, token, c, func(*wire.Register) {}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			c, message := open()
			g := task.NewGroup(context.Background())
			g.Go(func(context.Context) error {
				for i := 0; ; i = min(i+1, len(message)-2) { // never the last one
					if _, err := c.Write(message[i : i+1]); err != nil {
						return nil
					}
					time.Sleep(limit / 10)
				}
			})
			_, _ = io.Copy(io.Discard, c)
			require.Less(t, time.Since(began), 5*time.Second)
			_ = c.Close()
			require.NoError(t, g.Wait())
		})
	}
	require.Zero(t, s.Stats().Registered)
	roster(t, register(t, issue(t, s, 1), 0, time.Minute, 1)) // the server is well
}

// stranger opens a connection and says nothing.
func stranger(t testing.TB, s *rendezvous.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c
}

// middle forwards connections to a server, and does to what a worker sends, and to what it is sent, what its functions
// do; they see the position of the bytes in the connection.
func middle(t *testing.T, server string, up, down func(at int, b []byte)) string {
	t.Helper()
	return servers.Listen(t, func(worker net.Conn) {
		there, err := net.Dial("tcp", server)
		if err != nil {
			_ = worker.Close() // which the worker's test notices
			return
		}
		pass := func(from, to net.Conn, spoil func(int, []byte)) {
			defer func() { _, _ = from.Close(), to.Close() }()
			b := make([]byte, 1<<10)
			for at := 0; ; {
				n, err := from.Read(b)
				if err != nil {
					return
				}
				spoil(at, b[:n])
				at += n
				if _, err := to.Write(b[:n]); err != nil {
					return
				}
			}
		}
		var both sync.WaitGroup
		both.Go(func() { pass(worker, there, up) })
		pass(there, worker, down)
		both.Wait()
	})
}

// TestManInTheMiddle stands between worker and server: one who changes a byte ends the connection, one who only looks on
// changes nothing, and one who answers himself has not the server's key. Nobody is registered by what he does.
func TestManInTheMiddle(t *testing.T) {
	leak.Check(t)
	s := serve(t, rendezvous.Options{})
	keep := func(int, []byte) {}
	flip := func(which int) func(int, []byte) {
		return func(at int, b []byte) {
			if at <= which && which < at+len(b) {
				b[which-at] ^= 1
			}
		}
	}
	// ClientHello and Finished take some 300 bytes, REGISTER as many.
	for name, c := range map[string]struct {
		up, down func(int, []byte)
		works    bool
	}{
		"looks on":                  {keep, keep, true},
		"changes the client's key":  {flip(100), keep, false},
		"changes the server's key":  {keep, flip(60), false},
		"changes the certificate":   {keep, flip(300), false},
		"changes the registration":  {flip(450), keep, false},
		"sends nothing but its own": {func(_ int, b []byte) { clear(b) }, keep, false},
	} {
		t.Run(name, func(t *testing.T) {
			at := middle(t, s.Addr(), c.up, c.down)
			token, err := s.State().Issue(trust.TokenSpec{Addresses: []string{at}, WorldSize: 1, Expiry: time.Minute})
			require.NoError(t, err)
			before := s.Stats().Registered
			err = func() error {
				ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
				defer cancel()
				c, err := rendezvous.Dial(ctx, token, plain)
				if err != nil {
					return err
				}
				defer c.Close()
				if _, err := c.Register(ctx, 0, time.Second, member(1)); err != nil {
					return err
				}
				_, err = c.Opening(ctx)
				return err
			}()
			if c.works {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Equal(t, before, s.Stats().Registered)
		})
	}
}

// TestOtherVersions: a worker of another version of the protocol is told so, whichever part of it names the version, and
// registers nothing; one of another version of the whole conversation has no TLS in common with the server.
func TestOtherVersions(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	for name, spoil := range map[string]func(body []byte) []byte{
		"the message, older":   func(b []byte) []byte { b[0], b[1] = 0, 0; return b },
		"the message, newer":   func(b []byte) []byte { b[0]++; return b },
		"the message, by far":  func(b []byte) []byte { b[1] = 0x7f; return b },
		"newer, and longer":    func(b []byte) []byte { b[0]++; return append(b, 1, 2, 3) },
		"newer, and of no use": func(b []byte) []byte { return []byte{b[0] + 1, b[1]} },
	} {
		c := raw(t, token)
		require.NoError(t, wire.WriteJoin(c, wire.TypeRegister, spoil(request(t, token, c, func(*wire.Register) {}))))
		refused(t, c, status.Unsupported, name)
	}
	c := raw(t, token) // signed as it should be, by a worker whose peers would not understand it
	m := member(1)
	m.Version++
	signed := &wire.Register{Grant: token.Grant().AppendMarshal(nil), GrantSignature: token.GrantSignature(), JobKey: token.JobKey(),
		Rank: -1, Patience: time.Minute, Member: m}
	var err error
	signed.Signature, err = token.Prove(c.ConnectionState(), signed.AppendSigned(nil))
	require.NoError(t, err)
	require.NoError(t, wire.WriteJoin(c, wire.TypeRegister, signed.AppendMarshal(nil)))
	refused(t, c, status.Unsupported, "the member")

	other := token.RendezvousClient()
	other.NextProtos = []string{"pycylon-rendezvous/0"}
	_, err = tls.Dial("tcp", s.Addr(), other)
	require.ErrorContains(t, err, "no application protocol")
	old := token.RendezvousClient()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	_, err = tls.Dial("tcp", s.Addr(), old)
	require.ErrorContains(t, err, "protocol version")
	require.Zero(t, s.Stats().Registered)
}

// refused reads the server's refusal.
func refused(t *testing.T, c net.Conn, code status.Code, name string) {
	t.Helper()
	kind, body, err := wire.ReadJoin(c, wire.MaxControl)
	require.NoError(t, err, name)
	require.Equal(t, wire.TypeFail, kind, name)
	fail, err := wire.ParseFail(body)
	require.NoError(t, err)
	require.Equal(t, code, fail.Code, name)
	require.Contains(t, fail.Text, "same pycylon", name)
}

// TestAbandonedJobExpires has a job wait for a rank until its token, which none could use any more, has expired.
func TestAbandonedJobExpires(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token, err := s.Token(2, 2*time.Second)
	require.NoError(t, err)
	c := register(t, token, 0, time.Hour, 1)
	require.Equal(t, 1, s.Stats().Gathering)
	why := refusal(t, c)
	require.Equal(t, status.Timeout, why.Code)
	require.ErrorContains(t, why, "the job token expired before all 2 ranks")
	require.Equal(t, 1, why.Rank)
	c.Close()
	require.Eventually(t, func() bool { n := s.Stats(); return n.Gathering+n.Sealed+n.Workers == 0 }, 5*time.Second, time.Millisecond)
}

// TestFormedJobIsForgottenWithItsToken holds what the server remembers of a job to the life of its token.
func TestFormedJobIsForgottenWithItsToken(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token, err := s.Token(1, 2*time.Second)
	require.NoError(t, err)
	c := register(t, token, 0, time.Minute, 1)
	_, epoch := roster(t, c)
	require.NoError(t, c.Connected(epoch))
	require.NoError(t, c.AwaitGo(context.Background(), epoch))
	require.Equal(t, 1, s.Stats().Remembered)
	require.Eventually(t, func() bool { return s.Stats().Remembered == 0 }, 10*time.Second, 10*time.Millisecond)
}

func TestLimitsOfJobs(t *testing.T) {
	s := serve(t, rendezvous.Options{MaxJobs: 1, MaxWorldSize: 3})
	_, err := dial(t, issue(t, s, 4)).Register(context.Background(), 0, time.Minute, member(1))
	require.Equal(t, status.Invalid, status.CodeOf(err))
	first := register(t, issue(t, s, 2), 0, time.Minute, 1)
	other := issue(t, s, 2)
	_, err = dial(t, other).Register(context.Background(), 0, time.Minute, member(1))
	require.Equal(t, status.Unreachable, status.CodeOf(err))
	first.Close() // the job is abandoned: there is room for another
	require.Eventually(t, func() bool { return s.Stats().Gathering == 0 }, 5*time.Second, time.Millisecond)
	register(t, other, 0, time.Minute, 1)
	require.Equal(t, map[string]uint64{"jobs": 1, "world_size": 1}, s.Stats().Quotas)
	for _, opt := range []rendezvous.Options{{MaxJobs: -1}, {RegisterTimeout: -1}} {
		_, err := rendezvous.NewServer(opt)
		require.Equal(t, status.Invalid, status.CodeOf(err))
	}
}

// counted counts the bytes of a connection.
type counted struct {
	net.Conn
	bytes *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.bytes.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.bytes.Add(int64(n))
	return n, err
}

// TestTrafficGrowsAsItShould opens worlds of several sizes: messages grow as N, bytes on the wire, those of TLS among
// them, stay under 160 N^2.
func TestTrafficGrowsAsItShould(t *testing.T) {
	for _, size := range []int{64, 128, 256} {
		s := serve(t, rendezvous.Options{})
		token := issue(t, s, size)
		var bytes atomic.Int64
		g := task.NewGroup(context.Background())
		for rank := range size {
			g.Go(func(ctx context.Context) error {
				c, err := rendezvous.Dial(ctx, token, func(ctx context.Context, address string) (net.Conn, error) {
					conn, err := plain(ctx, address)
					return counted{conn, &bytes}, err
				})
				if err != nil {
					return err
				}
				defer c.Close()
				m := member(byte(rank))
				m.Pin[1] = byte(rank >> 8)
				if _, err := c.Register(ctx, rank, time.Minute, m); err != nil {
					return err
				}
				opening, err := c.Opening(ctx)
				if err != nil {
					return err
				}
				if err := c.Connected(opening.Epoch); err != nil {
					return err
				}
				return c.AwaitGo(ctx, opening.Epoch)
			})
		}
		require.NoError(t, g.Wait())
		require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 5*time.Second, time.Millisecond)
		// REGISTER, three PINGs, CONNECTED; WELCOME, three PONGs, ROSTER, GO.
		require.EqualValues(t, 5*size, s.Stats().Received)
		require.EqualValues(t, 6*size, s.Stats().Sent)
		t.Logf("%d ranks: %d messages, %d bytes, %.0f per pair of ranks", size, 11*size, bytes.Load(), float64(bytes.Load())/float64(size*size))
		require.Less(t, bytes.Load(), int64(160*size*size))
	}
}

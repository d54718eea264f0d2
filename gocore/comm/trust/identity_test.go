package trust_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// shake runs a TLS handshake and returns both ends and their errors.
func shake(t testing.TB, client, server *tls.Config) (c, s *tls.Conn, clientErr, serverErr error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	a, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	deadline := time.Now().Add(5 * time.Second)
	require.NoError(t, a.SetDeadline(deadline))
	require.NoError(t, b.SetDeadline(deadline))
	c, s = tls.Client(a, client), tls.Server(b, server)
	g := task.NewGroup(context.Background())
	g.Go(func(context.Context) error {
		if serverErr = s.Handshake(); serverErr != nil {
			_ = b.Close()
		} else {
			_, serverErr = s.Write([]byte{1})
		}
		return nil
	})
	if clientErr = c.Handshake(); clientErr == nil { // a client returns before the server has judged it
		_, clientErr = c.Read(make([]byte, 1))
	}
	if clientErr != nil {
		_ = a.Close()
	}
	require.NoError(t, g.Wait())
	return c, s, clientErr, serverErr
}

func identity(t testing.TB) *trust.Identity {
	t.Helper()
	id, err := trust.NewIdentity()
	require.NoError(t, err)
	return id
}

func TestPeersPinEachOther(t *testing.T) {
	a, b, stranger := identity(t), identity(t), identity(t)
	onlyA := b.PeerServer(func(p trust.Pin) bool { return p == a.Pin() })

	c, s, err1, err2 := shake(t, a.PeerClient(b.Pin()), onlyA)
	require.NoError(t, err1)
	require.NoError(t, err2)
	require.Equal(t, a.Pin(), trust.PinOf(s.ConnectionState()))
	require.Equal(t, b.Pin(), trust.PinOf(c.ConnectionState()))
	require.Equal(t, tls.X25519, c.ConnectionState().CurveID)

	_, _, _, err2 = shake(t, stranger.PeerClient(b.Pin()), onlyA)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err2), "a stranger calls")
	_, _, err1, _ = shake(t, a.PeerClient(b.Pin()), stranger.PeerServer(func(trust.Pin) bool { return true }))
	require.Equal(t, status.Unauthenticated, status.CodeOf(err1), "a stranger answers")

	none := a.PeerClient(b.Pin())
	none.Certificates = nil
	_, _, err1, err2 = shake(t, none, onlyA)
	require.Error(t, err1)
	require.Error(t, err2, "without a certificate")

	old := a.PeerClient(b.Pin())
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	_, _, _, err2 = shake(t, old, onlyA)
	require.Error(t, err2, "TLS 1.2")

	other := a.PeerClient(b.Pin())
	other.NextProtos, other.VerifyConnection = nil, nil
	_, _, _, err2 = shake(t, other, onlyA)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err2), "without the protocol's name")
}

func TestRendezvousIsPinned(t *testing.T) {
	s := newState(t)
	token := issue(t, s)
	_, _, err1, err2 := shake(t, token.RendezvousClient(), s.RendezvousServer())
	require.NoError(t, err1)
	require.NoError(t, err2)
	_, _, err1, _ = shake(t, token.RendezvousClient(), newState(t).RendezvousServer())
	require.Equal(t, status.Unauthenticated, status.CodeOf(err1))
}

func TestProofIsBoundToItsConnection(t *testing.T) {
	s := newState(t)
	token := issue(t, s)
	c1, s1, _, _ := shake(t, token.RendezvousClient(), s.RendezvousServer())
	_, s2, _, _ := shake(t, token.RendezvousClient(), s.RendezvousServer())
	proof, err := token.Prove(c1.ConnectionState(), []byte("message"))
	require.NoError(t, err)
	g := token.Grant()
	require.NoError(t, g.VerifyProof(s1.ConnectionState(), token.JobKey(), []byte("message"), proof))

	other := issue(t, s)
	forged, err := other.Prove(c1.ConnectionState(), []byte("message"))
	require.NoError(t, err)
	for name, err := range map[string]error{
		"replayed on another connection": g.VerifyProof(s2.ConnectionState(), token.JobKey(), []byte("message"), proof),
		"another message":                g.VerifyProof(s1.ConnectionState(), token.JobKey(), []byte("Message"), proof),
		"another job's key":              g.VerifyProof(s1.ConnectionState(), other.JobKey(), []byte("message"), forged),
		"another job's signature":        g.VerifyProof(s1.ConnectionState(), token.JobKey(), []byte("message"), forged),
	} {
		require.Equal(t, status.Unauthenticated, status.CodeOf(err), name)
	}
}

func TestStateIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "state")
	states := make([]*trust.State, 4)
	g := task.NewGroup(context.Background())
	for i := range states { // at once: all get the same keys
		g.Go(func(context.Context) (err error) {
			states[i], err = trust.OpenState(dir)
			return err
		})
	}
	require.NoError(t, g.Wait())
	token := issue(t, states[0])
	for _, s := range states {
		require.Equal(t, states[0].Identity().Pin(), s.Identity().Pin())
		_, err := s.VerifyGrant(token.Grant().AppendMarshal(nil), token.GrantSignature(), time.Now())
		require.NoError(t, err)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "no temporary file stays")
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "server.key"), []byte("not a key"), 0o600))
	_, err = trust.OpenState(dir)
	require.Equal(t, status.Malformed, status.CodeOf(err))
	require.NoError(t, os.Chmod(dir, 0o750))
	_, err = trust.OpenState(dir)
	require.Equal(t, status.Invalid, status.CodeOf(err))
	require.ErrorContains(t, err, "chmod 700")
}

func TestGateGivesWayToTheNew(t *testing.T) {
	gate := trust.NewGate(2, 0)
	var ends []net.Conn
	enter := func() (net.Conn, func()) {
		a, b := net.Pipe()
		ends = append(ends, b)
		return a, gate.Enter(context.Background(), a)
	}
	_, leave := enter()
	enter()
	leave()
	require.Equal(t, 1, gate.Len())
	enter()
	enter()
	require.Equal(t, 2, gate.Len())
	_, err := ends[1].Read(make([]byte, 1))
	require.Error(t, err, "the oldest that had not left is closed")
	leave()
	require.Equal(t, 2, gate.Len(), "leaving twice counts once")
}

func TestGateLetsTheOldestHaveItsTime(t *testing.T) {
	gate := trust.NewGate(1, 50*time.Millisecond)
	a, _ := net.Pipe()
	b, _ := net.Pipe()
	gate.Enter(context.Background(), a)
	began := time.Now()
	gate.Enter(context.Background(), b)
	require.GreaterOrEqual(t, time.Since(began), 40*time.Millisecond)

	gate = trust.NewGate(1, time.Hour)
	gate.Enter(context.Background(), a)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	gate.Enter(ctx, b)()
	require.Equal(t, 1, gate.Len())
}

// Package channeltest holds the suite that every channel.Channel passes, and worlds to run it and other tests on.
package channeltest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/channel"
	"github.com/pycylon/pycylon/gocore/comm/channel/tcp"
)

// World is the channels of all ranks, and what a test may do to the links between them.
type World struct {
	Channels []channel.Channel
	// Cut breaks the link between two ranks, as a lost connection does; nil where a channel has no links.
	Cut func(a, b int)
	// Freeze stops a rank from sending and reading, until the returned function thaws it; nil where it can't be done.
	Freeze func(rank int) (thaw func())
}

// TCPWorld returns a world over loopback connections with TLS.
func TCPWorld(t testing.TB, n int, limit time.Duration) World {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return Over(t, n, limit, func(int, int) (net.Conn, net.Conn) {
		dialled, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		accepted, err := listener.Accept()
		require.NoError(t, err)
		return dialled, accepted
	})
}

// Over returns a world over connections, with TLS. connect makes one between two ranks and returns the ends of both.
func Over(t testing.TB, n int, limit time.Duration, connect func(a, b int) (net.Conn, net.Conn)) World {
	t.Helper()
	config := TLSConfig(t)
	return OverSecure(t, n, limit, connect, func(a, b net.Conn) (net.Conn, net.Conn) {
		client, server := tls.Client(tcp.NewSocket(a), config), tls.Server(tcp.NewSocket(b), config)
		failed := make(chan error, 1)
		go func() { failed <- server.Handshake() }()
		require.NoError(t, client.Handshake())
		require.NoError(t, <-failed)
		return client, server
	})
}

// OverSecure is Over with connections that secure makes secure, in place of TLS; nil where they are already.
func OverSecure(t testing.TB, n int, limit time.Duration, connect func(a, b int) (net.Conn, net.Conn), secure func(a, b net.Conn) (net.Conn, net.Conn)) World {
	t.Helper()
	if secure == nil {
		secure = func(a, b net.Conn) (net.Conn, net.Conn) { return a, b }
	}
	conns := make([][]net.Conn, n)
	valves := make([]*valve, n)
	raw := make([][]net.Conn, n)
	for r := range n {
		conns[r], raw[r], valves[r] = make([]net.Conn, n), make([]net.Conn, n), newValve()
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			dialled, accepted := connect(a, b)
			raw[a][b], raw[b][a] = dialled, accepted
			conns[a][b], conns[b][a] = secure(&valved{Conn: dialled, valve: valves[a]}, &valved{Conn: accepted, valve: valves[b]})
		}
	}
	w := World{
		Cut: func(a, b int) { _ = raw[a][b].Close() },
		Freeze: func(r int) func() {
			valves[r].shut()
			return valves[r].open
		},
	}
	for r := range n {
		ch, err := tcp.New(r, conns[r], tcp.Options{Limit: limit})
		require.NoError(t, err)
		w.Channels = append(w.Channels, ch)
	}
	return w
}

// Secure runs TLS on a connection, as a client or as a server.
func Secure(t testing.TB, conn net.Conn, client bool) net.Conn {
	t.Helper()
	secure := tls.Server(tcp.NewSocket(conn), TLSConfig(t))
	if client {
		secure = tls.Client(tcp.NewSocket(conn), TLSConfig(t))
	}
	require.NoError(t, secure.Handshake())
	return secure
}

// TLSConfig returns the settings of the real connections but for the pinned certificates, which joining checks.
func TLSConfig(t testing.TB) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Config{
		Certificates:                []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		InsecureSkipVerify:          true,
		MinVersion:                  tls.VersionTLS13,
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
}

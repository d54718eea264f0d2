package rendezvous_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// FuzzStranger says anything to the server's port, in clear text (where the relay answers) or inside TLS: the server
// ends the connection and registers nobody. A panic would end the server's Serve, which the cleanup checks.
func FuzzStranger(f *testing.F) {
	s := serve(f, rendezvous.Options{RegisterTimeout: 2 * time.Second})
	token := issue(f, s, 2)
	registration := request(f, token, raw(f, token), func(*wire.Register) {}) // of another connection
	for _, message := range [][]byte{wire.AppendJoin(nil, wire.TypeRegister, registration), registration,
		wire.AppendJoin(nil, wire.TypeRelay, make([]byte, wire.RelayBytes)), wire.AppendJoin(nil, wire.TypePing, make([]byte, 8)),
		{22, 3, 1, 0, 5, 1, 0, 0, 1, 0}, []byte("GET / HTTP/1.1\r\n\r\n"), nil} {
		f.Add(message, true)
		f.Add(message, false)
	}
	f.Fuzz(func(t *testing.T, said []byte, inside bool) {
		c, err := net.Dial("tcp", s.Addr())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		var half interface{ CloseWrite() error } = c.(*net.TCPConn)
		if inside {
			over := tls.Client(c, token.RendezvousClient())
			require.NoError(t, over.Handshake())
			c, half = over, over
		}
		_, _ = c.Write(said)
		_ = half.CloseWrite()
		_, err = io.Copy(io.Discard, c)
		var late net.Error
		require.False(t, errors.As(err, &late) && late.Timeout(), "the server still waits")
		require.Zero(t, s.Stats().Registered)
	})
}

// FuzzRegistered says anything as a worker that has registered: what no worker says ends the connection, and the job with
// it, and the server is well.
func FuzzRegistered(f *testing.F) {
	s := serve(f, rendezvous.Options{})
	for _, message := range [][]byte{wire.AppendJoin(nil, wire.TypePing, make([]byte, 8)), wire.AppendJoin(nil, wire.TypeConnected, make([]byte, 32)),
		wire.AppendJoin(nil, wire.TypeFail, []byte{1, 0, 0, 0, 0, 0, 0, 0, 'x'}), wire.AppendJoin(nil, wire.TypeRegister, nil), {8, 0, 0, 0xff}} {
		f.Add(message, uint8(1))
		f.Add(append(message, message...), uint8(2))
	}
	f.Fuzz(func(t *testing.T, said []byte, size uint8) {
		token := issue(t, s, max(int(size), 1))
		c := raw(t, token)
		require.NoError(t, wire.WriteJoin(c, wire.TypeRegister, request(t, token, c, func(*wire.Register) {})))
		_, _ = c.Write(said)
		_ = c.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
		require.Eventually(t, func() bool { return s.Stats().Workers == 0 }, 10*time.Second, time.Millisecond)
		now := s.Stats()
		require.Zero(t, now.Gathering+now.Sealed, "no job is left without workers")
	})
}

package rendezvous_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

func TestWrongTokens(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	short, err := s.Token(2, time.Second)
	require.NoError(t, err)
	time.Sleep(time.Until(short.Grant().Expires))

	foreign, err := trust.NewState()
	require.NoError(t, err)
	other, err := foreign.Issue(trust.TokenSpec{Addresses: []string{s.Addr()}, WorldSize: 2})
	require.NoError(t, err)

	_, err = rendezvous.Dial(context.Background(), other, plain)
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "another server's token")
	require.ErrorContains(t, err, "new token")

	_, err = dial(t, short).Register(context.Background(), 0, time.Minute, member(1))
	require.Equal(t, status.Unauthenticated, status.CodeOf(err), "expired")
	require.ErrorContains(t, err, "expired")

	_, err = dial(t, token).Register(context.Background(), 2, time.Minute, member(1))
	require.Equal(t, status.Invalid, status.CodeOf(err), "rank 2 of 2")

	_, err = rendezvous.Dial(context.Background(), trust.Token{}, plain)
	require.Equal(t, status.Invalid, status.CodeOf(err))
}

// raw opens TLS to the server without a client.
func raw(t testing.TB, token trust.Token) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", token.Addresses()[0], token.RendezvousClient())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	return c
}

// request is a registration as the client makes it, for tests to spoil.
func request(t testing.TB, token trust.Token, c *tls.Conn, spoil func(*wire.Register)) []byte {
	t.Helper()
	m := &wire.Register{Grant: token.Grant().AppendMarshal(nil), GrantSignature: token.GrantSignature(), JobKey: token.JobKey(),
		Rank: -1, Patience: time.Minute, Member: member(1)}
	var err error
	m.Signature, err = token.Prove(c.ConnectionState(), m.AppendSigned(nil))
	require.NoError(t, err)
	spoil(m)
	return m.AppendMarshal(nil)
}

func TestForgedRegistrations(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token, foreign := issue(t, s, 2), issue(t, s, 2)
	for name, spoil := range map[string]func(*wire.Register){
		"another rank":        func(m *wire.Register) { m.Rank = 1 },
		"another certificate": func(m *wire.Register) { m.Member.Pin[0]++ },
		"no signature":        func(m *wire.Register) { m.Signature = [64]byte{} },
		"another job's grant": func(m *wire.Register) {
			m.Grant, m.GrantSignature = foreign.Grant().AppendMarshal(nil), foreign.GrantSignature()
		},
		"another job's key":      func(m *wire.Register) { m.JobKey = foreign.JobKey() },
		"a larger world":         func(m *wire.Register) { m.Grant[33]++ },
		"a grant cut short":      func(m *wire.Register) { m.Grant = m.Grant[:20] },
		"the issuer's signature": func(m *wire.Register) { m.GrantSignature[0]++ },
	} {
		c := raw(t, token)
		require.NoError(t, wire.WriteJoin(c, wire.TypeRegister, request(t, token, c, spoil)))
		kind, body, err := wire.ReadJoin(c, wire.MaxControl)
		require.NoError(t, err, name)
		require.Equal(t, wire.TypeFail, kind, name)
		fail, err := wire.ParseFail(body)
		require.NoError(t, err)
		require.Equal(t, status.Unauthenticated, fail.Code, name)
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	require.Zero(t, s.Stats().Workers)
}

func TestReplayedRegistration(t *testing.T) {
	s := serve(t, rendezvous.Options{})
	token := issue(t, s, 2)
	first := raw(t, token)
	heard := request(t, token, first, func(*wire.Register) {})
	second := raw(t, token)
	require.NoError(t, wire.WriteJoin(second, wire.TypeRegister, heard))
	kind, _, err := wire.ReadJoin(second, wire.MaxControl)
	require.NoError(t, err)
	require.Equal(t, wire.TypeFail, kind)
}

func TestStrangersAndBrokenMessages(t *testing.T) {
	leak.Check(t)
	s := serve(t, rendezvous.Options{RegisterTimeout: 300 * time.Millisecond})
	token := issue(t, s, 1)
	for name, send := range map[string]func(*tls.Conn){
		"nothing":  func(*tls.Conn) {},
		"oversize": func(c *tls.Conn) { _, _ = c.Write([]byte{byte(wire.TypeRegister), 0xff, 0xff, 0xff}) },
		"truncated": func(c *tls.Conn) {
			_, _ = c.Write([]byte{byte(wire.TypeRegister), 100, 0, 0, 1, 2, 3})
			_ = c.CloseWrite()
		},
		"another message":   func(c *tls.Conn) { _ = wire.WriteJoin(c, wire.TypeConnected, make([]byte, 32)) },
		"slow":              func(c *tls.Conn) { _, _ = c.Write([]byte{byte(wire.TypeRegister)}) },
		"an empty register": func(c *tls.Conn) { _ = wire.WriteJoin(c, wire.TypeRegister, nil) },
	} {
		c := raw(t, token)
		send(c)
		rest, err := io.ReadAll(c) // ends: the server closes
		if err != nil {
			var timeout net.Error
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), name)
		}
		require.False(t, len(rest) > 0 && wire.JoinType(rest[0]) != wire.TypeFail, name)
	}
	plainText, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	_, err = plainText.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\n"), 100))
	require.NoError(t, err)
	_, _ = io.ReadAll(plainText)
	require.NoError(t, plainText.Close())
	c := register(t, token, 0, time.Minute, 1) // the server is well
	roster(t, c)
	c.Close()
}

func TestIdleStrangersKeepNobodyOut(t *testing.T) {
	s := serve(t, rendezvous.Options{MaxUnauthenticated: 20})
	token := issue(t, s, 1)
	for range 100 {
		c, err := net.Dial("tcp", s.Addr())
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
	}
	roster(t, register(t, token, 0, time.Minute, 1))
}

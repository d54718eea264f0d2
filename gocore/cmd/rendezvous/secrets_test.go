package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// window is how much of a secret may not stand in a line, in characters of its encoding: no log has so many by chance.
const window = 12

// secrets are what no line may hold any part of: the token's seed, which its text ends with, a key derived from it, the
// server's keys.
func secrets(t *testing.T, p *program, token trust.Token) [][]byte {
	t.Helper()
	text := token.Text()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "pcy1."))
	require.NoError(t, err)
	store := token.Derive(trust.StoreKeys)
	all := [][]byte{raw[len(raw)-36 : len(raw)-4], store[:]}
	for _, name := range []string{"issuer.key", "server.key"} {
		file, err := os.ReadFile(filepath.Join(p.state, name))
		require.NoError(t, err)
		block, _ := pem.Decode(file)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		require.NoError(t, err)
		all = append(all, key.(ed25519.PrivateKey).Seed())
	}
	return all
}

// encoded returns a secret as a line might hold it. Of base64 the three phases, since what stands before shifts it.
func encoded(secret []byte) []string {
	texts := []string{string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret))}
	for phase := range 3 {
		texts = append(texts, base64.RawStdEncoding.EncodeToString(secret[phase:]), base64.RawURLEncoding.EncodeToString(secret[phase:]))
	}
	return texts
}

// shows tells whether a text holds a part of a secret.
func shows(text string, secret []byte) bool {
	for _, form := range encoded(secret) {
		for i := 0; i+window <= len(form); i++ {
			if strings.Contains(text, form[i:i+window]) {
				return true
			}
		}
	}
	return false
}

func TestShows(t *testing.T) {
	secret := []byte("0123456789abcdef\xff\xfe\xfd\xfc\xfb\xfa")
	require.True(t, shows("x "+hex.EncodeToString(secret)[4:20], secret))
	require.True(t, shows("token=pcy1."+base64.RawURLEncoding.EncodeToString(secret), secret))
	require.True(t, shows(base64.StdEncoding.EncodeToString(append([]byte("!"), secret...)), secret))
	require.True(t, shows(string(secret), secret))
	require.False(t, shows("msg=listening address=127.0.0.1:7474", secret))
}

// TestLogHoldsNoSecret has jobs form and fail and strangers try what they can, some by sending the token itself, and
// looks at every line that the program writes and all its figures.
func TestLogHoldsNoSecret(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			p := start(t, "-metrics", "127.0.0.1:0", "-log-format", format)
			token := p.token("2")
			first := join(token, 10*time.Second)
			require.NoError(t, join(token, 10*time.Second)())
			require.NoError(t, first())
			require.Error(t, join(token, 10*time.Second)(), "the job has begun")
			lonely := p.token("2")
			require.Error(t, join(lonely, 300*time.Millisecond)(), "nobody else comes")

			grant := token.Grant().AppendMarshal(nil)
			for _, said := range [][]byte{
				[]byte(token.Text()), append([]byte{32, 0xff, 0xff, 0xff}, token.Text()...), append([]byte{22}, token.Text()...),
				wire.AppendJoin(nil, wire.TypeRelay, grant), nil,
			} {
				send(t, p.address, said, nil)
			}
			for _, said := range [][]byte{
				[]byte(token.Text()), wire.AppendJoin(nil, wire.TypeRegister, []byte(token.Text())),
				wire.AppendJoin(nil, wire.TypeConnected, grant), nil,
			} {
				send(t, p.address, said, token.RendezvousClient())
			}
			misled := token.RendezvousClient()
			misled.NextProtos, misled.ServerName = []string{"pycylon-rendezvous/0"}, "meet.example.org"
			send(t, p.address, nil, misled)

			require.Eventually(t, func() bool { return p.log.count("connection refused") >= 8 }, 10*time.Second, time.Millisecond, "%s", p.log)
			_, figures := p.figures("/metrics")
			for line := range strings.Lines(p.log.String() + figures) {
				for _, of := range []trust.Token{token, lonely} {
					for _, secret := range secrets(t, p, of) {
						require.False(t, shows(line, secret), line)
					}
				}
			}
		})
	}
}

// send says something to a port, inside TLS where there is a configuration, and waits for the end.
func send(t *testing.T, address string, said []byte, inside *tls.Config) {
	t.Helper()
	raw, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { _ = raw.Close() }()
	require.NoError(t, raw.SetDeadline(time.Now().Add(10*time.Second)))
	conn := raw
	if inside != nil {
		over := tls.Client(raw, inside)
		if over.Handshake() != nil {
			return
		}
		conn = over
	}
	_, err = conn.Write(said)
	require.NoError(t, err)
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	var answer bytes.Buffer
	_, _ = answer.ReadFrom(conn)
}

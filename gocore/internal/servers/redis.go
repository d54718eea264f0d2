package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Password is that of the Redis servers.
const Password = "correct horse battery staple"

// Redis starts a Redis server with a password and returns its URL.
func Redis(t testing.TB) string {
	t.Helper()
	path := program(t, "redis-server")
	port := start(t, func(port int) *exec.Cmd { return redis(t, path, "--port", strconv.Itoa(port)) })
	return fmt.Sprintf("redis://:correct%%20horse%%20battery%%20staple@127.0.0.1:%d/0", port)
}

// RedisTLS is Redis that speaks TLS only. The certificate's authority is a file, which Go trusts where SSL_CERT_FILE names it.
func RedisTLS(t testing.TB) (url, authority string) {
	t.Helper()
	path := program(t, "redis-server")
	certificate, key := certify(t)
	port := start(t, func(port int) *exec.Cmd {
		return redis(t, path, "--port", "0", "--tls-port", strconv.Itoa(port), "--tls-cert-file", certificate, "--tls-key-file", key,
			"--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	})
	return fmt.Sprintf("rediss://:correct%%20horse%%20battery%%20staple@127.0.0.1:%d/0", port), certificate
}

func redis(t testing.TB, path string, arguments ...string) *exec.Cmd {
	return exec.Command(path, append([]string{"--bind", "127.0.0.1", "--requirepass", Password, "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, arguments...)...)
}

// certify makes a certificate for 127.0.0.1 that is its own authority.
func certify(t testing.TB) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return writePEM(t, filepath.Join(dir, "certificate.pem"), "CERTIFICATE", der), writePEM(t, filepath.Join(dir, "key.pem"), "EC PRIVATE KEY", secret)
}

func writePEM(t testing.TB, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

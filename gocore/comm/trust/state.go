package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// State is what a rendezvous server keeps: the key that signs grants and the key of its TLS certificate. Neither can
// register or impersonate a rank.
type State struct {
	issuer   ed25519.PrivateKey
	identity *Identity
}

// NewState returns a state that lives in memory only, as an embedded server has it.
func NewState() (*State, error) {
	_, issuer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, status.Errorf(status.Internal, "cannot make a key: %w", err)
	}
	identity, err := NewIdentity()
	if err != nil {
		return nil, err
	}
	return &State{issuer: issuer, identity: identity}, nil
}

// OpenState returns the state kept in a directory, which is made, with its keys, if it isn't there. The directory must be
// its owner's alone (0700). Two processes that open a new directory at once get the same keys.
func OpenState(dir string) (*State, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, status.Errorf(status.IO, "cannot make the state directory %s: %w", dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, status.Errorf(status.IO, "cannot read the state directory %s: %w", dir, err)
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return nil, status.Errorf(status.Invalid, "the state directory %s has mode %s, so that others may read its keys: "+
			"run `chmod 700 %s`, or name another directory", dir, info.Mode(), dir)
	}
	issuer, err := loadKey(filepath.Join(dir, "issuer.key"))
	if err != nil {
		return nil, err
	}
	server, err := loadKey(filepath.Join(dir, "server.key"))
	if err != nil {
		return nil, err
	}
	identity, err := identityOf(server)
	if err != nil {
		return nil, err
	}
	return &State{issuer: issuer, identity: identity}, nil
}

// loadKey reads a PEM file with an Ed25519 key, or makes it. The link is the atomic "create unless there".
func loadKey(path string) (ed25519.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, status.Errorf(status.IO, "cannot write the key %s: %w", path, err)
		}
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, status.Errorf(status.IO, "cannot read the key %s: %w", path, err)
	}
	damaged := status.Errorf(status.Malformed, "the key file %s is damaged: restore it, or remove it to make a new key (tokens made before won't work)", path)
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, damaged
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, damaged
	}
	return key, nil
}

func makeKey(path string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	err = pem.Encode(temporary, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Identity returns the server's certificate and key.
func (s *State) Identity() *Identity { return s.identity }

// TokenSpec says what a token shall allow.
type TokenSpec struct {
	Addresses    []string // of the rendezvous server, as workers dial it
	WorldSize    int
	Expiry       time.Duration // from now; 0 is an hour
	Attempt      uint32
	Capabilities uint32
}

// Issue makes a token for a new job. The state keeps nothing of it.
func (s *State) Issue(spec TokenSpec) (Token, error) {
	if spec.WorldSize < 1 || spec.WorldSize > MaxWorldSize {
		return Token{}, status.Errorf(status.Invalid, "world size %d is not within 1 to %d", spec.WorldSize, MaxWorldSize)
	}
	if spec.Expiry == 0 {
		spec.Expiry = time.Hour
	}
	expires := time.Now().Add(spec.Expiry)
	if spec.Expiry < 0 || expires.Unix() > math.MaxInt32*2 {
		return Token{}, status.Errorf(status.Invalid, "a token can't expire after %s: give a positive number of seconds", spec.Expiry)
	}
	if len(spec.Addresses) == 0 || len(spec.Addresses) > maxListed {
		return Token{}, status.Errorf(status.Invalid, "a token holds 1 to %d rendezvous addresses, not %d", maxListed, len(spec.Addresses))
	}
	for _, a := range spec.Addresses {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" || port == "0" || len(a) > math.MaxUint8 {
			return Token{}, status.Errorf(status.Invalid, "%q is no address of a rendezvous server: write HOST:PORT, as workers reach it", a)
		}
	}
	t := Token{addresses: spec.Addresses, pins: []Pin{s.identity.Pin()}}
	if _, err := rand.Read(t.seed[:]); err != nil {
		return Token{}, status.Errorf(status.Internal, "cannot make a secret: %w", err)
	}
	key := t.JobKey()
	t.grant = Grant{Job: jobOf(key[:]), WorldSize: spec.WorldSize, Attempt: spec.Attempt, Expires: time.Unix(expires.Unix(), 0), Capabilities: spec.Capabilities}
	s.sign(&t)
	return t, nil
}

// Retry makes a token for the next attempt at the same job: workers that hold it take over from those of the earlier.
func (s *State) Retry(t Token, expiry time.Duration) Token {
	t.grant.Attempt++
	t.grant.Expires = time.Unix(time.Now().Add(expiry).Unix(), 0)
	s.sign(&t)
	return t
}

func (s *State) sign(t *Token) {
	copy(t.signature[:], ed25519.Sign(s.issuer, signedGrant(t.grant.AppendMarshal(nil))))
}

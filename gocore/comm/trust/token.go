// Package trust holds everything secret about a job: the token that admits a worker, the keys derived from it, the
// certificates of workers and rendezvous servers, and the TLS configurations that pin them.
//
// # Token
//
// A token admits workers to one job. Its text is "pcy1." and base64url (no padding) of
//
//	u8 version 1
//	53 grant           u8 version 1 | 32 job | u32 world size | u32 attempt | i64 expiry, Unix s | u32 capabilities
//	64 signature       of the issuer, over "pycylon grant v1\0" and the grant
//	u8 count           rendezvous addresses, each u8 length and bytes ("host:port")
//	u8 count           pins, each 32: SHA-256 of a rendezvous server's public key (SubjectPublicKeyInfo)
//	32 seed
//	4 checksum         the first bytes of SHA-256 over all before: a damaged copy is told from a forged one
//
// # Who holds what
//
//	                    issuer key   seed, job private key, derived keys   grant, job public key   rank's private key
//	issuer of tokens        x                     (forgotten)                       x
//	rendezvous server       x                                                       x
//	worker                                              x                           x                      x
//
// job = SHA-256 of the job public key, which is derived from the seed. A worker signs its TLS connection's exporter
// with the job private key: the server can check it and can't do it. What a worker says of itself to the other ranks
// is under a MAC of another derived key. Peers pin each other's ephemeral keys from the roster of those messages.
//
// Nothing in this package prints a secret: Token.String describes the token, Token.Text is the one way to its secret.
package trust

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// MaxWorldSize bounds the world size of a token.
const MaxWorldSize = 1 << 15

const (
	tokenPrefix   = "pcy1."
	maxTokenText  = 4096
	maxListed     = 8
	checksumBytes = 4
)

// Pin is the SHA-256 of a public key's SubjectPublicKeyInfo.
type Pin [32]byte

// Token admits workers to one job; see the package comment. The zero Token admits to nothing.
type Token struct {
	grant     Grant
	signature [ed25519.SignatureSize]byte
	addresses []string
	pins      []Pin
	seed      [32]byte
}

// ParseToken parses the text of a token. An error never holds any of the text.
func ParseToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Token{}, status.Errorf(status.Unauthenticated, "the job token is empty: set PYCYLON_TOKEN to what `python -m pycylon token` printed")
	case !strings.HasPrefix(text, tokenPrefix):
		return Token{}, status.Errorf(status.Unauthenticated, "this is not a pycylon job token (one starts with %q): pass what `python -m pycylon token` printed", tokenPrefix)
	case len(text) > maxTokenText:
		return Token{}, status.Errorf(status.Unauthenticated, "the job token has %d characters, over the limit of %d: pass the token alone", len(text), maxTokenText)
	}
	damaged := status.Errorf(status.Unauthenticated, "the job token is damaged or cut short: copy the whole text again")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[len(tokenPrefix):])
	if err != nil || len(raw) < checksumBytes {
		return Token{}, damaged
	}
	body, check := raw[:len(raw)-checksumBytes], raw[len(raw)-checksumBytes:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:checksumBytes], check) {
		return Token{}, damaged
	}
	return parseTokenBody(body)
}

func parseTokenBody(b []byte) (t Token, err error) {
	damaged := status.Errorf(status.Unauthenticated, "the job token is malformed: make a new one with `python -m pycylon token`")
	ok := true
	take := func(n int) []byte {
		if n > len(b) {
			ok = false
			return make([]byte, n)
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	if v := take(1)[0]; v != 1 {
		return Token{}, damaged
	}
	if t.grant, err = ParseGrant(take(grantBytes)); err != nil {
		return Token{}, err
	}
	copy(t.signature[:], take(len(t.signature)))
	addresses := int(take(1)[0])
	for i := 0; i < addresses && ok; i++ {
		t.addresses = append(t.addresses, string(take(int(take(1)[0]))))
	}
	pins := int(take(1)[0])
	for i := 0; i < pins && ok; i++ {
		t.pins = append(t.pins, Pin(take(len(Pin{}))))
	}
	copy(t.seed[:], take(len(t.seed)))
	if !ok || len(b) != 0 || addresses == 0 || addresses > maxListed || pins == 0 || pins > maxListed {
		return Token{}, damaged
	}
	if job := jobOf(t.jobKey().Public().(ed25519.PublicKey)); !hmac.Equal(job[:], t.grant.Job[:]) {
		return Token{}, damaged
	}
	return t, nil
}

// Text returns the token as ParseToken reads it. It is a secret: pass it in memory, in the environment or in a file
// of mode 0600, never in a command line or a log.
func (t Token) Text() string {
	b := t.body()
	sum := sha256.Sum256(b)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum[:checksumBytes]...))
}

func (t Token) body() []byte {
	b := []byte{1}
	b = t.grant.AppendMarshal(b)
	b = append(b, t.signature[:]...)
	b = append(b, byte(len(t.addresses)))
	for _, a := range t.addresses {
		b = append(append(b, byte(len(a))), a...)
	}
	b = append(b, byte(len(t.pins)))
	for _, p := range t.pins {
		b = append(b, p[:]...)
	}
	return append(b, t.seed[:]...)
}

// String describes the token without its secret.
func (t Token) String() string {
	return fmt.Sprintf("token{job %x, world size %d, attempt %d, rendezvous %s, expires %s}",
		t.grant.Job[:4], t.grant.WorldSize, t.grant.Attempt, strings.Join(t.addresses, " or "), t.grant.Expires.UTC().Format(time.RFC3339))
}

// Format writes String for every verb: no formatting prints the seed.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// MarshalText refuses: a token gets into JSON or a log only on purpose, through Text.
func (t Token) MarshalText() ([]byte, error) {
	return nil, status.Errorf(status.Invalid, "a job token is secret and isn't encoded implicitly: use Text")
}

// IsZero tells whether the token is the zero Token.
func (t Token) IsZero() bool { return len(t.addresses) == 0 }

// Addresses returns the rendezvous server's addresses, "host:port".
func (t Token) Addresses() []string { return t.addresses }

// Pins returns the public keys that the rendezvous server may have.
func (t Token) Pins() []Pin { return t.pins }

// Grant returns the public part of the token.
func (t Token) Grant() Grant { return t.grant }

// GrantSignature returns the issuer's signature of the grant.
func (t Token) GrantSignature() [ed25519.SignatureSize]byte { return t.signature }

// WorldSize returns the number of ranks of the job.
func (t Token) WorldSize() int { return t.grant.WorldSize }

// Derive returns the 32-byte key for one purpose. One label per purpose, declared in this package.
func (t Token) Derive(p Purpose) [32]byte {
	key, err := hkdf.Key(sha256.New, t.seed[:], t.grant.Job[:], string(p), 32)
	if err != nil {
		panic(err) // only a length beyond 255 hashes fails
	}
	return [32]byte(key)
}

// Purpose is the HKDF label of a derived key.
type Purpose string

// The purposes.
const (
	jobKeyPurpose Purpose = "pycylon v1 job key"
	memberPurpose Purpose = "pycylon v1 roster member"
	hostPurpose   Purpose = "pycylon v1 host"
	// StoreKeys is the root of the keys that seal payloads in Redis and S3.
	StoreKeys Purpose = "pycylon v1 store"
)

// The job key's seed can't be salted with the job, which is its hash.
func (t Token) jobKey() ed25519.PrivateKey {
	seed, err := hkdf.Key(sha256.New, t.seed[:], nil, string(jobKeyPurpose), ed25519.SeedSize)
	if err != nil {
		panic(err) // only a length beyond 255 hashes fails
	}
	return ed25519.NewKeyFromSeed(seed)
}

// JobKey returns the job public key.
func (t Token) JobKey() [32]byte { return [32]byte(t.jobKey().Public().(ed25519.PublicKey)) }

func jobOf(key []byte) [32]byte { return sha256.Sum256(key) }

// HostID returns the keyed hash of what names this machine and network namespace: workers of the job on one host
// have the same, and it tells nobody else anything.
func (t Token) HostID() [16]byte {
	key := t.Derive(hostPurpose)
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte(hostName()))
	return [16]byte(h.Sum(nil))
}

// MAC returns the MAC of what a worker says of itself, valid for this token's job and attempt only.
func (t Token) MAC(member []byte) [16]byte {
	key := t.Derive(memberPurpose)
	h := hmac.New(sha256.New, key[:])
	h.Write(t.grant.Job[:])
	h.Write(binary.LittleEndian.AppendUint32(nil, t.grant.Attempt))
	h.Write(member)
	return [16]byte(h.Sum(nil))
}

// VerifyMAC checks a MAC in constant time.
func (t Token) VerifyMAC(member []byte, mac [16]byte) bool {
	want := t.MAC(member)
	return hmac.Equal(want[:], mac[:])
}

package trust

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/tls"
	"encoding/binary"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const grantBytes = 1 + 32 + 4 + 4 + 8 + 4

// Grant is the public part of a token: what its issuer allows. It names the job by the hash of the job public key,
// so that only who holds the seed can use it.
type Grant struct {
	Job          [32]byte
	WorldSize    int
	Attempt      uint32 // a higher one takes over from a lower
	Expires      time.Time
	Capabilities uint32
}

// AppendMarshal appends the grant, as the package comment draws it.
func (g Grant) AppendMarshal(dst []byte) []byte {
	dst = append(dst, 1)
	dst = append(dst, g.Job[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(g.WorldSize))
	dst = binary.LittleEndian.AppendUint32(dst, g.Attempt)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(g.Expires.Unix()))
	return binary.LittleEndian.AppendUint32(dst, g.Capabilities)
}

// ParseGrant parses a grant; it doesn't say that the grant is signed or still valid.
func ParseGrant(b []byte) (Grant, error) {
	if len(b) != grantBytes || b[0] != 1 {
		return Grant{}, status.Errorf(status.Unauthenticated, "the job token's grant is malformed or of another version: make a new token with this version of pycylon")
	}
	g := Grant{Job: [32]byte(b[1:33]), WorldSize: int(binary.LittleEndian.Uint32(b[33:])), Attempt: binary.LittleEndian.Uint32(b[37:]),
		Expires: time.Unix(int64(binary.LittleEndian.Uint64(b[41:])), 0), Capabilities: binary.LittleEndian.Uint32(b[49:])}
	if g.WorldSize < 1 || g.WorldSize > MaxWorldSize {
		return Grant{}, status.Errorf(status.Unauthenticated, "the job token's world size %d is not within 1 to %d: make a new token", g.WorldSize, MaxWorldSize)
	}
	return g, nil
}

func signedGrant(grant []byte) []byte { return append([]byte("pycylon grant v1\x00"), grant...) }

// VerifyGrant checks that this state's issuer signed the grant and that it is valid at now, and returns it.
func (s *State) VerifyGrant(grant []byte, signature [ed25519.SignatureSize]byte, now time.Time) (Grant, error) {
	if !ed25519.Verify(s.issuer.Public().(ed25519.PublicKey), signedGrant(grant), signature[:]) {
		return Grant{}, status.Errorf(status.Unauthenticated, "this rendezvous server did not issue the job token: "+
			"make one with the state directory of the server that the workers connect to")
	}
	g, err := ParseGrant(grant)
	if err != nil {
		return Grant{}, err
	}
	if ago := now.Sub(g.Expires); ago >= 0 {
		return Grant{}, status.Errorf(status.Unauthenticated, "the job token expired %s ago: make a new one with `python -m pycylon token`",
			ago.Truncate(time.Second))
	}
	return g, nil
}

// exporterLabel is the TLS exporter's label: a proof made for one connection is worth nothing on another.
const exporterLabel = "EXPORTER-pycylon-register"

func provenMessage(cs tls.ConnectionState, message []byte) ([]byte, error) {
	exporter, err := cs.ExportKeyingMaterial(exporterLabel, nil, 32)
	if err != nil {
		return nil, status.Errorf(status.Internal, "TLS exporter: %w", err)
	}
	signed := append([]byte("pycylon register v1\x00"), exporter...)
	return append(signed, message...), nil
}

// Prove signs message for this TLS connection with the job key: proof that the caller holds the token.
func (t Token) Prove(cs tls.ConnectionState, message []byte) (sig [ed25519.SignatureSize]byte, err error) {
	signed, err := provenMessage(cs, message)
	if err != nil {
		return sig, err
	}
	copy(sig[:], ed25519.Sign(t.jobKey(), signed))
	return sig, nil
}

// VerifyProof checks a proof against the job that a grant names.
func (g Grant) VerifyProof(cs tls.ConnectionState, jobKey [32]byte, message []byte, sig [ed25519.SignatureSize]byte) error {
	signed, err := provenMessage(cs, message)
	if err != nil {
		return err
	}
	job := jobOf(jobKey[:])
	if !hmac.Equal(job[:], g.Job[:]) || !ed25519.Verify(jobKey[:], signed, sig[:]) {
		return status.Errorf(status.Unauthenticated, "the worker does not hold the secret of the job token: pass the whole token")
	}
	return nil
}

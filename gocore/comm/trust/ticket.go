package trust

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Issuer returns the public key that grants and tickets are signed with: all that a relay has to know.
func (s *State) Issuer() ed25519.PublicKey { return s.issuer.Public().(ed25519.PublicKey) }

// SignTicket returns the ticket with this state's signature.
func (s *State) SignTicket(t *wire.Ticket) (signed [wire.SignedTicketBytes]byte) {
	body := t.AppendMarshal(nil)
	copy(signed[copy(signed[:], body):], ed25519.Sign(s.issuer, signedTicket(body)))
	return signed
}

func signedTicket(ticket []byte) []byte { return append([]byte("pycylon ticket v1\x00"), ticket...) }

// VerifyTicket checks that issuer signed the ticket, that it is valid at now, and that it is of the holder of key.
func VerifyTicket(issuer ed25519.PublicKey, signed [wire.SignedTicketBytes]byte, key [32]byte, now time.Time) (wire.Ticket, error) {
	body, signature := signed[:wire.SignedTicketBytes-ed25519.SignatureSize], signed[wire.SignedTicketBytes-ed25519.SignatureSize:]
	if !ed25519.Verify(issuer, signedTicket(body), signature) {
		return wire.Ticket{}, status.Errorf(status.Unauthenticated, "the relay's rendezvous server did not issue the ticket")
	}
	t, err := wire.ParseTicket(body)
	switch {
	case err != nil:
		return wire.Ticket{}, err
	case !now.Before(t.Expires):
		return wire.Ticket{}, status.Errorf(status.Unauthenticated, "the ticket has expired: the job's token was valid for too short a time")
	case pinOfKey(key[:]) != t.Pin:
		return wire.Ticket{}, status.Errorf(status.Unauthenticated, "the ticket is another worker's")
	}
	return t, nil
}

// pinOfKey returns the pin of an identity that has this public key.
func pinOfKey(key ed25519.PublicKey) Pin {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return Pin{} // of no identity
	}
	return sha256.Sum256(spki)
}

// PublicKey returns the identity's public key, whose hash is in the pin.
func (id *Identity) PublicKey() (key [32]byte) {
	copy(key[:], id.certificate.PrivateKey.(ed25519.PrivateKey).Public().(ed25519.PublicKey))
	return key
}

// ProveToRelay signs a relay's challenge for a connection to a peer: proof that the caller is the ticket's rank.
func (id *Identity) ProveToRelay(challenge [32]byte, peer int) (signature [ed25519.SignatureSize]byte) {
	copy(signature[:], ed25519.Sign(id.certificate.PrivateKey.(ed25519.PrivateKey), relayMessage(challenge, peer)))
	return signature
}

// VerifyRelayProof checks what ProveToRelay returned.
func VerifyRelayProof(key [32]byte, challenge [32]byte, peer int, signature []byte) error {
	if len(signature) != ed25519.SignatureSize || !ed25519.Verify(key[:], relayMessage(challenge, peer), signature) {
		return status.Errorf(status.Unauthenticated, "the worker does not hold the key that its ticket names")
	}
	return nil
}

func relayMessage(challenge [32]byte, peer int) []byte {
	message := append([]byte("pycylon relay v1\x00"), challenge[:]...)
	return binary.LittleEndian.AppendUint32(message, uint32(peer))
}

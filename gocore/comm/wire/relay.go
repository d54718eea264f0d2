package wire

import (
	"encoding/binary"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Ticket is the rendezvous server's word to a relay that the holder of a key is a rank of an opening.
//
//	32 job | 32 epoch | u32 world size | u32 rank | 32 pin of the rank's public key | i64 expiry, Unix seconds
type Ticket struct {
	Job       [32]byte
	Epoch     Epoch
	WorldSize int
	Rank      int
	Pin       [32]byte
	Expires   time.Time
}

// SignedTicketBytes is the size of a ticket with the server's signature (package trust) behind it.
const SignedTicketBytes = ticketBytes + 64

const ticketBytes = 32 + 32 + 4 + 4 + 32 + 8

// AppendMarshal appends the ticket without a signature.
func (t *Ticket) AppendMarshal(dst []byte) []byte {
	dst = append(dst, t.Job[:]...)
	dst = append(dst, t.Epoch[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.WorldSize))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(t.Rank))
	dst = append(dst, t.Pin[:]...)
	return binary.LittleEndian.AppendUint64(dst, uint64(t.Expires.Unix()))
}

// ParseTicket parses a ticket without its signature.
func ParseTicket(b []byte) (Ticket, error) {
	f := &fields{rest: b}
	var t Ticket
	copy(t.Job[:], f.take(32))
	copy(t.Epoch[:], f.take(32))
	t.WorldSize = int(f.u32())
	t.Rank = int(f.u32())
	copy(t.Pin[:], f.take(32))
	t.Expires = time.Unix(int64(f.u64()), 0)
	return t, f.done("TICKET")
}

// Relay is a worker's request to be connected with another rank of its opening.
//
//	u16 version | signed ticket | 32 public key | u32 rank of the other
type Relay struct {
	Ticket    [SignedTicketBytes]byte
	PublicKey [32]byte
	Peer      int
}

// RelayBytes is the size of a Relay's body.
const RelayBytes = 2 + SignedTicketBytes + 32 + 4

// AppendMarshal appends the body.
func (m *Relay) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, ProtocolVersion)
	dst = append(dst, m.Ticket[:]...)
	dst = append(dst, m.PublicKey[:]...)
	return binary.LittleEndian.AppendUint32(dst, uint32(m.Peer))
}

// ParseRelay parses a body.
func ParseRelay(body []byte) (*Relay, error) {
	f := &fields{rest: body}
	if v := f.u16(); !f.bad && v != ProtocolVersion {
		return nil, status.Errorf(status.Unsupported, "the worker speaks protocol version %d and the relay %d: "+
			"install the same pycylon on both", v, ProtocolVersion)
	}
	m := &Relay{}
	copy(m.Ticket[:], f.take(SignedTicketBytes))
	copy(m.PublicKey[:], f.take(32))
	m.Peer = int(f.u32())
	if err := f.done("RELAY"); err != nil {
		return nil, err
	}
	return m, nil
}

package wire

import (
	"encoding/binary"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Register is a worker's request to be a rank of a job.
//
//	u16 version | u8 length, grant | 64 grant's signature | 32 job public key | i32 rank (-1: any)
//	| u32 patience, ms | 32 epoch that it was in before (zeros: none) | Member | 64 signature
//
// Signature is the job key's, over the TLS connection's exporter and everything before it here (Signed): it proves
// that the worker holds the token's seed, on this connection.
type Register struct {
	Grant          []byte
	GrantSignature [64]byte
	JobKey         [32]byte
	Rank           int // -1: whichever is free
	Patience       time.Duration
	After          Epoch // the opening that this one follows, with the same workers; zeros: it is the first
	Member         Member
	Signature      [64]byte
}

// AppendSigned appends the part of the body that the signature covers.
func (m *Register) AppendSigned(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, ProtocolVersion)
	dst = append(dst, byte(len(m.Grant)))
	dst = append(dst, m.Grant...)
	dst = append(dst, m.GrantSignature[:]...)
	dst = append(dst, m.JobKey[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(int32(m.Rank)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Patience.Milliseconds()))
	dst = append(dst, m.After[:]...)
	return m.Member.AppendMarshal(dst)
}

// AppendMarshal appends the body.
func (m *Register) AppendMarshal(dst []byte) []byte {
	return append(m.AppendSigned(dst), m.Signature[:]...)
}

// ParseRegister parses a body.
func ParseRegister(body []byte) (*Register, error) {
	f := &fields{rest: body}
	if v := f.u16(); !f.bad && v != ProtocolVersion {
		return nil, status.Errorf(status.Unsupported, "the worker speaks protocol version %d and the rendezvous server %d: "+
			"install the same pycylon on both", v, ProtocolVersion)
	}
	m := &Register{}
	m.Grant = append([]byte(nil), f.take(int(f.u8()))...)
	copy(m.GrantSignature[:], f.take(64))
	copy(m.JobKey[:], f.take(32))
	m.Rank = int(int32(f.u32()))
	m.Patience = time.Duration(f.u32()) * time.Millisecond
	copy(m.After[:], f.take(len(m.After)))
	m.Member.parse(f)
	copy(m.Signature[:], f.take(64))
	if err := f.done("REGISTER"); err != nil {
		return nil, err
	}
	return m, nil
}

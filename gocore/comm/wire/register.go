package wire

import (
	"encoding/binary"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Register is a worker's request to be a rank of a job.
//
//	u16 version | u8 length, grant | 64 grant's signature | 32 job public key | i32 rank (-1: any)
//	| u32 patience, ms | Member | 64 signature
//
// Signature is the job key's, over the TLS connection's exporter and everything before it here (Signed): it proves
// that the worker holds the token's seed, on this connection.
type Register struct {
	Grant          []byte
	GrantSignature [64]byte
	JobKey         [32]byte
	Rank           int // -1: whichever is free
	Patience       time.Duration
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
	m.Member.parse(f)
	copy(m.Signature[:], f.take(64))
	if err := f.done("REGISTER"); err != nil {
		return nil, err
	}
	return m, nil
}

// Pong answers a PING.
//
//	8 the ping's bytes | i64 the server's clock, Unix nanoseconds
type Pong struct {
	Ping uint64
	Time time.Time
}

// AppendMarshal appends the body.
func (m Pong) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, m.Ping)
	return binary.LittleEndian.AppendUint64(dst, uint64(m.Time.UnixNano()))
}

// ParsePong parses a body.
func ParsePong(body []byte) (Pong, error) {
	f := &fields{rest: body}
	m := Pong{Ping: f.u64(), Time: time.Unix(0, int64(f.u64()))}
	return m, f.done("PONG")
}

// Fail ends a job's opening on every rank.
//
//	i32 status code | i32 rank (-1: none) | text
type Fail struct {
	Code status.Code
	Rank int
	Text string
}

// maxText bounds the text of a Fail.
const maxText = MaxControl - 8

// FailOf returns the message that carries err.
func FailOf(err error) Fail {
	e := status.From(err)
	text := e.Code.String()
	if e.Err != nil {
		text = e.Err.Error()
	}
	return Fail{Code: e.Code, Rank: e.Rank, Text: text}
}

// Err returns what the message says as an error.
func (m Fail) Err() *status.Error { return status.AtRank(m.Code, m.Rank, "%s", m.Text) }

// AppendMarshal appends the body.
func (m Fail) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Code))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(int32(m.Rank)))
	return append(dst, m.Text[:min(len(m.Text), maxText)]...)
}

// ParseFail parses a body.
func ParseFail(body []byte) (Fail, error) {
	f := &fields{rest: body}
	m := Fail{Code: status.Code(f.u32()), Rank: int(int32(f.u32()))}
	m.Text = string(f.rest[:min(len(f.rest), maxText)])
	f.rest = nil
	if m.Code <= status.OK || m.Rank < status.NoRank {
		f.bad = true
	}
	return m, f.done("FAIL")
}

package wire

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/status"
)

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

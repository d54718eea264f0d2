package wire

import (
	"encoding/binary"
	"strings"
	"unicode"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Fail ends a job's opening on every rank.
//
//	i32 status code | i32 rank (-1: none) | text
//
// The text is UTF-8 that a terminal shows as it stands: whoever stands between a rank and the relay chooses it, too.
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
	return append(dst, shown(m.Text)...)
}

// shown returns the text, cut, with a mark for what moves the cursor, hides or turns what stands beside it, or is no character.
func shown(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxText)], "?")
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) || r == '\n' || r == '\t' {
			return r
		}
		return '?'
	}, text)
}

// ParseFail parses a body.
func ParseFail(body []byte) (Fail, error) {
	f := &fields{rest: body}
	m := Fail{Code: status.Code(f.u32()), Rank: int(int32(f.u32()))}
	m.Text = string(f.rest)
	f.rest = nil
	if m.Code <= status.OK || m.Rank < status.NoRank || m.Text != shown(m.Text) {
		f.bad = true
	}
	return m, f.done("FAIL")
}

package wire

import (
	"encoding/binary"
	"time"
)

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

package wire

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// Hello is the first message between two workers, inside TLS.
//
//	u16 version | 32 epoch | u32 source | u32 destination | u8 path
type Hello struct {
	Epoch       Epoch
	Source      int
	Destination int
	Path        Path
}

// AppendMarshal appends the body.
func (m *Hello) AppendMarshal(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, ProtocolVersion)
	dst = append(dst, m.Epoch[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Source))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.Destination))
	return append(dst, byte(m.Path))
}

// ParseHello parses a body.
func ParseHello(body []byte) (*Hello, error) {
	f := &fields{rest: body}
	if v := f.u16(); !f.bad && v != ProtocolVersion {
		return nil, status.Errorf(status.Unsupported, "the peer speaks protocol version %d and this rank %d: "+
			"install the same pycylon on all ranks", v, ProtocolVersion)
	}
	m := &Hello{}
	copy(m.Epoch[:], f.take(32))
	m.Source = int(f.u32())
	m.Destination = int(f.u32())
	m.Path = Path(f.u8())
	if !m.Path.Valid() {
		f.bad = true
	}
	if err := f.done("HELLO"); err != nil {
		return nil, err
	}
	return m, nil
}

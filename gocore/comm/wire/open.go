package wire

import "encoding/binary"

// Open is the payload of OPEN: the call as the user knows it, for errors that name both sides.
//
//	u8 length, name | u16 length, site
type Open struct {
	Name string
	Site string
}

const (
	maxName = 255
	maxSite = 1 << 10
)

// AppendMarshal appends the payload, with overlong texts cut.
func (m Open) AppendMarshal(dst []byte) []byte {
	name, site := m.Name[:min(len(m.Name), maxName)], m.Site[:min(len(m.Site), maxSite)]
	dst = append(append(dst, byte(len(name))), name...)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(site)))
	return append(dst, site...)
}

// ParseOpen parses the payload.
func ParseOpen(body []byte) (Open, error) {
	f := &fields{rest: body}
	m := Open{Name: string(f.take(int(f.u8())))}
	m.Site = string(f.take(int(f.u16())))
	return m, f.done("OPEN")
}

package wire

import (
	"encoding/binary"
	"net/netip"
)

// Welcome tells a registered worker how the server sees it.
//
//	address | u16 port
type Welcome struct {
	Observed netip.AddrPort
}

// AppendMarshal appends the body.
func (m Welcome) AppendMarshal(dst []byte) []byte {
	dst = appendAddr(dst, m.Observed.Addr())
	return binary.LittleEndian.AppendUint16(dst, m.Observed.Port())
}

// ParseWelcome parses a body.
func ParseWelcome(body []byte) (Welcome, error) {
	f := &fields{rest: body}
	a := f.addr()
	m := Welcome{Observed: netip.AddrPortFrom(a, f.u16())}
	return m, f.done("WELCOME")
}

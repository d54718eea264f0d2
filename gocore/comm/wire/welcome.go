package wire

import "net/netip"

// Welcome tells a registered worker how the server sees it.
//
//	address | u16 port
type Welcome struct {
	Observed netip.AddrPort
}

// AppendMarshal appends the body.
func (m Welcome) AppendMarshal(dst []byte) []byte {
	return appendAddrPort(dst, m.Observed)
}

// ParseWelcome parses a body.
func ParseWelcome(body []byte) (Welcome, error) {
	f := &fields{rest: body}
	m := Welcome{Observed: f.addrPort()}
	return m, f.done("WELCOME")
}

package wire

import (
	"encoding/binary"
	"net/netip"
)

// Observed answers an OBSERVE: how the server sees this connection, and where else it can be asked.
//
//	address | u16 port | u8 count, (address | u16 port) ...
type Observed struct {
	Seen   netip.AddrPort
	Others []netip.AddrPort // where this server listens besides
}

// MaxOthers bounds the other addresses of a server.
const MaxOthers = 8

// AppendMarshal appends the body.
func (m *Observed) AppendMarshal(dst []byte) []byte {
	dst = appendAddrPort(dst, m.Seen)
	return appendAddrPorts(dst, m.Others)
}

// ParseObserved parses a body.
func ParseObserved(body []byte) (*Observed, error) {
	f := &fields{rest: body}
	m := &Observed{Seen: f.addrPort(), Others: f.addrPorts(MaxOthers)}
	if err := f.done("OBSERVED"); err != nil {
		return nil, err
	}
	return m, nil
}

// Whence is from where a PROBE asks the server to connect.
type Whence byte

// The places, as seen by one who has asked the server at one address and port.
const (
	OtherPort    Whence = 1 // the same address
	OtherAddress Whence = 2
)

// Verdict is what came of a probe.
type Verdict byte

// The verdicts.
const (
	NotProbed Verdict = 0 // the server has no such place, or too much to do
	LetIn     Verdict = 1
	Reset     Verdict = 2 // answered with RST
	Silent    Verdict = 3
)

// Mapping is how a NAT chooses the public port of a private one (RFC 4787, 4.1).
type Mapping byte

// The mappings.
const (
	MappingUnknown          Mapping = 0
	EndpointIndependent     Mapping = 1 // one port for all destinations: others can reach it there
	AddressDependent        Mapping = 2
	AddressAndPortDependent Mapping = 3
	DestinationDependent    Mapping = 4 // one of the two before
)

var mappings = [...]string{"unknown", "endpoint-independent", "address-dependent", "address-and-port-dependent",
	"address-dependent or address-and-port-dependent"}

// String returns RFC 4787's words.
func (m Mapping) String() string {
	if int(m) < len(mappings) {
		return mappings[m]
	}
	return mappings[MappingUnknown]
}

// Varies tells whether the public port is known to be another one for every destination, so that nobody can be told it.
func (m Mapping) Varies() bool { return m >= AddressDependent }

func appendAddrPort(dst []byte, a netip.AddrPort) []byte {
	return binary.LittleEndian.AppendUint16(appendAddr(dst, a.Addr()), a.Port())
}

func (f *fields) addrPort() netip.AddrPort {
	a := f.addr()
	return netip.AddrPortFrom(a, f.u16())
}

func appendAddrPorts(dst []byte, list []netip.AddrPort) []byte {
	dst = append(dst, byte(len(list)))
	for _, a := range list {
		dst = appendAddrPort(dst, a)
	}
	return dst
}

func (f *fields) addrPorts(limit int) (list []netip.AddrPort) {
	n := int(f.u8())
	if n > limit {
		f.bad = true
		return nil
	}
	for range n {
		list = append(list, f.addrPort())
	}
	return list
}

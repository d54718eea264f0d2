package natmodel

import (
	"math/rand/v2"
	"net/netip"
)

// Mapping is for which destinations a NAT gives a host's port the same public one, in RFC 4787's words.
type Mapping int

// The mappings.
const (
	EndpointIndependent Mapping = iota // and preserves the port
	AddressDependent
	AddressAndPortDependent
)

// NAT is a NAT.
type NAT struct {
	Address netip.Addr
	Mapping Mapping
	Cone    bool // endpoint-independent filtering: else only who was sent to is let in
	Resets  bool // answers what it doesn't let in
	Closed  bool // lets out only what goes to the server

	mappings map[mapping]uint16
	inner    map[uint16]netip.AddrPort // by public port
	sent     map[uint16]map[netip.AddrPort]bool
}

// mapping is what a public port is for.
type mapping struct{ from, to netip.AddrPort }

// verdict is what becomes of a packet.
type verdict int

const (
	passed verdict = iota
	dropped
	reset
)

// out translates the source of a packet.
func (t *NAT) out(random *rand.Rand, from, to netip.AddrPort) netip.AddrPort {
	m := mapping{from: from}
	switch t.Mapping {
	case AddressDependent:
		m.to = netip.AddrPortFrom(to.Addr(), 0)
	case AddressAndPortDependent:
		m.to = to
	}
	if t.mappings == nil {
		t.mappings, t.inner, t.sent = map[mapping]uint16{}, map[uint16]netip.AddrPort{}, map[uint16]map[netip.AddrPort]bool{}
	}
	port, known := t.mappings[m]
	if !known {
		port = from.Port()
		for t.Mapping != EndpointIndependent && (port == from.Port() || t.inner[port].IsValid()) || t.inner[port].IsValid() {
			port = uint16(50000 + random.IntN(15000))
		}
		t.mappings[m], t.inner[port], t.sent[port] = port, from, map[netip.AddrPort]bool{}
	}
	t.sent[port][to] = true
	return netip.AddrPortFrom(t.Address, port)
}

// in translates the destination of a packet that comes from the network.
func (t *NAT) in(from, to netip.AddrPort) (netip.AddrPort, verdict) {
	inner, known := t.inner[to.Port()]
	switch {
	case known && (t.Cone || t.sent[to.Port()][from]):
		return inner, passed
	case t.Resets:
		return to, reset
	}
	return to, dropped
}

package nat

import (
	"net/netip"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Observation is how a server sees one private port from one of its addresses.
type Observation struct {
	At   netip.AddrPort // the server's
	Seen netip.AddrPort
}

// MappingOf tells how a NAT maps a port, by what several observations of it differ in. Those of one address alone can
// show that the mapping varies, but not that it doesn't.
func MappingOf(list ...Observation) wire.Mapping {
	var known []Observation
	for _, o := range list {
		if o.Seen.IsValid() {
			known = append(known, o)
		}
	}
	var byAddress, byPort, oneAddress, twoAddresses bool
	for i, a := range known {
		for _, b := range known[:i] {
			differ := a.Seen != b.Seen
			if a.At.Addr() == b.At.Addr() {
				oneAddress = oneAddress || a.At != b.At
				byPort = byPort || differ
			} else {
				twoAddresses = true
				byAddress = byAddress || differ
			}
		}
	}
	switch {
	case byPort:
		return wire.AddressAndPortDependent
	case byAddress && oneAddress:
		return wire.AddressDependent
	case byAddress:
		return wire.DestinationDependent
	case twoAddresses:
		return wire.EndpointIndependent
	}
	return wire.MappingUnknown
}

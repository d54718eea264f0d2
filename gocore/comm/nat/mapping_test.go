package nat_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

func TestMapping(t *testing.T) {
	at := func(server, seen string) nat.Observation {
		return nat.Observation{At: netip.MustParseAddrPort(server), Seen: netip.MustParseAddrPort(seen)}
	}
	const p, q = "198.51.100.2:1000", "198.51.100.2:2000"
	for name, c := range map[string]struct {
		want wire.Mapping
		list []nat.Observation
	}{
		"nothing":                       {wire.MappingUnknown, nil},
		"one":                           {wire.MappingUnknown, []nat.Observation{at("203.0.113.1:1", p)}},
		"one, and one that failed":      {wire.MappingUnknown, []nat.Observation{at("203.0.113.1:1", p), {}}},
		"one address":                   {wire.MappingUnknown, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.1:2", p)}},
		"one address, differs":          {wire.AddressAndPortDependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.1:2", q)}},
		"two addresses":                 {wire.EndpointIndependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", p)}},
		"two addresses, differ":         {wire.DestinationDependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", q)}},
		"another public address":        {wire.DestinationDependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", "198.51.100.3:1000")}},
		"by address":                    {wire.AddressDependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", q), at("203.0.113.2:2", q)}},
		"by address and port":           {wire.AddressAndPortDependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", q), at("203.0.113.2:2", p)}},
		"independent, three places":     {wire.EndpointIndependent, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.2:1", p), at("203.0.113.2:2", p)}},
		"the same question, told twice": {wire.MappingUnknown, []nat.Observation{at("203.0.113.1:1", p), at("203.0.113.1:1", p)}},
	} {
		require.Equal(t, c.want, nat.MappingOf(c.list...), name)
	}
	require.True(t, wire.DestinationDependent.Varies())
	require.False(t, wire.EndpointIndependent.Varies())
	require.Equal(t, "unknown", wire.Mapping(99).String())
}

package natmodel

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// What NATs do with a host's packet to a, and then with packets from a, from another port of a's, and from b.
func TestNATs(t *testing.T) {
	at := netip.MustParseAddrPort
	inner, a, otherPort, b := at("10.0.0.5:1000"), at("203.0.113.1:1"), at("203.0.113.1:2"), at("203.0.113.2:1")
	for name, c := range map[string]struct {
		nat      NAT
		verdicts [3]verdict // from a, otherPort, b
		same     [2]bool    // public port towards otherPort and b as towards a
	}{
		"filtered":  {NAT{}, [3]verdict{passed, dropped, dropped}, [2]bool{true, true}},
		"cone":      {NAT{Cone: true}, [3]verdict{passed, passed, passed}, [2]bool{true, true}},
		"reset":     {NAT{Resets: true}, [3]verdict{passed, reset, reset}, [2]bool{true, true}},
		"address":   {NAT{Mapping: AddressDependent}, [3]verdict{passed, dropped, dropped}, [2]bool{true, false}},
		"symmetric": {NAT{Mapping: AddressAndPortDependent}, [3]verdict{passed, dropped, dropped}, [2]bool{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			c.nat.Address = netip.MustParseAddr("198.51.100.9")
			_, before := c.nat.in(a, netip.AddrPortFrom(c.nat.Address, 1000))
			require.NotEqual(t, passed, before)
			public := c.nat.out(random, inner, a)
			require.Equal(t, c.nat.Address, public.Addr())
			require.Equal(t, public, c.nat.out(random, inner, a), "a mapping stays")
			require.Equal(t, c.nat.Mapping == EndpointIndependent, public.Port() == inner.Port())
			for i, from := range []netip.AddrPort{a, otherPort, b} {
				to, got := c.nat.in(from, public)
				require.Equal(t, c.verdicts[i], got, "from %v", from)
				if got == passed {
					require.Equal(t, inner, to)
				}
			}
			require.Equal(t, c.same[0], c.nat.out(random, inner, otherPort) == public)
			require.Equal(t, c.same[1], c.nat.out(random, inner, b) == public)
		})
	}
}

package connect

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// candidate is one way in which a rank may reach another's listening port.
type candidate struct {
	path    wire.Path
	address netip.AddrPort // none of a store's
}

// where returns the address as text: "" for none.
func (c candidate) where() string {
	if !c.address.IsValid() {
		return ""
	}
	return c.address.String()
}

// String returns "punched 192.0.2.1:7077", or "redis".
func (c candidate) String() string {
	return strings.TrimSpace(c.path.String() + " " + c.where())
}

// Delays before a path is tried, so that a better one that works is not raced by worse ones. One rank of a pair dials
// first: the lower, or the one behind a NAT if only the higher is. The other dials if that has not got through by then.
const (
	stagger     = 40 * time.Millisecond
	secondWaits = 300 * time.Millisecond
	secondHaste = 80 * time.Millisecond // the second over IPv6, where a firewall before the first's goal shows nowhere
	neighbour   = 3 * time.Second       // the second on one host, where both directions are alike, and cores are shared
)

// delay returns how long after the roster a candidate is tried: position is its place in the list of candidates.
func delay(first, sameHost, six bool, position int) time.Duration {
	d := time.Duration(position) * stagger
	switch {
	case first:
	case sameHost:
		d += neighbour
	case six:
		d += secondHaste
	default:
		d += secondWaits
	}
	return d
}

// candidates lists the ways to reach the listening port of a peer, best first.
func candidates(self, peer *wire.Entry, allowed map[wire.Path]bool) []candidate {
	var list []candidate
	port := peer.Member.Port
	add := func(path wire.Path, address netip.Addr) {
		c := candidate{path, netip.AddrPortFrom(address, port)}
		known := slices.ContainsFunc(list, func(o candidate) bool { return o.address == c.address })
		if port != 0 && allowed[path] && !known {
			list = append(list, c)
		}
	}
	if sameHost(self, peer) {
		add(wire.Loopback, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	for _, a := range peer.Member.Addresses {
		switch {
		case !nat.Routable(a):
		case !a.IsPrivate():
			add(wire.Public, a)
		default:
			add(wire.Private, a)
		}
	}
	if a := peer.Observed.Addr(); nat.Routable(a) {
		add(wire.Public, a)
	}
	return list
}

// sameHost tells whether two ranks reach each other through loopback. What names a host is not enough: machines that
// were restored from one snapshot have it in common, but not the address from which they reach the server.
func sameHost(a, b *wire.Entry) bool {
	return a.Member.Host == b.Member.Host && a.Observed.Addr() == b.Observed.Addr()
}

// translated tells whether a rank is behind a NAT: the server saw another address than its own.
func translated(e *wire.Entry) bool {
	return len(e.Member.Addresses) > 0 && !slices.Contains(e.Member.Addresses, e.Observed.Addr())
}

// punchable lists the addresses at which a punch may reach the peer: those of the families in which both are known to
// keep one public port for all destinations, or not known not to.
func punchable(self, peer *wire.Entry, allowed map[wire.Path]bool) (list []netip.AddrPort) {
	if !allowed[wire.Punched] || sameHost(self, peer) {
		return nil
	}
	from := mapped(self)
	for _, to := range mapped(peer) {
		same := func(a netip.AddrPort) bool { return a.Addr().Is4() == to.Addr().Is4() }
		if slices.ContainsFunc(from, same) && !slices.ContainsFunc(list, same) {
			list = append(list, to)
		}
	}
	return list
}

// mapped lists the public addresses of a rank's punch port.
func mapped(e *wire.Entry) (list []netip.AddrPort) {
	for _, a := range append(slices.Clone(e.Member.Mapped), e.Observed) {
		if varies := a == e.Observed && e.Member.Mapping.Varies(); nat.Routable(a.Addr()) && a.Port() != 0 && !varies {
			list = append(list, a)
		}
	}
	return list
}

// varying returns the one of two ranks to which no punch leads, if that is known.
func varying(ranks ...*wire.Entry) *wire.Entry {
	for _, e := range ranks {
		if e.Member.Mapping.Varies() {
			return e
		}
	}
	return nil
}

// ownAddresses lists the addresses at which other machines may reach this one: first the one from which the
// rendezvous server was reached.
func ownAddresses(toServer netip.Addr) []netip.Addr {
	var list []netip.Addr
	limit := wire.MaxAddresses
	add := func(a netip.Addr) {
		if a = a.Unmap().WithZone(""); nat.Routable(a) && len(list) < limit && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	add(toServer)
	limit -= 2 // places for addresses of IPv6, which come last
	interfaces, err := net.InterfaceAddrs()
	if err != nil { // where the system hides its interfaces, the one address has to do
		return list
	}
	for _, four := range []bool{true, false} {
		if !four {
			limit = wire.MaxAddresses
		}
		for _, i := range interfaces {
			if prefix, err := netip.ParsePrefix(i.String()); err == nil && prefix.Addr().Is4() == four {
				add(prefix.Addr())
			}
		}
	}
	return list
}

// punchRound returns the round of the pair in a circle-method tournament of n ranks: in each round every rank has at
// most one partner, the same that the partner has.
func punchRound(i, j, n int) int {
	n += n & 1 // an odd field gets a rank that nobody is
	m := n - 1
	switch {
	case m <= 1:
		return 0
	case j == m:
		return 2 * i % m
	case i == m:
		return 2 * j % m
	}
	return (i + j) % m
}

// At most punchesInFlight punches of a rank run at once: later rounds start later.
const (
	punchesInFlight = 32
	punchBatch      = 300 * time.Millisecond
)

// punchStart returns the instant at which a pair punches.
func punchStart(start time.Time, i, j, n int) time.Time {
	return start.Add(time.Duration(punchRound(i, j, n)/punchesInFlight) * punchBatch)
}

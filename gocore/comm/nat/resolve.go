package nat

import (
	"context"
	"net"
	"net/netip"
)

// Resolve returns addresses as numbers: those that have none, or not in time, are left out.
func Resolve(ctx context.Context, addresses []string) (list []netip.AddrPort) {
	for _, address := range addresses {
		host, service, _ := net.SplitHostPort(address)
		port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
		if err != nil {
			continue
		}
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			continue
		}
		for _, a := range found {
			list = append(list, netip.AddrPortFrom(a.Unmap(), uint16(port)))
		}
	}
	return list
}

// Routable refuses what must not be dialled because another rank, or a server, says so: this machine's own loopback and
// link, groups, and nothing.
func Routable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsMulticast() &&
		!a.IsLinkLocalUnicast() && !a.IsInterfaceLocalMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// diallable tells whether an address may be dialled that a server at another has named: one of this machine only where the server is
// of this machine, too.
func diallable(a, server netip.Addr) bool {
	return Routable(a) || (a.IsLoopback() && server.IsLoopback())
}

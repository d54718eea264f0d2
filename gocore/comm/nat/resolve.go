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

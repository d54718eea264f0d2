//go:build !linux

package holepunch

import (
	"context"
	"net"
	"net/netip"
)

// opener returns nil: there are no openers, two SYNs have to cross.
func opener(int, netip.AddrPort) func(context.Context, int) net.Conn { return nil }

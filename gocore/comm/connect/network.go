package connect

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/relay"
)

// network connects a rank to others beside the punch port: the system's, or a model's.
type network interface {
	// dial connects to a listening port.
	dial(ctx context.Context, address netip.AddrPort, timeout time.Duration) (net.Conn, error)
	// meet connects to a peer through the relay, once it has come there, too.
	meet(ctx context.Context, j *joiner, address netip.AddrPort, peer int) (net.Conn, error)
}

// system is the system's network.
type system struct{}

func (system) dial(ctx context.Context, address netip.AddrPort, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	d.SetMultipathTCP(false)
	return d.DialContext(ctx, "tcp", address.String())
}

func (system) meet(ctx context.Context, j *joiner, address netip.AddrPort, peer int) (net.Conn, error) {
	return relay.Dial(ctx, address.String(), j.ticket, j.identity, peer)
}

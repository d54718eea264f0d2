package connect

import (
	"context"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// observeTimeout bounds what a rank finds out about its NAT before it registers.
const observeTimeout = 500 * time.Millisecond

// observe adds to what this rank says of itself how its punch port is seen from the server's other addresses, if it has
// some: one of the other family gives another way to punch, one of the same tells whether punching is hopeless.
func (j *joiner) observe(ctx context.Context, m *wire.Member) {
	m.Mapped, m.Mapping = nil, wire.MappingUnknown
	if !j.allowed[wire.Punched] || len(j.token.Addresses()) < 2 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	main := j.client.ServerAddr()
	var other, same netip.AddrPort
	for _, a := range nat.Resolve(ctx, j.token.Addresses()) {
		switch {
		case a.Addr().Is4() != main.Addr().Is4():
			other = first(other, a)
		case a.Addr() != main.Addr():
			same = first(same, a)
		}
	}
	g := task.NewGroup(ctx)
	ask := func(at netip.AddrPort, into *nat.Observation) {
		if !at.IsValid() {
			return
		}
		g.Go(func(ctx context.Context) error {
			o, err := rendezvous.Observe(ctx, at.String(), j.token.RendezvousClient(), j.port.Dial)
			if err == nil { // a server that can't be asked there leaves it unknown
				*into = nat.Observation{At: o.At, Seen: o.Seen}
				o.Close()
			}
			return nil
		})
	}
	var here, there, elsewhere nat.Observation
	ask(same, &there)
	ask(other, &elsewhere)
	if same.IsValid() {
		if seen, err := j.client.Observed(ctx); err == nil {
			here = nat.Observation{At: main, Seen: seen}
		}
	}
	_ = g.Wait()
	m.Mapping = nat.MappingOf(here, there)
	if elsewhere.Seen.IsValid() {
		m.Mapped = append(m.Mapped, elsewhere.Seen)
	}
}

func first(a, b netip.AddrPort) netip.AddrPort {
	if a.IsValid() {
		return a
	}
	return b
}

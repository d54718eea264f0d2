package connect

import (
	"context"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/relay"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// relayAfter is how long after the punches' start the relay is tried: by then a pair that can punch has done it, also
// through NATs that answer with RST, which take up to 0.8 s.
const relayAfter = time.Second

// relay returns the relay's address, if a pair may use it.
func (j *joiner) relay(self, peer *wire.Entry) (netip.AddrPort, bool) {
	if !j.allowed[wire.Relayed] || j.ticket == [wire.SignedTicketBytes]byte{} || sameHost(self, peer) {
		return netip.AddrPort{}, false
	}
	return j.client.ServerAddr(), true
}

// relayed tries the relay from start on until the pair is settled. The rounds are those of the punches: both ranks of a pair come to
// the relay at one time, so that few connections wait there.
func (j *joiner) relayed(ctx context.Context, p *pair, address netip.AddrPort, start time.Time) {
	pause(p.ctx, time.Until(start))
	for try := 0; p.ctx.Err() == nil; try++ {
		p.giveWay()
		j.event(p.peer, wire.Relayed, address.String(), "dial", nil)
		raw, err := relay.Dial(p.ctx, address.String(), j.ticket, j.identity, p.peer)
		var r *racer
		if err == nil {
			r, err = j.prove(p, raw, p.lower, wire.Relayed)
		}
		switch {
		case p.ctx.Err() != nil && err != nil:
			return
		case err == nil:
			j.offer(ctx, p, r)
			r.await(p.ctx)
		default:
			p.failed(wire.Relayed, address, err)
			j.event(p.peer, wire.Relayed, address.String(), "refused", err)
		}
		pause(p.ctx, firstPause<<min(try, 3))
	}
}

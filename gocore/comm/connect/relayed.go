package connect

import (
	"context"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// relayAfter is how long after the punches' start the relay is tried: by then a pair that can punch has done it, usually within
// 0.2 s, also on a machine that is short of processors.
const relayAfter = time.Second

// relay returns the relay's address, if a pair may use it.
func (j *joiner) relay(self, peer *wire.Entry) (netip.AddrPort, bool) {
	if !j.allowed[wire.Relayed] || j.ticket == [wire.SignedTicketBytes]byte{} || sameHost(self, peer) {
		return netip.AddrPort{}, false
	}
	return j.relayAt, true
}

// relayed tries the relay from start on until the pair is settled. The rounds are those of the punches: both ranks of a pair come to
// the relay at one time, so that few connections wait there.
func (j *joiner) relayed(ctx context.Context, p *pair, address netip.AddrPort, start time.Time) {
	pause(p.ctx, time.Until(start))
	c := candidate{wire.Relayed, address}
	j.retry(ctx, p, c, func(int) (*racer, error) {
		j.track(p, c, "dial", nil)
		raw, err := j.network.meet(p.ctx, j, address, p.peer)
		if err != nil {
			return nil, err
		}
		return j.prove(p, raw, p.lower, wire.Relayed)
	})
}

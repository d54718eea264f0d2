package connect

import (
	"context"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/nat"
	"github.com/pycylon/pycylon/gocore/comm/quic"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	// quicAfter is how long after the punches' start QUIC is tried: by then most pairs that TCP connects are.
	quicAfter = 200 * time.Millisecond
	// knockFirst is how much later the lower rank dials than the higher opens its NAT: more than their ideas of that instant
	// differ by. QUIC repeats a first packet that was lost only after 200 ms.
	knockFirst = 20 * time.Millisecond
	// hearTimeout is how long registration waits to be heard by UDP: where it is dropped, that is lost.
	hearTimeout = 150 * time.Millisecond
)

// openQUIC opens this rank's UDP socket, if QUIC may be used. Without one the other paths are left.
func (j *joiner) openQUIC() {
	if !j.allowed[wire.QUIC] {
		return
	}
	var err error
	if j.quic, err = quic.Open(allLoopback(j.token.Addresses())); err != nil {
		j.event(-1, wire.QUIC, "", "failed", err)
	}
}

// observeQUIC adds to what this rank says of itself how its UDP socket can be reached.
func (j *joiner) observeQUIC(ctx context.Context, m *wire.Member) {
	m.UDPPort, m.UDPPublic = 0, 0
	if j.quic == nil {
		return
	}
	m.UDPPort = j.quic.Port()
	ctx, cancel := context.WithTimeout(ctx, hearTimeout)
	defer cancel()
	seen, err := j.quic.Observe(ctx, j.client.ServerAddr())
	if err != nil { // UDP is dropped on the way to the server: between ranks of one network it may pass
		j.event(-1, wire.QUIC, j.client.ServerAddr().String(), "refused", err)
		return
	}
	m.UDPPublic = seen.Port() // NATs with several addresses give a host the same for UDP and TCP (RFC 4787, 4.1)
}

// quicRemotes lists where a peer's UDP socket may be reached.
func (j *joiner) quicRemotes(self, peer *wire.Entry) (list []netip.AddrPort) {
	near := sameHost(self, peer)
	if j.quic == nil || peer.Member.UDPPort == 0 || (near && j.allowed[wire.Loopback]) {
		return nil
	}
	if near {
		return []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), peer.Member.UDPPort)}
	}
	if a := peer.Observed.Addr(); peer.Member.UDPPublic != 0 && nat.Routable(a) {
		list = append(list, netip.AddrPortFrom(a, peer.Member.UDPPublic))
	}
	for _, a := range peer.Member.Addresses {
		if nat.Routable(a) {
			list = append(list, netip.AddrPortFrom(a, peer.Member.UDPPort))
		}
	}
	return list
}

// serveQUIC takes in connections at the UDP socket.
func (j *joiner) serveQUIC(ctx context.Context, g *task.Group) error {
	err := j.quic.Listen(j.identity.PeerServer(func(p trust.Pin) bool { return j.expects(p, -1) }))
	if err != nil {
		return err
	}
	defer j.quic.StopListening()
	j.quic.Serve(ctx, g, func(ctx context.Context, c *quic.Conn) error {
		peer := j.ranks[trust.PinOf(c.ConnectionState())]
		p := j.pairs[peer]
		if r, err := j.prove(p, c, false, wire.QUIC); err == nil {
			j.offer(ctx, p, r)
		}
		return nil
	})
	return nil
}

// raceQUIC tries to connect a pair by UDP: the lower rank dials, the higher opens its NAT for it.
func (j *joiner) raceQUIC(ctx context.Context, p *pair, remote netip.AddrPort) {
	start := punchStart(j.start, j.rank, p.peer, len(j.roster.Entries))
	if j.allowed[wire.Punched] || j.allowed[wire.Public] || j.allowed[wire.Private] {
		start = start.Add(quicAfter)
	}
	if p.lower {
		start = start.Add(knockFirst)
	}
	pause(p.ctx, time.Until(start))
	c := candidate{wire.QUIC, remote}
	if !p.lower {
		if p.giveWay(); p.ctx.Err() == nil {
			j.track(p, c, "punch", nil)
			j.quic.Knock(p.ctx, remote)
		}
		return
	}
	j.retry(ctx, p, c, func(int) (*racer, error) {
		j.track(p, c, "dial", nil)
		conn, err := j.quic.Dial(p.ctx, remote, j.identity.PeerClient(j.roster.Entries[p.peer].Member.Pin))
		if err != nil {
			return nil, err
		}
		return j.prove(p, conn, true, wire.QUIC)
	})
}

// closeQUIC closes the socket and what goes over it.
func (j *joiner) closeQUIC() {
	if j.quic == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), officeTimeout)
	defer cancel()
	_ = j.quic.Close(ctx) // nothing is left that could be told
	j.quic = nil
}

// usesQUIC tells whether a pair ended on QUIC.
func (j *joiner) usesQUIC() bool {
	for _, p := range j.pairs {
		if p != nil && p.settled != nil && p.settled.path == wire.QUIC {
			return true
		}
	}
	return false
}

package connect

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Limits of the racing. Sockets by which this rank races are at most outgoing + outgoingNear; punches come on top where
// nothing else has worked. Those that come in may be incoming at a time: so many that strangers who connect and wait,
// incoming in incomingStay, keep no rank out for as long as pairTimeout, unless they are thousands.
const (
	outgoing     = 16
	outgoingNear = 4 // of them on loopback, whose handshakes wait for nothing but cores
	incoming     = 256
	incomingStay = 2 * time.Second        // that a stranger may keep a place others wait for
	yieldFor     = 500 * time.Millisecond // that a path waits while a connection of its pair proves itself
	yieldPoll    = 10 * time.Millisecond
	firstTimeout = time.Second // of connecting by TCP; doubles with every try, up to four times
	firstPause   = 100 * time.Millisecond
)

// race starts every attempt at connecting a pair.
func (j *joiner) race(g *task.Group, p *pair) {
	self, peer := &j.roster.Entries[j.rank], &j.roster.Entries[p.peer]
	p.list = candidates(self, peer, j.allowed)
	first := p.lower || (translated(self) && !translated(peer))
	if p.lower && j.exam == nil {
		g.Go(func(ctx context.Context) error {
			j.nominate(ctx, p)
			return nil
		})
	}
	for i, c := range p.list {
		g.Go(func(ctx context.Context) error {
			j.dial(ctx, p, c, delay(first, sameHost(self, peer), c.address.Addr().Is6(), i))
			return nil
		})
	}
	remotes := punchable(self, peer, j.allowed)
	if e := varying(self, peer); e != nil && j.allowed[wire.Punched] {
		p.failed(candidate{wire.Punched, peer.Observed}, status.Errorf(status.Unreachable, "the NAT of %s gives every destination another port (%s mapping)",
			e.Observed.Addr(), e.Member.Mapping))
	}
	if relay, ok := j.relay(self, peer); ok {
		start := punchStart(j.start, j.rank, p.peer, len(j.roster.Entries))
		if len(remotes) > 0 {
			start = start.Add(relayAfter)
		}
		g.Go(func(ctx context.Context) error {
			j.relayed(ctx, p, relay, start)
			return nil
		})
	}
	for _, remote := range j.quicRemotes(self, peer) {
		g.Go(func(ctx context.Context) error {
			j.raceQUIC(ctx, p, remote)
			return nil
		})
	}
	for _, office := range j.offices {
		if j.storable(office.server, self, peer) {
			g.Go(func(ctx context.Context) error {
				j.stored(ctx, p, office)
				return nil
			})
		}
	}
	for _, remote := range remotes {
		g.Go(func(ctx context.Context) error {
			j.punch(ctx, p, remote)
			return nil
		})
	}
}

// retry makes attempts to connect a pair by one candidate, further and further apart, until the pair is settled.
func (j *joiner) retry(ctx context.Context, p *pair, c candidate, attempt func(try int) (*racer, error)) {
	for try := 0; p.ctx.Err() == nil; try++ {
		p.giveWay()
		r, err := attempt(try)
		j.conclude(ctx, p, c, r, err)
		pause(p.ctx, firstPause<<min(try, 3))
	}
}

// conclude offers the connection that an attempt made and waits for the choice, or notes why there is none.
func (j *joiner) conclude(ctx context.Context, p *pair, c candidate, r *racer, err error) {
	switch {
	case err == nil:
		j.offer(ctx, p, r)
		r.await(p.ctx)
	case p.ctx.Err() == nil:
		p.failed(c, err)
		j.track(p, c, "refused", err)
	}
}

// dial tries one candidate until the pair is settled.
func (j *joiner) dial(ctx context.Context, p *pair, c candidate, wait time.Duration) {
	pause(p.ctx, wait)
	slots := j.slots
	if c.path == wire.Loopback {
		slots = j.nearSlots
	}
	j.retry(ctx, p, c, func(try int) (*racer, error) {
		select {
		case slots <- struct{}{}:
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		}
		r, err := j.dialOnce(p, c, firstTimeout<<min(try, 2))
		<-slots
		return r, err
	})
}

func (j *joiner) dialOnce(p *pair, c candidate, timeout time.Duration) (*racer, error) {
	j.track(p, c, "dial", nil)
	raw, err := j.network.dial(p.ctx, c.address, timeout)
	if err != nil {
		return nil, err
	}
	return j.prove(p, raw, true, c.path)
}

// prove greets a connection that this rank made.
func (j *joiner) prove(p *pair, raw net.Conn, client bool, path wire.Path) (*racer, error) {
	p.proving(1)
	defer p.proving(-1)
	r, _, err := j.greet(p.ctx, raw, client, p.peer, path)
	if err != nil {
		holepunch.Abandon(raw)
		return nil, err
	}
	return r, nil
}

// punch tries simultaneous open until the pair is settled. On punch ports the lower rank is the client.
func (j *joiner) punch(ctx context.Context, p *pair, remote netip.AddrPort) {
	start := punchStart(j.start, j.rank, p.peer, len(j.roster.Entries))
	pause(p.ctx, time.Until(start)-yieldPoll)
	p.giveWay()
	c := candidate{wire.Punched, remote}
	p.failed(c, errNoAnswer)
	j.retry(ctx, p, c, func(int) (*racer, error) {
		raw, err := j.port.Punch(p.ctx, remote, start, !p.lower, func(a holepunch.Burst) {
			j.track(p, c, fmt.Sprintf("punch (%d SYN, %d openers)", a.Tries, a.Openers), a.Err)
			if a.Err != nil {
				p.failed(c, a.Err)
			}
		})
		if err != nil {
			return nil, err // only the end of the context ends a punch
		}
		return j.prove(p, raw, p.lower, wire.Punched)
	})
}

// giveWay waits, for a while, as long as a connection of the pair may become the one.
func (p *pair) giveWay() {
	for began := time.Now(); p.busy() && time.Since(began) < yieldFor && p.ctx.Err() == nil; {
		pause(p.ctx, yieldPoll)
	}
}

// offer brings an authenticated connection to where the choice is made, and waits until it is.
func (j *joiner) offer(ctx context.Context, p *pair, r *racer) {
	j.event(p.peer, r.path, r.conn.RemoteAddr().String(), "authenticated", nil)
	if !p.enter(r) {
		r.close()
		return
	}
	if j.exam != nil {
		select {
		case j.exam <- r:
		default: // more than there are ways
			p.drop(r)
		}
		return
	}
	if !p.lower {
		j.obey(p, r)
		return
	}
	select {
	case p.racers <- r:
	case <-p.ctx.Done():
		p.drop(r)
	}
}

// settle makes a connection the pair's.
func (j *joiner) settle(p *pair, r *racer) {
	ok, first := p.settle(r, time.Since(j.sealed))
	if !ok {
		r.close()
		return
	}
	j.event(p.peer, r.path, r.conn.RemoteAddr().String(), "nominated", nil)
	if j.use != nil {
		j.use(p, r)
	}
	if first {
		j.settled <- struct{}{}
	}
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

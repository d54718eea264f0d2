// Package natmodel is a model of hosts behind NATs that connect by TCP, for tests under virtual time (testing/synctest).
//
// What is modelled is how connections come to be: SYNs with delays and losses, their repetition, simultaneous open, RSTs,
// and NATs with the mapping and filtering of RFC 4787, one behind the other, too. A connection that stands is a pipe with
// a delay; it may break early. UDP, IPv6 and hairpinning are not modelled.
//
//	Host ── NAT ── NAT ──┄┄ delay, loss ┄┄── NAT ── Host
//	     out: a mapping, and the destination is noted      in: a mapping there must be, and the filter lets it pass
package natmodel

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Net is what all hosts are connected to.
type Net struct {
	MaxDelay time.Duration // of a packet, one way; at least a fifth of it
	Loss     float64       // of SYNs
	Break    float64       // of connections, within their first few writes

	mu     sync.Mutex
	random *rand.Rand
	hosts  []*Host
	links  int
}

// New returns a network whose chances are drawn from a seed.
func New(seed uint64) *Net {
	return &Net{MaxDelay: 50 * time.Millisecond, random: rand.New(rand.NewPCG(seed, 1))}
}

// hops that lie between the outermost NATs of two hosts.
const hops = 3

// repeated is when a SYN that wasn't answered is sent again.
var repeated = []time.Duration{time.Second, 3 * time.Second}

func (n *Net) delay() time.Duration {
	return n.MaxDelay/5 + time.Duration(n.random.Int64N(int64(n.MaxDelay)*4/5))
}

// Host is a machine with one address.
type Host struct {
	net       *Net
	address   netip.Addr
	nats      []*NAT // the innermost first
	attempts  map[ends]*attempt
	listeners map[uint16]*listener
	next      uint16 // ephemeral port
}

// ends are a local port and a remote one.
type ends struct {
	port   uint16
	remote netip.AddrPort
}

// attempt is a socket in SYN-SENT.
type attempt struct {
	host *Host
	ends
	made chan made
	over bool
}

type made struct {
	conn *Conn
	err  error
}

// finish ends an attempt, once. The lock is held.
func (a *attempt) finish(m made) {
	if !a.over {
		a.over = true
		delete(a.host.attempts, a.ends)
		a.made <- m
	}
}

// Host adds a host behind NATs, the innermost first; without any, its address is a public one.
func (n *Net) Host(address netip.Addr, nats ...*NAT) *Host {
	h := &Host{net: n, address: address, nats: nats, attempts: map[ends]*attempt{}, listeners: map[uint16]*listener{}, next: 40000}
	n.hosts = append(n.hosts, h)
	return h
}

// Seen returns the address from which a server sees a connection come.
func (h *Host) Seen(port uint16, server netip.AddrPort) netip.AddrPort {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	seen, _ := h.out(port, server, true)
	return seen
}

// out sends a packet through the NATs before a host, and tells whether it gets to the network.
func (h *Host) out(port uint16, to netip.AddrPort, toServer bool) (from netip.AddrPort, passes bool) {
	from = netip.AddrPortFrom(h.address, port)
	for _, t := range h.nats {
		if t.Closed && !toServer {
			return from, false
		}
		from = t.out(h.net.random, from, to)
	}
	return from, true
}

// neighbours tells whether a private address is of a host behind the same NAT.
func (h *Host) neighbour(to netip.Addr) *Host {
	for _, o := range h.net.hosts {
		if o.address == to && len(o.nats) > 0 && len(h.nats) > 0 && o.nats[0] == h.nats[0] {
			return o
		}
	}
	return nil
}

// Dial connects from a port (0: a free one) by SYNs, until the context ends.
func (h *Host) Dial(ctx context.Context, port uint16, remote netip.AddrPort) (net.Conn, error) {
	return h.connect(ctx, port, remote, -1)
}

// Open sends a SYN that passes only so many routers, and waits for the other side's until the context ends; nil without.
func (h *Host) Open(ctx context.Context, port uint16, remote netip.AddrPort, routers int) net.Conn {
	conn, err := h.connect(ctx, port, remote, routers)
	if err != nil {
		return nil
	}
	return conn
}

func (h *Host) connect(ctx context.Context, port uint16, remote netip.AddrPort, routers int) (net.Conn, error) {
	n := h.net
	n.mu.Lock()
	if port == 0 {
		h.next++
		port = h.next
	}
	a := &attempt{host: h, ends: ends{port, remote}, made: make(chan made, 1)}
	if h.attempts[a.ends] != nil {
		n.mu.Unlock()
		return nil, syscall.EADDRINUSE
	}
	h.attempts[a.ends] = a
	a.syn(routers)
	n.mu.Unlock()
	if routers < 0 {
		for _, after := range repeated {
			timer := time.AfterFunc(after, func() {
				n.mu.Lock()
				defer n.mu.Unlock()
				if !a.over {
					a.syn(routers)
				}
			})
			defer timer.Stop()
		}
	}
	select {
	case m := <-a.made:
		return m.result()
	case <-ctx.Done():
	}
	n.mu.Lock()
	a.finish(made{err: context.Cause(ctx)})
	n.mu.Unlock()
	m := <-a.made
	return m.result()
}

func (m made) result() (net.Conn, error) {
	if m.err != nil {
		return nil, m.err
	}
	return m.conn, nil
}

// later calls f, under the lock, when a packet that is sent now arrives.
func (n *Net) later(f func()) {
	time.AfterFunc(n.delay(), func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		f()
	})
}

// syn sends a SYN. The lock is held, as by all below.
func (a *attempt) syn(routers int) {
	h, n := a.host, a.host.net
	var from netip.AddrPort
	neighbour := h.neighbour(a.remote.Addr())
	if neighbour != nil {
		from = netip.AddrPortFrom(h.address, a.port)
	} else {
		if a.remote.Addr().IsPrivate() {
			return
		}
		passes := false
		if from, passes = h.out(a.port, a.remote, false); !passes {
			return
		}
	}
	if n.random.Float64() < n.Loss || routers >= 0 && routers <= len(h.nats)+hops {
		return
	}
	n.later(func() {
		to, target := a.remote, neighbour
		if target == nil {
			var verdict verdict
			if target, to, verdict = n.in(from, to); verdict != passed {
				if verdict == reset {
					a.refused()
				}
				return
			}
		}
		a.arrive(from, target, to.Port())
	})
}

func (a *attempt) refused() {
	a.host.net.later(func() { a.finish(made{err: syscall.ECONNREFUSED}) })
}

// arrive is the arrival of a SYN at a host.
func (a *attempt) arrive(from netip.AddrPort, target *Host, port uint16) {
	n := a.host.net
	b, l := target.attempts[ends{port, from}], target.listeners[port]
	switch {
	case b != nil: // simultaneous open: b answers with SYN and ACK
		n.later(func() {
			switch {
			case !a.over && !b.over:
				ca, cb := n.link(netip.AddrPortFrom(a.host.address, a.port), a.remote, netip.AddrPortFrom(target.address, port), b.remote)
				a.finish(made{conn: ca})
				b.finish(made{conn: cb})
			case !b.over: // a has given up: its host answers with RST
				n.later(func() { b.finish(made{err: syscall.ECONNRESET}) })
			}
		})
	case l != nil:
		n.later(func() {
			if !a.over {
				ca, cl := n.link(netip.AddrPortFrom(a.host.address, a.port), a.remote, netip.AddrPortFrom(target.address, port), from)
				a.finish(made{conn: ca})
				l.queue <- cl
			}
		})
	default:
		a.refused()
	}
}

// in leads a packet from the network to the host that it is for.
func (n *Net) in(from, to netip.AddrPort) (*Host, netip.AddrPort, verdict) {
	for _, h := range n.hosts {
		if h.outermost() != to.Addr() {
			continue
		}
		inner := to
		result := passed
		for i := len(h.nats) - 1; i >= 0 && result == passed; i-- {
			inner, result = h.nats[i].in(from, inner)
		}
		if result != passed || inner.Addr() == h.address {
			return h, inner, result
		}
	}
	return nil, to, dropped
}

func (h *Host) outermost() netip.Addr {
	if len(h.nats) == 0 {
		return h.address
	}
	return h.nats[len(h.nats)-1].Address
}

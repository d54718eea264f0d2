// Package nat finds out what the NATs before this machine do, in the words of RFC 4787, by asking a rendezvous server
// how it sees connections, and to make some.
//
//	mapping      connections from one port to several addresses of the server: which public port does each show?
//	filtering    from a fresh port, which also listens, to one address: who else gets in there, another port of that
//	             address, or another address? And what does who doesn't, RST or silence?
//	hairpinning  a connection to the public address of that port, from this machine
//
// With one address of the server some of it stays unknown: a guess would be worth less than that.
package nat

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Timeouts of single steps.
const (
	askTimeout     = 3 * time.Second
	probeTimeout   = 5 * time.Second
	hairpinTimeout = 500 * time.Millisecond
)

// Report is what was found out about one family of addresses.
type Report struct {
	Family         string  `json:"family"` // "IPv4" or "IPv6"
	Server         string  `json:"server"` // that was asked first
	RTT            float64 `json:"rtt_ms"` // to it
	Local          string  `json:"local"`
	Public         string  `json:"public"`     // as the server sees Local
	Translated     bool    `json:"translated"` // there is a NAT
	Mapping        string  `json:"mapping"`
	PortPreserved  bool    `json:"port_preserved"`
	Filtering      string  `json:"filtering"`
	AnswersWithRST bool    `json:"answers_with_rst"` // what isn't let in; else it is dropped
	Hairpinning    *bool   `json:"hairpinning"`      // nil: there is no NAT, or it isn't known
}

// Find examines each family in which one of the servers answers; config says which server they have to be. Its error is
// that of the last which doesn't, where none does.
func Find(ctx context.Context, servers []netip.AddrPort, config *tls.Config) ([]Report, error) {
	var reports []Report
	var last error
	for _, four := range []bool{true, false} {
		for _, server := range servers {
			if server.Addr().Is4() != four {
				continue
			}
			r, err := examine(ctx, server, servers, config)
			if err == nil {
				reports = append(reports, *r)
				break
			}
			last = err
		}
	}
	if len(reports) > 0 {
		return reports, nil
	}
	if last == nil {
		last = status.Errorf(status.Invalid, "no address of a rendezvous server was given")
	}
	return nil, last
}

// examiner asks from one family.
type examiner struct {
	config *tls.Config
	server netip.AddrPort
}

func examine(ctx context.Context, server netip.AddrPort, servers []netip.AddrPort, config *tls.Config) (*Report, error) {
	e := &examiner{config, server}
	port := holepunch.NewPort()
	o, err := e.observe(ctx, port, server)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	r := &Report{Family: "IPv6", Server: server.String(), RTT: float64(o.RTT.Microseconds()) / 1e3,
		Local: o.Local.String(), Public: o.Seen.String(), Translated: o.Local.Addr() != o.Seen.Addr(),
		PortPreserved: o.Local.Port() == o.Seen.Port(), Mapping: wire.MappingUnknown.String(), Filtering: wire.MappingUnknown.String()}
	if server.Addr().Is4() {
		r.Family = "IPv4"
	}
	named := slices.DeleteFunc(slices.Clone(o.Others), func(a netip.AddrPort) bool { return !diallable(a.Addr(), o.At.Addr()) })
	r.Mapping = e.mapping(ctx, port, o, append(slices.Clone(servers), named...)).String()
	e.filtering(ctx, r)
	return r, nil
}

func (e *examiner) observe(ctx context.Context, port *holepunch.Port, at netip.AddrPort) (*rendezvous.Observer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return rendezvous.Observe(ctx, at.String(), e.config, port.Dial)
}

// mapping compares what the server's other addresses of the family see.
func (e *examiner) mapping(ctx context.Context, port *holepunch.Port, first *rendezvous.Observer, others []netip.AddrPort) wire.Mapping {
	asked := map[netip.AddrPort]bool{first.At: true}
	found := make(chan Observation, len(others)+1)
	found <- Observation{first.At, first.Seen}
	g := task.NewGroup(ctx)
	for _, at := range others {
		if asked[at] || at.Addr().Is4() != first.At.Addr().Is4() {
			continue
		}
		asked[at] = true
		g.Go(func(ctx context.Context) error {
			if o, err := e.observe(ctx, port, at); err == nil {
				found <- Observation{o.At, o.Seen}
				o.Close()
			}
			return nil
		})
	}
	_ = g.Wait() // an address that doesn't answer leaves it unknown
	close(found)
	var list []Observation
	for o := range found {
		list = append(list, o)
	}
	return MappingOf(list...)
}

// filtering has the server knock at a port that listens.
func (e *examiner) filtering(ctx context.Context, r *Report) {
	port := holepunch.NewPort()
	o, err := e.observe(ctx, port, e.server)
	if err != nil {
		return
	}
	defer o.Close()
	listener, err := port.Listen(ctx)
	if err != nil {
		return
	}
	g := task.NewGroup(ctx)
	g.Go(func(context.Context) error { return welcome(listener, o.Seen) })
	defer func() {
		_ = listener.Close()
		_ = g.Wait()
	}()
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	address, err := o.Probe(ctx, wire.OtherAddress)
	if err != nil {
		return
	}
	samePort, err := o.Probe(ctx, wire.OtherPort)
	if err != nil {
		return
	}
	r.Filtering = filteringOf(address, samePort).String()
	r.AnswersWithRST = address == wire.Reset || samePort == wire.Reset
	if r.Translated && diallable(o.Seen.Addr(), o.At.Addr()) {
		works := hairpin(ctx, o.Seen)
		r.Hairpinning = &works
	}
}

// filteringOf tells whom a NAT lets in at a port from which one address and port have been connected to.
func filteringOf(otherAddress, otherPort wire.Verdict) wire.Mapping {
	shut := func(v wire.Verdict) bool { return v == wire.Reset || v == wire.Silent }
	switch {
	case otherAddress == wire.LetIn:
		return wire.EndpointIndependent
	case shut(otherPort):
		return wire.AddressAndPortDependent
	case shut(otherAddress) && otherPort == wire.LetIn:
		return wire.AddressDependent
	}
	return wire.MappingUnknown
}

// greeting is what a listener says, so that a hairpin is not taken for one that ends at the NAT.
func greeting(seen netip.AddrPort) string { return "pycylon " + seen.String() }

func welcome(listener net.Listener, seen netip.AddrPort) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return nil
		}
		_ = conn.SetDeadline(time.Now().Add(hairpinTimeout))
		_, _ = conn.Write([]byte(greeting(seen)))
		_ = conn.Close()
	}
}

// hairpin tells whether this machine reaches itself at its public address.
func hairpin(ctx context.Context, seen netip.AddrPort) bool {
	d := net.Dialer{Timeout: hairpinTimeout}
	conn, err := d.DialContext(ctx, "tcp", seen.String())
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(hairpinTimeout))
	got := make([]byte, len(greeting(seen)))
	n, _ := conn.Read(got)
	return string(got[:n]) == greeting(seen)
}

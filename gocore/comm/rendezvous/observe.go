package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Anybody may ask what the server sees of his connection, once it runs TLS, so that nobody else answers. It costs the
// server what any connection costs before it registers, and is bounded as those are. A probe makes the server connect
// to the address and port that the asker has just shown to be his, and to no other: nobody can point it at a third.
const (
	maxObservations = 5  // messages of one connection, before it registers
	maxProbes       = 64 // at a time, of all connections
	probeTimeout    = time.Second
)

// observe answers what is asked about the connection, and returns the first message that is something else.
func (s *Server) observe(ctx context.Context, conn *tls.Conn) (wire.JoinType, []byte, error) {
	seen, here := addrOf(conn.RemoteAddr()), addrOf(conn.LocalAddr())
	for answered := range maxObservations {
		kind, body, err := wire.ReadJoin(conn, wire.MaxRegister)
		switch {
		case err != nil && answered > 0:
			return 0, nil, errAnswered
		case err != nil:
			return 0, nil, err
		case kind == wire.TypeObserve && len(body) == 0:
			answer := &wire.Observed{Seen: seen, Others: s.others(here)}
			err = wire.WriteJoin(conn, wire.TypeObserved, answer.AppendMarshal(nil))
		case kind == wire.TypeProbe && len(body) == 1:
			verdict := s.probe(ctx, wire.Whence(body[0]), here, seen)
			err = wire.WriteJoin(conn, wire.TypeProbed, []byte{byte(verdict)})
		default:
			return kind, body, nil
		}
		if err != nil {
			return 0, nil, err
		}
		s.counters.count(func(c *Stats) { c.Answered++ })
	}
	return 0, nil, errRules
}

// errAnswered ends a connection that has asked what it wanted to know.
var errAnswered = status.Errorf(status.Closed, "the questions are answered")

// others returns where else the server can be asked.
func (s *Server) others(here netip.AddrPort) (list []netip.AddrPort) {
	for _, a := range s.listener.addrs() {
		if !a.Addr().IsUnspecified() && a != here && len(list) < wire.MaxOthers {
			list = append(list, a)
		}
	}
	return list
}

// probe connects to what was seen, from another port or address than the one that was asked.
func (s *Server) probe(ctx context.Context, from wire.Whence, here, seen netip.AddrPort) wire.Verdict {
	var local netip.Addr
	if from == wire.OtherPort {
		local = here.Addr()
	}
	for _, a := range s.others(here) {
		if from == wire.OtherAddress && a.Addr().Is4() == here.Addr().Is4() && a.Addr() != here.Addr() {
			local = a.Addr()
		}
	}
	if !local.IsValid() {
		return wire.NotProbed
	}
	select {
	case s.probes <- struct{}{}:
	default:
		return wire.NotProbed
	}
	defer func() { <-s.probes }()
	d := net.Dialer{Timeout: probeTimeout, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	conn, err := d.DialContext(ctx, "tcp", seen.String())
	switch {
	case err == nil:
		_ = conn.Close()
		return wire.LetIn
	case errors.Is(err, syscall.ECONNREFUSED):
		return wire.Reset
	}
	return wire.Silent
}

// addrOf returns an address as numbers, one of IPv4 as such.
func addrOf(a net.Addr) netip.AddrPort {
	p, _ := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}

// Observer is a connection on which the server tells what it sees.
type Observer struct {
	conn   *tls.Conn
	At     netip.AddrPort   // of the server
	Local  netip.AddrPort   // the own, as this machine sees it
	Seen   netip.AddrPort   // the own, as the server sees it
	Others []netip.AddrPort // where the server can be asked, besides
	RTT    time.Duration    // of the question
}

// Observe asks the server at address how it sees a connection that dial makes. The configuration says which server
// that has to be. Who uses the result closes it.
func Observe(ctx context.Context, address string, config *tls.Config, dial Dialer) (*Observer, error) {
	raw, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	o := &Observer{conn: tls.Client(raw, config), At: addrOf(raw.RemoteAddr()), Local: addrOf(raw.LocalAddr())}
	if err := o.ask(ctx); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

func (o *Observer) ask(ctx context.Context) error {
	if err := o.conn.HandshakeContext(ctx); err != nil {
		return err
	}
	began := time.Now()
	m, err := observed(ctx, o.conn)
	if err == nil {
		o.Seen, o.Others, o.RTT = m.Seen, m.Others, time.Since(began)
	}
	return err
}

// observed asks how the server sees a connection.
func observed(ctx context.Context, conn *tls.Conn) (*wire.Observed, error) {
	body, err := call(ctx, conn, wire.TypeObserve, nil, wire.TypeObserved)
	if err != nil {
		return nil, err
	}
	return wire.ParseObserved(body)
}

// Probe asks the server to connect, from elsewhere, to where it has seen this connection come from.
func (o *Observer) Probe(ctx context.Context, from wire.Whence) (wire.Verdict, error) {
	body, err := call(ctx, o.conn, wire.TypeProbe, []byte{byte(from)}, wire.TypeProbed)
	if err != nil {
		return wire.NotProbed, err
	}
	if len(body) != 1 {
		return wire.NotProbed, status.Errorf(status.Malformed, "the rendezvous server's verdict has %d bytes: it is of another version", len(body))
	}
	return wire.Verdict(body[0]), nil
}

// call sends one message and returns the answer.
func call(ctx context.Context, conn *tls.Conn, kind wire.JoinType, body []byte, due wire.JoinType) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.NetConn().Close() })
	defer stop()
	if err := wire.WriteJoin(conn, kind, body); err != nil {
		return nil, err
	}
	got, answer, err := wire.ReadJoin(conn, wire.MaxControl)
	switch {
	case ctx.Err() != nil:
		return nil, status.From(context.Cause(ctx))
	case err != nil:
		return nil, err
	case got != due:
		return nil, unexpected(got, due)
	}
	return answer, nil
}

// Close ends the connection.
func (o *Observer) Close() { _ = o.conn.NetConn().Close() }

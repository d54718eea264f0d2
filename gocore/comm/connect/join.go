// Package connect makes a worker a rank of its job: it registers with the rendezvous server, connects to every other
// rank at once over the best path that works, and returns one authenticated connection per peer, on all ranks or on
// none.
//
// Two ports serve one opening, both random and gone after it:
//
//	listening port   takes in dialled connections: the dialler is the TLS client. Paths loopback (same machine
//	                 and network namespace), private (an address of the other's interfaces), public (the address
//	                 that the rendezvous server saw).
//	punch port       never listens. The connection to the rendezvous server comes from it, and so do punches
//	                 (package holepunch): the lower rank is the TLS client.
//
// Where TCP does not get through, the lower rank dials QUIC, from one UDP socket to another (package quic), and the higher
// opens its NAT for it. Where neither gets through, both connect to the server's relay (package relay); the lower rank is the TLS client. Last,
// where the user has named some, through a store (package store), likewise.
//
// Per pair, the candidates start staggered, best first, and race:
//
//	connect (TCP) -> TLS 1.3, both certificates pinned by the roster -> HELLO, HELLO-ACK both ways: authenticated
//	   lower rank: NOMINATE on the first authenticated, or on a better path that is 30 ms later -> NOMINATE-ACK: settled
//
// Each side closes the pair's other connections when it has settled. When all pairs of a rank are, it tells the
// server; when all ranks have, GO ends the opening. Until then whatever fails on one rank fails on all, and every
// connection is closed.
package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/holepunch"
	"github.com/pycylon/pycylon/gocore/comm/quic"
	"github.com/pycylon/pycylon/gocore/comm/rendezvous"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// joiner is one rank's opening.
type joiner struct {
	opt      Options
	token    trust.Token
	allowed  map[wire.Path]bool
	began    time.Time
	identity *trust.Identity
	listener net.Listener // nil: only punching is allowed
	port     *holepunch.Port
	quic     *quic.Endpoint // nil: not allowed
	client   *rendezvous.Client
	network  network

	rank    int
	roster  *wire.Roster
	ranks   map[trust.Pin]int
	epoch   wire.Epoch
	sealed  time.Time                    // when the roster came
	start   time.Time                    // when to punch
	ticket  [wire.SignedTicketBytes]byte // for the relay; zeros: there is none
	relayAt netip.AddrPort

	pairs   []*pair       // by rank; nil at the own
	slots   chan struct{} // of outgoing connections
	settled chan struct{} // one value per settled pair

	offices   []*office     // of Options.Stores
	nearSlots chan struct{} // of outgoing connections on loopback
	exam      chan *racer   // takes what would be nominated; nil: nothing is examined

	use func(*pair, *racer) // takes what is settled on at once; nil: membership does, in the end

	mu    sync.Mutex
	trace []Event
}

// maxTrace bounds the events kept for the report.
const maxTrace = 4096

// Join opens the token's job as one of its ranks. It returns when all ranks are connected to each other, or with the
// same error on all of them.
func Join(ctx context.Context, token trust.Token, opt Options) (*Membership, error) {
	j := &joiner{opt: opt, token: token, network: system{}, began: time.Now()}
	if err := j.opening(ctx, "the ranks to connect to each other", j.mesh); err != nil {
		return nil, status.In("connect", err)
	}
	j.event(-1, 0, "", "go", nil)
	return j.membership(), nil
}

// opening registers, waits for the roster, and does what is to be done with it.
func (j *joiner) opening(ctx context.Context, awaited string, with func(context.Context) error) error {
	if err := j.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, j.opt.Timeout)
	defer cancel()
	if err := j.open(); err != nil {
		return err
	}
	if j.listener != nil {
		defer func() { _ = j.listener.Close() }()
	}
	j.openQUIC()
	err := j.enter(ctx)
	if j.client == nil {
		j.closeQUIC()
		return err
	}
	defer j.client.Close()
	stage := "the other ranks to register"
	if err == nil {
		stage = awaited
		err = with(ctx)
	}
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = status.Errorf(status.Timeout, "%s passed in waiting for %s, and the rendezvous server did not say which are missing", j.opt.Timeout, stage)
		}
		j.event(-1, 0, "", "failed", err)
		j.client.Fail(err)
		j.closeOffices()
		j.closeQUIC()
	}
	return err
}

// check refuses settings that can't work, before anything is opened.
func (j *joiner) check() (err error) {
	if j.token.IsZero() {
		return status.Errorf(status.Unauthenticated, "no job token: set PYCYLON_TOKEN to what `python -m pycylon token` printed")
	}
	size := j.token.WorldSize()
	if j.opt.WorldSize != 0 && j.opt.WorldSize != size {
		return status.Errorf(status.Invalid, "the world size is given as %d, but the job token is for %d ranks: give the same, or make a token for %d",
			j.opt.WorldSize, size, j.opt.WorldSize)
	}
	if r := j.opt.Rank; r != nil && (*r < 0 || *r >= size) {
		return status.Errorf(status.Invalid, "rank %d is not within the world of %d: ranks are 0 to %d", *r, size, size-1)
	}
	if j.opt.Timeout <= 0 {
		j.opt.Timeout = DefaultTimeout
	}
	if j.opt.Paths == nil && allLoopback(j.token.Addresses()) {
		j.opt.Paths = []string{wire.Loopback.String()} // every rank is on this machine: no port for others
	}
	j.allowed, err = parsePaths(j.opt.Paths)
	return err
}

// allLoopback tells whether only workers of this machine can reach any of the addresses.
func allLoopback(addresses []string) bool {
	for _, address := range addresses {
		host, _, _ := net.SplitHostPort(address)
		if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.IsLoopback()) {
			return false
		}
	}
	return true
}

// open makes the identity and the two ports.
func (j *joiner) open() (err error) {
	if j.identity, err = trust.NewIdentity(); err != nil {
		return err
	}
	j.port = holepunch.NewPort()
	address := ":0"
	switch {
	case j.allowed[wire.Private] || j.allowed[wire.Public]:
	case j.allowed[wire.Loopback]:
		address = "127.0.0.1:0"
	default:
		return nil
	}
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	if j.listener, err = lc.Listen(context.Background(), "tcp", address); err != nil {
		return status.Errorf(status.IO, "cannot listen on a TCP port: %w; raise the limit of open files, or free ports", err)
	}
	return nil
}

// enterPause lies between two registrations with a server that takes nobody for now.
const enterPause = 300 * time.Millisecond

// enter registers, and waits for the roster. A server that has its limit of workers, is about to be restarted, or has
// been before there was a roster, is tried again until the time is over. If the last try was not answered, client is nil.
func (j *joiner) enter(ctx context.Context) error {
	m := wire.Member{Pin: j.identity.Pin(), Version: wire.ProtocolVersion, Host: j.token.HostID()}
	if _, err := rand.Read(m.Nonce[:]); err != nil {
		return status.Errorf(status.Internal, "cannot make a nonce: %w", err)
	}
	if j.listener != nil {
		m.Port = uint16(j.listener.Addr().(*net.TCPAddr).Port)
	}
	for refused := error(nil); ; {
		var err error
		if j.client, err = rendezvous.Dial(ctx, j.token, j.port.Dial); err != nil {
			if ctx.Err() != nil && refused != nil {
				return refused
			}
			return err
		}
		if err = j.register(ctx, &m); err == nil {
			err = j.take(ctx, &m)
		}
		if status.CodeOf(err) != status.Unreachable {
			return err
		}
		refused = err
		j.event(-1, 0, "", "refused", err)
		j.client.Close()
		j.client = nil
		j.port = holepunch.NewPort() // from the old one, the same server can't be reached for a minute
		pause(ctx, enterPause)
	}
}

// register tells the server who this worker is.
func (j *joiner) register(ctx context.Context, m *wire.Member) error {
	if j.allowed[wire.Private] || j.allowed[wire.Public] {
		m.Addresses = ownAddresses(j.client.LocalAddr().Addr())
	}
	j.client.After = j.opt.After
	j.observe(ctx, m)
	j.observeQUIC(ctx, m)
	observed, err := j.client.Register(ctx, j.wanted(), patience(ctx), *m)
	if err == nil {
		j.event(-1, 0, observed.String(), "registered", nil)
	}
	return err
}

// wanted returns the rank that this worker asks for; -1 is any.
func (j *joiner) wanted() int {
	if j.opt.Rank == nil {
		return -1
	}
	return *j.opt.Rank
}

// take waits for the roster, in which this worker is m, and takes its place in it.
func (j *joiner) take(ctx context.Context, m *wire.Member) error {
	opening, err := j.client.Opening(ctx)
	if err != nil {
		return err
	}
	j.rank, j.roster, j.epoch, j.start, j.ticket = opening.Rank, opening.Roster, opening.Epoch, opening.Start, opening.Ticket
	own := &j.roster.Entries[j.rank].Member
	if own.Pin != m.Pin || own.Nonce != m.Nonce || (j.opt.Rank != nil && j.rank != *j.opt.Rank) {
		return status.Errorf(status.Unauthenticated, "the rendezvous server sent a roster in which this worker is not rank %d: do not use this server", j.rank)
	}
	j.sealed, j.relayAt = time.Now(), j.client.ServerAddr()
	size := len(j.roster.Entries)
	j.ranks = make(map[trust.Pin]int, size)
	for r := range j.roster.Entries {
		j.ranks[j.roster.Entries[r].Member.Pin] = r
	}
	j.pairs = make([]*pair, size)
	j.slots, j.nearSlots = make(chan struct{}, outgoing), make(chan struct{}, outgoingNear)
	j.settled = make(chan struct{}, size)
	j.event(-1, 0, "", "roster", nil)
	return nil
}

// patience is a little less than the time left, so that the server, which knows who is missing, speaks first.
func patience(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	return max(left-min(left/10, 500*time.Millisecond), time.Millisecond)
}

// membership is what is left of a successful opening.
func (j *joiner) membership() *Membership {
	var board *Board
	if len(j.offices) > 0 {
		board = &Board{joiner: j, at: j.offices[0]}
	}
	if !j.usesQUIC() {
		j.closeQUIC()
	}
	m := &Membership{rest: func() { j.closeOffices(); j.closeQUIC() }, Board: board, Rank: j.rank, Size: len(j.pairs), Epoch: j.epoch, Links: make([]Link, len(j.pairs)), Setup: time.Since(j.began)}
	for peer, p := range j.pairs {
		if p == nil {
			m.Links[peer] = Link{Path: "self"}
			continue
		}
		m.Links[peer] = Link{Conn: p.settled.conn, Path: p.settled.path.String(), Setup: p.setup}
	}
	for _, l := range m.Links {
		if l.Path == wire.Relayed.String() {
			m.relayed = j
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	m.Trace = j.trace
	return m
}

// track records what happened to a candidate of a pair.
func (j *joiner) track(p *pair, c candidate, what string, err error) {
	j.event(p.peer, c.path, c.where(), what, err)
}

// event records what happened.
func (j *joiner) event(peer int, path wire.Path, address, what string, err error) {
	e := Event{At: time.Since(j.began), Peer: peer, Address: address, What: what, Err: err}
	if path != 0 {
		e.Path = path.String()
	}
	j.mu.Lock()
	if len(j.trace) < maxTrace {
		j.trace = append(j.trace, e)
	}
	j.mu.Unlock()
	if j.opt.Trace != nil {
		j.opt.Trace(e)
	}
}

// Package rendezvous brings the ranks of a job together: the server collects what each worker says of itself until
// the job's world is complete, seals the list as the roster, and hands it to all of them; its client is the worker's
// side. No data passes through this protocol, and after GO the server is not needed, but by ranks that only its relay
// (package relay, at the same port) can connect: what passes there is ciphertext.
//
// One job's opening, which succeeds on all ranks or on none:
//
//	     gathering ----- world complete -----> sealed ----- all connected -----> formed
//	         |                                    |
//	a deadline passes                    a rank leaves, fails, or
//	         |                           a deadline passes
//	         +------------> FAIL to every rank <--+
//
// While gathering, a newer registration of a rank replaces the older one, and a worker that leaves is forgotten. A
// sealed or formed job refuses another registration with Stale, until a token with a higher attempt takes over.
//
// What the server knows of a job is its grant and public key (package trust): it can refuse service, and can't
// become or invent a rank, or read what ranks say to each other.
package rendezvous

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/relay"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Options are the settings of a server. The zero value serves this machine only, with keys in memory.
type Options struct {
	Listen             string        // "host:port"; "" is 127.0.0.1 and a free port
	Advertise          []string      // addresses in tokens, as workers reach the server; nil: the listening address
	StateDir           string        // where the keys are kept; "": in memory
	MaxWorkers         int           // authenticated connections at once; 0: 32768
	MaxUnauthenticated int           // connections that have not registered yet; the oldest gives way; 0: 1024
	RegisterTimeout    time.Duration // from connection to registration; 0: 10 s
	NoRelay            bool          // don't connect ranks that can't reach each other
	Relay              relay.Options // the relay's quotas
}

// Server is a rendezvous server. Make one with NewServer.
type Server struct {
	opt      Options
	state    *trust.State
	listener net.Listener
	gate     *trust.Gate
	relay    *relay.Relay // nil: there is none
	closed   chan struct{}
	once     sync.Once

	mu      sync.Mutex
	jobs    map[[32]byte]*job
	workers int
}

// NewServer returns a server that listens already; connections wait until Serve.
func NewServer(opt Options) (*Server, error) {
	if opt.Listen == "" {
		opt.Listen = "127.0.0.1:0"
	}
	if opt.MaxWorkers == 0 {
		opt.MaxWorkers = 1 << 15
	}
	if opt.MaxUnauthenticated == 0 {
		opt.MaxUnauthenticated = 1024
	}
	if opt.RegisterTimeout == 0 {
		opt.RegisterTimeout = 10 * time.Second
	}
	var state *trust.State
	var err error
	if opt.StateDir == "" {
		state, err = trust.NewState()
	} else {
		state, err = trust.OpenState(opt.StateDir)
	}
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return nil, status.Errorf(status.Invalid, "the rendezvous server cannot listen on %q: %w; write HOST:PORT of this machine, with a free port", opt.Listen, err)
	}
	s := &Server{opt: opt, state: state, listener: listener, gate: trust.NewGate(opt.MaxUnauthenticated, 0),
		closed: make(chan struct{}), jobs: map[[32]byte]*job{}}
	if !opt.NoRelay {
		s.relay = relay.New(state.Issuer(), opt.Relay)
	}
	return s, nil
}

// Addr returns the address that the server listens on, "host:port".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Token makes a token for a new job on this server. An expiry of 0 is an hour.
func (s *Server) Token(worldSize int, expiry time.Duration) (trust.Token, error) {
	addresses := s.opt.Advertise
	if addresses == nil {
		if at, err := netip.ParseAddrPort(s.Addr()); err == nil && at.Addr().IsUnspecified() {
			return trust.Token{}, status.Errorf(status.Invalid, "the rendezvous server listens on every address of this machine (%s): "+
				"say which one the workers shall dial", s.Addr())
		}
		addresses = []string{s.Addr()}
	}
	return s.state.Issue(trust.TokenSpec{Addresses: addresses, WorldSize: worldSize, Expiry: expiry})
}

// Workers returns the number of registered workers that are connected.
func (s *Server) Workers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers
}

// State returns the server's keys, to issue tokens with settings of their own.
func (s *Server) State() *trust.State { return s.state }

// Serve answers workers until the context ends or Close; then it closes every connection and returns nil.
func (s *Server) Serve(ctx context.Context) error {
	g := task.NewGroup(ctx)
	stop := context.AfterFunc(g.Context(), s.close)
	defer stop()
	g.Go(func(ctx context.Context) error {
		for {
			conn, err := s.listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				g.Fail(errStopped)
				return nil
			case err != nil: // out of descriptors, or a connection that ended at once: others may still come
				select {
				case <-time.After(10 * time.Millisecond):
				case <-ctx.Done():
				}
				continue
			}
			leave := s.gate.Enter(ctx, conn) // here, in the order in which they came: the oldest gives way
			g.Go(func(ctx context.Context) error {
				defer leave()
				s.serve(ctx, conn, leave)
				return nil
			})
		}
	})
	if err := g.Wait(); err != nil && !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

var errStopped = status.Errorf(status.Closed, "the rendezvous server was stopped")

// Close stops the server; Serve returns when every connection has ended.
func (s *Server) Close() error {
	s.close()
	return nil
}

func (s *Server) close() {
	s.once.Do(func() {
		close(s.closed)
		_ = s.listener.Close()
	})
}

// tlsHandshake is the first byte of a TLS connection (RFC 8446, 5.1: a handshake record).
const tlsHandshake = 22

// begun is a connection of which the first bytes have been read.
type begun struct {
	net.Conn
	first *bytes.Reader
}

// Read returns the first bytes, and then what follows.
func (c *begun) Read(p []byte) (int, error) {
	if c.first.Len() > 0 {
		return c.first.Read(p)
	}
	return c.Conn.Read(p)
}

// serve is one connection from accept to end: of a worker that registers, over TLS, or to the relay. It calls leave once
// the other side has proved itself.
func (s *Server) serve(ctx context.Context, raw net.Conn, leave func()) {
	defer func() { _ = raw.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()

	_ = raw.SetDeadline(time.Now().Add(s.opt.RegisterTimeout))
	first := make([]byte, 1)
	if _, err := io.ReadFull(raw, first); err != nil {
		return
	}
	if first[0] != tlsHandshake {
		if s.relay != nil {
			s.relay.Serve(ctx, raw, bytes.NewReader(first), leave)
		}
		return
	}
	conn := tls.Server(&begun{raw, bytes.NewReader(first)}, s.state.RendezvousServer())
	if conn.HandshakeContext(ctx) != nil {
		return
	}
	kind, body, err := wire.ReadJoin(conn, wire.MaxRegister)
	if err != nil || kind != wire.TypeRegister {
		return
	}
	w, grant, err := s.authenticate(conn, body)
	if err == nil {
		leave()
		err = s.admit(w, grant)
	}
	if err != nil {
		refuse(conn, err)
		return
	}
	defer s.release(w)
	w.run(ctx)
}

func (s *Server) authenticate(conn *tls.Conn, body []byte) (*worker, trust.Grant, error) {
	m, err := wire.ParseRegister(body)
	if err != nil {
		return nil, trust.Grant{}, err
	}
	grant, err := s.state.VerifyGrant(m.Grant, m.GrantSignature, time.Now())
	if err != nil {
		return nil, trust.Grant{}, err
	}
	if err := grant.VerifyProof(conn.ConnectionState(), m.JobKey, m.AppendSigned(nil), m.Signature); err != nil {
		return nil, trust.Grant{}, err
	}
	if m.Rank < -1 || m.Rank >= grant.WorldSize {
		return nil, trust.Grant{}, status.Errorf(status.Invalid, "rank %d is not within the token's world of %d: ranks are 0 to %d",
			m.Rank, grant.WorldSize, grant.WorldSize-1)
	}
	if m.Member.Version != wire.ProtocolVersion {
		return nil, trust.Grant{}, status.Errorf(status.Unsupported, "the worker speaks protocol version %d and the rendezvous server %d: "+
			"install the same pycylon on both", m.Member.Version, wire.ProtocolVersion)
	}
	return newWorker(conn, m), grant, nil
}

// admit puts the worker into its job.
func (s *Server) admit(w *worker, grant trust.Grant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workers >= s.opt.MaxWorkers {
		return status.Errorf(status.Unreachable, "the rendezvous server has its limit of %d workers: try again later, or start another server", s.opt.MaxWorkers)
	}
	j := s.jobs[grant.Job]
	switch {
	case j == nil || grant.Attempt > j.grant.Attempt || (grant.Attempt == j.grant.Attempt && j.over()):
		if j != nil {
			j.fail(status.Errorf(status.Stale, "attempt %d of the job has taken over from attempt %d", grant.Attempt, j.grant.Attempt))
		}
		s.sweep(time.Now())
		j = newJob(grant, s.ticket)
		s.jobs[grant.Job] = j
	case grant.Attempt < j.grant.Attempt:
		return status.Errorf(status.Stale, "this token is of attempt %d of the job, and attempt %d has begun: this worker is no longer needed",
			grant.Attempt, j.grant.Attempt)
	}
	if err := j.add(w); err != nil {
		return err
	}
	s.workers++
	return nil
}

// ticket returns what lets a rank use the relay; zeros where there is none.
func (s *Server) ticket(t *wire.Ticket) (signed [wire.SignedTicketBytes]byte) {
	if s.relay != nil {
		signed = s.state.SignTicket(t)
	}
	return signed
}

// release forgets the worker, and its job when nobody is left in it, unless the job formed: then its memory of having
// begun lasts as long as its tokens.
func (s *Server) release(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers--
	j := w.job
	if j.remove(w) && s.jobs[j.grant.Job] == j {
		delete(s.jobs, j.grant.Job)
	}
}

// sweep drops formed jobs whose tokens have expired.
func (s *Server) sweep(now time.Time) {
	for id, j := range s.jobs {
		if j.spent(now) {
			delete(s.jobs, id)
		}
	}
}

// refuse sends the reason and lets it arrive.
func refuse(conn *tls.Conn, err error) {
	_ = conn.SetDeadline(time.Now().Add(lingerTime))
	if wire.WriteJoin(conn, wire.TypeFail, wire.FailOf(err).AppendMarshal(nil)) == nil {
		drain(conn)
	}
}

// lingerTime is how long an ended connection waits for the worker to have read the last message.
const lingerTime = 2 * time.Second

// drain ends the sending side and reads what still comes until the other side closes: a close with unread bytes would
// reset the connection and destroy the last message.
func drain(conn *tls.Conn) {
	_ = conn.CloseWrite()
	var scratch [512]byte
	for range 64 {
		if _, err := conn.Read(scratch[:]); err != nil {
			return
		}
	}
}

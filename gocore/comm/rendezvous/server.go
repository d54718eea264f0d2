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
// sealed or formed job refuses another registration with Stale, until a token with a higher attempt takes over. Its own
// ranks may open it again, all of them, after one was frozen or cut off: they name the epoch that they were in, and begin
// to gather for the next. So copies, and ranks that missed an opening, stay out. A server that doesn't remember the job,
// because it was restarted, believes the first to come.
//
// What the server knows of a job is its grant and public key (package trust): it can refuse service, and can't
// become or invent a rank, or read what ranks say to each other.
package rendezvous

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/relay"
	"github.com/pycylon/pycylon/gocore/comm/trust"
)

// Options are the settings of a server. The zero value serves this machine only, with keys in memory.
type Options struct {
	Listen             string        // "host:port[,host:port...]"; "" is 127.0.0.1 and a free port
	Advertise          []string      // addresses in tokens, as workers reach the server; nil: the listening addresses
	StateDir           string        // where the keys are kept; "": in memory
	MaxWorkers         int           // authenticated connections at once; 0: 32768
	MaxJobs            int           // jobs that gather or connect at once; 0: 4096
	MaxWorldSize       int           // ranks of one job; 0: as many as a token may allow
	MaxUnauthenticated int           // connections that have not registered yet; the oldest gives way; 0: 16384
	RegisterTimeout    time.Duration // from connection to registration; 0: 20 s
	MaxWait            time.Duration // that a worker may wait for its job to open, whatever it asks for; 0: a day
	NoRelay            bool          // don't connect ranks that can't reach each other
	Relay              relay.Options // the relay's quotas
	Log                *slog.Logger  // nil: nothing is logged
}

// stay is how long a connection that has not registered keeps its place, of so many, while newer ones wait for it: as
// long as that many handshakes take, so that workers that come at once don't drive each other out. Strangers have to
// open as many connections in this time, again and again, to keep others waiting.
func stay(places int) time.Duration {
	return max(300*time.Microsecond*time.Duration(places), 200*time.Millisecond)
}

// withDefaults returns the options with every zero replaced.
func (o Options) withDefaults() Options {
	number := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	duration := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	number(&o.MaxWorkers, 1<<15)
	number(&o.MaxJobs, 1<<12)
	number(&o.MaxWorldSize, trust.MaxWorldSize)
	number(&o.MaxUnauthenticated, 1<<14)
	duration(&o.RegisterTimeout, 20*time.Second)
	duration(&o.MaxWait, 24*time.Hour)
	duration(&o.Relay.ProofTimeout, o.RegisterTimeout)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// check refuses limits that would let nobody in.
func (o Options) check() error {
	if o.MaxWorkers < 0 || o.MaxJobs < 0 || o.MaxWorldSize < 0 || o.MaxUnauthenticated < 0 || o.RegisterTimeout < 0 || o.MaxWait < 0 ||
		o.Relay.Pairs < 0 || o.Relay.PairsPerJob < 0 || o.Relay.BytesPerJob < 0 {
		return status.Errorf(status.Invalid, "the rendezvous server's limits can't be negative: leave one out, or give 0, for its default")
	}
	return nil
}

// Server is a rendezvous server. Make one with NewServer.
type Server struct {
	opt      Options
	state    *trust.State
	listener *listeners
	probes   chan struct{} // places for connections that the server is asked to make
	gate     *trust.Gate
	relay    *relay.Relay // nil: there is none
	counters *counters
	refusals refusals
	once     sync.Once

	mu       sync.Mutex
	jobs     map[[32]byte]*job
	workers  int
	draining bool

	open atomic.Int64 // jobs that gather or connect
}

// NewServer returns a server that listens already; connections wait until Serve.
func NewServer(opt Options) (*Server, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	opt = opt.withDefaults()
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
	listener, err := listen(opt.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, state: state, listener: listener, probes: make(chan struct{}, maxProbes), gate: trust.NewGate(opt.MaxUnauthenticated, stay(opt.MaxUnauthenticated)),
		counters: newCounters(), refusals: refusals{log: opt.Log}, jobs: map[[32]byte]*job{}}
	if !opt.NoRelay {
		s.relay = relay.New(state.Issuer(), opt.Relay)
	}
	return s, nil
}

// Addr returns the first address that the server listens on, "host:port".
func (s *Server) Addr() string { return s.Addrs()[0] }

// Addrs returns all of them.
func (s *Server) Addrs() []string { return s.listener.texts() }

// Token makes a token for a new job on this server. An expiry of 0 is an hour.
func (s *Server) Token(worldSize int, expiry time.Duration) (trust.Token, error) {
	addresses := s.opt.Advertise
	if addresses == nil {
		addresses = s.Addrs()
		for _, a := range s.listener.addrs() {
			if a.Addr().IsUnspecified() {
				return trust.Token{}, status.Errorf(status.Invalid, "the rendezvous server listens on every address of this machine (%s): "+
					"say which one the workers shall dial", a)
			}
		}
	}
	return s.state.Issue(trust.TokenSpec{Addresses: addresses, WorldSize: worldSize, Expiry: expiry})
}

// State returns the server's keys, to issue tokens with settings of their own.
func (s *Server) State() *trust.State { return s.state }

// drainPoll is how often Drain looks.
const drainPoll = 20 * time.Millisecond

// Drain has the server take no new jobs, and returns when those that have begun have formed or failed and the relay
// connects nobody, or when the context ends. Close ends what is left then. Workers of new jobs are told to come again.
func (s *Server) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.opt.Log.Info("draining: no new jobs")
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	for {
		left := s.Stats()
		if left.Workers == 0 && left.Relay.Pairs == 0 && left.Relay.Waiting == 0 {
			s.opt.Log.Info("drained")
			return
		}
		select {
		case <-ctx.Done():
			s.opt.Log.Warn("not drained in time", "gathering", left.Gathering, "sealed", left.Sealed, "relay_pairs", left.Relay.Pairs)
			return
		case <-tick.C:
		}
	}
}

// Close stops the server; Serve returns when every connection has ended.
func (s *Server) Close() error {
	s.close()
	return nil
}

func (s *Server) close() { s.once.Do(func() { _ = s.listener.Close() }) }

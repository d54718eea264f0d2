package rendezvous

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Serve answers workers until the context ends or Close; then it closes every connection and returns nil.
func (s *Server) Serve(ctx context.Context) error {
	g := task.NewGroup(ctx)
	stop := context.AfterFunc(g.Context(), s.close)
	defer stop()
	s.opt.Log.Info("listening", "address", s.Addr(), "relay", s.relay != nil)
	g.Go(s.expire)
	g.Go(func(ctx context.Context) error {
		for {
			conn, err := s.listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				g.Fail(errStopped)
				return nil
			case err != nil: // out of descriptors, or a connection that ended at once: others may still come
				if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
					s.counters.count(func(c *Stats) { c.Quotas["descriptors"]++ })
					s.gate.GiveWay()
				}
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
		s.refused(raw, "silent", err)
		return
	}
	if first[0] != tlsHandshake {
		s.serveRelay(ctx, raw, first, leave)
		return
	}
	conn := tls.Server(&begun{raw, bytes.NewReader(first)}, s.state.RendezvousServer())
	if err := conn.Handshake(); err != nil { // without a goroutine for its context, of which strangers would make thousands
		s.refused(raw, "tls", err)
		return
	}
	kind, body, err := s.observe(ctx, conn)
	if err == nil && kind != wire.TypeRegister {
		err = status.Errorf(status.Malformed, "message %d came where REGISTER was due: the worker is of another version", kind)
	}
	if errors.Is(err, errAnswered) {
		return
	}
	if err != nil {
		s.refused(raw, "unregistered", err)
		return
	}
	w, grant, err := s.authenticate(conn, body)
	if err == nil {
		leave()
		err = s.admit(w, grant)
	}
	if err != nil {
		s.refused(raw, reason(err), err)
		refuse(conn, err)
		return
	}
	defer s.release(w)
	w.run(ctx)
}

// serveRelay is a connection to the relay, from its first byte to its end.
func (s *Server) serveRelay(ctx context.Context, raw net.Conn, first []byte, leave func()) {
	if s.relay == nil {
		s.refused(raw, "relay_off", errNoRelay)
		return
	}
	if err := s.relay.Serve(ctx, raw, bytes.NewReader(first), leave); err != nil {
		s.refused(raw, "relay_"+reason(err), err)
	}
}

var errNoRelay = status.Errorf(status.Unsupported, "the connection is neither TLS nor one to the relay, and there is no relay here")

// refused counts and logs a connection that was not let in.
func (s *Server) refused(conn net.Conn, why string, err error) {
	s.counters.count(func(c *Stats) { c.Refused[why]++ })
	s.refusals.write(conn.RemoteAddr(), why, err)
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
	return newWorker(conn, m, s.opt.MaxWait), grant, nil
}

// admit puts the worker into its job.
func (s *Server) admit(w *worker, grant trust.Grant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workers >= s.opt.MaxWorkers {
		return s.full("workers", s.opt.MaxWorkers)
	}
	j, after := s.jobs[grant.Job], w.request.After
	if j != nil && grant.Attempt == j.grant.Attempt && j.currently() == failed {
		j = j.before // as if it had not begun
	}
	switch {
	case j != nil && grant.Attempt < j.grant.Attempt:
		return status.Errorf(status.Stale, "this token is of attempt %d of the job, and attempt %d has begun: this worker is no longer needed",
			grant.Attempt, j.grant.Attempt)
	case j == nil || grant.Attempt > j.grant.Attempt || j.hasFormed(after):
		if err := s.mayOpen(grant); err != nil {
			return err
		}
		before := j
		if j != nil && grant.Attempt > j.grant.Attempt {
			before = nil
			j.fail(status.Errorf(status.Stale, "attempt %d of the job has taken over from attempt %d", grant.Attempt, j.grant.Attempt))
		}
		j = newJob(grant, after, before, s)
		s.jobs[grant.Job] = j
	}
	if err := j.add(w); err != nil {
		return err
	}
	s.workers++
	s.counters.count(func(c *Stats) { c.Registered++; c.Received++ })
	return nil
}

// mayOpen tells whether another job may begin.
func (s *Server) mayOpen(grant trust.Grant) error {
	switch {
	case s.draining:
		return status.Errorf(status.Unreachable, "the rendezvous server is about to stop and takes no new jobs: try again, it may be restarting")
	case grant.WorldSize > s.opt.MaxWorldSize:
		s.counters.count(func(c *Stats) { c.Quotas["world_size"]++ })
		return status.Errorf(status.Invalid, "the job has %d ranks, and this rendezvous server takes at most %d: start a smaller world, or a server with a higher limit",
			grant.WorldSize, s.opt.MaxWorldSize)
	case int(s.open.Load()) >= s.opt.MaxJobs:
		return s.full("jobs", s.opt.MaxJobs)
	}
	return nil
}

// full is the refusal for a limit of the server's.
func (s *Server) full(of string, limit int) error {
	s.counters.count(func(c *Stats) { c.Quotas[of]++ })
	return status.Errorf(status.Unreachable, "the rendezvous server has its limit of %d %s: try again later, or start another server", limit, of)
}

// ticket returns what lets a rank use the relay; zeros where there is none.
func (s *Server) ticket(t *wire.Ticket) (signed [wire.SignedTicketBytes]byte) {
	if s.relay != nil {
		signed = s.state.SignTicket(t)
	}
	return signed
}

// release forgets the worker, and its job's opening when nobody is left in it, unless that formed: then its memory of having
// begun lasts as long as its tokens.
func (s *Server) release(w *worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers--
	j := w.job
	if j.remove(w) && s.jobs[j.grant.Job] == j {
		if delete(s.jobs, j.grant.Job); j.before != nil {
			s.jobs[j.grant.Job] = j.before
		}
	}
}

// expirePoll is how often the server looks for jobs whose tokens have expired.
const expirePoll = time.Second

// expire ends jobs that still wait for ranks when their tokens expire, since none can come any more, and drops the memory
// of those that have formed.
func (s *Server) expire(ctx context.Context) error {
	tick := time.NewTicker(expirePoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			s.sweep(now)
		}
	}
}

func (s *Server) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, j := range s.jobs {
		if now.After(j.grant.Expires) && j.expire() {
			delete(s.jobs, id)
		}
	}
	if s.relay != nil {
		s.relay.Sweep(now)
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

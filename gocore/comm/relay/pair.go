package relay

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"time"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// enter makes conn wait for the other end, or returns the guest that is the other end, which waits no more: the pair then
// counts as connected until parted.
func (r *Relay) enter(conn net.Conn, at side, expires time.Time) (own, peer *guest, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	job := r.jobs[at.job]
	if job == nil {
		job = &usage{}
		r.jobs[at.job] = job
	}
	if expires.After(job.expires) {
		job.expires = expires
	}
	if err := r.within(job); err != nil {
		r.forget(at.job)
		return nil, nil, err
	}
	if peer = r.waiting[at.other()]; peer == nil {
		if before := r.waiting[at]; before != nil {
			close(before.gone)
		}
		own = &guest{conn: conn, met: make(chan struct{}), gone: make(chan struct{}), copied: make(chan struct{})}
		r.waiting[at] = own
		job.guests++
		return own, nil, nil
	}
	delete(r.waiting, at.other())
	r.stats.Pairs++
	r.stats.Joined++
	job.pairs++
	close(peer.met)
	return nil, peer, nil
}

// within tells whether a job may have another connection: what waits is bounded by twice the pairs, since a side may wait
// for a peer that never comes.
func (r *Relay) within(job *usage) error {
	quota := func(name, format string, limit any) error {
		r.stats.Quotas[name]++
		return status.Errorf(status.Unreachable, format+": try again later, start another relay, or open the network between the ranks", limit)
	}
	switch {
	case r.stats.Pairs >= r.opt.Pairs || len(r.waiting) > 2*r.opt.Pairs:
		return quota("relay_pairs", "the relay has its limit of %d pairs", r.opt.Pairs)
	case job.pairs >= r.opt.PairsPerJob || job.guests > 2*r.opt.PairsPerJob:
		return quota("relay_pairs_per_job", "the job has its limit of %d pairs at the relay", r.opt.PairsPerJob)
	case r.opt.BytesPerJob > 0 && job.bytes > r.opt.BytesPerJob:
		return quota("relay_bytes_per_job", "the job has used up its %s at the relay", memory.Bytes(r.opt.BytesPerJob))
	}
	return nil
}

// withdraw ends a guest's wait, and tells whether it still waited: a pair may begin at the instant at which patience ends,
// and what is written to the connection from then on would stand among the other rank's bytes.
func (r *Relay) withdraw(g *guest, at side) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	waits := r.waiting[at] == g
	if waits {
		delete(r.waiting, at)
	}
	return waits
}

// leave forgets a guest.
func (r *Relay) leave(g *guest, at side) {
	r.withdraw(g, at)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs[at.job].guests--
	r.forget(at.job)
}

// parted ends a pair.
func (r *Relay) parted(id [32]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Pairs--
	r.jobs[id].pairs--
	r.forget(id)
}

// forget drops the usage of a job that has no connection left, unless its bytes count. It is called under the lock.
func (r *Relay) forget(id [32]byte) {
	if job := r.jobs[id]; job.guests == 0 && job.pairs == 0 && (r.opt.BytesPerJob == 0 || job.bytes == 0) {
		delete(r.jobs, id)
	}
}

// Sweep drops what is remembered of jobs that can't come again: their tickets have expired.
func (r *Relay) Sweep(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, job := range r.jobs {
		if job.guests == 0 && job.pairs == 0 && now.After(job.expires) {
			delete(r.jobs, id)
		}
	}
}

// Stats returns the relay's figures.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Waiting, s.Quotas = len(r.waiting), maps.Clone(s.Quotas)
	return s
}

// join tells both ends that they are connected, and copies between them until both have ended.
func (r *Relay) join(ctx context.Context, id [32]byte, a, b net.Conn) error {
	for _, conn := range []net.Conn{a, b} {
		_ = conn.SetDeadline(time.Now().Add(writeTimeout))
		if err := wire.WriteJoin(conn, wire.TypeReady, nil); err != nil {
			abandon(a, b)
			return nil
		}
		_ = conn.SetDeadline(time.Time{})
	}
	g := task.NewGroup(ctx)
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		g.Go(func(context.Context) error {
			err := r.copy(id, way[0], way[1])
			if err != nil { // one side's end is the other's, at once
				abandon(a, b)
			}
			return err
		})
	}
	_ = g.Wait() // the ranks have learned it from their connections
	return nil
}

// piece is how many bytes are copied between two looks at the quota.
const piece = 1 << 20

// copy moves bytes from one connection to the other until the first has ended, and then ends the second in that
// direction.
func (r *Relay) copy(id [32]byte, from, to net.Conn) error {
	for {
		n, err := io.CopyN(to, from, piece) // between two TCP connections: splice(2)
		if over := r.count(id, n); over != nil {
			return over
		}
		if errors.Is(err, io.EOF) {
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				return half.CloseWrite()
			}
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
}

var errQuota = status.Errorf(status.Unreachable, "the job has used up its bytes at the relay")

// count adds n bytes to what a job has used.
func (r *Relay) count(id [32]byte, n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	job := r.jobs[id]
	job.bytes += n
	r.stats.Bytes += uint64(n)
	if r.opt.BytesPerJob > 0 && job.bytes > r.opt.BytesPerJob {
		if n > 0 { // not of the way back, which this ends
			r.stats.Quotas["relay_bytes_per_job"]++
		}
		return errQuota
	}
	return nil
}

// abandon resets connections, so that neither rank takes the end for an orderly one.
func abandon(conns ...net.Conn) {
	for _, conn := range conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
}

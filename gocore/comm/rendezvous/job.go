package rendezvous

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/trust"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// phase is a job's place in the package comment's picture.
type phase int

const (
	gathering phase = iota
	sealed
	formed
	failed
)

// punchDelay lies between sealing and the instant at which ranks punch: by then every rank has the roster, and those
// that can reach each other's listening port are connected.
const punchDelay = 150 * time.Millisecond

// ticketLife is how long ranks may come to the relay: longer than any opening lasts.
const ticketLife = time.Hour

// job is one opening of a job's world.
type job struct {
	grant  trust.Grant
	before *job       // the formed opening that this one follows; nil: there is none, or it isn't remembered
	after  wire.Epoch // its epoch; zeros: there is none
	server *Server
	log    *slog.Logger
	began  time.Time

	mu      sync.Mutex
	phase   phase
	present []*worker            // gathering: in order of arrival; from sealing on: by rank
	asked   map[int]*worker      // gathering: those who asked for a rank
	pins    map[[32]byte]*worker // gathering: all, by their keys
	epoch   wire.Epoch
	sealed  time.Time
	reports int // workers that are connected to all others
}

func newJob(grant trust.Grant, after wire.Epoch, before *job, s *Server) *job {
	j := &job{grant: grant, after: after, before: before, server: s, log: s.opt.Log.With(jobName(grant)), began: time.Now(), asked: map[int]*worker{}, pins: map[[32]byte]*worker{}}
	s.open.Add(1)
	j.log.Info("job begins")
	return j
}

// enter brings the job into its last phase.
func (j *job) enter(last phase) {
	j.phase = last
	j.present, j.asked, j.pins = nil, nil, nil
	if last == formed {
		j.before = nil // nobody can come from there any more
	}
	j.server.open.Add(-1)
}

// add takes a worker in, and seals the roster if that completes the world.
func (j *job) add(w *worker) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.phase != gathering || w.request.After != j.after {
		return errBegun(w.request.After)
	}
	w.job = j
	if older := j.asked[w.rank]; older != nil {
		j.end(older, status.AtRank(status.Stale, w.rank, "another worker has registered as this rank: start each rank once"))
		j.forget(older)
	}
	if older := j.pins[w.request.Member.Pin]; older != nil { // the same worker, whose connection broke unseen
		j.end(older, status.Errorf(status.Stale, "this worker has registered again"))
		j.forget(older)
	}
	if w.rank >= 0 {
		j.asked[w.rank] = w
	}
	j.pins[w.request.Member.Pin] = w
	j.present = append(j.present, w)
	w.send(wire.AppendJoin(nil, wire.TypeWelcome, wire.Welcome{Observed: w.observed}.AppendMarshal(nil)))
	if len(j.present) == j.grant.WorldSize {
		j.seal()
	}
	return nil
}

// errBegun refuses a worker that was in the opening of an epoch (zeros: in none), when the job is in another by now.
func errBegun(after wire.Epoch) error {
	if after == (wire.Epoch{}) {
		return status.Errorf(status.Stale, "this job has begun already with other workers: make a new token for another run")
	}
	return status.Errorf(status.Stale, "the job's other ranks are not in the opening that this worker was in: they have opened the job again "+
		"without it, or for the first time elsewhere; start all ranks anew with a new token")
}

// ranked returns the workers by rank: who asked for one has it, the others get what is free in order of arrival.
// Absent ranks are nil.
func (j *job) ranked() []*worker {
	byRank := make([]*worker, j.grant.WorldSize)
	for _, w := range j.present {
		if w.rank >= 0 {
			byRank[w.rank] = w
		}
	}
	free := 0
	for _, w := range j.present {
		if w.rank < 0 {
			for byRank[free] != nil {
				free++
			}
			byRank[free] = w
		}
	}
	return byRank
}

// seal fixes who is which rank. The roster is encoded once, for all.
func (j *job) seal() {
	j.phase, j.sealed = sealed, time.Now()
	j.present, j.asked, j.pins = j.ranked(), nil, nil
	roster := wire.Roster{Job: j.grant.Job, Attempt: j.grant.Attempt}
	for rank, w := range j.present {
		w.rank = rank
		roster.Entries = append(roster.Entries, wire.Entry{Member: w.request.Member, Observed: w.observed})
	}
	blob := roster.AppendMarshal(nil)
	j.epoch = wire.EpochOf(blob)
	start := time.Now().Add(punchDelay)
	for rank, w := range j.present {
		ticket := j.server.ticket(&wire.Ticket{Job: j.grant.Job, Epoch: j.epoch, WorldSize: len(j.present), Rank: rank, Pin: w.request.Member.Pin,
			Expires: time.Now().Add(ticketLife)})
		head := (&wire.Sealed{Rank: rank, Start: start, Ticket: ticket}).AppendHead(nil)
		w.send(wire.AppendJoinHead(nil, wire.TypeRoster, len(head)+len(blob)), head, blob)
	}
	gathered := j.sealed.Sub(j.began)
	j.server.counters.count(func(c *Stats) { c.Gather.observe(gathered) })
	j.log.Info("roster sealed", "gathered_seconds", gathered.Seconds())
}

// sent counts a message that was written to a worker.
func (j *job) sent(kind wire.JoinType) {
	j.server.counters.count(func(c *Stats) {
		if c.Sent++; kind == wire.TypeRoster {
			c.Roster.observe(time.Since(j.sealed)) // set before the roster was made
		}
	})
}

// pong answers a worker's ping.
func (j *job) pong(w *worker, ping []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !w.ended {
		pong := wire.Pong{Ping: binary.LittleEndian.Uint64(ping), Time: time.Now()}
		w.send(wire.AppendJoin(nil, wire.TypePong, pong.AppendMarshal(nil)))
	}
}

// connected counts a worker that has a connection to every other; the last one's report lets all go.
func (j *job) connected(w *worker, epoch wire.Epoch) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.phase == failed {
		return true // the failure is on its way to the worker
	}
	if j.phase != sealed || w.reported || epoch != j.epoch {
		return false
	}
	w.reported = true
	if j.reports++; j.reports == len(j.present) {
		for _, w := range j.present {
			w.send(wire.AppendJoin(nil, wire.TypeGo, j.epoch[:]))
			j.end(w, nil)
		}
		j.enter(formed)
		took := time.Since(j.sealed)
		j.server.counters.count(func(c *Stats) {
			c.Formed++
			c.Connect.observe(took)
		})
		j.log.Info("job formed", "connected_seconds", took.Seconds())
	}
	return true
}

// left handles the end of a worker's connection: err is what it said, or how it broke.
func (j *job) left(w *worker, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if w.ended {
		return
	}
	said := status.CodeOf(err)
	switch {
	case said == status.Timeout:
		j.failLocked(j.timeout("the deadline passed"))
	case j.phase == sealed && said == status.Cancelled:
		j.failLocked(status.AtRank(status.Remote, w.rank, "rank %d was cancelled while the ranks were connecting to each other", w.rank))
	case j.phase == sealed && said != status.Internal && said != status.Malformed:
		j.failLocked(err)
	case j.phase == sealed:
		j.failLocked(status.AtRank(status.PeerLost, w.rank, "rank %d left while the ranks were connecting to each other", w.rank))
	default:
		j.end(w, err)
		j.forget(w)
	}
}

func (j *job) forget(w *worker) {
	if j.asked[w.rank] == w {
		delete(j.asked, w.rank)
	}
	if pin := w.request.Member.Pin; j.pins[pin] == w {
		delete(j.pins, pin)
	}
	j.present = slices.DeleteFunc(j.present, func(o *worker) bool { return o == w })
}

// timeout says which ranks were missing when time was over.
func (j *job) timeout(over string) error {
	var absent []string
	last := status.NoRank
	what := "registered at the rendezvous server"
	for rank, w := range j.ranked() {
		if w == nil || (j.phase == sealed && !w.reported) {
			absent = append(absent, fmt.Sprint(rank))
			last = rank
		}
	}
	if j.phase == sealed {
		what = "connected to all others"
	}
	if len(absent) > 1 {
		last = status.NoRank
	}
	const listed = 20
	names := strings.Join(absent[:min(len(absent), listed)], ", ")
	if len(absent) > listed {
		names += fmt.Sprintf(" and %d more", len(absent)-listed)
	}
	return status.AtRank(status.Timeout, last, "%s before all %d ranks had %s; absent: rank %s. "+
		"Start every rank, see why the absent ones did not come, or raise connect_timeout", over, j.grant.WorldSize, what, names)
}

// fail ends the job's opening on every rank.
func (j *job) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failLocked(err)
}

func (j *job) failLocked(err error) {
	if j.phase == formed || j.phase == failed {
		return
	}
	for _, w := range j.present {
		j.end(w, err)
	}
	j.enter(failed)
	j.server.counters.count(func(c *Stats) { c.Failed[reason(err)]++ })
	j.log.Warn("job failed", "error", reason(err), "rank", status.From(err).Rank)
}

// end queues the last message of a worker: the reason, unless it is nil.
func (j *job) end(w *worker, err error) {
	if w.ended {
		return
	}
	if err != nil {
		w.send(wire.AppendJoin(nil, wire.TypeFail, wire.FailOf(err).AppendMarshal(nil)))
	}
	w.ended = true
	close(w.last)
}

// remove forgets a worker whose connection has ended, and tells whether the job is to be forgotten with it.
func (j *job) remove(w *worker) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.forget(w)
	if len(j.present) > 0 || j.phase == formed {
		return false
	}
	if j.phase == gathering { // all have left: others may come, and begin anew
		j.enter(failed)
		j.log.Info("job abandoned")
	}
	return true
}

// expire ends a job that still waits for ranks when its token has expired, and tells whether nothing needs the job any
// more: it has formed, and its token can't open another.
func (j *job) expire() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.phase == gathering {
		j.failLocked(j.timeout("the job token expired"))
	}
	return j.phase == formed
}

// currently returns the job's phase.
func (j *job) currently() phase {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.phase
}

// hasFormed tells whether the job has formed under an epoch.
func (j *job) hasFormed(epoch wire.Epoch) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.phase == formed && j.epoch == epoch
}

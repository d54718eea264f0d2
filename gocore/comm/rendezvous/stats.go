package rendezvous

import (
	"maps"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/comm/relay"
)

// Stats are a server's figures at one instant, for who runs it. None is of one job or worker: they may be shown to
// people whom no job concerns.
type Stats struct {
	Draining   bool // no new jobs are taken
	Gathering  int  // jobs that wait for ranks
	Sealed     int  // jobs whose ranks are connecting to each other
	Remembered int  // jobs that have formed and whose tokens are valid: they refuse a second opening
	Workers    int  // registered and connected
	Unproven   int  // connections that have not registered

	Answered   uint64            // questions about connections
	Registered uint64            // workers
	Formed     uint64            // jobs
	Failed     map[string]uint64 // jobs, by the error's code
	Refused    map[string]uint64 // connections, by reason
	Quotas     map[string]uint64 // connections that met a limit, by its name
	Received   uint64            // messages from registered workers, their REGISTER among them
	Sent       uint64            // messages to registered workers

	Gather  Histogram // from a job's first registration to its last
	Roster  Histogram // from a job's last registration until its roster is written to a worker, for every worker
	Connect Histogram // from a job's last registration until all its ranks are connected

	Relay relay.Stats
}

// bounds are the upper bounds of a Histogram's buckets, in seconds.
var bounds = [...]float64{0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 60, 300}

// Histogram counts durations.
type Histogram struct {
	counts [len(bounds) + 1]uint64
	sum    float64
}

func (h *Histogram) observe(d time.Duration) {
	h.counts[sort.SearchFloat64s(bounds[:], d.Seconds())]++
	h.sum += d.Seconds()
}

// Sum returns the sum of all durations, in seconds.
func (h *Histogram) Sum() float64 { return h.sum }

// Count returns how many durations there were.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// Cumulative returns how many durations were at most each of the bounds, in seconds.
func (h *Histogram) Cumulative() map[float64]uint64 {
	least := make(map[float64]uint64, len(bounds))
	n := uint64(0)
	for i, bound := range bounds {
		n += h.counts[i]
		least[bound] = n
	}
	return least
}

// counters are the part of Stats that grows.
type counters struct {
	mu sync.Mutex
	Stats
}

func newCounters() *counters {
	return &counters{Stats: Stats{Failed: map[string]uint64{}, Refused: map[string]uint64{}, Quotas: map[string]uint64{}}}
}

// count changes counters.
func (c *counters) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.Stats)
}

// copy returns the counters as they are now.
func (c *counters) copy() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.Stats
	s.Failed, s.Refused, s.Quotas = maps.Clone(s.Failed), maps.Clone(s.Refused), maps.Clone(s.Quotas)
	return s
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	now := s.counters.copy()
	now.Unproven = s.gate.Len()
	if ended := s.gate.Ended(); ended > 0 {
		now.Quotas["unauthenticated"] = uint64(ended)
	}
	if s.relay != nil {
		now.Relay = s.relay.Stats()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now.Draining, now.Workers = s.draining, s.workers
	for _, j := range s.jobs {
		switch j.currently() {
		case gathering:
			now.Gathering++
		case sealed:
			now.Sealed++
		case formed:
			now.Remembered++
		}
	}
	return now
}

// reason names a refusal in figures and log lines: the error's code in small letters.
func reason(err error) string { return strings.ToLower(status.CodeOf(err).String()) }

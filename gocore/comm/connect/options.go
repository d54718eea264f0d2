package connect

import (
	"fmt"
	"time"

	"github.com/pycylon/pycylon/gocore/comm/store"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

// Options are the settings of Join. The zero value is a good default.
type Options struct {
	Rank      *int           // nil: the rendezvous server gives a free rank
	WorldSize int            // refuse a token for another world size; 0: don't check
	Timeout   time.Duration  // for everything, until all ranks are connected; 0: DefaultTimeout (the context may be sooner)
	After     wire.Epoch     // the epoch that these ranks were in before, where they open the job again; zeros: it is the first time
	Paths     []string       // the paths to try; nil: all that make sense
	Stores    []store.Server // through which pairs connect that have no better path; the same on all ranks
	Trace     func(Event)    // called as things happen, if not nil, from several goroutines

	UpgradeAfter time.Duration // the opening, Upgrade looks for direct paths; the same on all ranks; 0: 5 s; less: never
}

// DefaultTimeout bounds Join where neither Options nor the context does.
const DefaultTimeout = 60 * time.Second

// Event is one step on the way to a connection.
type Event struct {
	At      time.Duration // since Join's call
	Peer    int           // -1: the rendezvous server
	Path    string        // "" where none plays a part
	Address string
	What    string // "registered", "roster", "dial", "punch", "refused", "authenticated", "nominated", "lost", "failed", "go"
	Err     error
}

// String returns the event as a line of a report.
func (e Event) String() string {
	s := fmt.Sprintf("%8.1fms peer %d %s %s %s", float64(e.At.Microseconds())/1e3, e.Peer, e.Path, e.What, e.Address)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func parsePaths(names []string) (map[wire.Path]bool, error) {
	allowed := map[wire.Path]bool{}
	for p := wire.Loopback; p.Valid(); p++ {
		allowed[p] = names == nil
	}
	for _, name := range names {
		p, err := wire.ParsePath(name)
		if err != nil {
			return nil, err
		}
		allowed[p] = true
	}
	return allowed, nil
}

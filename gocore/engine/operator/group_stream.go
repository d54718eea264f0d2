package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupStream makes the groups of a unit when its rows are asked for. Of rows that it didn't pay to aggregate early there
// are about as many groups: all of them at once would take as much memory as the rows, and the result as much again.
//
// It isn't for a query that may spill: memory that is refused after the first batch is an error.
type groupStream struct {
	group   *Group
	sources []*groupWorker
	units   []*groupUnit // in the order in which they are made
	next    atomic.Int64
	left    atomic.Int64 // units that aren't made yet
	workers []groupStreamWorker
}

// groupStreamWorker is the unit that one worker decodes.
type groupStreamWorker struct {
	ids  []uint32
	unit *groupUnit
	at   int // its next group
}

var _ exec.Source = (*groupStream)(nil)

func newGroupStream(g *Group, q *exec.Query, sources []*groupWorker, units []*groupUnit) *groupStream {
	s := &groupStream{group: g, sources: sources, units: units, workers: make([]groupStreamWorker, q.Threads)}
	s.left.Store(int64(len(units)))
	return s
}

// Next returns the next batch.
func (s *groupStream) Next(w *exec.Worker) (*table.Batch, error) {
	x := &s.workers[w.ID]
	for x.unit == nil {
		i := int(s.next.Add(1) - 1)
		if i >= len(s.units) {
			return nil, nil
		}
		if err := s.open(w, x, s.units[i]); err != nil {
			return nil, err
		}
	}
	u := x.unit
	n := min(u.groups-x.at, table.MaxRows)
	b, err := s.group.layout.decode(w, []groupRun{u.run(s.group.layout, 0, x.at, n)}, n)
	if err != nil {
		return nil, err
	}
	b.Seq = uint64(u.first)<<32 | uint64(x.at)
	if x.at += n; x.at == u.groups {
		u.free()
		x.unit = nil
	}
	return b, nil
}

// open makes a unit's groups, and frees what no other unit is made of.
func (s *groupStream) open(w *exec.Worker, x *groupStreamWorker, u *groupUnit) (err error) {
	if x.ids == nil {
		if x.ids, _, err = memory.Make[uint32](w.Scope(), 2*groupChunkRows); err != nil {
			return err
		}
	}
	if err := s.group.build(w, u, s.sources, x.ids); err != nil {
		return err
	}
	if s.left.Add(-1) == 0 {
		freeTables(s.sources)
	}
	if x.unit, x.at = u, 0; u.groups == 0 {
		u.free()
		x.unit = nil
	}
	return nil
}

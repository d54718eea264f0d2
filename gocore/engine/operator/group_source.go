package operator

import (
	"sync/atomic"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// groupSource decodes units of groups to batches. A unit's records are freed with its last group.
type groupSource struct {
	layout *groupLayout
	units  []*groupUnit
	starts []int          // the first row of each unit
	left   []atomic.Int64 // rows of each unit that are not decoded yet
	rows   int
	// batchRows is how many rows a batch has.
	batchRows int
	next      atomic.Int64 // batch
}

var _ exec.Source = (*groupSource)(nil)

func newGroupSource(l *groupLayout, units []*groupUnit) *groupSource {
	s := &groupSource{layout: l, units: units, starts: make([]int, len(units)), left: make([]atomic.Int64, len(units)), batchRows: table.MaxRows}
	for i, u := range units {
		s.starts[i] = s.rows
		s.left[i].Store(int64(u.groups))
		s.rows += u.groups
	}
	return s
}

// groupRun is consecutive records of a unit.
type groupRun struct {
	number  int // of the unit
	unit    *groupUnit
	records unsafe.Pointer
	rows    int
}

// run returns n of the unit's records, from number at on.
func (u *groupUnit) run(l *groupLayout, number, at, n int) groupRun {
	records := unsafe.Pointer(unsafe.SliceData(u.records.Bytes()))
	return groupRun{number, u, unsafe.Add(records, 8*l.recWords*at), n}
}

// runs returns where rows [from, to) are.
func (s *groupSource) runs(from, to int) []groupRun {
	var runs []groupRun
	for i := 0; i < len(s.units) && from < to; i++ {
		u := s.units[i]
		skip := from - s.starts[i]
		if skip >= u.groups {
			continue
		}
		run := u.run(s.layout, i, skip, min(u.groups-skip, to-from))
		runs = append(runs, run)
		from += run.rows
	}
	return runs
}

// Next returns the next batch.
func (s *groupSource) Next(w *exec.Worker) (*table.Batch, error) {
	batch := int(s.next.Add(1) - 1)
	from := batch * s.batchRows
	if from >= s.rows {
		return nil, nil
	}
	to := min(from+s.batchRows, s.rows)
	runs := s.runs(from, to)
	b, err := s.layout.decode(w, runs, to-from)
	if err != nil {
		return nil, err
	}
	b.Seq = uint64(batch)
	for _, run := range runs {
		if s.left[run.number].Add(int64(-run.rows)) == 0 {
			run.unit.free()
		}
	}
	return b, nil
}

package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
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
	next   atomic.Int64 // batch
}

var _ exec.Source = (*groupSource)(nil)

func newGroupSource(l *groupLayout, units []*groupUnit) *groupSource {
	s := &groupSource{layout: l, units: units, starts: make([]int, len(units)), left: make([]atomic.Int64, len(units))}
	for i, u := range units {
		s.starts[i] = s.rows
		s.left[i].Store(int64(len(u.order)))
		s.rows += len(u.order)
	}
	return s
}

// Next returns the next batch.
func (s *groupSource) Next(w *exec.Worker) (*table.Batch, error) {
	batch := int(s.next.Add(1) - 1)
	from := batch * table.MaxRows
	if from >= s.rows {
		return nil, nil
	}
	n := min(table.MaxRows, s.rows-from)
	records, recordBuf, err := memory.Make[uintptr](w.Scope(), n)
	if err != nil {
		return nil, err
	}
	defer recordBuf.Release()
	type part struct{ unit, rows int }
	var parts []part
	for i, row := 0, from; i < len(s.units) && row < from+n; i++ {
		u := s.units[i]
		if skip := row - s.starts[i]; skip < len(u.order) {
			ids := u.order[skip:min(len(u.order), skip+from+n-row)]
			for j, g := range ids {
				records[row-from+j] = uintptr(u.table.at(g))
			}
			row += len(ids)
			parts = append(parts, part{i, len(ids)})
		}
	}
	b, err := s.layout.decode(w, records[:n])
	if err != nil {
		return nil, err
	}
	b.Seq = uint64(batch)
	for _, p := range parts {
		if s.left[p.unit].Add(int64(-p.rows)) == 0 {
			s.units[p.unit].table.free()
			s.units[p.unit].orderBuf.Release()
		}
	}
	return b, nil
}

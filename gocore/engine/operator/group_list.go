package operator

import (
	"cmp"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// groupList is what lists need to know of a column's rows beside their groups and values: where they were, which have a
// value, and, in the end, their order: that of a group's rows from where its record says.
type groupList struct {
	seq, row []uint64
	present  []uint8
	order    []uint32
}

func newGroupList(c *groupCollector, rows int) (*groupList, error) {
	l := &groupList{}
	var err error
	if l.seq, err = collectorMake[uint64](c, rows); err == nil {
		l.row, err = collectorMake[uint64](c, rows)
	}
	if err == nil {
		l.present, err = collectorMake[uint8](c, rows)
	}
	if err == nil {
		l.order, err = collectorMake[uint32](c, rows)
	}
	return l, err
}

// take keeps the places of a chunk's rows; their groups and values are kept already.
func (l *groupList) take(c *groupCollector, u groupUpdate, v *groupValue) {
	place := c.layout.values[slices.IndexFunc(c.layout.values, func(v groupValue) bool { return v.form == placeForm })].word
	seq, row := u.chunk.values[place].from(u.from), u.chunk.values[place+1].from(u.from)
	values := u.chunk.values[v.word].from(u.from)
	masked := u.chunk.masked && v.mask >= 0
	for j := range u.to - u.from {
		l.seq[c.rows+j], l.row[c.rows+j] = seq.at(j), row.at(j)
		present := uint8(1)
		if masked {
			present = uint8(^u.chunk.masks[v.mask/64].from(u.from).at(j) >> (v.mask % 64) & 1)
		} else if v.kind.IsFloat() && values.at(j) == missingFloat {
			present = 0
		}
		l.present[c.rows+j] = present
	}
}

// listValues orders the rows of each group as they were, and tells its record where they are.
func (c *groupCollector) listValues(t *groupTable, col *groupColumn, word int) error {
	l := col.list
	starts, err := c.byGroups(t, col.groups, func(place uint32, row int) { l.order[place] = uint32(row) })
	if err != nil {
		return err
	}
	before := func(a, b uint32) int {
		return cmp.Or(cmp.Compare(l.seq[a], l.seq[b]), cmp.Compare(l.row[a], l.row[b]))
	}
	done := 0
	for g := 1; g < t.n; g++ {
		rows := l.order[starts[g]:starts[g+1]]
		// Rows of several workers are one worker's after the other's.
		if err := sortPieces(c, rows, before); err != nil {
			return err
		}
		held := t.record(uint32(g * c.layout.recWords))[word:]
		held[0], held[1] = uint64(starts[g]), uint64(len(rows))
		if done += len(rows) + 1; done > collectorUnit {
			done = 0
			if err := c.worker.Yield(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lists makes a column of lists.
func (d *groupDecoder) lists(r *groupResult) (column.Column, error) {
	word := d.layout.states[r.states[0]].word
	d.gather(d.first, word)
	d.gather(d.second, word+1)
	total := uint64(0)
	for _, n := range d.second {
		total += n
	}
	if total > math.MaxInt32 {
		return column.Column{}, status.Errorf(status.Overflow, "%d groups have lists of %d values of column %q in all: group fewer rows at once", len(d.second), total, r.source)
	}
	list, err := compute.New(d.scope, r.field.Type, len(d.first))
	if err != nil {
		return list, err
	}
	scratch, buf, err := memory.Make[uint64](d.scope, 3*int(total)+1)
	if err != nil {
		list.Release()
		return list, err
	}
	defer buf.Release()
	n := int(total)
	values := groupDecoder{layout: d.layout, scope: d.scope, first: scratch[:n], second: scratch[n : 2*n], present: scratch[2*n : 3*n]}
	offsets, at, record, worked := memory.As[int32](list.Offsets)[:len(d.first)+1], 0, 0, 0
	offsets[0] = 0
	for _, run := range d.runs {
		var col *groupColumn
		for range run.rows {
			if col == nil && d.second[record] > 0 {
				col = run.unit.collector.columnOf(r)
			}
			for i := range d.second[record] {
				row := col.list.order[d.first[record]+i]
				values.first[at], values.present[at] = col.first[row], uint64(col.list.present[row])
				if col.second != nil {
					values.second[at] = col.second[row]
				}
				at++
			}
			record++
			offsets[record] = int32(at)
			if at-worked > collectorUnit {
				worked = at
				if err := d.worker.Yield(); err != nil {
					list.Release()
					return column.Column{}, err
				}
			}
		}
	}
	child, err := values.column(r.field.Type.(*arrow.ListType).Elem(), values.present)
	if err != nil {
		list.Release()
		return column.Column{}, err
	}
	list.Children, list.Owners = []column.Column{child}, append(list.Owners, child.Owners...)
	return list, nil
}

// columnOf returns the column of a result's values.
func (c *groupCollector) columnOf(r *groupResult) *groupColumn {
	return &c.columns[c.at[slices.IndexFunc(c.layout.collected, func(a groupCollected) bool { return a.state == r.states[0] })]]
}

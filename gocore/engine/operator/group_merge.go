package operator

import (
	"slices"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// groupUnit is the groups of a range of partitions, whose hashes share their upper bits.
type groupUnit struct {
	first, count int // partitions
	rows         int // records that go in
	table        *groupTable
	collector    *groupCollector // if the layout has aggregates that need one
	groups       int             // records
	records      *memory.Buffer  // of the groups in the order of the output, once the table has all
}

// unitRows is about how many records make a unit worth its overhead.
const unitRows = 16 << 10

// Finish merges what the workers have and returns the groups.
func (g *Group) Finish(q *exec.Query) (exec.Source, error) {
	var workers []*groupWorker
	groups, partitioned := 0, false
	for _, w := range g.workers {
		if w != nil {
			workers = append(workers, w)
			groups += w.table.groups()
			partitioned = partitioned || w.groups != nil
		}
	}
	switch {
	case len(workers) == 0:
		return g.finishEmpty(q)
	case !partitioned && (groups <= 2*g.unitRows || len(workers) == 1 && groups <= 8*g.unitRows):
		return g.finishSmall(q, workers)
	}
	return g.finishPartitions(q, workers)
}

// finishEmpty returns the groups of no rows: none, or the single one.
func (g *Group) finishEmpty(q *exec.Query) (exec.Source, error) {
	if !g.layout.single() {
		return &groupSource{layout: g.layout}, nil
	}
	t, err := newGroupTable(g.layout, q.Scope, 0, 0)
	if err != nil {
		return nil, err
	}
	unit := &groupUnit{table: t}
	if err := unit.sort(); err != nil {
		return nil, err
	}
	return newGroupSource(g.layout, []*groupUnit{unit}), nil
}

// finishSmall merges the other workers' tables into the first one's.
func (g *Group) finishSmall(q *exec.Query, workers []*groupWorker) (exec.Source, error) {
	unit := &groupUnit{table: workers[0].table}
	err := q.For(1, func(w *exec.Worker, _ int) error {
		for _, other := range workers[1:] {
			if err := unit.addTable(w, other.table, workers[0]); err != nil {
				return err
			}
			other.table.free()
		}
		return unit.sort()
	})
	if err != nil {
		return nil, err
	}
	return newGroupSource(g.layout, []*groupUnit{unit}), nil
}

// addTable merges from into the unit's table.
func (u *groupUnit) addTable(w *exec.Worker, from *groupTable, scratch *groupWorker) error {
	for at := 1; at < from.n; at += groupChunkRows {
		c := from.chunk(at, min(groupChunkRows, from.n-at))
		if err := u.add(c, scratch.ids, nil, true); err != nil {
			return err
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// addRange merges those groups of a worker's table that are of the unit's partitions: slots are in the order of hashes, and a
// group is in that of its hash or behind, with none free between.
func (u *groupUnit) addRange(w *exec.Worker, from *groupTable, ids []uint32) error {
	words := from.layout.recWords
	records, buf, err := memory.Make[uint64](w.Scope(), groupChunkRows*words)
	if err != nil {
		return err
	}
	defer buf.Release()
	n, slots := 0, len(from.slots)
	add := func() error {
		c := from.layout.chunk(unsafe.Pointer(unsafe.SliceData(records)), n)
		n = 0
		if err := u.add(c, ids, nil, true); err != nil {
			return err
		}
		return w.Yield()
	}
	first, end := u.first*slots/groupPartitions, (u.first+u.count)*slots/groupPartitions
	for at := first; at < first+slots; at++ {
		g := from.slots[at&(slots-1)]
		if g == 0 {
			if at >= end {
				break
			}
			continue
		}
		if p := int(from.hash(g)>>(64-groupBits)) - u.first; p < 0 || p >= u.count {
			continue
		}
		copy(records[n*words:], from.record(g))
		if n++; n == groupChunkRows {
			if err := add(); err != nil {
				return err
			}
		}
	}
	return add()
}

// chunk returns n records from number at on as a chunk whose values are states.
func (t *groupTable) chunk(at, n int) *groupChunk {
	return t.layout.chunk(t.at(uint32(at*t.layout.recWords)), n)
}

// chunk returns n records as a chunk whose values are states.
func (l *groupLayout) chunk(records unsafe.Pointer, n int) *groupChunk {
	vecs := make([]groupVec, l.recWords)
	for i := range vecs {
		vecs[i] = groupVec{unsafe.Add(records, 8*i), uintptr(8 * l.recWords)}
	}
	keys := l.keyWords
	return &groupChunk{n: n, hash: vecs[0], keys: vecs[1 : 1+keys], values: vecs[1+keys:]}
}

// fold merges the other records of the single group into the first.
func (t *groupTable) fold() error {
	ids := make([]uint32, t.n-2)
	for i := range ids {
		ids[i] = uint32(t.layout.recWords)
	}
	err := t.merge(groupUpdate{chunk: t.chunk(2, len(ids)), ids: ids, to: len(ids)})
	t.n = 2
	return err
}

// add takes a chunk of rows, or of groups with their states, into the unit's table.
func (u *groupUnit) add(c *groupChunk, ids, scratch []uint32, states bool) error {
	for from := 0; ; {
		to, err := u.table.lookup(c, from, ids, nil)
		if err != nil {
			return err
		}
		update := groupUpdate{chunk: c, ids: ids, scratch: scratch, from: from, to: to}
		if u.collector != nil && !states {
			u.collector.take(update)
		}
		if states {
			err = u.table.merge(update)
		} else {
			err = u.table.aggregate(update)
		}
		if err != nil || to == c.n {
			return err
		}
		if err := u.table.grow(); err != nil {
			return err
		}
		from = to
	}
}

// free gives the memory of the groups back.
func (u *groupUnit) free() {
	u.records.Release()
	u.table.sums.free()
	if u.collector != nil {
		u.collector.free()
	}
}

func (u *groupUnit) sort() (err error) {
	if u.table.layout.stripes() > 1 {
		err = u.table.fold()
	}
	if err == nil {
		u.records, u.groups, err = u.table.sorted()
	}
	return err
}

// finishPartitions aggregates each unit of what the workers spread, of the groups they emptied their tables into, and of
// those in tables that were never full.
func (g *Group) finishPartitions(q *exec.Query, workers []*groupWorker) (exec.Source, error) {
	for _, w := range workers {
		if w.groups != nil {
			w.table.free()
			w.groups.seal()
		}
		if w.spread != nil {
			w.spread.seal()
		}
	}
	units := g.units(workers)
	// The largest first: a worker that takes one last would keep the others waiting. Those of about the usual size stay in
	// order, so that their neighbours' memory is freed before the last are made.
	bySize := slices.Clone(units)
	usual := 0
	for _, u := range units {
		usual += u.rows / len(units)
	}
	slices.SortStableFunc(bySize, func(a, b *groupUnit) int { return b.rows/(2*usual+1) - a.rows/(2*usual+1) })
	isSpread := slices.ContainsFunc(workers, func(w *groupWorker) bool { return w.spread != nil })
	if isSpread && len(g.layout.collected) == 0 && !spills(q) {
		return newGroupStream(g, q, workers, bySize), nil
	}
	scratch := make([][]uint32, q.Threads)
	err := q.For(len(bySize), func(w *exec.Worker, i int) error {
		if scratch[w.ID] == nil {
			ids, _, err := memory.Make[uint32](q.Scope, 2*groupChunkRows)
			if err != nil {
				return err
			}
			scratch[w.ID] = ids
		}
		return g.build(w, bySize[i], workers, scratch[w.ID])
	})
	if err != nil {
		return nil, err
	}
	freeTables(workers)
	return newGroupSource(g.layout, units), nil
}

// freeTables gives the memory of the workers' tables back.
func freeTables(workers []*groupWorker) {
	for _, w := range workers {
		w.table.free()
	}
}

// units cuts the partitions into a power of two of units.
func (g *Group) units(workers []*groupWorker) []*groupUnit {
	var rows [groupPartitions]int
	total := 0
	for _, w := range workers {
		for p := range rows {
			n := w.table.groups() / groupPartitions // about
			if w.groups != nil {
				n = w.groups.rows(p)
			}
			if w.spread != nil {
				n += w.spread.rows(p)
			}
			rows[p] += n
			total += n
		}
	}
	count := groupPartitions
	for count > 1 && (count*g.unitRows > total || g.layout.single()) {
		count /= 2
	}
	units := make([]*groupUnit, count)
	for i := range units {
		u := &groupUnit{first: i * groupPartitions / count, count: groupPartitions / count}
		for _, n := range rows[u.first : u.first+u.count] {
			u.rows += n
		}
		units[i] = u
	}
	return units
}

func (g *Group) build(w *exec.Worker, u *groupUnit, workers []*groupWorker, scratch []uint32) error {
	skip := uint(0)
	for 1<<skip < groupPartitions/u.count {
		skip++
	}
	t, err := newGroupTable(g.layout, w.Scope(), skip, min(u.rows, int(g.expected.Load())))
	if err != nil {
		return err
	}
	u.table = t
	if len(g.layout.collected) > 0 {
		u.collector, err = newGroupCollector(g.layout, w, u.rows)
		if err != nil {
			return err
		}
	}
	ids, masked := scratch[:groupChunkRows], scratch[groupChunkRows:]
	take := func(parts *groupParts, states bool) error {
		for p := u.first; parts != nil && p < u.first+u.count; p++ {
			err := parts.each(p, g.layout.keyWords, func(c *groupChunk) error {
				if err := u.add(c, ids, masked, states); err != nil {
					return err
				}
				return w.Yield()
			})
			if err != nil {
				return err
			}
			parts.free(p)
		}
		return nil
	}
	for _, from := range workers {
		if err := take(from.spread, false); err != nil {
			return err
		}
		if err := take(from.groups, true); err != nil {
			return err
		}
		if from.groups == nil {
			if err := u.addRange(w, from.table, ids); err != nil {
				return err
			}
		}
	}
	g.expected.Store(int64(t.groups()))
	if u.collector != nil {
		if err := u.collector.finish(t); err != nil {
			return err
		}
	}
	err = u.sort()
	if u.collector != nil && !u.collector.lists() {
		u.collector.free()
	}
	return err
}

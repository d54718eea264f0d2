package operator

import (
	"slices"
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// joinLimits is where a join changes its ways.
type joinLimits struct {
	small  int // the most rows of a side that is made one table: with its rows it fits the L2 cache
	large  int // the fewest rows of a partition that several workers probe, if it has largeRatio times the average
	output int // the fewest pairs of null keys, each with each, that several workers make
	group  int // partitions that are allocated, joined and freed together, minGroup at least
}

var joinDefaults = joinLimits{small: 64 << 10, large: 2 * table.MaxRows, output: 1 << 22}

// minGroup is the fewest partitions of a group. Groups of few rows make small batches.
const minGroup = 8

// groups returns how many groups there are: the last has the partition of null keys alone.
func (l *joinLimits) groups() int { return radix.Ways/max(l.group, minGroup) + 1 }

// groupOf returns the partitions [from, to) of group g.
func (l *joinLimits) groupOf(g int) (from, to int) {
	n := max(l.group, minGroup)
	return g * n, min((g+1)*n, radix.Parts)
}

const largeRatio = 4

// mostNullTasks is about how many pieces rows with a null key are cut into: a task per row would fill Go's heap.
const mostNullTasks = 1 << 12

// joinTask is what one worker does at a time: partitions [from, to) one after the other, or, with a shared table, rows
// [from, to) of a partition, or batches [from, to) of the side that is looked up.
type joinTask struct {
	seq      uint64
	from, to int
	group    int          // whose memory it reads
	shared   *sharedTable // nil: each partition gets a table of its own
	probe    *joinPart    // of a shared table: nil where batches are looked up
}

// joinSource joins the kept inputs: prepare partitions them and plans tasks, Next works through the tasks.
type joinSource struct {
	join    *Join
	sides   [2]*joinSide
	exact   bool
	keys    []keyPair       // compared where the hashes are equal
	output  []joinOutColumn // where both sides are partitioned
	build   int             // the side that is one table, where the other is looked up in it
	lookups []lookupColumn  // its output; nil where both sides are partitioned
	tasks   []joinTask
	seq     uint64 // the next task's
	next    atomic.Int64
	pending []atomic.Int32 // per group: tasks that still read it
	left    atomic.Int64   // tasks that aren't done
	workers []*joinWorker
	shared  []*sharedTable
}

var _ exec.Source = (*joinSource)(nil)

func newJoinSource(j *Join, q *exec.Query) *joinSource {
	return &joinSource{join: j, workers: make([]*joinWorker, q.Threads)}
}

// prepare brings both sides into the form in which they are joined and plans the tasks.
func (s *joinSource) prepare(q *exec.Query) error {
	left, right := s.join.left, s.join.right
	unique := s.join.spec.UniqueLeft || s.join.spec.UniqueRight // looked for a partition at a time
	small := min(left.rows, right.rows) <= s.join.limits.small && !unique
	key := left.keys[0]
	s.exact = len(left.keys) == 1 && isExact(left.kinds[key]) &&
		!(small && (left.kinds[key] == column.Null || left.nulls[key] || right.nulls[right.keys[0]]))
	var err error
	switch {
	case s.join.asof != nil:
		err = s.prepareAsof(q)
	case small:
		err = s.prepareLookup(q)
	default:
		err = s.preparePartitions(q)
	}
	if err == nil && unique {
		err = s.checkUnique(q)
	}
	if err != nil {
		return err
	}
	s.left.Store(int64(len(s.tasks)))
	if len(s.tasks) == 0 {
		s.release()
	}
	return q.For(len(s.shared), func(w *exec.Worker, i int) error { return s.buildShared(w, s.shared[i]) })
}

// mergeHeaps gives the String columns of each side one list of heaps; a pair of keys shares one.
func (s *joinSource) mergeHeaps() {
	left, right := s.join.left, s.join.right
	for i, l := range left.keys {
		r := right.keys[i]
		if left.kinds[l] != column.String {
			continue
		}
		merger := left.heaps[l].merger
		if merger == nil {
			merger = right.heaps[r].merger
		}
		if merger == nil {
			merger = &compute.HeapMerger{}
		}
		if left.heaps[l].merger == nil {
			left.mergeHeaps(l, merger)
		}
		if right.heaps[r].merger == nil {
			right.mergeHeaps(r, merger)
		}
	}
	for _, in := range []*joinInput{left, right} {
		for c, kind := range in.kinds {
			if kind == column.String && in.heaps[c].merger == nil {
				in.mergeHeaps(c, &compute.HeapMerger{})
			}
		}
	}
}

// layout chooses the slots of both sides.
func (s *joinSource) layout() [2]*joinSide {
	ins := [2]*joinInput{s.join.left, s.join.right}
	var used [2][]bool
	for i, in := range ins {
		used[i] = make([]bool, len(in.cols))
	}
	for _, c := range s.join.spec.Output {
		switch c.Side {
		case FromLeft:
			used[leftSide][slices.Index(ins[leftSide].cols, c.Index)] = true
		case FromRight:
			used[rightSide][slices.Index(ins[rightSide].cols, c.Index)] = true
		case Coalesced:
			used[leftSide][ins[leftSide].keys[c.Index]] = true
			if s.join.spec.keeps(false) {
				used[rightSide][ins[rightSide].keys[c.Index]] = true
			}
		}
	}
	return [2]*joinSide{newJoinSide(ins[leftSide], s.exact, used[leftSide]), newJoinSide(ins[rightSide], s.exact, used[rightSide])}
}

func (s *joinSource) outputColumns() []joinOutColumn {
	ins := [2]*joinInput{s.join.left, s.join.right}
	out := make([]joinOutColumn, len(s.join.spec.Output))
	for i, c := range s.join.spec.Output {
		o := &out[i]
		use := func(side, col int) {
			o.sides[side] = outSource{s.sides[side].value[col] != noSlot, s.sides[side].value[col], s.sides[side].valid[col]}
			o.typ, o.kind, o.heaps = ins[side].types[col], ins[side].kinds[col], ins[side].heaps[col].merger
			if ins[side].byAddress(col) {
				o.pieces = ins[side].pieces(col)
			}
		}
		switch c.Side {
		case FromLeft:
			use(leftSide, slices.Index(ins[leftSide].cols, c.Index))
		case FromRight:
			use(rightSide, slices.Index(ins[rightSide].cols, c.Index))
		case Indicator:
			o.tells, o.typ, o.kind, o.heaps = true, indicatorType, column.String, &compute.HeapMerger{}
		case Coalesced:
			use(rightSide, ins[rightSide].keys[c.Index])
			use(leftSide, ins[leftSide].keys[c.Index])
			l, r := ins[leftSide].keys[c.Index], ins[rightSide].keys[c.Index]
			o.either = s.sides[leftSide].value[l] == 0 && s.sides[rightSide].value[r] == 0 && !ins[leftSide].nulls[l] && !ins[rightSide].nulls[r]
		}
		switch o.width = o.kind.Width(); {
		case o.kind == column.Bool:
			o.width = 1
		case o.pieces != nil:
			o.width = 8
		}
	}
	return out
}

// preparePartitions partitions both sides; each group of partitions is a task, each piece of a large partition another.
func (s *joinSource) preparePartitions(q *exec.Query) error {
	for _, in := range []*joinInput{s.join.left, s.join.right} {
		if err := in.makeKeyViews(q); err != nil {
			return err
		}
	}
	s.mergeHeaps()
	s.sides = s.layout()
	s.output = s.outputColumns()
	if !s.exact {
		s.keys = s.keyPairs()
	}
	for _, side := range s.sides {
		side.cut(table.MaxRows)
		if err := side.partition(q, &s.join.limits); err != nil {
			return err
		}
	}
	s.pending = make([]atomic.Int32, s.join.limits.groups())
	for g := range s.pending {
		first := len(s.tasks)
		from, to := s.join.limits.groupOf(g)
		for p := from; p < to; p++ {
			l, r := &s.sides[leftSide].parts[p], &s.sides[rightSide].parts[p]
			build, probe, leftBuild := r, l, false
			if l.rows < r.rows {
				build, probe, leftBuild = l, r, true
			}
			average := (s.sides[leftSide].in.rows + s.sides[rightSide].in.rows) / radix.Ways
			isNull := p == radix.Ways && probe.rows*build.rows > s.join.limits.output
			if !isNull && (probe.rows < s.join.limits.large || probe.rows < largeRatio*average) {
				continue
			}
			if p > from {
				s.addTask(joinTask{from: from, to: p, group: g})
			}
			from = p + 1
			piece := min(table.MaxRows, s.join.limits.large)
			if isNull {
				piece = min(piece, max(1, s.join.limits.output/4/build.rows, probe.rows/mostNullTasks))
			}
			t := &sharedTable{part: build, leftBuild: leftBuild}
			s.shared = append(s.shared, t)
			for at := 0; at < probe.rows; at += piece {
				s.addTask(joinTask{from: at, to: min(at+piece, probe.rows), group: g, shared: t, probe: probe})
				t.pending.Add(1)
			}
			t.seq = s.seq
			s.seq++
		}
		if to > from {
			s.addTask(joinTask{from: from, to: to, group: g})
		}
		s.pending[g].Store(int32(len(s.tasks) - first))
	}
	return nil
}

func (s *joinSource) addTask(t joinTask) {
	t.seq = s.seq
	s.seq++
	s.tasks = append(s.tasks, t)
}

func (s *joinSource) buildShared(w *exec.Worker, t *sharedTable) error {
	if s.join.spec.keeps(t.leftBuild) {
		var err error
		if t.matched, t.buf, err = memory.Make[uint32](w.Scope(), t.part.rows); err != nil {
			return err
		}
		clear(t.matched)
	}
	keys := t.part.keys()
	if s.lookups == nil {
		return t.build(w, keys, radix.Bits, 0)
	}
	if s.join.asof != nil {
		return t.buildOf(w, keys, s.join.asof.heads)
	}
	kind := s.join.left.kinds[s.join.left.keys[0]]
	if s.exact && !kind.IsFloat() {
		if direct, err := t.buildDirect(w, keys, kind.IsSigned()); direct || err != nil {
			return err
		}
	}
	if err := t.build(w, keys, 0, 2); err != nil {
		return err
	}
	t.unique = t.isUnique()
	return w.Yield()
}

// Next returns the next batch of the result.
func (s *joinSource) Next(w *exec.Worker) (*table.Batch, error) {
	if s.workers[w.ID] == nil {
		s.workers[w.ID] = newJoinWorker(s, w.Scope())
	}
	x := s.workers[w.ID]
	for {
		if x.task == nil {
			i := int(s.next.Add(1) - 1)
			if i >= len(s.tasks) {
				x.free()
				return nil, nil
			}
			x.begin(&s.tasks[i])
		}
		b, err := x.run(w)
		if b != nil || err != nil {
			return b, err
		}
		s.done(x.task)
		x.task = nil
	}
}

// done frees what no other task reads.
func (s *joinSource) done(t *joinTask) {
	if s.pending[t.group].Add(-1) == 0 {
		for _, side := range s.sides {
			if t.group < len(side.groups) && side.groups[t.group] != nil {
				side.groups[t.group].Release()
				side.groups[t.group] = nil
			}
		}
	}
	if s.left.Add(-1) == 0 {
		s.release()
	}
}

// release frees all that is left, at the end.
func (s *joinSource) release() {
	for _, side := range s.sides {
		side.release()
	}
	if s.join.asof != nil {
		s.join.asof.release()
	}
}

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

// mergeRows is about how many left rows a task has.
const mergeRows = 64 << 10

// mergeSource is the sort-merge join of two sides that are sorted by their keys, ascending, nulls last. Its rows are in
// the order of the keys, and those of one key in the left side's order, then the right's.
//
//	1 groups  of each side: where rows with equal keys begin. Only the keys are copied: the other columns stay where
//	          they lie
//	2 tasks   some left groups each, and the right groups up to the next task's first key, which bisection finds
//	3 merge   a task goes along its groups of both sides, comparing the first rows of the next two, and lists the rows
//	          of the result; then each column is gathered by the rows' addresses
type mergeSource struct {
	*joinSource
	compare []func(l, r uint32) int // of the keys, one after the other
	heads   [2][]uint32             // per side: the first row of each group, then the number of rows
	places  [2][]uint64             // per side and row: its address
	columns []mergeColumn
	ranges  []mergeTask
	taken   atomic.Int64
	open    atomic.Int64 // tasks that aren't done
	mergers []*mergeWorker
	bufs    []*memory.Buffer
}

var (
	_ exec.Source   = (*mergeSource)(nil)
	_ exec.Expected = (*mergeSource)(nil)
)

// mergeTask is groups [from, to) of both sides.
type mergeTask struct {
	seq      uint64
	from, to [2]int
}

// mergeColumn is an output column: pieces of one side, or of the left and then the right where it is Coalesced.
type mergeColumn struct {
	side   JoinSide
	pieces *compute.Pieces
}

func newMergeSource(j *Join, q *exec.Query) (*mergeSource, error) {
	m := &mergeSource{joinSource: newJoinSource(j, q), mergers: make([]*mergeWorker, q.Threads)}
	for side, in := range m.inputs() {
		m.sides[side] = newJoinSide(in, false, make([]bool, len(in.cols)))
		if err := in.makeViews(q); err != nil {
			return nil, err
		}
	}
	m.mergeHeaps()
	m.keys = m.keyPairs()
	for side := range m.sides {
		if err := m.readSide(q, side); err != nil {
			return nil, err
		}
	}
	for i := range m.keys {
		m.compare = append(m.compare, m.keys[i].comparer(&m.sides[leftSide].parts[0], &m.sides[rightSide].parts[0]))
	}
	m.columns = m.mergeColumns()
	return m, q.For(1, func(w *exec.Worker, _ int) error { return m.plan(w) })
}

func (m *mergeSource) inputs() [2]*joinInput { return [2]*joinInput{m.join.left, m.join.right} }

// readSide copies a side's keys, and finds its groups.
func (m *mergeSource) readSide(q *exec.Query, side int) (err error) {
	s := m.sides[side]
	s.cut(table.MaxRows)
	if err := s.concatenate(q); err != nil {
		return err
	}
	var places, heads *memory.Buffer
	if m.places[side], places, err = s.places(q); err != nil {
		return err
	}
	m.bufs = append(m.bufs, places)
	if m.heads[side], heads, err = memory.Make[uint32](q.Scope, s.in.rows+1); err != nil {
		return err
	}
	m.bufs = append(m.bufs, heads)
	err = q.For(1, func(w *exec.Worker, _ int) (err error) {
		m.heads[side], err = m.findGroups(w, side, m.heads[side][:0])
		return err
	})
	if unique := [2]bool{m.join.spec.UniqueLeft, m.join.spec.UniqueRight}[side]; err == nil && unique && len(m.heads[side]) < s.in.rows {
		err = repeatedKeys(s.in.name)
	}
	m.heads[side] = append(m.heads[side], uint32(s.in.rows))
	return err
}

func (m *mergeSource) mergeColumns() []mergeColumn {
	ins := m.inputs()
	out := make([]mergeColumn, len(m.join.spec.Output))
	for i, c := range m.join.spec.Output {
		out[i].side = c.Side
		switch c.Side {
		case FromLeft:
			out[i].pieces = ins[leftSide].pieces(slices.Index(ins[leftSide].cols, c.Index))
		case FromRight:
			out[i].pieces = ins[rightSide].pieces(slices.Index(ins[rightSide].cols, c.Index))
		case Coalesced:
			var all []*column.Column
			for _, in := range ins {
				for _, b := range in.batches {
					all = append(all, &b.Cols[in.keys[c.Index]])
				}
			}
			out[i].pieces = compute.NewPieces(ins[leftSide].types[ins[leftSide].keys[c.Index]], all)
		}
	}
	return out
}

// groups returns how many groups a side has.
func (m *mergeSource) groups(side int) int { return len(m.heads[side]) - 1 }

// order compares the keys of a left group with those of a right one.
func (m *mergeSource) order(l, r int) int {
	for _, compare := range m.compare {
		if c := compare(m.heads[leftSide][l], m.heads[rightSide][r]); c != 0 {
			return c
		}
	}
	return 0
}

// plan makes the tasks.
func (m *mergeSource) plan(w *exec.Worker) error {
	lefts := m.heads[leftSide]
	task := mergeTask{}
	for l := 1; l < m.groups(leftSide); l++ {
		if lefts[l]-lefts[task.from[leftSide]] < mergeRows {
			continue
		}
		r, n := task.from[rightSide], m.groups(rightSide)-task.from[rightSide]
		for n > 0 { // the first right group that isn't before l
			half := n / 2
			if m.order(l, r+half) > 0 {
				r, n = r+half+1, n-half-1
			} else {
				n = half
			}
		}
		task.to = [2]int{l, r}
		m.add(task)
		task.from = task.to
		if err := w.Yield(); err != nil {
			return err
		}
	}
	task.to = [2]int{m.groups(leftSide), m.groups(rightSide)}
	m.add(task)
	m.open.Store(int64(len(m.ranges)))
	return nil
}

func (m *mergeSource) add(t mergeTask) {
	t.seq = uint64(len(m.ranges))
	m.ranges = append(m.ranges, t)
}

// ExpectedRows counts the rows of the result.
func (m *mergeSource) ExpectedRows(q *exec.Query) (int64, error) {
	var rows atomic.Int64
	err := q.For(len(m.ranges), func(w *exec.Worker, i int) error {
		at := m.ranges[i].from
		for steps := 0; ; steps++ {
			kind, from, to := m.step(&m.ranges[i], &at)
			switch kind {
			case mergeEnd:
				return nil
			case mergePairs:
				rows.Add(int64(to[leftSide]-from[leftSide]) * int64(to[rightSide]-from[rightSide]))
			default:
				rows.Add(int64(to[leftSide]-from[leftSide]) + int64(to[rightSide]-from[rightSide]))
			}
			if steps%radix.Block == 0 {
				if err := w.Yield(); err != nil {
					return err
				}
			}
		}
	})
	return rows.Load(), err
}

// mergeKind is what the rows of the next groups are in the result.
type mergeKind uint8

const (
	mergeEnd   mergeKind = iota // there are none
	mergePairs                  // pairs
	mergeAlone                  // rows of one side by themselves
)

// skipped is how many groups a step passes at most: no more is done between two calls of Worker.Yield where few match.
const skipped = 32

// step takes the next groups whose rows are in the result, moves at past them, and returns their rows: [from, to) of
// each side. They are no rows, alone, where skipped groups had none.
func (m *mergeSource) step(t *mergeTask, at *[2]int) (kind mergeKind, from, to [2]uint32) {
	spec := &m.join.spec
	for range skipped {
		l, r := at[leftSide], at[rightSide]
		hasLeft, hasRight := l < t.to[leftSide], r < t.to[rightSide]
		c := 0
		switch {
		case !hasLeft && !hasRight:
			return mergeEnd, [2]uint32{}, [2]uint32{}
		case !hasLeft:
			c = 1
		case !hasRight:
			c = -1
		default:
			c = m.order(l, r)
		}
		from, to = [2]uint32{}, [2]uint32{}
		isIn := false
		if c <= 0 {
			from[leftSide], to[leftSide] = m.heads[leftSide][l], m.heads[leftSide][l+1]
			at[leftSide]++
			isIn = spec.keeps(true) && (c == 0) == (spec.How == JoinSemi)
		}
		if c >= 0 {
			at[rightSide]++
		}
		switch {
		case c == 0 && spec.pairs():
			from[rightSide], to[rightSide] = m.heads[rightSide][r], m.heads[rightSide][r+1]
			return mergePairs, from, to
		case c > 0 && spec.keeps(false):
			from[rightSide], to[rightSide] = m.heads[rightSide][r], m.heads[rightSide][r+1]
			return mergeAlone, from, to
		case isIn:
			return mergeAlone, from, to
		}
	}
	return mergeAlone, [2]uint32{}, [2]uint32{}
}

// Next returns the next batch of the result.
func (m *mergeSource) Next(w *exec.Worker) (*table.Batch, error) {
	if m.mergers[w.ID] == nil {
		m.mergers[w.ID] = &mergeWorker{source: m}
	}
	x := m.mergers[w.ID]
	for {
		if x.task == nil {
			i := int(m.taken.Add(1) - 1)
			if i >= len(m.ranges) {
				x.free()
				return nil, nil
			}
			x.task, x.at, x.kind = &m.ranges[i], m.ranges[i].from, mergeAlone
			x.row, x.to = [2]uint32{}, [2]uint32{}
		}
		b, err := x.run(w)
		if b != nil || err != nil {
			return b, err
		}
		x.task = nil
		if m.open.Add(-1) == 0 {
			m.release()
		}
	}
}

func (m *mergeSource) release() {
	m.joinSource.release()
	for _, b := range m.bufs {
		b.Release()
	}
	m.bufs = nil
}

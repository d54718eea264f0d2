package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// prepareLookup makes the smaller side one table; each chunk of the other side is a task.
func (s *joinSource) prepareLookup(q *exec.Query) error {
	left, right := s.join.left, s.join.right
	s.build = rightSide
	if left.rows < right.rows {
		s.build = leftSide
	}
	for side, in := range [2]*joinInput{left, right} {
		s.sides[side] = newJoinSide(in, s.exact, make([]bool, len(in.cols)))
	}
	build := s.sides[s.build]
	if err := build.in.unite(q); err != nil {
		return err
	}
	if !s.exact {
		s.keys = s.keyPairs()
	}
	s.lookups = s.lookupColumns()
	part, err := build.keep(q)
	if err != nil {
		return err
	}
	s.lookUpIn(part)
	return nil
}

// lookUpIn makes each chunk of the side that isn't in part a task.
func (s *joinSource) lookUpIn(part *joinPart) {
	probe := s.sides[1-s.build]
	t := &sharedTable{part: part, leftBuild: s.build == leftSide}
	s.shared = []*sharedTable{t}
	probe.cut(table.MorselRows) // which, as they come from a table, are looked up where they lie
	for _, c := range probe.chunks {
		s.addTask(joinTask{from: c.from, to: c.to, shared: t})
	}
	if len(s.tasks) == 0 && part.rows > 0 { // nothing to probe with, but rows to keep
		s.addTask(joinTask{shared: t})
	}
	t.seq = s.seq
	t.pending.Store(int32(len(s.tasks)))
	s.pending = make([]atomic.Int32, 1)
	s.pending[0].Store(int32(len(s.tasks)))
}

// unite makes the batches one, its strings views.
func (in *joinInput) unite(q *exec.Query) error {
	if len(in.batches) == 0 {
		return nil
	}
	if err := in.makeViews(q); err != nil {
		return err
	}
	if len(in.batches) == 1 {
		return nil
	}
	one := &table.Batch{Cols: make([]column.Column, len(in.cols)), Len: in.rows}
	err := q.For(len(in.cols), func(w *exec.Worker, c int) error {
		pieces := make([]*column.Column, len(in.batches))
		for i, b := range in.batches {
			pieces[i] = &b.Cols[c]
		}
		var err error
		one.Cols[c], err = compute.Concat(w.Scope(), in.types[c], pieces)
		return err
	})
	if err != nil {
		one.Release()
		return err
	}
	in.release()
	in.batches = []*table.Batch{one}
	return nil
}

// keep reads the keys of the side's only batch and keeps what that makes.
func (s *joinSide) keep(q *exec.Query) (*joinPart, error) {
	if len(s.in.batches) == 0 {
		return &joinPart{slots: make([][]byte, len(s.slots))}, nil
	}
	part := &joinPart{}
	err := q.For(1, func(w *exec.Worker, _ int) error {
		return s.read(w, 0, part, func(_, size int) ([]byte, error) {
			b, err := w.Scope().Alloc(size)
			if err != nil {
				return nil, err
			}
			s.groups = append(s.groups, b)
			return b.Bytes(), nil
		})
	})
	return part, err
}

// read makes batch number i a part. Elements that don't lie there are made in what reserve returns for a slot.
func (s *joinSide) read(w *exec.Worker, i int, part *joinPart, reserve func(slot, size int) ([]byte, error)) error {
	n := s.in.batches[i].Len
	part.rows, part.slots = n, part.slots[:0]
	for slot := range s.slots {
		elements := s.inPlace(slot, i, 0, n)
		if elements == nil {
			scratch, err := reserve(slot, n*s.slots[slot].width)
			if err != nil {
				return err
			}
			elements = s.elements(slot, i, 0, n, scratch)
		}
		part.slots = append(part.slots, elements)
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// openChunk makes the task's batches one, the probe part, and their keys' strings views.
func (x *joinWorker) openChunk(w *exec.Worker) error {
	t, side := x.task, x.source.sides[1-x.build]
	in := side.in
	if t.to-t.from > 1 {
		if err := in.uniteChunk(w, t.from, t.to); err != nil {
			return err
		}
	} else if err := in.viewsOf(w, t.from, in.isKey); err != nil {
		return err
	}
	batch := in.batches[t.from]
	for i := range x.keys {
		if k := &x.keys[i]; k.kind == column.String {
			k.heaps[1-x.build] = batch.Cols[k.cols[1-x.build]].Heaps
		}
	}
	x.lookup.batch = batch
	if a := x.source.join.asof; a != nil {
		codes, err := x.reserve(w, len(side.slots), 8*batch.Len)
		if err != nil {
			return err
		}
		x.codes = memory.As[uint64](codes)[:batch.Len]
		a.order(&batch.Cols[a.on[leftSide]], x.codes)
	}
	return side.read(w, t.from, &x.batch, func(slot, size int) ([]byte, error) { return x.reserve(w, slot, size) })
}

// uniteChunk puts one batch in the place of batch from, and none in those of the others up to to.
func (in *joinInput) uniteChunk(w *exec.Worker, from, to int) error {
	one := &table.Batch{Seq: in.batches[from].Seq}
	for c := range in.cols {
		pieces := make([]*column.Column, 0, to-from)
		for i := from; i < to; i++ {
			if c == 0 {
				if err := in.viewsOf(w, i, nil); err != nil {
					one.Release()
					return err
				}
				one.Len += in.batches[i].Len
			}
			pieces = append(pieces, &in.batches[i].Cols[c])
		}
		merged, err := compute.Concat(w.Scope(), in.types[c], pieces)
		if err != nil {
			one.Release()
			return err
		}
		one.Cols = append(one.Cols, merged)
		if err := w.Yield(); err != nil {
			one.Release()
			return err
		}
	}
	for i := from; i < to; i++ {
		in.batches[i].Release()
		in.batches[i] = nil
	}
	in.batches[from] = one
	return nil
}

// closeChunk drops the batch of the task.
func (x *joinWorker) closeChunk() {
	if in := x.source.sides[1-x.build].in; x.lookup.batch != nil {
		x.lookup.batch = nil
		in.batches[x.task.from].Release()
		in.batches[x.task.from] = nil
	}
}

// lookUp finds the next probe rows in a table whose keys are unique: no chains, no more than one match a row.
func (x *joinWorker) lookUp() {
	spec := &x.source.join.spec
	found := x.found[:x.blockTo-x.blockFrom]
	x.table.find(x.probeKeys[x.blockFrom:x.blockTo], found)
	if len(x.keys) > 0 {
		x.verifyFound(found)
	}
	if x.keepBuild {
		for _, f := range found {
			if f != compute.Missing {
				x.shared.mark(f)
			}
		}
	}
	probe, build, n := x.lists[0], x.lists[1], 0
	x.ids = [2][]uint32{}
	switch {
	case spec.pairs() && x.keepProbe:
		x.takeFound(found)
		return
	case spec.pairs():
		for i, f := range found {
			probe[n], build[n] = uint32(x.blockFrom+i), f
			n += int(f>>31 ^ 1) // 1 unless f is Missing
		}
		x.ids[x.build] = build[:n]
	case x.keepProbe:
		for i, f := range found {
			probe[n] = uint32(x.blockFrom + i)
			n += int(byte(f>>31) ^ x.wanted) // f is there and wanted, or neither
		}
	}
	x.ids[1-x.build] = probe[:n]
	x.idFrom, x.idTo = 0, n
	x.state = nextBlock
}

// takeFound lists every row of the block with its match or none.
func (x *joinWorker) takeFound(found []uint32) {
	probe := x.lists[0][:len(found)]
	for i := range probe {
		probe[i] = uint32(x.blockFrom + i)
	}
	x.ids[x.build], x.ids[1-x.build] = found, probe
	x.idFrom, x.idTo = 0, len(found)
	x.state = nextBlock
}

// seekAsof finds the next left rows' groups, and then the rows in them.
func (x *joinWorker) seekAsof() {
	a, found := x.source.join.asof, x.found[:x.blockTo-x.blockFrom]
	fillElements(found, compute.Missing)
	n := 0
	switch {
	case len(x.source.join.spec.LeftKeys) > 0:
		n = x.table.first(x.probeKeys[x.blockFrom:x.blockTo], x.blockFrom, x.rows, x.chain)
	case len(a.heads) > 0: // one group
		fillElements(found, a.heads[0])
	}
	for n > 0 {
		var m int
		n, m = x.table.step(x.probeKeys, x.rows, x.chain, n, x.lists[0], x.lists[1], 0)
		m = x.verify(leftSide, 0, m)
		for i, r := range x.lists[0][:m] {
			found[int(r)-x.blockFrom] = x.lists[1][i]
		}
	}
	a.seek(&x.lookup.batch.Cols[a.on[leftSide]], x.blockFrom, x.codes[x.blockFrom:x.blockTo], found)
	x.takeFound(found)
}

// verifyFound takes back what has the hash of a row's keys but not its keys.
func (x *joinWorker) verifyFound(found []uint32) {
	probe, build, n := x.lists[0], x.lists[1], 0
	for i, f := range found {
		probe[n], build[n] = uint32(x.blockFrom+i), f
		n += int(f>>31 ^ 1)
	}
	n = x.verify(1-x.build, 0, n)
	fillElements(found, compute.Missing)
	for i, r := range probe[:n] {
		found[int(r)-x.blockFrom] = build[i]
	}
}

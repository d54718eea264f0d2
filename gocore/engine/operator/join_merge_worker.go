package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// mergeWorker merges one task after the other on one worker.
type mergeWorker struct {
	source *mergeSource
	task   *mergeTask
	at     [2]int // the next groups

	kind           mergeKind // of the rows that are being listed:
	first, row, to [2]uint32 // the groups' first rows, the next ones, and their ends

	addresses [2][]uint64 // of the batch's rows, by side; MissingRow where a side has none
	either    []uint64    // of the left row, or else of the right one, numbered behind the left's pieces
	bufs      []*memory.Buffer
	n         int
}

// run continues the task and returns a batch, or nil at its end.
func (x *mergeWorker) run(w *exec.Worker) (*table.Batch, error) {
	if x.bufs == nil {
		for _, list := range []*[]uint64{&x.addresses[leftSide], &x.addresses[rightSide], &x.either} {
			made, b, err := memory.Make[uint64](w.Scope(), table.MaxRows)
			if err != nil {
				return nil, err
			}
			*list, x.bufs = made, append(x.bufs, b)
		}
	}
	for steps := 0; x.n < table.MaxRows && x.kind != mergeEnd; steps++ {
		if x.row == x.to {
			x.kind, x.first, x.to = x.source.step(x.task, &x.at)
			x.row = x.first
		}
		if x.kind == mergePairs {
			x.listPairs()
		} else {
			x.listAlone()
		}
		if steps%radix.Block == 0 {
			if err := w.Yield(); err != nil {
				return nil, err
			}
		}
	}
	if x.n == 0 {
		return nil, nil
	}
	return x.batch(w)
}

// listPairs lists the next left row of the group with as many of the right rows as there is room for.
func (x *mergeWorker) listPairs() {
	m := x.source
	l, r, end := x.row[leftSide], x.row[rightSide], x.to[rightSide]
	n := min(int(end-r), table.MaxRows-x.n)
	lefts := x.addresses[leftSide][x.n : x.n+n]
	place := m.places[leftSide][l]
	for i := range lefts {
		lefts[i] = place
	}
	copy(x.addresses[rightSide][x.n:], m.places[rightSide][r:int(r)+n])
	x.n += n
	if r += uint32(n); r < end {
		x.row[rightSide] = r
		return
	}
	x.row[leftSide], x.row[rightSide] = l+1, x.first[rightSide]
	if l+1 == x.to[leftSide] {
		x.row = x.to
	}
}

// listAlone lists as many of the rows of one side as there is room for.
func (x *mergeWorker) listAlone() {
	for side := range x.row {
		n := min(int(x.to[side]-x.row[side]), table.MaxRows-x.n)
		if n == 0 {
			continue
		}
		copy(x.addresses[side][x.n:], x.source.places[side][x.row[side]:int(x.row[side])+n])
		fillElements(x.addresses[1-side][x.n:x.n+n], compute.MissingRow)
		x.row[side] += uint32(n)
		x.n += n
	}
}

// batch gathers the listed rows.
func (x *mergeWorker) batch(w *exec.Worker) (*table.Batch, error) {
	behind := compute.RowAddress(len(x.source.join.left.batches), 0)
	for i, a := range x.addresses[leftSide][:x.n] {
		if a == compute.MissingRow {
			a = behind + x.addresses[rightSide][i]
		}
		x.either[i] = a
	}
	b := &table.Batch{Len: x.n, Seq: x.task.seq}
	for _, c := range x.source.columns {
		made, err := x.gather(w, c)
		if err == nil {
			b.Cols = append(b.Cols, made)
			err = w.Yield()
		}
		if err != nil {
			b.Release()
			return nil, err
		}
	}
	x.n = 0
	return b, nil
}

func (x *mergeWorker) gather(w *exec.Worker, c mergeColumn) (column.Column, error) {
	switch c.side {
	case FromLeft:
		return c.pieces.Gather(w.Scope(), x.addresses[leftSide][:x.n])
	case FromRight:
		return c.pieces.Gather(w.Scope(), x.addresses[rightSide][:x.n])
	case Coalesced:
		return c.pieces.Gather(w.Scope(), x.either[:x.n])
	}
	made, err := compute.New(w.Scope(), indicatorType, x.n)
	for i := range made.Views {
		made.Views[i] = indicatorView(x.addresses[leftSide][i] != compute.MissingRow, x.addresses[rightSide][i] != compute.MissingRow)
	}
	return made, err
}

// free gives back the worker's memory, when there is no task left.
func (x *mergeWorker) free() {
	for _, b := range x.bufs {
		b.Release()
	}
	x.bufs, x.addresses, x.either = nil, [2][]uint64{}, nil
}

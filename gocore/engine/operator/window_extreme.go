package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// extremeKernel finds the row of a frame's least or greatest value, the first of equal ones.
type extremeKernel struct {
	windowAggregate
	least bool
	back  uint64   // a row, or windowNone
	front []uint64 // likewise
}

func (k *extremeKernel) begin(part span) {
	k.windowAggregate.begin(part)
	k.back = windowNone
}

func (k *extremeKernel) makeRoom(scope *memory.Scope, rows int) (owner *memory.Buffer, err error) {
	k.front, owner, err = memory.Make[uint64](scope, rows)
	return owner, err
}

func (k *extremeKernel) rows(_, _ int, low, high []uint32, out []uint64, _ []byte) error {
	for i := range out {
		if err := k.move(k, int(low[i]), int(high[i])); err != nil {
			return err
		}
		best := k.back
		if k.inFront() {
			best = k.better(k.front[k.low-k.base], best)
		}
		if k.enough() == 0 {
			best = windowNone
		}
		out[i] = best
	}
	return nil
}

// better returns which of two rows, first before second, has the better value; one may be windowNone.
func (k *extremeKernel) better(first, second uint64) uint64 {
	switch {
	case first == windowNone:
		return second
	case second == windowNone:
		return first
	case k.values.form != asTexts:
		if k.values.words[second] < k.values.words[first] {
			return second
		}
		return first
	}
	order := column.CompareViews(&k.values.views[second], k.values.heaps, &k.values.views[first], k.values.heaps)
	if k.least && order < 0 || !k.least && order > 0 {
		return second
	}
	return first
}

func (k *extremeKernel) restack(low, high int) error {
	k.back = windowNone
	best, row := windowNone, high
	return k.worker.inSteps(low, high, func(from, to int) {
		for range to - from {
			row--
			if k.values.present[row] != 0 {
				best = k.better(uint64(row), best)
			}
			k.front[row-low] = best
		}
	})
}

func (k *extremeKernel) add(end int) {
	for ; k.high < end; k.high++ {
		if k.values.present[k.high] != 0 {
			k.back = k.better(k.back, uint64(k.high))
			k.n++
		}
	}
}

func (k *extremeKernel) renumber(m *renumbering) {
	if k.back != windowNone {
		k.back = uint64(m.row(int(k.back)))
	}
	if k.inFront() {
		front := k.front[k.low-k.base : k.middle-k.base]
		for i, row := range front {
			if row != windowNone {
				front[i] = row - uint64(m.by)
			}
		}
	}
	k.windowAggregate.renumber(m)
}

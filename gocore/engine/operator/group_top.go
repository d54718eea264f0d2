package operator

import (
	"math"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupTop is an accumulator of a group's N greatest or least values: a group's record holds them, greatest first, as
// words that sort like the values, complemented where the least are wanted.
//
//	record   | ... | how many | greatest | ... | N-th greatest | ...
//
// More than mostTop of them aren't kept while rows come in: see groupCollected.
type groupTop struct {
	n    int
	kind column.Kind
	flip uint64 // of all words
}

// mostTop bounds the words that each value is compared with in the worst case, and that every group has.
const mostTop = 8

func newGroupTop(a Agg, kind column.Kind) *groupTop {
	t := &groupTop{n: a.N, kind: kind}
	if a.Fn == Smallest {
		t.flip = math.MaxUint64
	}
	return t
}

// update takes in the values of rows.
func (t *groupTop) update(cells groupCells, ids []uint32, v groupVec) {
	isFloat, flip := t.kind.IsFloat(), t.flip
	if !isFloat && !isUnsigned(t.kind) {
		flip ^= 1 << 63
	}
	for i, g := range ids {
		w := v.at(i)
		if isFloat {
			if f := math.Float64frombits(w); f != f {
				continue
			}
			w = orderFloat(w)
		}
		t.keep(cells.words(g, t.n+1), w^flip)
	}
}

// merge takes in the states that v has the first words of.
func (t *groupTop) merge(cells groupCells, ids []uint32, v groupVec) {
	for i, g := range ids {
		other := groupCells{unsafe.Add(v.p, uintptr(i)*v.stride)}.words(0, t.n+1)
		for _, w := range other[1 : 1+other[0]] {
			t.keep(cells.words(g, t.n+1), w)
		}
	}
}

// keep takes w into a state, unless as many greater ones are there.
func (t *groupTop) keep(state []uint64, w uint64) {
	at := int(state[0]) + 1
	if at > t.n {
		if at = t.n; w <= state[at] {
			return
		}
	} else {
		state[0]++
	}
	for ; at > 1 && state[at-1] < w; at-- {
		state[at] = state[at-1]
	}
	state[at] = w
}

// values writes a state's values to dst, and returns them.
func (t *groupTop) values(state []uint64, dst *[mostTop]uint64) []uint64 {
	kept := state[1 : 1+state[0]]
	for i, w := range kept {
		dst[i] = raw(t.kind, w^t.flip)
	}
	return dst[:len(kept)]
}

package operator

import (
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// keyPair is one pair of key columns as slots, compared where the hashes of all keys are equal.
type keyPair struct {
	kind         column.Kind
	cols         [2]int      // per side: the kept column
	value, valid [2]int      // per side: the slots
	heaps        [2][][]byte // per side: a String column's characters
}

func (s *joinSource) keyPairs() []keyPair {
	left, right := s.sides[leftSide], s.sides[rightSide]
	var pairs []keyPair
	for i, l := range left.in.keys {
		r, kind := right.in.keys[i], left.in.kinds[l]
		if kind == column.Null {
			continue // all are equal
		}
		p := keyPair{kind: kind, cols: [2]int{l, r}, value: [2]int{left.value[l], right.value[r]}, valid: [2]int{left.valid[l], right.valid[r]}}
		if kind == column.String {
			p.heaps = [2][][]byte{left.in.heapsOf(l), right.in.heapsOf(r)}
		}
		pairs = append(pairs, p)
	}
	return pairs
}

// verify keeps those of the pairs [from, to) of the lists whose keys are equal column by column, and returns their end.
func (x *joinWorker) verify(probeSide, from, to int) int {
	for i := range x.keys {
		if from == to {
			return to
		}
		to = from + x.keys[i].keep(x.parts[1-x.build], x.parts[x.build], probeSide, x.build, x.lists[0][from:to], x.lists[1][from:to])
	}
	return to
}

// keep moves the pairs of rows whose keys are equal to the front of the lists and returns how many there are. aSide is
// the side of part a, bSide of part b. The values of null keys are zeroed, so that equal validity and equal values are what counts.
func (p *keyPair) keep(a, b *joinPart, aSide, bSide int, aRows, bRows []uint32) int {
	switch aValid, bValid := p.valid[aSide], p.valid[bSide]; {
	case aValid != noSlot && bValid != noSlot:
		aRows, bRows = keepEqual(a.slots[aValid], b.slots[bValid], aRows, bRows)
	case aValid != noSlot:
		aRows, bRows = keepPresent(a.slots[aValid], aRows, aRows, bRows)
	case bValid != noSlot:
		aRows, bRows = keepPresent(b.slots[bValid], bRows, aRows, bRows)
	}
	aValues, bValues := a.slots[p.value[aSide]], b.slots[p.value[bSide]]
	switch {
	case p.kind == column.String:
		aRows, _ = keepStrings(memory.As[column.View](aValues), memory.As[column.View](bValues), p.heaps[aSide], p.heaps[bSide], aRows, bRows)
	case p.kind == column.Float32:
		aRows, _ = keepFloats(memory.As[float32](aValues), memory.As[float32](bValues), aRows, bRows)
	case p.kind == column.Float64:
		aRows, _ = keepFloats(memory.As[float64](aValues), memory.As[float64](bValues), aRows, bRows)
	case p.kind.Width() == 8:
		aRows, _ = keepEqual(memory.As[uint64](aValues), memory.As[uint64](bValues), aRows, bRows)
	case p.kind.Width() == 4:
		aRows, _ = keepEqual(memory.As[uint32](aValues), memory.As[uint32](bValues), aRows, bRows)
	case p.kind.Width() == 2:
		aRows, _ = keepEqual(memory.As[uint16](aValues), memory.As[uint16](bValues), aRows, bRows)
	default:
		aRows, _ = keepEqual(aValues, bValues, aRows, bRows)
	}
	return len(aRows)
}

func keepEqual[T uint8 | uint16 | uint32 | uint64](a, b []T, aRows, bRows []uint32) ([]uint32, []uint32) {
	n := 0
	bRows = bRows[:len(aRows)]
	for i, r := range aRows {
		s := bRows[i]
		aRows[n], bRows[n] = r, s
		if a[r] == b[s] {
			n++
		}
	}
	return aRows[:n], bRows[:n]
}

// keepFloats takes any NaN as equal to any.
func keepFloats[T float32 | float64](a, b []T, aRows, bRows []uint32) ([]uint32, []uint32) {
	n := 0
	bRows = bRows[:len(aRows)]
	for i, r := range aRows {
		s := bRows[i]
		aRows[n], bRows[n] = r, s
		if x, y := a[r], b[s]; x == y || (x != x && y != y) {
			n++
		}
	}
	return aRows[:n], bRows[:n]
}

// keepStrings compares in two passes. The first, a few instructions a pair, has many pairs' characters on their way
// from memory at once; the second finds them in the cache. Strings of up to 20 characters need no second.
func keepStrings(a, b []column.View, aHeaps, bHeaps [][]byte, aRows, bRows []uint32) ([]uint32, []uint32) {
	n, long := 0, false
	bRows = bRows[:len(aRows)]
	for i, r := range aRows {
		s := bRows[i]
		aRows[n], bRows[n] = r, s
		v, w := &a[r], &b[s]
		if v.Size != w.Size || v.Prefix != w.Prefix {
			continue
		}
		if v.IsInline() {
			if v.Heap == w.Heap && v.Start == w.Start {
				n++
			}
			continue
		}
		x, y := pointer(aHeaps[v.Heap][v.Start:]), pointer(bHeaps[w.Heap][w.Start:])
		last := int(v.Size) - 8
		middle := *(*uint64)(unsafe.Add(x, 4)) ^ *(*uint64)(unsafe.Add(y, 4))
		end := *(*uint64)(unsafe.Add(x, last)) ^ *(*uint64)(unsafe.Add(y, last))
		if middle|end == 0 {
			n++
			long = long || v.Size > 20
		}
	}
	aRows, bRows = aRows[:n], bRows[:n]
	if !long {
		return aRows, bRows
	}
	n = 0
	for i, r := range aRows {
		s := bRows[i]
		aRows[n], bRows[n] = r, s
		if column.EqualViews(&a[r], aHeaps, &b[s], bHeaps) {
			n++
		}
	}
	return aRows[:n], bRows[:n]
}

// keepPresent keeps the pairs whose row, one of aRows or of bRows, isn't null.
func keepPresent(valid []byte, rows, aRows, bRows []uint32) ([]uint32, []uint32) {
	n := 0
	for i, r := range rows {
		aRows[n], bRows[n] = aRows[i], bRows[i]
		n += int(valid[r])
	}
	return aRows[:n], bRows[:n]
}

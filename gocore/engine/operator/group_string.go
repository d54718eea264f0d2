package operator

import (
	"bytes"
	"cmp"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// A string is two words, in rows and in records alike. Long ones point to their characters, which lie off Go's heap
// or in the batch that is lent for the call; whatever stays longer is copied to a groupHeap.
//
//	0       4            8                     16
//	| len   | 12 bytes of characters, 0-padded |   len <= 12
//	| len   | 4-byte prefix | address          |   len > 12
const (
	shortString = 12
	noString    = 1<<32 - 1 // a length that no string has: the state of a min or max without values
)

// stringWords returns the words of s.
func stringWords(s []byte) (w0, w1 uint64) {
	var v [2]uint64
	if len(s) <= shortString {
		copy(memory.BytesOf(v[:])[4:], s)
	} else {
		copy(memory.BytesOf(v[:])[4:8], s)
		v[1] = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s))))
	}
	return v[0] | uint64(len(s)), v[1]
}

func stringSize(w0 uint64) int { return int(uint32(w0)) }

// longChars returns the characters of a string of more than shortString bytes.
func longChars(w0, w1 uint64) []byte {
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&w1)), stringSize(w0))
}

func equalStrings(a0, a1, b0, b1 uint64) bool {
	switch {
	case a0 != b0: // size and prefix
		return false
	case a1 == b1:
		return true
	}
	return stringSize(a0) > shortString && bytes.Equal(longChars(a0, a1), longChars(b0, b1))
}

// compareStrings orders by bytes: -1, 0 or 1.
func compareStrings(a, b *[2]uint64) int {
	if c := cmp.Compare(prefix(a[0]), prefix(b[0])); c != 0 {
		return c
	}
	return bytes.Compare(chars(a), chars(b))
}

// prefix returns the first four characters as a number that sorts like them; the padding sorts before any of them.
func prefix(w0 uint64) uint32 {
	p := (*[4]byte)(unsafe.Add(unsafe.Pointer(&w0), 4))
	return uint32(p[0])<<24 | uint32(p[1])<<16 | uint32(p[2])<<8 | uint32(p[3])
}

func chars(w *[2]uint64) []byte {
	if size := stringSize(w[0]); size <= shortString {
		return memory.BytesOf(w[:])[4 : 4+size]
	}
	return longChars(w[0], w[1])
}

// viewWords returns the words of a string of a column in the Views layout.
func viewWords(v *column.View, heaps [][]byte) (w0, w1 uint64) {
	w := (*[2]uint64)(unsafe.Pointer(v))
	if v.Size > shortString {
		return w[0], uint64(uintptr(unsafe.Pointer(unsafe.SliceData(v.Bytes(heaps)))))
	}
	return w[0], w[1]
}

// updateStrings keeps the smaller or the larger string.
func updateStrings(op groupOp, cells groupCells, ids []uint32, v, w groupVec, heap *groupHeap) error {
	sign := 1
	if op == opMinString {
		sign = -1
	}
	for i, g := range ids {
		x := [2]uint64{v.at(i), w.at(i)}
		if g == 0 || stringSize(x[0]) == noString {
			continue
		}
		s := cells.at(g)
		if stringSize(s[0]) != noString && compareStrings(&x, s) != sign {
			continue
		}
		if err := heap.replace(s, &x, stringSize(s[0]) != noString); err != nil {
			return err
		}
		*s = x
	}
	return nil
}

// groupHeap allocates small pieces of a scope's memory one after the other; they are freed together.
type groupHeap struct {
	scope *memory.Scope
	least int    // bytes of a slab; 0: minSlab
	slab  []byte // what is left of the last one
	held  int    // bytes of all
	slabs []*memory.Buffer
}

const (
	minSlab = 64 << 10
	maxSlab = 4 << 20
	// slabShare is which part of what a heap holds its next slab is: so much of it is idle at most.
	slabShare = 8
)

// alloc returns n bytes at a multiple of 8.
func (h *groupHeap) alloc(n int) (unsafe.Pointer, error) {
	n = (n + 7) &^ 7
	if n > len(h.slab) {
		size := h.least
		if size == 0 {
			size = minSlab
		}
		b, err := h.scope.Alloc(max(min(max(size, h.held/slabShare), maxSlab), n))
		if err != nil {
			return nil, err
		}
		h.slabs = append(h.slabs, b)
		h.slab = b.Bytes()
		h.held += len(h.slab)
	}
	p := unsafe.Pointer(unsafe.SliceData(h.slab))
	h.slab = h.slab[n:]
	return p, nil
}

// keep copies the characters of a long string. A nil heap leaves them where they are.
func (h *groupHeap) keep(w *[2]uint64) error {
	if h == nil || stringSize(w[0]) <= shortString {
		return nil
	}
	s := longChars(w[0], w[1])
	p, err := h.alloc(len(s))
	if err != nil {
		return err
	}
	copy(unsafe.Slice((*byte)(p), len(s)), s)
	w[1] = uint64(uintptr(p))
	return nil
}

// replace is keep for a string that takes the place of old, if there is one, whose characters nobody else has.
func (h *groupHeap) replace(old, w *[2]uint64, had bool) error {
	if h == nil || !had || stringSize(old[0]) <= shortString || stringSize(w[0]) <= shortString || stringSize(w[0]) > stringSize(old[0]) {
		return h.keep(w)
	}
	dst := longChars(old[0], old[1])
	copy(dst, longChars(w[0], w[1]))
	w[1] = old[1]
	return nil
}

// free gives everything back.
func (h *groupHeap) free() {
	for _, b := range h.slabs {
		b.Release()
	}
	h.slabs, h.slab, h.held = nil, nil, 0
}

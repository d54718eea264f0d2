package compute

import (
	"encoding/binary"

	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
)

// A Set of strings. Most of a column's are not in it, which a bit by their hash tells of all but a few without a branch;
// the others are looked up: open addressing over row numbers. A few short strings are compared one by one. Of strings with
// offsets, fewer even are hashed (isin_screen.go).

// maybeBits is how many bits there are per slot: at most one in eight strings is looked up in vain.
const maybeBits = 4

func zeroedWords(scope *memory.Scope, n int) ([]uint64, error) {
	b, err := scope.Zeroed(8 * n)
	if err != nil {
		return nil, err
	}
	return memory.As[uint64](b.Bytes())[:n], nil
}

// maybeAt returns the bit of a hash.
func (s *Set) maybeAt(hash uint64) uint64 { return hash >> 20 & uint64(len(s.rows)*maybeBits-1) }

func (s *Set) addStrings(scope *memory.Scope, values *column.Column) error {
	size := 1 << bits.Len(uint(2*values.Len))
	rows, err := zeroedWords(scope, size)
	if err != nil {
		return err
	}
	if values.Len <= fewStrings {
		s.addShort(values)
	}
	if s.maybe, err = zeroedWords(scope, size*maybeBits/64+1); err != nil {
		return err
	}
	if s.screen, err = newScreen(scope, values); err != nil {
		return err
	}
	s.strings, s.rows = *values, rows
	for i := range values.Len {
		if !values.IsNull(i) {
			hash := hashView(&values.Views[i], values.Heaps)
			at, found := s.find(hash, &values.Views[i], values.Heaps)
			if !found {
				s.rows[at] = hash&tagBits | uint64(i+1)
				bit := s.maybeAt(hash)
				s.maybe[bit>>6] |= 1 << (bit & 63)
			}
		}
	}
	return nil
}

// fewStrings is how many short strings are compared one by one faster than they are looked up.
const fewStrings = 8

// addShort keeps the views of the values, if all of them are short.
func (s *Set) addShort(values *column.Column) {
	for i := range values.Len {
		switch {
		case values.IsNull(i):
		case !values.Views[i].IsInline():
			s.short = nil
			return
		default:
			s.short = append(s.short, *viewWords(&values.Views[i]))
		}
	}
}

// tagBits are those of a hash that a slot keeps: few strings are compared in vain.
const tagBits = ^uint64(1<<32 - 1)

func hashView(v *column.View, heaps [][]byte) uint64 {
	if !v.IsInline() {
		return hashing.Bytes(v.Bytes(heaps))
	}
	words := viewWords(v)
	high, low := bits.Mul64(words[0]^0x9E3779B97F4A7C15, words[1]^0xD6E8FEB86659FD93)
	return high ^ low
}

// find returns the slot of a string, or the free one where it would be.
func (s *Set) find(hash uint64, v *column.View, heaps [][]byte) (int, bool) {
	for at := int(hash) & (len(s.rows) - 1); ; at = (at + 1) & (len(s.rows) - 1) {
		slot := s.rows[at]
		if slot == 0 {
			return at, false
		}
		if row := uint32(slot) - 1; (slot^hash)&tagBits == 0 && column.EqualViews(v, heaps, &s.strings.Views[row], s.strings.Heaps) {
			return at, true
		}
	}
}

// containsStrings tells which of rows [i, i+n) of c are among the set, n <= 64; whatever of those that aren't valid. c has
// views, or HasOneHeap.
func (s *Set) containsStrings(c *column.Column, i, n int, valid uint64) uint64 {
	if c.Layout == column.Views {
		return s.containsViews(c.Views[i:i+n], c.Heaps, valid)
	}
	w := valid
	switch {
	case s.screen.bits == nil:
	case c.Layout == column.Offsets32:
		w &= passing(&s.screen, memory.As[int32](c.Offsets)[i:i+n+1], c.Heaps[0])
	default:
		w &= passing(&s.screen, memory.As[int64](c.Offsets)[i:i+n+1], c.Heaps[0])
	}
	if bits.OnesCount64(w) > n/4 {
		var views [64]column.View
		c.FillViews(views[:n], i)
		return s.containsViews(views[:n], c.Heaps, w)
	}
	var view [1]column.View
	for left := w; left != 0; left &= left - 1 {
		j := bits.TrailingZeros64(left)
		c.FillViews(view[:], i+j)
		if _, found := s.find(hashView(&view[0], c.Heaps), &view[0], c.Heaps); !found {
			w &^= 1 << j
		}
	}
	return w
}

// containsViews is containsStrings for the rows of some views.
func (s *Set) containsViews(views []column.View, heaps [][]byte, valid uint64) uint64 {
	if s.short != nil {
		var found [8]byte
		for _, want := range s.short {
			equalWords(found[:], views, want)
		}
		return binary.LittleEndian.Uint64(found[:]) & valid
	}
	w := uint64(0)
	var hashes [64]uint64
	for j := range views {
		if valid>>j&1 != 0 { // a foreign view of a null row may point nowhere
			hash := hashView(&views[j], heaps)
			bit := s.maybeAt(hash)
			hashes[j], w = hash, w|s.maybe[bit>>6]>>(bit&63)&1<<j
		}
	}
	for left := w; left != 0; left &= left - 1 {
		j := bits.TrailingZeros64(left)
		if _, found := s.find(hashes[j], &views[j], heaps); !found {
			w &^= 1 << j
		}
	}
	return w
}

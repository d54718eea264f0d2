package compute

import (
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// screen tells of most strings that offsets tell apart that they aren't in a set, by a few of their characters: those in
// one place, where the set's strings differ most. It is a bitmap by the hash of these; the zero screen lets all pass.
type screen struct {
	at    int    // of the first character
	mask  uint64 // of a word of characters
	bits  []uint64
	shift uint
}

const (
	// leastScreened is the length of a set's shortest string, below which its characters tell little.
	leastScreened = 4
	// screenBits is how many bits there are per string: one in sixteen others passes.
	screenBits = 16
	// screenSample is how many strings are looked at to choose the place, and screenPlaces how far it may be.
	screenSample, screenPlaces = 256, 64
)

// newScreen makes the screen of strings, which have views.
func newScreen(scope *memory.Scope, values *column.Column) (s screen, err error) {
	least, n := -1, 0
	for i := range values.Len {
		if size := int(values.Views[i].Size); !values.IsNull(i) {
			n++
			if least < 0 || size < least {
				least = size
			}
		}
	}
	if least < leastScreened {
		return s, nil
	}
	width, most, looked := min(wordBytes, least), 0, 0
	s.mask = ^uint64(0) >> (64 - 8*width)
	for at := 0; at+width <= min(least, screenPlaces); at += width / 2 {
		different := map[uint64]struct{}{}
		looked = 0
		for i := range min(values.Len, screenSample) {
			if !values.IsNull(i) {
				word, _ := leadingWord(values.Views[i].Bytes(values.Heaps)[at:])
				different[word&s.mask] = struct{}{}
				looked++
			}
		}
		if len(different) > most {
			most, s.at = len(different), at
		}
	}
	if 2*most < looked {
		return s, nil // they are alike wherever one looks
	}
	size := 1 << bits.Len(uint(screenBits*n))
	if s.bits, err = zeroedWords(scope, max(size/64, 1)); err != nil {
		return s, err
	}
	s.shift = uint(64 - bits.TrailingZeros(uint(max(size, 64))))
	for i := range values.Len {
		if !values.IsNull(i) {
			word, _ := leadingWord(values.Views[i].Bytes(values.Heaps)[s.at:])
			bit := s.bit(word)
			s.bits[bit>>6] |= 1 << (bit & 63)
		}
	}
	return s, nil
}

func (s *screen) bit(word uint64) uint64 {
	return (word & s.mask) * 0x9E3779B97F4A7C15 >> (s.shift & 63)
}

// passing returns which of up to 64 rows may be in the set. Of those that are shorter, other rows' characters are looked at.
func passing[T int32 | int64](s *screen, offsets []T, heap []byte) (w uint64) {
	starts := offsets[:len(offsets)-1]
	if int(starts[len(starts)-1])+s.at+wordBytes > len(heap) {
		return ^uint64(0)
	}
	chars := unsafe.Add(unsafe.Pointer(unsafe.SliceData(heap)), s.at)
	for _, from := range starts {
		bit := s.bit(*(*uint64)(unsafe.Add(chars, from)))
		w = w>>1 | s.bits[bit>>6]>>(bit&63)<<63
	}
	return w >> (64 - len(starts))
}

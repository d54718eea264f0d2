package compute

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Positions in strings are counted in code points, as Python does. Strings of ASCII, where a code point is a byte, are
// told eight bytes at a time.

const highBits = 0x8080808080808080

// isASCII tells whether s has bytes below 128 only.
func isASCII(s []byte) bool {
	if len(s) < 8 {
		return shortWord(s)&highBits == 0
	}
	last := binary.LittleEndian.Uint64(s[len(s)-8:])
	for ; len(s) >= 32; s = s[32:] {
		last |= binary.LittleEndian.Uint64(s) | binary.LittleEndian.Uint64(s[8:]) | binary.LittleEndian.Uint64(s[16:]) | binary.LittleEndian.Uint64(s[24:])
	}
	for ; len(s) >= 8; s = s[8:] {
		last |= binary.LittleEndian.Uint64(s)
	}
	return last&highBits == 0
}

// shortWord returns up to seven bytes in a word.
func shortWord(s []byte) uint64 {
	w := uint64(0)
	for i, b := range s {
		w |= uint64(b) << (8 * i)
	}
	return w
}

// runes returns the number of code points of s: of bytes that continue none.
func runes(s []byte) int {
	n := len(s)
	for ; len(s) >= 8; s = s[8:] {
		n -= continued(binary.LittleEndian.Uint64(s))
	}
	return n - continued(shortWord(s))
}

// continued returns how many of eight bytes have the high bits 10: they continue a code point.
func continued(w uint64) int { return bits.OnesCount64(w & ^(w << 1) & highBits) }

// offsetOf returns where code point number n of s begins; len(s) if there are not as many.
func offsetOf(s []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return at
}

// TextLength returns the number of code points of each string.
func TextLength(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, arrow.PrimitiveTypes.Int64, a)
	if err != nil {
		return dst, err
	}
	out := column.Of[int64](&dst)
	if withOffsets(a, func(o []int32) { offsetLengths(out, o, a.Heaps[0]) }, func(o []int64) { offsetLengths(out, o, a.Heaps[0]) }) {
		return dst, nil
	}
	for i := range out {
		if v := &a.Views[i]; dst.IsNull(i) {
			out[i] = 0
		} else if v.IsInline() {
			words := viewWords(v)
			out[i] = int64(int(v.Size) - continued(words[0]&^math.MaxUint32) - continued(words[1]))
		} else {
			out[i] = int64(runes(v.Bytes(a.Heaps)))
		}
	}
	return dst, nil
}

// Bounds is a slice of Python's: from a start to a stop, both of which may be left out or count from the end.
type Bounds struct{ Start, Stop *int }

// of returns the positions that the bounds mean among n.
func (b Bounds) of(n int) (from, to int) {
	to = n
	if b.Start != nil {
		from = position(*b.Start, n)
	}
	if b.Stop != nil {
		to = position(*b.Stop, n)
	}
	return from, max(from, to)
}

func position(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

// piece returns the bytes of s that the bounds mean in code points.
func (b Bounds) piece(s []byte) (from, to int) {
	if isASCII(s) {
		return b.of(len(s))
	}
	from, to = b.of(runes(s))
	start := offsetOf(s, from)
	return start, start + offsetOf(s[start:], to-from)
}

// SliceText returns s[start:stop] of each string. Bounds from the start need no look at the rest.
func SliceText(scope *memory.Scope, a *column.Column, b Bounds) (column.Column, error) {
	if a.Layout != column.Views && len(a.Heaps[0]) <= longestString {
		dst, err := newResult(scope, a.Type, a)
		if err != nil {
			return dst, err
		}
		cut := false
		withOffsets(a, func(o []int32) { cut = sliceOffsets(dst.Views, o, a.Heaps[0], b) }, func(o []int64) { cut = sliceOffsets(dst.Views, o, a.Heaps[0], b) })
		if cut {
			clearNullsOf(dst.Views, a)
			dst.Heaps, dst.Owners = a.Heaps, addHeapOwners(dst.Owners, a)
			return dst, nil
		}
		dst.Release()
	}
	if b.Stop == nil || *b.Stop < 0 || b.Start != nil && *b.Start < 0 {
		return cutTexts(scope, a, b.piece)
	}
	first := 0
	if b.Start != nil {
		first = *b.Start
	}
	return cutTexts(scope, a, func(s []byte) (int, int) {
		from := offsetOf(s, first)
		return from, from + offsetOf(s[from:], *b.Stop-first)
	})
}

// SliceTextBy returns s[start:stop:step] of each string.
func SliceTextBy(scope *memory.Scope, a *column.Column, start, stop *int, step int) (column.Column, error) {
	return mapTexts(scope, a, func(dst, s []byte) []byte {
		points := []rune(string(s))
		n := len(points)
		from, to := 0, n
		if step < 0 {
			from, to = n-1, -1
		}
		if start != nil {
			from = stepPosition(*start, n, step)
		}
		if stop != nil {
			to = stepPosition(*stop, n, step)
		}
		for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
			dst = utf8.AppendRune(dst, points[i])
		}
		return dst
	})
}

// stepPosition is position for either direction: going down, the place in front of the first is -1.
func stepPosition(i, n, step int) int {
	if step > 0 {
		return position(i, n)
	}
	if i < 0 {
		i += n
	}
	return min(max(i, -1), n-1)
}

// CharacterAt returns the code point at a position of each string, counted from the end if it is negative; null where
// there is none.
func CharacterAt(scope *memory.Scope, a *column.Column, at int) (column.Column, error) {
	return cutTexts(scope, a, func(s []byte) (int, int) {
		n := runes(s)
		i := at
		if i < 0 {
			i += n
		}
		if i < 0 || i >= n {
			return -1, -1
		}
		from := offsetOf(s, i)
		_, size := utf8.DecodeRune(s[from:])
		return from, from + size
	})
}

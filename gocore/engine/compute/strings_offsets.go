package compute

import (
	"encoding/binary"
	"math/bits"
	"sort"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Kernels of strings that offsets tell apart, as most come: their characters lie one behind the other, so that whether all
// are ASCII is one look at them, and eight characters of a row can be read wherever it ends.

// withOffsets calls narrow or wide with the offsets of a String column, and tells whether it has any.
func withOffsets(c *column.Column, narrow func([]int32), wide func([]int64)) bool {
	switch c.Layout {
	case column.Offsets32:
		narrow(memory.As[int32](c.Offsets)[:c.Len+1])
	case column.Offsets64:
		wide(memory.As[int64](c.Offsets)[:c.Len+1])
	default:
		return false
	}
	return true
}

// head is a text that strings are or begin with.
type head struct {
	text  []byte
	whole bool
}

// wordBytes is how many characters are compared at once.
const wordBytes = 8

// matchHeads sets the bits of the rows that match h, whatever nulls have: those that have the text's length and eight of
// its characters, without a branch, and then of these those that have all.
func matchHeads[T int32 | int64](dst []byte, offsets []T, heap []byte, h head) {
	n := len(offsets) - 1
	at := telling(offsets, heap, h.text)
	word, mask := leadingWord(h.text[at:])
	exactly := uint64(0) // bits of a difference in length that count
	if h.whole {
		exactly = ^exactly
	}
	size, chars := uint64(len(h.text)), unsafe.Pointer(unsafe.SliceData(heap))
	// Of the last rows there may be less than a word.
	fast := sort.Search(n, func(i int) bool { return int(offsets[i])+at+wordBytes > len(heap) })
	for i := 0; i < n; i += 64 {
		rows, w := min(64, n-i), uint64(0)
		if i+rows > fast {
			for j := range rows {
				w |= oneBit(h.matches(heap[offsets[i+j]:offsets[i+j+1]])) << j
			}
			putWord(dst, i, rows, w)
			continue
		}
		from := offsets[i]
		for _, to := range offsets[i+1:][:rows] {
			found := *(*uint64)(unsafe.Add(chars, int(from)+at)) & mask
			longer := uint64(to-from) - size
			miss := (found ^ word) | longer&exactly | longer>>63
			w = w>>1 | (miss-1)&^miss&(1<<63) // the sign is 1 where miss is 0
			from = to
		}
		w >>= 64 - rows
		if len(h.text) > wordBytes {
			for left := w; left != 0; left &= left - 1 {
				j := bits.TrailingZeros64(left)
				if from := int(offsets[i+j]); string(heap[from:from+len(h.text)]) != string(h.text) {
					w &^= 1 << j
				}
			}
		}
		putWord(dst, i, rows, w)
	}
}

func (h *head) matches(s []byte) bool {
	return len(s) >= len(h.text) && string(s[:len(h.text)]) == string(h.text) && !(h.whole && len(s) > len(h.text))
}

// leadingWord returns up to eight bytes of s and which bits they are.
func leadingWord(s []byte) (word, mask uint64) {
	if len(s) >= wordBytes {
		return binary.LittleEndian.Uint64(s), ^uint64(0)
	}
	return shortWord(s), 1<<(8*len(s)) - 1
}

// telling returns from where on eight characters of text are in the fewest of some rows: keys often begin alike.
func telling[T int32 | int64](offsets []T, heap, text []byte) int {
	best, least := 0, len(offsets)
	for from := 0; from < len(text); from += wordBytes {
		at := max(min(from, len(text)-wordBytes), 0)
		part, same := text[at:min(at+wordBytes, len(text))], 0
		for _, o := range offsets[:min(64, len(offsets)-1)] {
			if end := int(o) + at + len(part); end <= len(heap) && string(heap[end-len(part):end]) == string(part) {
				same++
			}
		}
		if same < least {
			best, least = at, same
		}
	}
	return best
}

// offsetLengths writes the code points of each row.
func offsetLengths[T int32 | int64](out []int64, offsets []T, heap []byte) {
	ends := offsets[1:][:len(out)]
	from := offsets[0]
	if isASCII(heap[from:offsets[len(out)]]) {
		for i, to := range ends {
			out[i], from = int64(to-from), to
		}
		return
	}
	for i, to := range ends {
		out[i], from = int64(runes(heap[from:to])), to
	}
}

// sliceOffsets makes views of what the bounds mean of each row, which are all ASCII, and returns false where they aren't.
func sliceOffsets[T int32 | int64](views []column.View, offsets []T, heap []byte, b Bounds) bool {
	from := int(offsets[0])
	if !isASCII(heap[from:offsets[len(views)]]) {
		return false
	}
	for i, end := range offsets[1:][:len(views)] {
		first, last := b.of(int(end) - from)
		views[i].Set(heap, from+first, from+last)
		from = int(end)
	}
	return true
}

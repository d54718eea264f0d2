package column

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// View is Arrow's 16-byte string view, byte for byte:
//
//	0       4            8            12           16
//	| len   | 12 bytes of characters, 0-padded     |   len <= 12
//	| len   | 4-byte prefix | heap index | offset  |   len > 12
type View struct {
	Size   uint32
	Prefix [4]byte
	Heap   uint32 // or characters 4..7
	Start  uint32 // or characters 8..11
}

// InlineSize is the longest string that lies in its view.
const InlineSize = 12

// MakeView returns the view of s, which lies in heap number heap at start. Short strings are copied in.
func MakeView(s []byte, heap, start int) (v View) {
	v.Put(s, heap, start)
	return v
}

// Put makes v what MakeView returns: by the words as which views are copied, or a copy would wait for the stores.
func (v *View) Put(s []byte, heap, start int) {
	n, low, high := len(s), uint64(0), uint64(0)
	switch {
	case n > InlineSize:
		v.setLong(unsafe.Pointer(unsafe.SliceData(s)), n, heap, start)
		return
	case n >= 8:
		low, high = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[n-8:])>>(8*(16-n))
	case n >= 4:
		low = uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[n-4:]))>>(8*(8-n))<<32
	case n > 0:
		low = uint64(s[0]) | uint64(s[n>>1])<<(8*(n>>1)) | uint64(s[n-1])<<(8*(n-1))
	}
	words := (*[2]uint64)(unsafe.Pointer(v))
	words[0], words[1] = uint64(n)|low<<32, low>>32|high<<32
}

// Set makes v the view of the characters [from, to) of heap number 0.
func (v *View) Set(heap []byte, from, to int) {
	switch n := to - from; {
	case n > InlineSize:
		v.setLong(unsafe.Pointer(&heap[from]), n, 0, from)
	case from+InlineSize <= len(heap):
		v.setInline(unsafe.Pointer(&heap[from]), n)
	default:
		v.Put(heap[from:to], 0, from)
	}
}

// inlineMasks keep the first n of 12 characters, as words of 8 and of 4.
var inlineMasks = func() (m [InlineSize + 1]struct {
	low  uint64
	high uint32
}) {
	for n := range m {
		m[n].low, m[n].high = 1<<(8*min(n, 8))-1, 1<<(8*max(n-8, 0))-1
	}
	return m
}()

// setInline makes v the view of the n characters at s, without a branch. n is at most InlineSize, and as many bytes can be read.
func (v *View) setInline(s unsafe.Pointer, n int) {
	low, high := *(*uint64)(s)&inlineMasks[n].low, *(*uint32)(unsafe.Add(s, 8))&inlineMasks[n].high
	words := (*[2]uint64)(unsafe.Pointer(v))
	words[0], words[1] = uint64(n)|low<<32, low>>32|uint64(high)<<32
}

// setLong makes v the view of the n characters at s, more than InlineSize, in heap number heap at start.
func (v *View) setLong(s unsafe.Pointer, n, heap, start int) {
	words := (*[2]uint64)(unsafe.Pointer(v))
	words[0], words[1] = uint64(uint32(n))|uint64(*(*uint32)(s))<<32, uint64(uint32(heap))|uint64(start)<<32
}

// isPadded tells whether the bytes behind the characters of an inline view are 0, as those who compare words take them to be.
func (v *View) isPadded() bool {
	words, mask := (*[2]uint64)(unsafe.Pointer(v)), &inlineMasks[v.Size]
	low, high := words[0]>>32|words[1]<<32, uint32(words[1]>>32)
	return low&^mask.low|uint64(high&^mask.high) == 0
}

// IsInline tells whether the characters lie in the view itself, so that Heap and Start mean nothing.
func (v *View) IsInline() bool { return v.Size <= InlineSize }

// Bytes returns the characters; they lie in *v or in one of heaps.
func (v *View) Bytes(heaps [][]byte) []byte {
	if v.Size <= InlineSize {
		return unsafe.Slice((*byte)(unsafe.Pointer(&v.Prefix)), v.Size)
	}
	return heaps[v.Heap][v.Start : v.Start+v.Size : v.Start+v.Size]
}

// EqualViews compares two strings.
func EqualViews(a *View, aHeaps [][]byte, b *View, bHeaps [][]byte) bool {
	if *(*uint64)(unsafe.Pointer(a)) != *(*uint64)(unsafe.Pointer(b)) { // size and prefix
		return false
	}
	if a.Size <= InlineSize {
		return a.Heap == b.Heap && a.Start == b.Start
	}
	return bytes.Equal(a.Bytes(aHeaps), b.Bytes(bHeaps))
}

// CompareViews orders two strings by their bytes (the order of UTF-8 code points): -1, 0 or 1.
func CompareViews(a *View, aHeaps [][]byte, b *View, bHeaps [][]byte) int {
	if a.Prefix != b.Prefix { // 0-padded, so right for strings shorter than the prefix, too
		return cmp.Compare(bigEndian(a.Prefix), bigEndian(b.Prefix))
	}
	return bytes.Compare(a.Bytes(aHeaps), b.Bytes(bHeaps))
}

func bigEndian(p [4]byte) uint32 {
	return uint32(p[0])<<24 | uint32(p[1])<<16 | uint32(p[2])<<8 | uint32(p[3])
}

// maxHeap is how many bytes of characters one heap of a Views column may hold: a view's offset is an int32 in Arrow.
const maxHeap = 1<<31 - 1

// AsViews returns a String column in the Views layout with a reference to every owner that the caller releases: c
// itself, retained, or views over c's characters allocated in scope. 2.7 ns a row.
func (c *Column) AsViews(scope *memory.Scope) (Column, error) {
	if c.Kind != String || c.Layout == Views {
		c.Retain()
		return *c, nil
	}
	views, owner, err := memory.Make[View](scope, c.Len)
	if err != nil {
		return Column{}, err
	}
	v := *c
	v.Layout, v.Views, v.Offsets = Views, views, nil
	switch {
	case c.Len == 0: // there need be no offsets
		v.Heaps = nil
	case c.Layout == Offsets64:
		offsets := memory.As[int64](c.Offsets)
		v.Heaps = viewOffsets(views, offsets, c.Heaps[0], int(offsets[0]), maxHeap)
	default:
		offsets := memory.As[int32](c.Offsets)
		v.Heaps = viewOffsets(views, offsets, c.Heaps[0], int(offsets[0]), maxHeap)
	}
	c.Retain()
	v.Owners = append([]*memory.Buffer{owner}, c.Owners...)
	return v, nil
}

// HasOneHeap tells whether views of a String column in an offset layout can point into its characters as they are.
func (c *Column) HasOneHeap() bool { return c.Layout != Views && len(c.Heaps[0]) <= maxHeap }

// FillViews writes the views of the rows from row from on of a column that HasOneHeap. Null rows get a view of whatever
// their offsets span.
func (c *Column) FillViews(dst []View, from int) {
	if c.Layout == Offsets64 {
		fillViews(dst, memory.As[int64](c.Offsets)[from:], c.Heaps[0], 0, maxHeap)
	} else {
		fillViews(dst, memory.As[int32](c.Offsets)[from:], c.Heaps[0], 0, maxHeap)
	}
}

// viewOffsets fills views over heap from base on and returns the heaps that they point into: heap cut so that every string
// lies whole within limit bytes of the start of its piece. Null rows get a view of whatever their offsets span.
func viewOffsets[T int32 | int64](views []View, offsets []T, heap []byte, base, limit int) [][]byte {
	return append([][]byte{heap[base:min(len(heap), base+limit)]}, fillViews(views, offsets, heap, base, limit)...)
}

// fillViews is viewOffsets that returns the heaps after the first, of which there are seldom any.
func fillViews[T int32 | int64](views []View, offsets []T, heap []byte, base, limit int) (more [][]byte) {
	offsets = offsets[:len(views)+1]
	for i := range views {
		from, to := int(offsets[i]), int(offsets[i+1])
		if to-from <= InlineSize && from+InlineSize <= len(heap) {
			views[i].setInline(unsafe.Pointer(&heap[from]), to-from)
			continue
		}
		if to-base > limit {
			base = from
			more = append(more, heap[base:min(len(heap), base+limit)])
		}
		views[i].Put(heap[from:to], len(more), from-base)
	}
	return more
}

// ViewRows writes the views of rows ids of a String column in an offset layout to dst, in their order, and returns the heap
// that they point into; a view of no row (an id beyond the rows) is empty. It makes none, and returns false, where the
// characters don't fit one heap.
func (c *Column) ViewRows(dst []View, ids []uint32) ([]byte, bool) {
	if c.Layout == Offsets64 {
		return viewRows(dst, ids, memory.As[int64](c.Offsets)[:c.Len+1], c.Heaps[0], maxHeap)
	}
	return viewRows(dst, ids, memory.As[int32](c.Offsets)[:c.Len+1], c.Heaps[0], maxHeap)
}

func viewRows[T int32 | int64](dst []View, ids []uint32, offsets []T, heap []byte, limit int) ([]byte, bool) {
	rows, base := len(offsets)-1, int(offsets[0])
	if int(offsets[rows])-base > limit {
		return nil, false
	}
	dst = dst[:len(ids)]
	// Without checks of bounds, which take a fifth of the time: Check has looked at the offsets.
	starts, characters, inlineTo := unsafe.Pointer(&offsets[0]), unsafe.Pointer(unsafe.SliceData(heap)), len(heap)-InlineSize
	for i, id := range ids {
		if int(id) >= rows {
			dst[i] = View{}
			continue
		}
		ends := (*[2]T)(unsafe.Add(starts, uintptr(id)*unsafe.Sizeof(offsets[0])))
		from, n := int(ends[0]), uint(ends[1]-ends[0])
		if n <= InlineSize && from <= inlineTo {
			dst[i].setInline(unsafe.Add(characters, from), int(n))
			continue
		}
		dst[i].Put(heap[from:from+int(n)], 0, from-base)
	}
	return heap[base:int(offsets[rows])], true
}

// Cut returns the view of bytes [from, to) of v's, which lie where v's do.
func (v *View) Cut(heaps [][]byte, from, to int) View {
	if v.IsInline() || to-from <= InlineSize {
		return MakeView(v.Bytes(heaps)[from:to], 0, 0)
	}
	return MakeView(v.Bytes(heaps)[from:to], int(v.Heap), int(v.Start)+from)
}

package encoding

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// writeBits gathers bits.
func writeBits(dst []byte, src column.Bitmap, ids []uint32, rows int) {
	if rows == 0 {
		return
	}
	if ids == nil {
		src.CopyTo(dst, rows)
		return
	}
	for i := range dst {
		var b byte
		for k, id := range ids[8*i : min(8*i+8, rows)] {
			at := src.Offset + int(id)
			b |= src.Bits[at>>3] >> (at & 7) & 1 << k
		}
		dst[i] = b
	}
}

// writeValues gathers a column's values, other than strings.
func writeValues(dst []byte, c *column.Column, ids []uint32, rows int) {
	switch c.Kind {
	case column.Null, column.Struct:
		return
	case column.Bool:
		writeBits(dst, column.Bitmap{Bits: c.Values, Offset: c.Offset}, ids, rows)
		return
	}
	if ids == nil {
		copy(dst, c.Values[:len(dst)])
		return
	}
	switch width := c.Width(); width {
	case 1:
		gather(dst, c.Values, ids)
	case 2:
		gather(memory.As[uint16](dst), memory.As[uint16](c.Values), ids)
	case 4:
		gather(memory.As[uint32](dst), memory.As[uint32](c.Values), ids)
	case 8:
		gather(memory.As[uint64](dst), memory.As[uint64](c.Values), ids)
	default:
		for i, id := range ids {
			copy(dst[i*width:], c.Values[int(id)*width:(int(id)+1)*width])
		}
	}
}

// writeOffsets writes a list's offsets, counted from its first element on.
func writeOffsets(dst []byte, c *column.Column) {
	if c.Layout == column.Offsets64 {
		rebase(memory.As[int64](dst), memory.As[int64](c.Offsets))
		return
	}
	rebase(memory.As[int32](dst), memory.As[int32](c.Offsets))
}

func rebase[T int32 | int64](dst, src []T) {
	for i := range dst {
		dst[i] = src[i] - src[0]
	}
}

func gather[T uint8 | uint16 | uint32 | uint64](dst, src []T, ids []uint32) {
	dst = dst[:len(ids)]
	for i, id := range ids {
		dst[i] = src[id]
	}
}

// texts reads a String column of any layout, row by row.
type texts struct {
	c         *column.Column
	offsets32 []int32
	offsets64 []int64
}

func textsOf(c *column.Column) texts {
	s := texts{c: c}
	switch c.Layout {
	case column.Offsets32:
		s.offsets32 = memory.As[int32](c.Offsets)
	case column.Offsets64:
		s.offsets64 = memory.As[int64](c.Offsets)
	}
	return s
}

// size returns the length of row i, which isn't null.
func (s *texts) size(i int) int {
	switch s.c.Layout {
	case column.Offsets32:
		return int(s.offsets32[i+1] - s.offsets32[i])
	case column.Offsets64:
		return int(s.offsets64[i+1] - s.offsets64[i])
	}
	return int(s.c.Views[i].Size)
}

// bytes returns the characters of row i, which isn't null.
func (s *texts) bytes(i int) []byte {
	switch s.c.Layout {
	case column.Offsets32:
		return s.c.Heaps[0][s.offsets32[i]:s.offsets32[i+1]]
	case column.Offsets64:
		return s.c.Heaps[0][s.offsets64[i]:s.offsets64[i+1]]
	}
	return s.c.Views[i].Bytes(s.c.Heaps)
}

// heapBytes returns how many characters don't fit their views.
func heapBytes(c *column.Column, ids []uint32, rows int) int {
	s, total := textsOf(c), 0
	for k := range rows {
		i := k
		if ids != nil {
			i = int(ids[k])
		}
		if c.IsNull(i) {
			continue
		}
		if n := s.size(i); n > column.InlineSize {
			total += n
		}
	}
	return total
}

// writeStrings writes views, and the characters that don't fit them to heap.
func writeStrings(views []column.View, heap []byte, c *column.Column, ids []uint32) {
	s, at := textsOf(c), 0
	for k := range views {
		i := k
		if ids != nil {
			i = int(ids[k])
		}
		if c.IsNull(i) {
			views[k] = column.View{}
			continue
		}
		text := s.bytes(i)
		views[k].Put(text, 0, at)
		if len(text) > column.InlineSize {
			at += copy(heap[at:], text)
		}
	}
}

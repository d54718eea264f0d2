package main

import (
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

const viewSize = int(unsafe.Sizeof(column.View{}))

// views reads a string_view column:
//
//	buffers   validity | views | heap 0 | ... | heap k-1 | sizes of the heaps, k x int64
func (r *rawArray) views(c *column.Column, scope *memory.Scope) error {
	bytes, err := r.aligned(c, scope, unsafe.Add(r.buffers[1], r.first*viewSize), r.rows*viewSize, 4)
	if err != nil {
		return err
	}
	heaps := len(r.buffers) - 3
	sizes := make([]int64, heaps)
	if heaps > 0 {
		if r.buffers[heaps+2] == nil {
			return r.malformed("the sizes of its %d character buffers are missing", heaps)
		}
		copy(memory.BytesOf(sizes), bytesAt(r.buffers[heaps+2], 8*heaps))
	}
	c.Heaps = make([][]byte, heaps)
	for i, size := range sizes {
		if size < 0 || (size > 0 && r.buffers[2+i] == nil) {
			return r.malformed("character buffer %d has %d bytes at %p", i, size, r.buffers[2+i])
		}
		c.Heaps[i] = bytesAt(r.buffers[2+i], int(size))
	}
	c.Views = memory.As[column.View](bytes)
	for i := range c.Views {
		if soundView(&c.Views[i], c.Heaps) {
			continue
		}
		if !c.IsNull(i) {
			return r.malformed("row %d refers to characters outside its buffers, or isn't padded with zeros", i)
		}
		return r.clearNullViews(c, scope)
	}
	return nil
}

// soundView tells whether v's characters lie in heaps, or in v with zeros behind them, as comparisons expect.
func soundView(v *column.View, heaps [][]byte) bool {
	if !v.IsInline() {
		return int(v.Heap) < len(heaps) && int(v.Start)+int(v.Size) <= len(heaps[v.Heap])
	}
	for _, b := range memory.BytesOf(unsafe.Slice(v, 1))[4+v.Size:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// clearNullViews replaces c's views by a copy in which null rows are empty: what they hold is undefined in Arrow.
func (r *rawArray) clearNullViews(c *column.Column, scope *memory.Scope) error {
	bytes, err := copyInto(c, scope, memory.BytesOf(c.Views))
	if err != nil {
		return err
	}
	c.Views = memory.As[column.View](bytes)
	for i := range c.Views {
		switch {
		case c.IsNull(i):
			c.Views[i] = column.View{}
		case !soundView(&c.Views[i], c.Heaps):
			return r.malformed("row %d refers to characters outside its buffers", i)
		}
	}
	return nil
}

package main

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// exportType returns the type that column i of t leaves with: its own, but large_string for strings of which one batch
// holds 2 GiB or more.
func exportType(t *table.Table, i int) arrow.DataType {
	own := t.Schema.Field(i).Type
	if own.ID() != arrow.STRING {
		return own
	}
	for _, b := range t.Batches {
		if c := &b.Cols[i]; c.Layout != column.Offsets32 && characters(c) > math.MaxInt32 {
			return arrow.BinaryTypes.LargeString
		}
	}
	return own
}

// layoutOf returns the layout that a string type has on the outside.
func layoutOf(t arrow.DataType) column.Layout {
	switch t.ID() {
	case arrow.LARGE_STRING:
		return column.Offsets64
	case arrow.STRING_VIEW:
		return column.Views
	}
	return column.Offsets32
}

// characters returns the bytes of the strings of c that aren't null.
func characters(c *column.Column) int {
	n := 0
	switch c.Layout {
	case column.Offsets64:
		ends := memory.As[int64](c.Offsets)
		return int(ends[c.Len] - ends[0])
	case column.Offsets32:
		ends := memory.As[int32](c.Offsets)
		return int(ends[c.Len] - ends[0])
	}
	for i := range c.Views {
		if !c.IsNull(i) {
			n += int(c.Views[i].Size)
		}
	}
	return n
}

// withLayout returns string column c in another layout, with references of its own: c itself where it has that
// layout already, so that what came in untouched leaves without a copy.
func withLayout(c *column.Column, layout column.Layout, scope *memory.Scope) (column.Column, error) {
	switch {
	case c.Layout == layout:
		c.Retain()
		return *c, nil
	case layout == column.Views:
		return c.AsViews(scope)
	case layout == column.Offsets64 && c.Layout == column.Offsets32:
		return withOffsets[int32, int64](c, layout, scope)
	case layout == column.Offsets32 && c.Layout == column.Offsets64:
		return withOffsets[int64, int32](c, layout, scope)
	case layout == column.Offsets64:
		return compacted[int64](c, layout, scope)
	}
	return compacted[int32](c, layout, scope)
}

// withOffsets rewrites c's offsets in another width, counted from its first character; the characters are shared.
func withOffsets[From, To int32 | int64](c *column.Column, layout column.Layout, scope *memory.Scope) (column.Column, error) {
	ends, owner, err := memory.Make[To](scope, c.Len+1)
	if err != nil {
		return column.Column{}, err
	}
	old := memory.As[From](c.Offsets)
	first := old[0]
	for i := range ends {
		ends[i] = To(old[i] - first)
	}
	c.Retain()
	out := *c
	out.Layout, out.Offsets = layout, owner.Bytes()
	out.Heaps = [][]byte{c.Heaps[0][first:]}
	out.Owners = append([]*memory.Buffer{owner}, c.Owners...)
	return out, nil
}

// compacted writes the strings of a Views column one behind the other.
func compacted[T int32 | int64](c *column.Column, layout column.Layout, scope *memory.Scope) (column.Column, error) {
	size := characters(c)
	if T(size) < 0 || int(T(size)) != size {
		return column.Column{}, status.Errorf(status.Internal, "%s of characters don't fit the offsets of a string column", memory.Bytes(size))
	}
	ends, offsetsOwner, err := memory.Make[T](scope, c.Len+1)
	if err != nil {
		return column.Column{}, err
	}
	heapOwner, err := scope.Alloc(size)
	if err != nil {
		offsetsOwner.Release()
		return column.Column{}, err
	}
	heap, at := heapOwner.Bytes(), 0
	ends[0] = 0
	for i := range c.Views {
		if !c.IsNull(i) {
			at += copy(heap[at:], c.Views[i].Bytes(c.Heaps))
		}
		ends[i+1] = T(at)
	}
	c.Retain() // for the validity bitmap
	out := *c
	out.Layout, out.Offsets, out.Views = layout, offsetsOwner.Bytes(), nil
	out.Heaps = [][]byte{heap}
	out.Owners = append([]*memory.Buffer{offsetsOwner, heapOwner}, c.Owners...)
	return out, nil
}

// copyColumn returns a copy of c in scope and takes over c's references.
func copyColumn(c *column.Column, scope *memory.Scope) (column.Column, error) {
	out := *c
	out.Owners = nil
	defer c.Release()
	parts := []*[]byte{&out.Values, &out.Valid.Bits, &out.Offsets}
	out.Heaps = make([][]byte, len(c.Heaps))
	copy(out.Heaps, c.Heaps)
	for i := range out.Heaps {
		parts = append(parts, &out.Heaps[i])
	}
	views := memory.BytesOf(c.Views)
	parts = append(parts, &views)
	for _, part := range parts {
		if len(*part) == 0 {
			continue
		}
		duplicate, err := copyInto(&out, scope, *part)
		if err != nil {
			out.Release()
			return column.Column{}, err
		}
		*part = duplicate
	}
	out.Views = memory.As[column.View](views)
	return out, nil
}

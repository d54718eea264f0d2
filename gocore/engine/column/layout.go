package column

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// Characters returns the bytes of the strings of c that aren't null.
func (c *Column) Characters() int {
	n := 0
	switch c.Layout {
	case Offsets64:
		ends := memory.As[int64](c.Offsets)
		return int(ends[c.Len] - ends[0])
	case Offsets32:
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

// WithLayout returns a String column in another layout, with a reference to every owner that the caller releases: c
// itself, retained, where it has that layout already, so that what came in untouched leaves without a copy. The type
// stays c's. Offsets that it makes begin at 0.
func (c *Column) WithLayout(layout Layout, scope *memory.Scope) (Column, error) {
	switch {
	case c.Layout == layout:
		c.Retain()
		return *c, nil
	case layout == Views:
		return c.AsViews(scope)
	case layout == Offsets64 && c.Layout == Offsets32:
		return withOffsets[int32, int64](c, layout, scope)
	case layout == Offsets32 && c.Layout == Offsets64:
		return withOffsets[int64, int32](c, layout, scope)
	case layout == Offsets64:
		return compacted[int64](c, layout, scope)
	}
	return compacted[int32](c, layout, scope)
}

// withOffsets rewrites c's offsets in another width, counted from its first character; the characters are shared.
func withOffsets[From, To int32 | int64](c *Column, layout Layout, scope *memory.Scope) (Column, error) {
	ends, owner, err := memory.Make[To](scope, c.Len+1)
	if err != nil {
		return Column{}, err
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
func compacted[T int32 | int64](c *Column, layout Layout, scope *memory.Scope) (Column, error) {
	size := c.Characters()
	if T(size) < 0 || int(T(size)) != size {
		return Column{}, status.Errorf(status.Unsupported, "%s of characters don't fit the offsets of %s: cast it to its large type", memory.Bytes(size), TypeName(c.Type))
	}
	ends, offsetsOwner, err := memory.Make[T](scope, c.Len+1)
	if err != nil {
		return Column{}, err
	}
	heapOwner, err := scope.Alloc(size)
	if err != nil {
		offsetsOwner.Release()
		return Column{}, err
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

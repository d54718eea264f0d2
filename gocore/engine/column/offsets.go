package column

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// maxOffsets32 is the most bytes of characters that leave as `string`; beyond it `large_string` is used.
const maxOffsets32 = 1<<31 - 1

// AsOffsets returns a String column in the Offsets32 layout (Offsets64 for 2 GiB of characters and more) with a
// reference to every owner that the caller releases: c itself, retained, where it has offsets already, or the views'
// live characters copied together in scope. The type becomes string or large_string to match.
func (c *Column) AsOffsets(scope *memory.Scope) (Column, error) {
	if c.Kind != String || c.Layout != Views {
		c.Retain()
		return *c, nil
	}
	total := c.liveBytes()
	layout := Offsets32
	if total > maxOffsets32 {
		layout = Offsets64
	}
	return c.compacted(scope, layout, total)
}

// AsLargeOffsets is AsOffsets with 64-bit offsets that begin at 0, whatever the size.
func (c *Column) AsLargeOffsets(scope *memory.Scope) (Column, error) {
	if c.Kind != String || c.Layout == Offsets64 && memory.As[int64](c.Offsets)[0] == 0 {
		c.Retain()
		return *c, nil
	}
	v, err := c.AsViews(scope)
	if err != nil {
		return Column{}, err
	}
	defer v.Release()
	return v.compacted(scope, Offsets64, v.liveBytes())
}

// liveBytes returns the bytes of the present strings of a Views column.
func (c *Column) liveBytes() int {
	total := 0
	for i := range c.Views {
		if !c.IsNull(i) {
			total += int(c.Views[i].Size)
		}
	}
	return total
}

// compacted copies a Views column's total live bytes together behind offsets of the given layout.
func (c *Column) compacted(scope *memory.Scope, layout Layout, total int) (Column, error) {
	o := Column{Type: arrow.BinaryTypes.String, Kind: String, Layout: layout, Len: c.Len, Nulls: c.Nulls}
	if layout == Offsets64 {
		o.Type = arrow.BinaryTypes.LargeString
	}
	offsets, err := scope.Alloc((c.Len + 1) * o.OffsetWidth())
	if err != nil {
		return Column{}, err
	}
	o.Owners = append(o.Owners, offsets)
	heap, err := scope.Alloc(total)
	if err != nil {
		o.Release()
		return Column{}, err
	}
	o.Owners = append(o.Owners, heap)
	o.Offsets, o.Heaps = offsets.Bytes(), [][]byte{heap.Bytes()}
	if o.Layout == Offsets64 {
		compact(c, memory.As[int64](o.Offsets), heap.Bytes())
	} else {
		compact(c, memory.As[int32](o.Offsets), heap.Bytes())
	}
	if c.Nulls > 0 {
		valid, err := scope.Alloc(BitmapBytes(c.Len))
		if err != nil {
			o.Release()
			return Column{}, err
		}
		o.Owners = append(o.Owners, valid)
		c.Valid.CopyTo(valid.Bytes(), c.Len)
		o.Valid = Bitmap{Bits: valid.Bytes()}
	}
	return o, nil
}

// compact copies c's present strings to heap, one after the other, and writes where each begins and the last ends.
func compact[T int32 | int64](c *Column, offsets []T, heap []byte) {
	at := 0
	for i := range c.Views {
		offsets[i] = T(at)
		if !c.IsNull(i) {
			at += copy(heap[at:], c.Views[i].Bytes(c.Heaps))
		}
	}
	offsets[len(c.Views)] = T(at)
}

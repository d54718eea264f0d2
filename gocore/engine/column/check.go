package column

import (
	"fmt"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// Check tells why c can't be read safely: a buffer shorter than its rows need, offsets that run backwards or out of
// their characters, a view outside its heaps, a null count that isn't the bitmap's. Columns from outside (a file, a
// peer, a foreign library) are checked once, where they enter; inside, columns are trusted. O(rows).
func (c *Column) Check() error {
	if c.Len < 0 {
		return fmt.Errorf("negative length %d", c.Len)
	}
	if c.Kind == Null {
		return nil
	}
	if c.Valid.Bits != nil {
		if len(c.Valid.Bits) < BitmapBytes(c.Valid.Offset+c.Len) {
			return fmt.Errorf("a validity bitmap of %d bytes for %d rows from bit %d", len(c.Valid.Bits), c.Len, c.Valid.Offset)
		}
		if nulls := c.Len - c.Valid.Count(c.Len); nulls != c.Nulls {
			return fmt.Errorf("%d nulls announced, %d in the validity bitmap", c.Nulls, nulls)
		}
	} else if c.Nulls != 0 {
		return fmt.Errorf("%d nulls announced without a validity bitmap", c.Nulls)
	}
	switch c.Kind {
	case Bool:
		if len(c.Values) < BitmapBytes(c.Offset+c.Len) {
			return fmt.Errorf("%d bytes for %d bools from bit %d", len(c.Values), c.Len, c.Offset)
		}
	case String:
		return c.checkString()
	default:
		if len(c.Values) < c.Len*c.Kind.Width() {
			return fmt.Errorf("%d bytes for %d values of %d bytes", len(c.Values), c.Len, c.Kind.Width())
		}
	}
	return nil
}

func (c *Column) checkString() error {
	if c.Layout == Views {
		if len(c.Views) < c.Len {
			return fmt.Errorf("%d views for %d rows", len(c.Views), c.Len)
		}
		for i := range c.Views[:c.Len] {
			v := &c.Views[i]
			if v.Size > InlineSize && !c.IsNull(i) &&
				(int(v.Heap) >= len(c.Heaps) || uint64(v.Start)+uint64(v.Size) > uint64(len(c.Heaps[v.Heap]))) {
				return fmt.Errorf("the string of row %d lies outside its buffers", i)
			}
		}
		return nil
	}
	if len(c.Offsets) < (c.Len+1)*c.OffsetWidth() {
		return fmt.Errorf("%d bytes of offsets for %d rows", len(c.Offsets), c.Len)
	}
	if len(c.Heaps) != 1 {
		return fmt.Errorf("%d buffers of characters instead of 1", len(c.Heaps))
	}
	if c.Layout == Offsets64 {
		return checkOffsets(memory.As[int64](c.Offsets)[:c.Len+1], len(c.Heaps[0]))
	}
	return checkOffsets(memory.As[int32](c.Offsets)[:c.Len+1], len(c.Heaps[0]))
}

func checkOffsets[T int32 | int64](offsets []T, heap int) error {
	last := T(0)
	for i, o := range offsets {
		if o < last {
			return fmt.Errorf("offset %d of row %d runs backwards from %d", o, i, last)
		}
		last = o
	}
	if int64(last) > int64(heap) {
		return fmt.Errorf("offsets up to %d for %d bytes of characters", last, heap)
	}
	return nil
}

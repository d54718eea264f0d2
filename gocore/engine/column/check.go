package column

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// Check tells why c can't be read safely: a buffer shorter than its rows need, offsets that run backwards or out of
// their characters, a view outside its heaps or without
// its padding, a null count that isn't the bitmap's. Columns from outside (a file, a
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
	case List, Struct:
		return c.checkNested()
	default:
		if len(c.Values) < c.Len*c.Width() {
			return fmt.Errorf("%d bytes for %d values of %d bytes", len(c.Values), c.Len, c.Width())
		}
		if c.Kind == Decimal128 || c.Kind == Decimal256 {
			return c.checkDecimals()
		}
	}
	return nil
}

// checkNested checks the children, and the offsets into them.
func (c *Column) checkNested() error {
	types := ChildTypes(c.Type)
	if len(c.Children) != len(types) {
		return fmt.Errorf("%d children, where %s has %d", len(c.Children), TypeName(c.Type), len(types))
	}
	for i := range c.Children {
		child := &c.Children[i]
		if kind, ok := KindOf(types[i]); !ok || kind != child.Kind {
			return fmt.Errorf("child %d has kind %d, where %s has %d", i, child.Kind, TypeName(c.Type), kind)
		}
		if child.Kind == String && child.Layout != Views {
			return fmt.Errorf("child %d has strings in layout %d", i, child.Layout)
		}
		if err := child.Check(); err != nil {
			return fmt.Errorf("child %d: %w", i, err)
		}
		if c.Kind == Struct && child.Len != c.Len {
			return fmt.Errorf("child %d has %d rows of %d", i, child.Len, c.Len)
		}
	}
	if c.Kind == Struct {
		return nil
	}
	if c.Layout == Views || len(c.Offsets) < (c.Len+1)*c.OffsetWidth() {
		return fmt.Errorf("%d bytes of offsets for %d lists", len(c.Offsets), c.Len)
	}
	if c.Layout == Offsets64 {
		return checkOffsets(memory.As[int64](c.Offsets)[:c.Len+1], c.Children[0].Len, "elements")
	}
	return checkOffsets(memory.As[int32](c.Offsets)[:c.Len+1], c.Children[0].Len, "elements")
}

// checkDecimals checks that no value has more digits than the type's precision.
func (c *Column) checkDecimals() error {
	precision := int(ValueType(c.Type).(arrow.DecimalType).GetPrecision())
	for i := range c.Len {
		if !c.IsNull(i) && !c.Decimal(i).Fits(precision) {
			return fmt.Errorf("the decimal of row %d has more than %d digits", i, precision)
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
			switch {
			case c.IsNull(i):
			case v.Size <= InlineSize && !v.isPadded():
				return fmt.Errorf("the view of row %d has bytes other than 0 behind its %d characters", i, v.Size)
			case v.Size > InlineSize && (int(v.Heap) >= len(c.Heaps) || uint64(v.Start)+uint64(v.Size) > uint64(len(c.Heaps[v.Heap]))):
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
		return checkOffsets(memory.As[int64](c.Offsets)[:c.Len+1], len(c.Heaps[0]), "bytes of characters")
	}
	return checkOffsets(memory.As[int32](c.Offsets)[:c.Len+1], len(c.Heaps[0]), "bytes of characters")
}

func checkOffsets[T int32 | int64](offsets []T, size int, of string) error {
	last := T(0)
	for i, o := range offsets {
		if o < last {
			return fmt.Errorf("offset %d of row %d runs backwards from %d", o, i, last)
		}
		last = o
	}
	if int64(last) > int64(size) {
		return fmt.Errorf("offsets up to %d for %d %s", last, size, of)
	}
	return nil
}

// CheckName refuses a name of a column or field that couldn't be told: JSON holds only UTF-8, and in Arrow's C data interface
// a NUL ends a name.
func CheckName(name string) error {
	switch {
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q isn't UTF-8: rename the column", name)
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("the name %q has a NUL character, which can't be in a name: rename the column", name)
	}
	return nil
}

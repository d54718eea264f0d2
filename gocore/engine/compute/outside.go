package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Outside returns c, with references of its own, as Arrow lays out t, c's type or one that differs from it in the layout
// of its strings: strings and lists in t's layout, children without the elements of other rows, and bitmaps from the
// first bit of a byte on. Of a dictionary it takes the values.
func Outside(scope *memory.Scope, c *column.Column, t arrow.DataType) (column.Column, error) {
	out, err := *c, error(nil)
	switch c.Kind {
	case column.String:
		out, err = c.WithLayout(column.LayoutOf(t), scope)
	case column.List, column.Struct:
		out, err = nestedOutside(scope, c, t)
	default:
		c.Retain()
	}
	if err != nil {
		return column.Column{}, err
	}
	out.Owners = append([]*memory.Buffer(nil), out.Owners...)
	out.Type = t
	err = alignBits(scope, &out, &out.Valid.Bits, &out.Valid.Offset)
	if err == nil && c.Kind == column.Bool {
		err = alignBits(scope, &out, &out.Values, &out.Offset)
	}
	if err != nil {
		out.Release()
		return column.Column{}, err
	}
	return out, nil
}

// nestedOutside converts the children of c, and the offsets of lists.
func nestedOutside(scope *memory.Scope, c *column.Column, t arrow.DataType) (column.Column, error) {
	c.Retain()
	out := *c
	out.Owners = append([]*memory.Buffer(nil), c.Owners...)
	out.Children = nil
	children, err := c.Children, error(nil)
	if c.Kind == column.List {
		var elements column.Column
		if elements, err = elementsOutside(scope, &out, c, t); err == nil {
			defer elements.Release()
			children = []column.Column{elements}
		}
	}
	for i, childType := range column.ChildTypes(t) {
		if err != nil {
			break
		}
		var child column.Column
		if child, err = Outside(scope, &children[i], childType); err == nil {
			out.Adopt(child)
		}
	}
	if err != nil {
		out.Release()
		return column.Column{}, err
	}
	return out, nil
}

// elementsOutside sets the offsets of out, which holds the lists of c, and returns their elements with a reference.
func elementsOutside(scope *memory.Scope, out, c *column.Column, t arrow.DataType) (column.Column, error) {
	first, last := c.Span()
	elements := c.Children[0].Slice(first, last-first)
	if fixed, ok := t.(*arrow.FixedSizeListType); ok {
		out.Offsets = nil
		return fixedElements(scope, c, &elements, int(fixed.Len()))
	}
	elements.Retain()
	layout := column.LayoutOf(t)
	if first == 0 && c.Layout == layout {
		return elements, nil
	}
	err := func() error {
		if layout == column.Offsets32 && elements.Len > math.MaxInt32 {
			return status.Errorf(status.Unsupported, "%d elements in one batch of %s: cast it to large_list", elements.Len, column.DisplayName(t))
		}
		out.Layout = layout
		b, err := scope.Alloc((c.Len + 1) * out.OffsetWidth())
		if err != nil {
			return err
		}
		out.Offsets, out.Owners = b.Bytes(), append(out.Owners, b)
		at := 0
		for i := range c.Len + 1 {
			if i > 0 {
				_, at = c.Elements(i - 1)
				at -= first
			}
			if layout == column.Offsets64 {
				memory.As[int64](out.Offsets)[i] = int64(at)
			} else {
				memory.As[int32](out.Offsets)[i] = int32(at)
			}
		}
		return nil
	}()
	if err != nil {
		elements.Release()
	}
	return elements, err
}

// fixedElements returns the elements of lists of size elements each, with a reference: as they lie where nulls have as
// many, else in a copy that gives them to nulls.
func fixedElements(scope *memory.Scope, c, elements *column.Column, size int) (column.Column, error) {
	regular := true
	for i := range c.Len {
		from, to := c.Elements(i)
		if to-from != size {
			regular = false
			if !c.IsNull(i) {
				return column.Column{}, status.Errorf(status.Internal, "row %d of %s has %d elements", i, column.DisplayName(c.Type), to-from)
			}
		}
	}
	if regular {
		elements.Retain()
		return *elements, nil
	}
	ids, owner, err := memory.Make[uint32](scope, c.Len*size)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	first, _ := c.Span()
	for i := range ids {
		ids[i] = Missing
		if row := i / size; !c.IsNull(row) {
			from, _ := c.Elements(row)
			ids[i] = uint32(from - first + i%size)
		}
	}
	return Gather(scope, elements, ids)
}

// alignBits moves a bitmap of c to the first bit of its first byte: by dropping whole bytes, or else in a copy.
func alignBits(scope *memory.Scope, c *column.Column, bits *[]byte, offset *int) error {
	if *bits == nil {
		return nil
	}
	if *offset&7 == 0 {
		*bits, *offset = (*bits)[*offset>>3:], 0
		return nil
	}
	b, err := scope.Alloc(column.BitmapBytes(c.Len))
	if err != nil {
		return err
	}
	column.Bitmap{Bits: *bits, Offset: *offset}.CopyTo(b.Bytes(), c.Len)
	c.Owners = append(c.Owners, b)
	*bits, *offset = b.Bytes(), 0
	return nil
}

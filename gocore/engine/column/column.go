// Package column holds one concrete Column over reference-counted buffers, and what a column's bytes mean.
//
//	Kind Bool            Values: a bitmap, read from bit Offset on
//	Kind Int8 .. Float64 Values: Len elements, 1 to 8 bytes each, at the first byte
//	Kind String          Layout says which of the three:
//	  Views                Views: Len x 16 bytes; Heaps: the buffers that views of over 12 bytes point into
//	  Offsets32, Offsets64 Offsets: Len+1 elements; Heaps[0]: the characters
//	Kind FixedBinary     Values: Len elements of the type's width
//	Kind List            Offsets: Len+1 elements, in the layout Offsets32 or Offsets64; Children[0]: the elements, row i
//	                     has those from Offsets[i] up to Offsets[i+1]
//	Kind Struct          Children: a column of Len rows per field
//	Kind Null            nothing: every row is null
//	any Kind             Valid: a bitmap, 1 = present; no bits = no nulls
//
// The logical type (date, timestamp with its zone, large_string, ...) is kept beside the Kind and changes nothing in
// how the bytes are read. Operators execute strings as Views; AsViews makes them where they aren't yet. Strings inside
// lists and structs are Views always. A dictionary is executed as its values: the Kind is theirs, and the views of
// strings point into the dictionary's characters.
//
// A Column is a value: copies share buffers. Owners lists the buffers that must live as long as it is used;
// Retain and Release count references on all of them. Those of Children are among their parent's, which alone counts:
// a child that outlives its parent is Retained. Foreign buffers need not be aligned beyond their element size,
// nor padded.
package column

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// Kind is how a column's elements lie in memory.
type Kind uint8

// The kinds. Numeric kinds are in Arrow's order.
const (
	Null Kind = iota
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	String      // strings and binaries
	Float16     // this and what follows is carried; keys of it are what compute.AsKey makes of them
	Decimal128  // little-endian two's complement
	Decimal256  // the same
	FixedBinary // Values of the type's width
	List        // list, large_list, fixed_size_list, map
	Struct
)

// Layout is which of Arrow's string layouts a String column has.
type Layout uint8

// The layouts.
const (
	Views Layout = iota
	Offsets32
	Offsets64
)

// Column is Len rows of one type.
type Column struct {
	Type     arrow.DataType // logical
	Kind     Kind
	Layout   Layout // of a String or List column
	Len      int
	Nulls    int    // exact
	Valid    Bitmap // Valid.Bits == nil: no nulls (never nil when Nulls > 0, except Kind Null)
	Values   []byte // Bool: bitmap; of a fixed width: Len elements
	Offset   int    // first bit of a Bool column's Values
	Views    []View
	Offsets  []byte // Offsets32/64: Len+1 elements
	Heaps    [][]byte
	Children []Column
	Owners   []*memory.Buffer
}

// Width returns the bytes of one element: 0 for Null, Bool, List and Struct, 16 for String (a view), and 0 for
// FixedBinary, where the type tells.
func (k Kind) Width() int { return int(widths[k]) }

var widths = [...]uint8{Null: 0, Bool: 0, Int8: 1, Int16: 2, Int32: 4, Int64: 8, Uint8: 1, Uint16: 2, Uint32: 4,
	Uint64: 8, Float32: 4, Float64: 8, String: 16, Float16: 2, Decimal128: 16, Decimal256: 32, FixedBinary: 0, List: 0, Struct: 0}

// Width returns the bytes of one element of Values.
func (c *Column) Width() int {
	if c.Kind == FixedBinary {
		return ValueType(c.Type).(*arrow.FixedSizeBinaryType).ByteWidth
	}
	return c.Kind.Width()
}

// IsNested tells whether columns of kind k have Children: they are carried, never compared.
func IsNested(k Kind) bool { return k == List || k == Struct }

// IsInteger tells whether k is one of the eight integer kinds.
func (k Kind) IsInteger() bool { return k >= Int8 && k <= Uint64 }

// IsSigned tells whether k is a signed integer.
func (k Kind) IsSigned() bool { return k >= Int8 && k <= Int64 }

// IsFloat tells whether k is a floating-point kind.
func (k Kind) IsFloat() bool { return k == Float32 || k == Float64 }

// Retain adds a reference to every buffer of c.
func (c *Column) Retain() {
	for _, b := range c.Owners {
		b.Retain()
	}
}

// Release drops a reference from every buffer of c.
func (c *Column) Release() {
	for _, b := range c.Owners {
		b.Release()
	}
}

// Adopt makes child the next of c's children; c takes over its references.
func (c *Column) Adopt(child Column) {
	c.Children = append(c.Children, child)
	c.Owners = append(c.Owners, child.Owners...)
}

// IsNull tells whether row i is null. For loops over rows use Valid directly.
func (c *Column) IsNull(i int) bool {
	return c.Kind == Null || (c.Valid.Bits != nil && !c.Valid.Get(i))
}

// Of views the values of a numeric column as T, whose size must be the kind's width.
func Of[T any](c *Column) []T { return memory.As[T](c.Values)[:c.Len] }

// Slice returns rows [from, from+n) without a copy and without a reference: Owners are c's.
func (c *Column) Slice(from, n int) Column {
	s := *c
	s.Len = n
	switch {
	case c.Kind == Null:
		s.Nulls = n
		return s
	case c.Kind == Bool:
		s.Offset = c.Offset + from
	case c.Kind == String && c.Layout == Views:
		s.Views = c.Views[from : from+n]
	case c.Kind == String || c.Kind == List:
		width := c.OffsetWidth()
		s.Offsets = c.Offsets[from*width : (from+n+1)*width]
	case c.Kind == Struct:
		s.Children = make([]Column, len(c.Children))
		for i := range c.Children {
			s.Children[i] = c.Children[i].Slice(from, n)
		}
	default:
		width := c.Width()
		s.Values = c.Values[from*width : (from+n)*width]
	}
	s.Valid, s.Nulls = c.Valid.Slice(from, n)
	return s
}

// OffsetWidth returns the bytes of one element of Offsets.
func (c *Column) OffsetWidth() int {
	if c.Layout == Offsets64 {
		return 8
	}
	return 4
}

// Elements returns where the elements of row i of a List column lie in Children[0].
func (c *Column) Elements(i int) (from, to int) {
	if c.Layout == Offsets64 {
		ends := memory.As[int64](c.Offsets)
		return int(ends[i]), int(ends[i+1])
	}
	ends := memory.As[int32](c.Offsets)
	return int(ends[i]), int(ends[i+1])
}

// Span returns where the elements of all rows of a List column lie in Children[0].
func (c *Column) Span() (first, last int) {
	if c.Len == 0 {
		return 0, 0
	}
	first, _ = c.Elements(0)
	_, last = c.Elements(c.Len - 1)
	return first, last
}

// Bytes returns the bytes of c's rows: validity, values, offsets and views, the characters they refer to, and children.
func (c *Column) Bytes() int64 {
	n := int64(len(c.Values)) + int64(len(c.Offsets)) + 16*int64(len(c.Views))
	if c.Kind == Bool {
		n = int64(BitmapBytes(c.Len))
	}
	if c.Valid.Bits != nil {
		n += int64(BitmapBytes(c.Len))
	}
	switch {
	case c.Kind == Struct:
		for i := range c.Children {
			n += c.Children[i].Bytes()
		}
	case c.Kind == List && c.Len > 0:
		first, last := c.Span()
		elements := c.Children[0].Slice(first, last-first)
		n += elements.Bytes()
	case c.Kind != String || c.Len == 0:
	case c.Layout == Offsets64:
		o := memory.As[int64](c.Offsets)
		n += o[c.Len] - o[0]
	case c.Layout == Offsets32:
		o := memory.As[int32](c.Offsets)
		n += int64(o[c.Len] - o[0])
	default:
		for i := range c.Views {
			if size := c.Views[i].Size; size > InlineSize {
				n += int64(size)
			}
		}
	}
	return n
}

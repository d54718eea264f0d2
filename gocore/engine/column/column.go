// Package column holds one concrete Column over reference-counted buffers, and what a column's bytes mean.
//
//	Kind Bool            Values: a bitmap, read from bit Offset on
//	Kind Int8 .. Float64 Values: Len elements, 1 to 8 bytes each, at the first byte
//	Kind String          Layout says which of the three:
//	  Views                Views: Len x 16 bytes; Heaps: the buffers that views of over 12 bytes point into
//	  Offsets32, Offsets64 Offsets: Len+1 elements; Heaps[0]: the characters
//	Kind Null            nothing: every row is null
//	any Kind             Valid: a bitmap, 1 = present; no bits = no nulls
//
// The logical type (date, timestamp with its zone, large_string, ...) is kept beside the Kind and changes nothing in
// how the bytes are read. Operators execute strings as Views; AsViews makes them where they aren't yet.
//
// A Column is a value: copies share buffers. Owners lists the buffers that must live as long as it is used;
// Retain and Release count references on all of them. Foreign buffers need not be aligned beyond their element size,
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
	String
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
	Type    arrow.DataType // logical
	Kind    Kind
	Layout  Layout // of a String column
	Len     int
	Nulls   int    // exact
	Valid   Bitmap // Valid.Bits == nil: no nulls (never nil when Nulls > 0, except Kind Null)
	Values  []byte // Bool: bitmap; numeric: Len elements
	Offset  int    // first bit of a Bool column's Values
	Views   []View
	Offsets []byte // Offsets32/64: Len+1 elements
	Heaps   [][]byte
	Owners  []*memory.Buffer
}

// KindOf returns the kind of t's elements, and false where pycylon doesn't support t.
func KindOf(t arrow.DataType) (Kind, bool) {
	switch t.ID() {
	case arrow.NULL:
		return Null, true
	case arrow.BOOL:
		return Bool, true
	case arrow.INT8:
		return Int8, true
	case arrow.INT16:
		return Int16, true
	case arrow.INT32, arrow.DATE32:
		return Int32, true
	case arrow.INT64, arrow.DATE64, arrow.TIMESTAMP:
		return Int64, true
	case arrow.UINT8:
		return Uint8, true
	case arrow.UINT16:
		return Uint16, true
	case arrow.UINT32:
		return Uint32, true
	case arrow.UINT64:
		return Uint64, true
	case arrow.FLOAT32:
		return Float32, true
	case arrow.FLOAT64:
		return Float64, true
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return String, true
	}
	return Null, false
}

// Width returns the bytes of one element: 0 for Null and Bool, 16 for String (a view).
func (k Kind) Width() int { return int(widths[k]) }

var widths = [...]uint8{Null: 0, Bool: 0, Int8: 1, Int16: 2, Int32: 4, Int64: 8, Uint8: 1, Uint16: 2, Uint32: 4,
	Uint64: 8, Float32: 4, Float64: 8, String: 16}

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
	case c.Kind == String:
		width := c.OffsetWidth()
		s.Offsets = c.Offsets[from*width : (from+n+1)*width]
	default:
		width := c.Kind.Width()
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

// Bytes returns the bytes of c's rows: validity, values, offsets and views, and the characters they refer to.
func (c *Column) Bytes() int64 {
	n := int64(len(c.Values)) + int64(len(c.Offsets)) + 16*int64(len(c.Views))
	if c.Kind == Bool {
		n = int64(BitmapBytes(c.Len))
	}
	if c.Valid.Bits != nil {
		n += int64(BitmapBytes(c.Len))
	}
	switch {
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

// Package compute holds the kernels over whole columns: gather, concatenate, cast, compare, combine booleans.
//
// A kernel reads columns that its caller lends and returns a new column with one reference on every owner, allocated
// in the Scope it is given:
//
//	Owners of a result = the buffers it allocated + (strings) the buffers that hold the characters it points into
//
// Values of null rows are zero or left as they come, never to be read; a result without nulls has no Valid bitmap.
// Strings are executed as views: a gather copies 16 bytes a row and no characters. Kernels take at most a few
// batches of rows, so that none runs longer than a pipeline's unit of work.
package compute

import (
	"math/bits"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// New allocates a column of n rows of type t without nulls. Its values are the caller's to set; a Bool column's bits
// are 0. Strings get Views without heaps, lists Offsets in the layout of t; Children are the caller's to add.
func New(scope *memory.Scope, t arrow.DataType, n int) (column.Column, error) {
	kind, ok := column.KindOf(t)
	if !ok {
		return column.Column{}, status.Errorf(status.Unsupported, "columns of type %s aren't supported: cast it first", t)
	}
	c := column.Column{Type: t, Kind: kind, Len: n}
	switch kind {
	case column.Null:
		c.Nulls = n
		return c, nil
	case column.Bool:
		b, err := scope.Zeroed(column.BitmapBytes(n))
		if err != nil {
			return column.Column{}, err
		}
		c.Values, c.Owners = b.Bytes(), []*memory.Buffer{b}
	case column.String:
		views, b, err := memory.Make[column.View](scope, n)
		if err != nil {
			return column.Column{}, err
		}
		c.Views, c.Owners = views[:n:n], []*memory.Buffer{b}
	case column.Struct:
	case column.List:
		c.Layout = column.LayoutOf(t)
		b, err := scope.Alloc((n + 1) * c.OffsetWidth())
		if err != nil {
			return column.Column{}, err
		}
		c.Offsets, c.Owners = b.Bytes(), []*memory.Buffer{b}
	default:
		b, err := scope.Alloc(n * c.Width())
		if err != nil {
			return column.Column{}, err
		}
		c.Values, c.Owners = b.Bytes(), []*memory.Buffer{b}
	}
	return c, nil
}

// SetValid gives c the bitmap in b, whose reference c takes over: bit 1 = present, nulls of the c.Len bits are 0.
// A bitmap without nulls is released and c has none.
func SetValid(c *column.Column, b *memory.Buffer, nulls int) {
	if nulls == 0 {
		b.Release()
		c.Valid, c.Nulls = column.Bitmap{}, 0
		return
	}
	c.Valid, c.Nulls = column.Bitmap{Bits: b.Bytes()}, nulls
	c.Owners = append(c.Owners, b)
}

// AllNull returns n null rows of type t.
func AllNull(scope *memory.Scope, t arrow.DataType, n int) (column.Column, error) {
	c, err := New(scope, t, n)
	if err != nil || c.Kind == column.Null {
		return c, err
	}
	clear(c.Values)
	clear(c.Views)
	clear(c.Offsets)
	rows := n
	if c.Kind == column.List {
		rows = 0
	}
	for _, child := range column.ChildTypes(t) {
		nulls, err := AllNull(scope, child, rows)
		if err != nil {
			c.Release()
			return column.Column{}, err
		}
		c.Adopt(nulls)
	}
	if n == 0 {
		return c, nil
	}
	b, err := scope.Zeroed(column.BitmapBytes(n))
	if err != nil {
		c.Release()
		return column.Column{}, err
	}
	SetValid(&c, b, n)
	return c, nil
}

// CountTrue returns how many rows of a Bool column are true.
func CountTrue(c *column.Column) int {
	values, n := column.Bitmap{Bits: c.Values, Offset: c.Offset}, 0
	for i := 0; i < c.Len; i += 64 {
		size := min(64, c.Len-i)
		w := word(values, i, size)
		if c.Valid.Bits != nil {
			w &= word(c.Valid, i, size)
		}
		n += bits.OnesCount64(w)
	}
	return n
}

// Select writes the rows of a Bool column that are true, neither false nor null, to ids and returns them. ids has room for
// SelectRoom more than there are rows: eight are written at a time, whether there are as many or not.
func Select(c *column.Column, ids []uint32) []uint32 {
	values := column.Bitmap{Bits: c.Values, Offset: c.Offset}
	n := 0
	for i := 0; i < c.Len; i += 64 {
		size := min(64, c.Len-i)
		w := word(values, i, size)
		if c.Valid.Bits != nil {
			w &= word(c.Valid, i, size)
		}
		for at := uint32(i); w != 0; at, w = at+8, w>>8 {
			ones, both := &onesOf[w&0xFF], uint64(at)<<32|uint64(at)
			to := (*[4]uint64)(unsafe.Pointer(unsafe.SliceData(ids[n : n+8 : n+8])))
			to[0], to[1], to[2], to[3] = ones[0]+both, ones[1]+both, ones[2]+both, ones[3]+both
			n += bits.OnesCount8(uint8(w))
		}
	}
	return ids[:n]
}

// SelectRoom is how many ids Select may write beyond the last.
const SelectRoom = 8

// onesOf are the positions of the 1 bits of each byte, two to a word in the order of memory.
var onesOf = func() (table [256][4]uint64) {
	for b := range table {
		n := 0
		for i := range 8 {
			if b>>i&1 != 0 {
				memory.As[uint32](memory.BytesOf(table[b][:]))[n] = uint32(i)
				n++
			}
		}
	}
	return table
}()

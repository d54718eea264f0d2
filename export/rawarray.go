package main

// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// rawArray is one column of a foreign Arrow array: buffers of which nothing is known but the type. Arrow's C data
// interface carries no buffer sizes: what can be checked is checked, the rest is the producer's word.
type rawArray struct {
	name    string
	rows    int
	first   int // the row in the buffers that is row 0
	nulls   int // -1: not counted
	buffers []unsafe.Pointer

	array *C.struct_ArrowArray // has the children and the dictionary
}

// mostRows bounds what a producer says of rows and offsets, so that no sum of sizes overflows.
const mostRows = 1 << 40

// newRawArray returns rows [offset, offset+rows) of array.
func newRawArray(name string, array *C.struct_ArrowArray, offset, rows int) (*rawArray, error) {
	r := &rawArray{name: name, rows: rows, array: array}
	if array == nil {
		return nil, r.malformed("a part of it is missing")
	}
	if array.offset < 0 || array.offset > mostRows || array.length > mostRows || int(array.length) < offset+rows {
		return nil, r.malformed("it has %d rows from %d on, where %d are read", int(array.length), int(array.offset), offset+rows)
	}
	if array.n_buffers < 0 || array.n_buffers > 0 && array.buffers == nil {
		return nil, r.malformed("it has %d buffers", int(array.n_buffers))
	}
	r.first, r.nulls = int(array.offset)+offset, int(array.null_count)
	r.buffers = unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(array.buffers)), array.n_buffers)
	if rows != int(array.length) {
		r.nulls = -1 // the count is of more rows than these
	}
	return r, nil
}

// bytesAt views n bytes at p.
func bytesAt[P ~unsafe.Pointer](p P, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), n)
}

func (r *rawArray) malformed(format string, args ...any) error {
	return status.Errorf(status.Malformed, "column %q of the Arrow stream is broken: "+format, append([]any{r.name}, args...)...)
}

// column returns the column over the buffers; what had to be copied is in scope, and owned by the column.
func (r *rawArray) column(t arrow.DataType, scope *memory.Scope) (column.Column, error) {
	kind, _ := column.KindOf(t)
	c := column.Column{Type: t, Kind: kind, Len: r.rows}
	if kind == column.Null {
		c.Nulls = r.rows
		return c, nil
	}
	if err := r.needBuffers(kind, t); err != nil {
		return c, err
	}
	r.validity(&c)
	var err error
	switch layout := column.LayoutOf(t); {
	case kind == column.Bool:
		c.Offset = r.first & 7
		c.Values = bytesAt(unsafe.Add(r.buffers[1], r.first>>3), column.BitmapBytes(c.Offset+r.rows))
	case kind != column.String:
		width := c.Width()
		c.Values, err = r.aligned(&c, scope, unsafe.Add(r.buffers[1], r.first*width), r.rows*width, alignmentOf(kind))
	case layout == column.Views:
		err = r.views(&c, scope)
	case layout == column.Offsets64:
		err = readStrings[int64](r, &c, scope, layout)
	default:
		err = readStrings[int32](r, &c, scope, layout)
	}
	if err == nil && (kind == column.Decimal128 || kind == column.Decimal256) {
		if wrong := c.Check(); wrong != nil {
			err = r.malformed("%w", wrong)
		}
	}
	if err != nil {
		c.Release()
		return column.Column{}, err
	}
	return c, nil
}

// alignmentOf returns what the address of an element of kind is a multiple of, for the processor's sake.
func alignmentOf(kind column.Kind) int {
	if kind == column.FixedBinary {
		return 1
	}
	return min(kind.Width(), 8)
}

// needBuffers checks the number of buffers, and that those which must exist do.
func (r *rawArray) needBuffers(kind column.Kind, t arrow.DataType) error {
	want := 2
	isView := false
	switch {
	case kind == column.Struct || t.ID() == arrow.FIXED_SIZE_LIST:
		want = 1
	case kind == column.String:
		want = 3
		isView = column.LayoutOf(t) == column.Views
	}
	if len(r.buffers) != want && !(isView && len(r.buffers) > want) {
		return r.malformed("it has %d buffers, %s has %d", len(r.buffers), column.TypeName(t), want)
	}
	if want > 1 && r.buffers[1] == nil {
		return r.malformed("buffer 1 of %d is missing", len(r.buffers))
	}
	return nil
}

// validity sets c's null bitmap and count; a bitmap without nulls is dropped.
func (r *rawArray) validity(c *column.Column) {
	if r.buffers[0] == nil || r.nulls == 0 {
		return
	}
	bits := bytesAt(unsafe.Add(r.buffers[0], r.first>>3), column.BitmapBytes(r.first&7+r.rows))
	c.Valid, c.Nulls = column.Bitmap{Bits: bits, Offset: r.first & 7}.Slice(0, r.rows)
}

// aligned views n bytes at p, or a copy where p isn't a multiple of width.
func (r *rawArray) aligned(c *column.Column, scope *memory.Scope, p unsafe.Pointer, n, width int) ([]byte, error) {
	if uintptr(p)%uintptr(width) == 0 {
		return bytesAt(p, n), nil
	}
	return copyInto(c, scope, bytesAt(p, n))
}

// copyInto returns a copy of bytes in scope that c owns.
func copyInto(c *column.Column, scope *memory.Scope, bytes []byte) ([]byte, error) {
	b, err := scope.Alloc(len(bytes))
	if err != nil {
		return nil, err
	}
	copy(b.Bytes(), bytes)
	c.Owners = append(c.Owners, b)
	return b.Bytes(), nil
}

// readStrings reads a string or binary column with offsets.
func readStrings[T int32 | int64](r *rawArray, c *column.Column, scope *memory.Scope, layout column.Layout) error {
	ends, err := offsets[T](r, c, scope, layout)
	if err != nil {
		return err
	}
	last := int(ends[r.rows])
	if r.buffers[2] == nil && last > 0 {
		return r.malformed("its characters are missing")
	}
	c.Heaps = [][]byte{bytesAt(r.buffers[2], last)}
	return nil
}

// offsets reads and checks the offsets of a column, and returns them.
func offsets[T int32 | int64](r *rawArray, c *column.Column, scope *memory.Scope, layout column.Layout) ([]T, error) {
	c.Layout = layout
	width := c.OffsetWidth()
	bytes, err := r.aligned(c, scope, unsafe.Add(r.buffers[1], r.first*width), (r.rows+1)*width, width)
	if err != nil {
		return nil, err
	}
	c.Offsets = bytes
	ends := memory.As[T](bytes)
	if ends[0] < 0 {
		return nil, r.malformed("its rows start at %d", ends[0])
	}
	for i, from := range ends[:r.rows] {
		if ends[i+1] < from {
			return nil, r.malformed("row %d ends at %d and starts at %d", i, ends[i+1], from)
		}
	}
	return ends, nil
}

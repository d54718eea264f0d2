package main

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
	kind, ok := column.KindOf(t)
	if !ok {
		return column.Column{}, unsupported(r.name, t.String())
	}
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
	switch {
	case kind == column.Bool:
		c.Offset = r.first & 7
		c.Values = bytesAt(unsafe.Add(r.buffers[1], r.first>>3), column.BitmapBytes(c.Offset+r.rows))
	case kind != column.String:
		width := kind.Width()
		c.Values, err = r.aligned(&c, scope, unsafe.Add(r.buffers[1], r.first*width), r.rows*width, width)
	case t.ID() == arrow.STRING_VIEW:
		err = r.views(&c, scope)
	case t.ID() == arrow.LARGE_STRING:
		err = offsets[int64](r, &c, scope, column.Offsets64, 8)
	default:
		err = offsets[int32](r, &c, scope, column.Offsets32, 4)
	}
	if err != nil {
		c.Release()
		return column.Column{}, err
	}
	return c, nil
}

// needBuffers checks the number of buffers, and that those which must exist do.
func (r *rawArray) needBuffers(kind column.Kind, t arrow.DataType) error {
	want := 2
	if kind == column.String {
		want = 3
	}
	isView := t.ID() == arrow.STRING_VIEW
	if len(r.buffers) != want && !(isView && len(r.buffers) > want) {
		return r.malformed("it has %d buffers, %s has %d", len(r.buffers), t.String(), want)
	}
	if r.buffers[1] == nil {
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

// offsets reads a string or large_string column.
func offsets[T int32 | int64](r *rawArray, c *column.Column, scope *memory.Scope, layout column.Layout, width int) error {
	bytes, err := r.aligned(c, scope, unsafe.Add(r.buffers[1], r.first*width), (r.rows+1)*width, width)
	if err != nil {
		return err
	}
	ends := memory.As[T](bytes)
	if ends[0] < 0 {
		return r.malformed("its strings start at byte %d", ends[0])
	}
	for i, from := range ends[:r.rows] {
		if ends[i+1] < from {
			return r.malformed("row %d ends at byte %d and starts at %d", i, ends[i+1], from)
		}
	}
	last := int(ends[r.rows])
	if r.buffers[2] == nil && last > 0 {
		return r.malformed("its characters are missing")
	}
	c.Layout, c.Offsets = layout, bytes
	c.Heaps = [][]byte{bytesAt(r.buffers[2], last)}
	return nil
}

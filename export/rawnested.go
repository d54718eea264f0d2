package main

// #include "shim.h"
import "C"

import (
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// nested reads a list or struct. Its strings become views at once: kernels expect no others inside.
func (im *importer) nested(r *rawArray, t *foreignType, kind column.Kind, owner *memory.Buffer) (column.Column, error) {
	c := column.Column{Type: t.typ, Kind: kind, Len: r.rows}
	if err := r.needBuffers(kind, t.typ); err != nil {
		return c, err
	}
	if int(r.array.n_children) != len(t.children) || len(t.children) > 0 && r.array.children == nil {
		return c, r.malformed("a part of it has %d children, %s has %d", int(r.array.n_children), column.TypeName(t.typ), len(t.children))
	}
	r.validity(&c)
	first, rows, err := r.first, r.rows, error(nil)
	if kind == column.List {
		first, rows, err = r.elements(&c, im.scope)
	}
	for i := 0; err == nil && i < len(t.children); i++ {
		var child column.Column
		array := unsafe.Slice(r.array.children, len(t.children))[i]
		if child, err = im.column(r.name, t.children[i], array, first, rows, owner); err != nil {
			break
		}
		views, failed := child.AsViews(im.scope)
		child.Release()
		if err = failed; err == nil {
			c.Adopt(views)
		}
	}
	if err != nil {
		c.Release()
		return column.Column{}, err
	}
	return c, nil
}

// elements sets the offsets of a list column, counted from the first row's first element on, and returns where its
// elements lie in the child.
func (r *rawArray) elements(c *column.Column, scope *memory.Scope) (first, n int, err error) {
	if fixed, ok := c.Type.(*arrow.FixedSizeListType); ok {
		size := int(fixed.Len())
		if r.first+r.rows > mostRows/size {
			return 0, 0, r.malformed("it has %d rows of %d elements", r.rows, size)
		}
		return r.first * size, r.rows * size, regularOffsets(c, size, scope)
	}
	if column.LayoutOf(c.Type) == column.Offsets64 {
		return listOffsets[int64](r, c, scope, column.Offsets64)
	}
	return listOffsets[int32](r, c, scope, column.Offsets32)
}

func listOffsets[T int32 | int64](r *rawArray, c *column.Column, scope *memory.Scope, layout column.Layout) (first, n int, err error) {
	ends, err := offsets[T](r, c, scope, layout)
	if err != nil {
		return 0, 0, err
	}
	first, n = int(ends[0]), int(ends[r.rows]-ends[0])
	if int64(ends[r.rows]) > mostRows {
		return 0, 0, r.malformed("its rows end at element %d", ends[r.rows])
	}
	if first == 0 {
		return first, n, nil
	}
	bytes, err := copyInto(c, scope, c.Offsets)
	if err != nil {
		return 0, 0, err
	}
	c.Offsets = bytes
	ends = memory.As[T](bytes)
	for i := range ends {
		ends[i] -= T(first)
	}
	return first, n, nil
}

// regularOffsets sets offsets of size elements a row.
func regularOffsets(c *column.Column, size int, scope *memory.Scope) error {
	c.Layout = column.Offsets32
	if c.Len*size > math.MaxInt32 {
		c.Layout = column.Offsets64
	}
	b, err := scope.Alloc((c.Len + 1) * c.OffsetWidth())
	if err != nil {
		return err
	}
	c.Offsets, c.Owners = b.Bytes(), append(c.Owners, b)
	for i := range c.Len + 1 {
		if c.Layout == column.Offsets64 {
			memory.As[int64](c.Offsets)[i] = int64(i * size)
		} else {
			memory.As[int32](c.Offsets)[i] = int32(i * size)
		}
	}
	return nil
}

// dictionary reads codes, and returns the values that they stand for: strings as views of the dictionary's characters.
func (im *importer) dictionary(r *rawArray, t *foreignType, owner *memory.Buffer) (column.Column, error) {
	codes, err := r.column(t.codes, im.scope)
	if err != nil {
		return codes, err
	}
	defer codes.Release()
	array := r.array.dictionary
	if array == nil || array.length < 0 || array.length >= math.MaxUint32 {
		return column.Column{}, r.malformed("its dictionary is missing, or no dictionary")
	}
	read, err := im.column(r.name, t.values, array, 0, int(array.length), owner)
	if err != nil {
		return read, err
	}
	defer read.Release()
	values, err := read.AsViews(im.scope)
	if err != nil {
		return values, err
	}
	defer values.Release()
	c, err := compute.Decode(im.scope, &codes, &values, t.typ)
	if err != nil && status.CodeOf(err) == status.Malformed {
		err = r.malformed("%w", err)
	}
	return c, err
}

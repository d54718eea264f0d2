package main

// #include <stdlib.h>
// #include <string.h>
// #include "shim.h"
import "C"

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// unlimited is the budget of what enters and leaves: inputs and results are charged to their holder.
var unlimited = memory.NewBudget(0)

// importer turns one foreign stream into a table.
type importer struct {
	stream *C.struct_ArrowArrayStream
	copies bool // take copies and release the foreign arrays before returning
	scope  *memory.Scope
	schema *arrow.Schema
	types  []*foreignType // of the schema's columns
}

// importStream pulls all of stream and releases it. The table keeps the stream's arrays, unless copies is set; a
// buffer that isn't aligned to its elements is copied in any case.
func importStream(stream *C.struct_ArrowArrayStream, copies bool) (*table.Table, error) {
	if stream == nil || stream.release == nil {
		return nil, status.Errorf(status.Invalid, "the Arrow stream was consumed before: each stream can be read once")
	}
	defer C.pcyi_stream_release(stream)
	im := &importer{stream: stream, copies: copies, scope: memory.NewScope(unlimited, "import")}
	defer im.scope.Close()
	if err := im.readSchema(); err != nil {
		return nil, err
	}
	var batches []*table.Batch
	for {
		b, more, err := im.next()
		if err != nil {
			for _, b := range batches {
				b.Release()
			}
			return nil, err
		}
		if !more {
			return table.New(im.schema, batches), nil
		}
		if b != nil {
			batches = append(batches, b)
		}
	}
}

// failed returns the error of a callback of the stream that returned errno.
func (im *importer) failed(errno C.int) error {
	text := "no text"
	if p := C.pcyi_stream_error(im.stream); p != nil {
		text = C.GoString(p)
	}
	return status.Errorf(status.Invalid, "the producer of the Arrow stream failed (errno %d): %s", int(errno), text)
}

func (im *importer) readSchema() error {
	root := (*C.struct_ArrowSchema)(C.calloc(1, C.sizeof_struct_ArrowSchema))
	defer C.free(unsafe.Pointer(root))
	if errno := C.pcyi_stream_schema(im.stream, root); errno != 0 {
		return im.failed(errno)
	}
	defer C.pcyi_schema_release(root)
	if format := C.GoString(root.format); format != "+s" || root.dictionary != nil {
		return status.Errorf(status.Unsupported, "the Arrow stream holds values of format %q, not rows: wrap them in a table with a named column", format)
	}
	if root.n_children < 0 || root.n_children > 0 && root.children == nil {
		return status.Errorf(status.Malformed, "the Arrow stream is broken: its schema has %d columns, or doesn't say which", int(root.n_children))
	}
	fields := make([]arrow.Field, root.n_children)
	im.types = make([]*foreignType, root.n_children)
	for i, child := range unsafe.Slice(root.children, root.n_children) {
		name, err := nameOf(child)
		if err != nil {
			return err
		}
		if im.types[i], err = parseSchema(name, child, 0); err != nil {
			return err
		}
		fields[i] = arrow.Field{Name: name, Type: im.types[i].typ, Nullable: child.flags&C.ARROW_FLAG_NULLABLE != 0}
	}
	im.schema = arrow.NewSchema(fields, nil)
	return nil
}

// next returns the stream's next batch, nil for one without rows, and whether there may be more.
func (im *importer) next() (*table.Batch, bool, error) {
	array := (*C.struct_ArrowArray)(C.calloc(1, C.sizeof_struct_ArrowArray))
	if errno := C.pcyi_stream_next(im.stream, array); errno != 0 {
		C.free(unsafe.Pointer(array))
		return nil, false, im.failed(errno)
	}
	if array.release == nil {
		C.free(unsafe.Pointer(array))
		return nil, false, nil
	}
	free := func() { foreign.release(array) }
	if im.copies {
		free = func() { releaseForeign(array) }
	}
	owner := memory.Foreign(nil, free)
	defer owner.Release()
	b, err := im.batch(array, owner)
	return b, true, err
}

func (im *importer) batch(array *C.struct_ArrowArray, owner *memory.Buffer) (*table.Batch, error) {
	fields := im.schema.Fields()
	rows, offset := int(array.length), int(array.offset)
	if rows < 0 || offset < 0 || int(array.n_children) != len(fields) {
		return nil, status.Errorf(status.Malformed, "an array of the Arrow stream has %d rows from %d on and %d columns where the schema has %d", rows, offset, int(array.n_children), len(fields))
	}
	if offset > mostRows || rows > mostRows || (len(fields) > 0 && array.children == nil) {
		return nil, status.Errorf(status.Malformed, "an array of the Arrow stream has %d rows from %d on, or no columns", rows, offset)
	}
	if array.null_count != 0 && array.n_buffers > 0 && *array.buffers != nil {
		valid := column.Bitmap{Bits: bytesAt(*array.buffers, column.BitmapBytes(offset+rows)), Offset: offset}
		if valid.Count(rows) != rows {
			return nil, status.Errorf(status.Unsupported, "the Arrow stream has rows that are null as a whole: drop them first")
		}
	}
	if rows == 0 {
		return nil, nil
	}
	b := &table.Batch{Cols: make([]column.Column, 0, len(fields)), Len: rows}
	for i, child := range unsafe.Slice(array.children, array.n_children) {
		c, err := im.column(fields[i].Name, im.types[i], child, offset, rows, owner)
		if err == nil && im.copies {
			c, err = copyColumn(&c, im.scope)
		}
		if err != nil {
			b.Release()
			return nil, err
		}
		b.Cols = append(b.Cols, c)
	}
	return b, nil
}

// column reads rows [offset, offset+rows) of array as a column that holds a reference to owner, as its children do.
func (im *importer) column(name string, t *foreignType, array *C.struct_ArrowArray, offset, rows int, owner *memory.Buffer) (column.Column, error) {
	raw, err := newRawArray(name, array, offset, rows)
	if err != nil {
		return column.Column{}, err
	}
	var c column.Column
	kind, _ := column.KindOf(t.typ)
	switch {
	case rows == 0:
		return compute.AllNull(im.scope, t.typ, 0)
	case t.codes != nil:
		c, err = im.dictionary(raw, t, owner)
	case column.IsNested(kind):
		c, err = im.nested(raw, t, kind, owner)
	default:
		c, err = raw.column(t.typ, im.scope)
	}
	if err != nil {
		return c, err
	}
	owner.Retain()
	c.Owners = append(c.Owners, owner)
	return c, nil
}

//export goTableImport
func goTableImport(stream *C.struct_ArrowArrayStream, copies C.int32_t, out *C.pcy_handle, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		t, err := importStream(stream, copies != 0)
		if err != nil {
			return err
		}
		*out = C.pcy_handle(handles.add(t))
		return nil
	})
}

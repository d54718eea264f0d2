package main

// #include <errno.h>
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"slices"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// writeSchema fills out with the stream's schema.
func (s *lentStream) writeSchema(out *C.struct_ArrowSchema) error {
	return lendSchema(out, "", arrow.StructOf(s.fields...), 0)
}

// lendSchema fills out with a field, and its children.
func lendSchema(out *C.struct_ArrowSchema, name string, t arrow.DataType, flags int) error {
	cFormat, cName := C.CString(formatOf(t)), C.CString(name)
	defer C.free(unsafe.Pointer(cFormat))
	defer C.free(unsafe.Pointer(cName))
	fields := fieldsOf(t)
	dictionary, encoded := t.(*arrow.DictionaryType)
	hasDictionary := C.int(0)
	if encoded {
		hasDictionary = 1
	}
	if C.pcyi_lend_schema(out, cFormat, cName, C.int64_t(flags), C.int64_t(len(fields)), hasDictionary) != 0 {
		return status.Errorf(status.OutOfMemory, "the system refused memory for a schema of %d columns", len(fields))
	}
	var err error
	for i, child := range unsafe.Slice(out.children, len(fields)) {
		nullable := 0
		if fields[i].Nullable {
			nullable = C.ARROW_FLAG_NULLABLE
		}
		if err == nil {
			err = lendSchema(child, fields[i].Name, fields[i].Type, nullable)
		}
	}
	if err == nil && encoded {
		err = lendSchema(out.dictionary, "", dictionary.ValueType, C.ARROW_FLAG_NULLABLE)
	}
	if err != nil {
		C.pcyi_schema_release(out)
	}
	return err
}

// fieldsOf returns the children of a type.
func fieldsOf(t arrow.DataType) []arrow.Field {
	switch t := t.(type) {
	case *arrow.MapType:
		return []arrow.Field{t.ElemField()}
	case arrow.ListLikeType:
		return []arrow.Field{t.ElemField()}
	case *arrow.StructType:
		return t.Fields()
	}
	return nil
}

// writeNext fills out with the next batch, or marks the end.
func (s *lentStream) writeNext(out *C.struct_ArrowArray) error {
	i := int(s.next.Add(1) - 1)
	*out = C.struct_ArrowArray{}
	if i >= len(s.batches) {
		return nil
	}
	b := s.batches[i]
	if err := lendArray(out, b.Len, 0, []unsafe.Pointer{nil}, len(b.Cols), false, nil); err != nil {
		return err
	}
	for i, child := range unsafe.Slice(out.children, len(b.Cols)) {
		var dictionary *column.Column
		if s.fields[i].Type.ID() == arrow.DICTIONARY {
			dictionary = &s.dictionaries[i]
		}
		if err := lendColumn(child, &b.Cols[i], dictionary); err != nil {
			C.pcyi_array_release(out)
			return err
		}
	}
	return nil
}

// lendColumn fills out with c, its children and, where it is one of codes, its dictionary.
func lendColumn(out *C.struct_ArrowArray, c, dictionary *column.Column) error {
	lent := *c
	buffers, err := buffersOf(&lent)
	if err != nil {
		return err
	}
	c.Retain()
	if err := lendArray(out, c.Len, c.Nulls, buffers, len(c.Children), dictionary != nil, lentColumn(lent.Owners)); err != nil {
		return err
	}
	for i, child := range unsafe.Slice(out.children, len(c.Children)) {
		if err == nil {
			err = lendColumn(child, &c.Children[i], nil)
		}
	}
	if err == nil && dictionary != nil {
		err = lendColumn(out.dictionary, dictionary, nil)
	}
	if err != nil {
		C.pcyi_array_release(out)
	}
	return err
}

// lendArray fills out; it takes over the references of kept, which is nil for the root of a table.
func lendArray(out *C.struct_ArrowArray, rows, nulls int, buffers []unsafe.Pointer, children int, encoded bool, kept lentColumn) error {
	id := handle(0)
	if kept != nil {
		id = handles.add(owner(kept))
	}
	hasDictionary := C.int(0)
	if encoded {
		hasDictionary = 1
	}
	if C.pcyi_lend_array(out, C.int64_t(rows), C.int64_t(nulls), C.int64_t(len(buffers)), C.int64_t(children), hasDictionary, C.pcy_handle(id)) != 0 {
		release(id)
		return status.Errorf(status.OutOfMemory, "the system refused memory for an array of %d buffers", len(buffers))
	}
	copy(unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(out.buffers)), len(buffers)), buffers)
	return nil
}

// buffersOf returns the addresses of c's buffers in Arrow's order. All lie outside Go's heap. The sizes of the buffers of
// views it writes into one that becomes c's.
func buffersOf(c *column.Column) ([]unsafe.Pointer, error) {
	valid := addressOf(c.Valid.Bits)
	switch {
	case c.Kind == column.Null:
		return []unsafe.Pointer{}, nil
	case c.Kind == column.Struct || c.Kind == column.List && c.Offsets == nil:
		return []unsafe.Pointer{valid}, nil
	case c.Kind == column.List:
		return []unsafe.Pointer{valid, addressOf(c.Offsets)}, nil
	case c.Kind != column.String:
		return []unsafe.Pointer{valid, addressOf(c.Values)}, nil
	case c.Layout != column.Views:
		return []unsafe.Pointer{valid, addressOf(c.Offsets), addressOf(c.Heaps[0])}, nil
	}
	buffers := []unsafe.Pointer{valid, addressOf(memory.BytesOf(c.Views))}
	scope := memory.NewScope(unlimited, "export")
	defer scope.Close()
	sizes, owner, err := memory.Make[int64](scope, max(len(c.Heaps), 1))
	if err != nil {
		return nil, err
	}
	for i, heap := range c.Heaps {
		sizes[i] = int64(len(heap))
		buffers = append(buffers, addressOf(heap))
	}
	memory.Promote(owner)
	c.Owners = append(slices.Clip(c.Owners), owner)
	return append(buffers, addressOf(owner.Bytes())), nil
}

func addressOf(bytes []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(bytes)) }

// callback runs a stream's callback: an error becomes errno and a text that the stream's holder frees.
func callback(text **C.char, f func() error) C.int {
	err := task.Recovered(f)
	if err == nil {
		return 0
	}
	*text = C.CString(err.Error())
	if status.CodeOf(err) == status.OutOfMemory {
		return C.ENOMEM
	}
	return C.EIO
}

//export goStreamSchema
func goStreamSchema(h C.pcy_handle, out *C.struct_ArrowSchema, text **C.char) C.int {
	return callback(text, func() error {
		s, err := lookup[*lentStream](&handles, handle(h), nil)
		if err != nil {
			return err
		}
		return s.writeSchema(out)
	})
}

//export goStreamNext
func goStreamNext(h C.pcy_handle, out *C.struct_ArrowArray, text **C.char) C.int {
	return callback(text, func() error {
		s, err := lookup[*lentStream](&handles, handle(h), nil)
		if err != nil {
			return err
		}
		return s.writeNext(out)
	})
}

package main

// #include "shim.h"
import "C"

import (
	"context"
	"encoding/json"
	"runtime"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// owner is what lends memory to the other side: its release callback drops the references.
type owner interface{ drop() }

// lentColumn keeps the buffers of one exported column.
type lentColumn []*memory.Buffer

func (l lentColumn) drop() {
	for _, b := range l {
		b.Release()
	}
}

// lentStream is an exported table: its batches in the layouts they leave in.
type lentStream struct {
	fields  []arrow.Field
	batches []*table.Batch
	next    atomic.Int64
}

func (s *lentStream) drop() {
	for _, b := range s.batches {
		b.Release()
	}
}

// lend readies t for export: strings get the layout of their type. Everything else leaves as it lies.
func lend(t *table.Table) (*lentStream, error) {
	s := &lentStream{fields: make([]arrow.Field, t.Schema.NumFields())}
	for i, f := range t.Schema.Fields() {
		if _, ok := column.KindOf(f.Type); !ok {
			return nil, unsupported(f.Name, f.Type.String())
		}
		s.fields[i] = arrow.Field{Name: f.Name, Type: exportType(t, i), Nullable: true}
	}
	for _, b := range t.Batches {
		if b.Len > 0 {
			s.batches = append(s.batches, &table.Batch{Cols: make([]column.Column, len(b.Cols)), Len: b.Len})
		}
	}
	scope := memory.NewScope(unlimited, "export")
	defer scope.Close()
	if err := s.fill(t, scope); err != nil {
		s.drop()
		return nil, err
	}
	for _, b := range s.batches {
		for i := range b.Cols {
			for _, buffer := range b.Cols[i].Owners {
				memory.Promote(buffer)
			}
		}
	}
	return s, nil
}

// fill converts the columns of t's batches, several at a time where strings have to be written.
func (s *lentStream) fill(t *table.Table, scope *memory.Scope) error {
	var heavy []func() error
	at := 0
	for _, b := range t.Batches {
		if b.Len == 0 {
			continue
		}
		for i := range b.Cols {
			from, to := &b.Cols[i], &s.batches[at].Cols[i]
			convert := func() (err error) {
				*to, err = outside(from, s.fields[i].Type, scope)
				return err
			}
			if from.Kind == column.String && from.Layout != layoutOf(s.fields[i].Type) {
				heavy = append(heavy, convert)
			} else if err := convert(); err != nil {
				return err
			}
		}
		at++
	}
	if len(heavy) == 0 {
		return nil
	}
	var next atomic.Int64
	group := task.NewGroup(context.Background())
	for range min(len(heavy), runtime.GOMAXPROCS(0)) {
		group.Go(func(ctx context.Context) error {
			for i := next.Add(1) - 1; int(i) < len(heavy) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := heavy[i](); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// outside returns c, with references of its own, as Arrow's C data interface lays it out: strings in t's layout, and
// bitmaps from the first bit of a byte on.
func outside(c *column.Column, t arrow.DataType, scope *memory.Scope) (column.Column, error) {
	out := *c
	if c.Kind == column.String {
		var err error
		if out, err = c.WithLayout(layoutOf(t), scope); err != nil {
			return column.Column{}, err
		}
	} else {
		c.Retain()
	}
	out.Owners = append([]*memory.Buffer(nil), out.Owners...)
	out.Type = t
	err := alignBits(&out, &out.Valid.Bits, &out.Valid.Offset, scope)
	if err == nil && c.Kind == column.Bool {
		err = alignBits(&out, &out.Values, &out.Offset, scope)
	}
	if err != nil {
		out.Release()
		return column.Column{}, err
	}
	return out, nil
}

// alignBits moves a bitmap of c to the first bit of its first byte: by dropping whole bytes, or else in a copy.
func alignBits(c *column.Column, bits *[]byte, offset *int, scope *memory.Scope) error {
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

// release drops what h lends.
func release(h handle) {
	if object, err := handles.remove(h); err == nil {
		if o, ok := object.(owner); ok {
			o.drop()
		}
	}
}

//export goOwnerRelease
func goOwnerRelease(h C.pcy_handle) { release(handle(h)) }

//export goTableExport
func goTableExport(h C.pcy_handle, out *C.struct_ArrowArrayStream, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		t, err := lookup(&handles, handle(h), (*table.Table).Retain)
		if err != nil {
			return err
		}
		defer t.Release()
		s, err := lend(t)
		if err != nil {
			return err
		}
		C.pcyi_lend_stream(out, C.pcy_handle(handles.add(owner(s))))
		if out.release == nil {
			return status.Errorf(status.OutOfMemory, "the system refused memory for a stream")
		}
		return nil
	})
}

//export goTableInfo
func goTableInfo(h C.pcy_handle, out **C.char, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		t, err := lookup(&handles, handle(h), (*table.Table).Retain)
		if err != nil {
			return err
		}
		defer t.Release()
		text, err := json.Marshal(infoOf(t))
		if err == nil {
			giveString(out, text)
		}
		return err
	})
}

//export goTableBytes
func goTableBytes(h C.pcy_handle, out *C.int64_t, e *C.pcy_error) C.int32_t {
	return guard(e, func() error {
		t, err := lookup(&handles, handle(h), (*table.Table).Retain)
		if err != nil {
			return err
		}
		defer t.Release()
		*out = C.int64_t(t.Bytes())
		return nil
	})
}

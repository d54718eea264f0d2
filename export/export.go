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
	"github.com/pycylon/pycylon/gocore/engine/compute"
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
	fields       []arrow.Field
	dictionaries []column.Column // by column: the values of a dictionary, which all batches share
	batches      []*table.Batch
	next         atomic.Int64
}

func (s *lentStream) drop() {
	for _, b := range s.batches {
		b.Release()
	}
	for i := range s.dictionaries {
		s.dictionaries[i].Release()
	}
}

// lend readies t for export: strings and lists get the layout of their type, dictionaries codes. Everything else leaves
// as it lies.
func lend(t *table.Table) (*lentStream, error) {
	columns := t.Schema.NumFields()
	s := &lentStream{fields: make([]arrow.Field, columns), dictionaries: make([]column.Column, columns)}
	for i, f := range t.Schema.Fields() {
		if _, ok := column.KindOf(f.Type); !ok {
			return nil, unsupported(f.Name, f.Type.String())
		}
		s.fields[i] = arrow.Field{Name: f.Name, Type: exportType(t, i), Nullable: true}
	}
	var batches []*table.Batch
	for _, b := range t.Batches {
		if b.Len > 0 {
			batches = append(batches, b)
			s.batches = append(s.batches, &table.Batch{Cols: make([]column.Column, columns), Len: b.Len})
		}
	}
	scope := memory.NewScope(unlimited, "export")
	defer scope.Close()
	if err := s.fill(batches, scope); err != nil {
		s.drop()
		return nil, err
	}
	promote := func(c *column.Column) {
		for _, buffer := range c.Owners {
			memory.Promote(buffer)
		}
	}
	for i := range s.dictionaries {
		promote(&s.dictionaries[i])
		for _, b := range s.batches {
			promote(&b.Cols[i])
		}
	}
	return s, nil
}

// fill converts the columns of batches, several at a time where something has to be written.
func (s *lentStream) fill(batches []*table.Batch, scope *memory.Scope) error {
	var heavy []func() error
	for i := range s.fields {
		if s.fields[i].Type.ID() == arrow.DICTIONARY {
			heavy = append(heavy, func() error { return s.encode(i, batches, scope) })
			continue
		}
		for k, b := range batches {
			from, to := &b.Cols[i], &s.batches[k].Cols[i]
			convert := func() (err error) {
				*to, err = compute.Outside(scope, from, s.fields[i].Type)
				return err
			}
			if column.IsNested(from.Kind) || from.Kind == column.String && from.Layout != column.LayoutOf(s.fields[i].Type) {
				heavy = append(heavy, convert)
			} else if err := convert(); err != nil {
				return err
			}
		}
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

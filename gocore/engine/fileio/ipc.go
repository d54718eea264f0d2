package fileio

import (
	"errors"
	"os"
	"strings"
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// IPCWriter is the Sink that writes its batches, in order, to a file in the Arrow IPC file format, which pyarrow,
// Polars and pandas read. Strings leave with offsets.
type IPCWriter struct {
	exec.Collect
	path   string
	schema *arrow.Schema
}

var _ exec.Sink = (*IPCWriter)(nil)

// NewIPCWriter returns a sink that writes to path.
func NewIPCWriter(path string, schema *arrow.Schema) *IPCWriter {
	return &IPCWriter{path: path, schema: schema}
}

// Finish writes the file and returns an empty Source.
func (s *IPCWriter) Finish(q *exec.Query) (exec.Source, error) {
	defer s.Release()
	err := writeFile(s.path, func(f *os.File) error { return s.write(q, f, s.Batches()) })
	if err != nil {
		return nil, err
	}
	return exec.NewScan(nil), nil
}

func (s *IPCWriter) write(q *exec.Query, f *os.File, batches []*table.Batch) (err error) {
	fields := s.schema.Fields()
	for i := range fields {
		if kind, _ := column.KindOf(fields[i].Type); kind == column.String {
			fields[i].Type = large(fields[i].Type) // one type whatever a batch's size
		}
	}
	schema := arrow.NewSchema(fields, nil)
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, b := range batches {
		if q.Context().Err() != nil {
			return q.Context().Err()
		}
		if err := s.writeBatch(q, w, schema, b); err != nil {
			return err
		}
	}
	return nil
}

func large(t arrow.DataType) arrow.DataType {
	switch column.ValueType(t).ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return arrow.BinaryTypes.LargeBinary
	}
	return arrow.BinaryTypes.LargeString
}

func (s *IPCWriter) writeBatch(q *exec.Query, w *ipc.FileWriter, schema *arrow.Schema, b *table.Batch) error {
	arrays := make([]arrow.Array, len(b.Cols))
	for k := range b.Cols {
		c, err := fromZero(&b.Cols[k], q.Scope)
		if err != nil {
			return err
		}
		defer c.Release()
		arrays[k] = toArrow(&c, schema.Field(k).Type)
		defer arrays[k].Release()
	}
	record := array.NewRecord(schema, arrays, int64(b.Len))
	defer record.Release()
	return w.Write(record)
}

// fromZero returns c with a reference of its own, and a String column's offsets in 64 bits from 0 on: Arrow v17 writes
// others wrong.
func fromZero(c *column.Column, scope *memory.Scope) (column.Column, error) {
	if c.Kind != column.String || c.Layout == column.Offsets64 && memory.As[int64](c.Offsets)[0] == 0 {
		c.Retain()
		return *c, nil
	}
	if c.Layout != column.Offsets64 {
		return c.WithLayout(column.Offsets64, scope)
	}
	views, err := c.AsViews(scope)
	if err != nil {
		return column.Column{}, err
	}
	defer views.Release()
	return views.WithLayout(column.Offsets64, scope)
}

// toArrow lends c's buffers to an Arrow array, which must not outlive c.
func toArrow(c *column.Column, t arrow.DataType) arrow.Array {
	var valid *arrowmemory.Buffer
	if c.Valid.Bits != nil {
		bits := make([]byte, column.BitmapBytes(c.Len))
		c.Valid.CopyTo(bits, c.Len)
		valid = arrowmemory.NewBufferBytes(bits)
	}
	buffers := []*arrowmemory.Buffer{valid}
	switch c.Kind {
	case column.Null:
	case column.Bool:
		bits := make([]byte, column.BitmapBytes(c.Len))
		column.Bitmap{Bits: c.Values, Offset: c.Offset}.CopyTo(bits, c.Len)
		buffers = append(buffers, arrowmemory.NewBufferBytes(bits))
	case column.String:
		buffers = append(buffers, arrowmemory.NewBufferBytes(c.Offsets), arrowmemory.NewBufferBytes(c.Heaps[0]))
	default:
		buffers = append(buffers, arrowmemory.NewBufferBytes(c.Values))
	}
	data := array.NewData(t, c.Len, buffers, nil, c.Nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// IPC is an open Arrow IPC file.
type IPC struct {
	path   string
	file   *os.File
	reader *ipc.FileReader
	blocks *blocks
	read   []*table.Batch // released by Close
}

// OpenIPC opens an Arrow IPC file. Errors: NotFound, IO, Malformed, Unsupported (naming column and type).
func OpenIPC(path string, scope *memory.Scope) (*IPC, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, status.Errorf(status.NotFound, "no file %s", path)
	} else if err != nil {
		return nil, status.Errorf(status.IO, "opening %s: %w", path, err)
	}
	x := &IPC{path: path, file: f, blocks: &blocks{scope: scope, live: map[*byte]*memory.Buffer{}}}
	err = x.guard(func() (err error) {
		x.reader, err = ipc.NewFileReader(f, ipc.WithAllocator(x.blocks))
		return err
	})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for _, field := range x.Schema().Fields() {
		if kind, ok := column.KindOf(field.Type); !ok || kind > column.String || field.Type.ID() == arrow.DICTIONARY {
			return nil, errors.Join(status.Errorf(status.Unsupported, "%s: column %q has type %s", path, field.Name, field.Type), x.Close())
		}
	}
	return x, nil
}

// Schema returns the file's schema.
func (x *IPC) Schema() *arrow.Schema { return x.reader.Schema() }

// Close closes the file, once its Source is no longer read; batches that were retained stay.
func (x *IPC) Close() error {
	for _, b := range x.read {
		b.Release()
	}
	x.read = nil
	return errors.Join(x.reader.Close(), x.file.Close())
}

// guard turns the reader's errors, and its panics at malformed input, into Malformed.
func (x *IPC) guard(f func() error) error {
	err := task.Recovered(f)
	if err == nil || status.CodeOf(err) == status.OutOfMemory {
		return err
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // without a panic's stack
	return status.Errorf(status.Malformed, "%s is no readable Arrow IPC file: %s", x.path, text)
}

// Source returns the file's batches.
func (x *IPC) Source() (exec.Source, error) {
	for i := range x.reader.NumRecords() {
		err := x.guard(func() error {
			record, err := x.reader.RecordAt(i)
			if err != nil {
				return err
			}
			defer record.Release()
			b, err := fromArrow(record)
			if err == nil {
				x.read = append(x.read, b)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return exec.NewScan(x.read), nil
}

// fromArrow makes a checked batch over a record's buffers; each column keeps its array alive.
func fromArrow(record arrow.Record) (*table.Batch, error) {
	b := &table.Batch{Cols: make([]column.Column, record.NumCols()), Len: int(record.NumRows())}
	for k := range b.Cols {
		data := record.Column(k).Data()
		kind, _ := column.KindOf(data.DataType())
		c := &b.Cols[k]
		*c = column.Column{Type: data.DataType(), Kind: kind, Len: data.Len(), Nulls: data.NullN()}
		data.Retain()
		c.Owners = []*memory.Buffer{memory.Foreign(nil, data.Release)}
		if kind == column.Null {
			c.Nulls = c.Len
			continue
		}
		buffers := make([][]byte, len(data.Buffers()))
		for i, buffer := range data.Buffers() {
			if buffer != nil {
				buffers[i] = buffer.Bytes()
			}
		}
		if c.Nulls > 0 {
			c.Valid = column.Bitmap{Bits: buffers[0], Offset: data.Offset()}
		}
		switch {
		case kind == column.Bool:
			c.Values, c.Offset = buffers[1], data.Offset()
		case kind != column.String:
			c.Values = buffers[1][data.Offset()*kind.Width():]
		case column.LayoutOf(data.DataType()) == column.Views:
			c.Views, c.Heaps = memory.As[column.View](buffers[1])[data.Offset():], buffers[2:]
		default:
			c.Layout = column.LayoutOf(data.DataType())
			c.Offsets, c.Heaps = buffers[1][data.Offset()*c.OffsetWidth():], buffers[2:3]
		}
		if err := c.Check(); err != nil {
			return nil, status.Errorf(status.Malformed, "column %q: %w", record.ColumnName(k), err)
		}
	}
	return b, nil
}

// blocks is Arrow's allocator over a scope. Its blocks are promoted: Arrow's reference counts free them.
type blocks struct {
	scope *memory.Scope
	mu    sync.Mutex
	live  map[*byte]*memory.Buffer
}

var _ arrowmemory.Allocator = (*blocks)(nil)

// Allocate returns size bytes; it panics with OutOfMemory, since Arrow's interface has no error.
func (a *blocks) Allocate(size int) []byte {
	b, err := a.scope.Zeroed(size)
	if err != nil {
		panic(err)
	}
	memory.Promote(b)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.live[unsafe.SliceData(b.Bytes())] = b
	return b.Bytes()
}

// Reallocate returns a block of size bytes that begins as b does, and frees b.
func (a *blocks) Reallocate(size int, b []byte) []byte {
	grown := a.Allocate(size)
	copy(grown, b)
	a.Free(b)
	return grown
}

// Free gives a block back.
func (a *blocks) Free(b []byte) {
	a.mu.Lock()
	buffer := a.live[unsafe.SliceData(b[:cap(b)])]
	delete(a.live, unsafe.SliceData(b[:cap(b)]))
	a.mu.Unlock()
	if buffer != nil {
		buffer.Release()
	}
}

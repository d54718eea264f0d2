package fileio

import (
	"errors"
	"os"
	"strings"
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	arrowmemory "github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// IPC is an open Arrow IPC file.
type IPC struct {
	path   string
	file   *os.File
	reader *ipc.FileReader
	schema *arrow.Schema // in pycylon's types
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
	fields := x.reader.Schema().Fields()
	for i, field := range fields {
		fields[i].Type = readType(field.Type)
		if _, ok := column.KindOf(fields[i].Type); !ok {
			return nil, errors.Join(status.Errorf(status.Unsupported, "%s: column %q has type %s", path, field.Name, field.Type), x.Close())
		}
	}
	x.schema = arrow.NewSchema(fields, nil)
	return x, nil
}

// Schema returns the file's schema.
func (x *IPC) Schema() *arrow.Schema { return x.schema }

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
			b, err := x.batch(record)
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

// batch makes a checked batch of a record.
func (x *IPC) batch(record arrow.Record) (*table.Batch, error) {
	b := &table.Batch{Len: int(record.NumRows())}
	for k := range int(record.NumCols()) {
		c, err := fromArrow(x.blocks.scope, record.Column(k).Data(), x.schema.Field(k).Type)
		if err == nil {
			b.Cols = append(b.Cols, c)
			err = c.Check()
		}
		if err != nil {
			b.Release()
			return nil, status.Errorf(status.Malformed, "column %q: %w", record.ColumnName(k), err)
		}
		for _, owner := range c.Owners {
			memory.Promote(owner)
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

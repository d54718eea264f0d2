package fileio

import (
	"strconv"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// csvSource parses pieces of a file to batches: a worker a piece.
type csvSource struct {
	csv    *CSV
	schema *arrow.Schema
	next   atomic.Int64
}

var _ exec.Source = (*csvSource)(nil)

// Next parses the next piece, unless Schema has kept it.
func (s *csvSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= len(s.csv.pieces) {
		return nil, nil
	}
	if kept := s.csv.kept; kept != nil && s.csv.keptSchema.Equal(s.schema) {
		b := kept[i]
		b.Retain()
		return b, nil
	}
	return s.csv.parse(w, i, s.schema)
}

// valueError is a text that can't be read as its column's type.
type valueError struct{ error }

// Unwrap returns the Malformed error.
func (e valueError) Unwrap() error { return e.error }

// parse reads piece i as columns of schema.
func (c *CSV) parse(w *exec.Worker, i int, schema *arrow.Schema) (*table.Batch, error) {
	p := c.pieces[i]
	b := &batchBuilder{csv: c, scope: w.Scope(), rows: p.take}
	if err := b.allocate(schema); err != nil {
		b.release()
		return nil, err
	}
	row := 0
	err := c.records(w, p, func(record []string, line int) error {
		for k, f := range c.use {
			if f >= len(record) || c.null.has(record[f]) {
				b.setNull(k, row)
			} else if text := record[f]; !b.store[k](row, text) {
				if b.err != nil {
					return b.err
				}
				return valueError{malformed(c.path, line, "column %q: %q is no %s", schema.Field(k).Name, text, schema.Field(k).Type)}
			}
		}
		row++
		return nil
	})
	if err != nil {
		b.release()
		return nil, err
	}
	return b.finish(uint64(i)), nil
}

// batchBuilder fills columns a row at a time. The string columns share heaps.
type batchBuilder struct {
	csv   *CSV
	scope *memory.Scope
	rows  int
	cols  []column.Column
	store []func(row int, text string) bool
	heaps []*memory.Buffer
	heap  []byte // the last of heaps
	used  int    // bytes of heap
	err   error  // of a store that failed for want of memory
}

// allocate makes the columns of schema, all rows present.
func (b *batchBuilder) allocate(schema *arrow.Schema) error {
	b.cols = make([]column.Column, schema.NumFields())
	b.store = make([]func(int, string) bool, schema.NumFields())
	for k, f := range schema.Fields() {
		kind, _ := column.KindOf(f.Type)
		c := &b.cols[k]
		*c = column.Column{Type: f.Type, Kind: kind, Len: b.rows}
		if kind == column.Null {
			c.Nulls = b.rows
			b.store[k] = func(int, string) bool { return false }
			continue
		}
		size := b.rows * kind.Width()
		if kind == column.Bool {
			size = column.BitmapBytes(b.rows)
		}
		values, err := b.scope.Zeroed(size)
		if err != nil {
			return err
		}
		c.Owners = append(c.Owners, values)
		valid, err := b.scope.Alloc(column.BitmapBytes(b.rows))
		if err != nil {
			return err
		}
		c.Owners = append(c.Owners, valid)
		c.Valid = column.Bitmap{Bits: valid.Bytes()}
		for i := range c.Valid.Bits {
			c.Valid.Bits[i] = 0xFF
		}
		if kind != column.String {
			c.Values = values.Bytes()
			b.store[k] = b.setter(c, f.Name)
			continue
		}
		c.Views = memory.As[column.View](values.Bytes())[:b.rows]
		b.store[k] = b.stringSetter(c)
	}
	return nil
}

func (b *batchBuilder) stringSetter(c *column.Column) func(int, string) bool {
	return func(row int, text string) bool {
		if len(text) <= column.InlineSize {
			c.Views[row].Put([]byte(text), 0, 0)
			return true
		}
		start := b.used
		if start+len(text) > len(b.heap) {
			if b.err = b.grow(len(text)); b.err != nil {
				return false
			}
			start = 0
		}
		b.used = start + copy(b.heap[start:], text)
		c.Views[row].Put(b.heap[start:b.used], len(b.heaps)-1, start)
		return true
	}
}

// grow begins a heap with room for at least n bytes.
func (b *batchBuilder) grow(n int) error {
	heap, err := b.scope.Alloc(max(n, heapBytes))
	if err != nil {
		return err
	}
	b.heaps, b.heap, b.used = append(b.heaps, heap), heap.Bytes(), 0
	return nil
}

// heapBytes is the size of a heap: small, because the last of a batch stays partly empty.
const heapBytes = 256 << 10

// setter returns the function that parses a text into c, the column of that name.
func (b *batchBuilder) setter(c *column.Column, name string) func(int, string) bool {
	switch c.Type.ID() {
	case arrow.BOOL:
		bits := column.Bitmap{Bits: c.Values}
		return func(row int, text string) bool {
			v, ok := b.csv.truth[text]
			if v {
				bits.Set(row)
			}
			return ok
		}
	case arrow.FLOAT64:
		if _, given := b.csv.options.Types[name]; given {
			return storer(c, parseFloat)
		}
		return storer(c, parseInferred)
	case arrow.FLOAT32:
		return storer(c, func(text string) (float32, error) { v, err := parseFloat(text); return float32(v), err })
	case arrow.DATE32:
		return storer(c, parseDate)
	case arrow.TIMESTAMP:
		t := c.Type.(*arrow.TimestampType)
		return storer(c, func(text string) (int64, error) { return parseTimestamp(text, t) })
	case arrow.INT8:
		return storer(c, parseInt[int8](8))
	case arrow.INT16:
		return storer(c, parseInt[int16](16))
	case arrow.INT32:
		return storer(c, parseInt[int32](32))
	case arrow.INT64:
		return storer(c, parseInt64)
	case arrow.UINT8:
		return storer(c, parseUint[uint8](8))
	case arrow.UINT16:
		return storer(c, parseUint[uint16](16))
	case arrow.UINT32:
		return storer(c, parseUint[uint32](32))
	case arrow.UINT64:
		return storer(c, parseUint[uint64](64))
	}
	return func(int, string) bool { return false }
}

func storer[T any](c *column.Column, parse func(string) (T, error)) func(int, string) bool {
	values := column.Of[T](c)
	return func(row int, text string) bool {
		v, err := parse(text)
		values[row] = v
		return err == nil
	}
}

func parseInt[T int8 | int16 | int32](bits int) func(string) (T, error) {
	return func(text string) (T, error) { v, err := strconv.ParseInt(trim(text), 10, bits); return T(v), err }
}

func parseUint[T uint8 | uint16 | uint32 | uint64](bits int) func(string) (T, error) {
	return func(text string) (T, error) { v, err := strconv.ParseUint(trim(text), 10, bits); return T(v), err }
}

func parseDate(text string) (int32, error) {
	t, _, ok := parseTime(text)
	if !ok {
		return 0, strconv.ErrSyntax
	}
	return int32(arrow.Date32FromTime(t)), nil
}

func parseTimestamp(text string, as *arrow.TimestampType) (int64, error) {
	t, zoned, ok := parseTime(text)
	if !ok || zoned && as.TimeZone == "" {
		return 0, strconv.ErrSyntax
	}
	v, err := arrow.TimestampFromTime(t, as.Unit)
	return int64(v), err
}

func (b *batchBuilder) setNull(k, row int) {
	if c := &b.cols[k]; c.Kind != column.Null {
		c.Valid.Clear(row)
		c.Nulls++
	}
}

// finish returns the batch; columns without nulls lose their bitmap.
func (b *batchBuilder) finish(seq uint64) *table.Batch {
	heaps := make([][]byte, len(b.heaps))
	for i, h := range b.heaps {
		heaps[i] = h.Bytes()
	}
	for k := range b.cols {
		c := &b.cols[k]
		if c.Kind != column.Null && c.Nulls == 0 {
			c.Valid = column.Bitmap{}
		}
		if c.Kind == column.String {
			c.Heaps = heaps
			for _, h := range b.heaps {
				h.Retain()
			}
			c.Owners = append(c.Owners, b.heaps...)
		}
	}
	b.releaseHeaps()
	return &table.Batch{Cols: b.cols, Len: b.rows, Seq: seq}
}

func (b *batchBuilder) release() {
	for k := range b.cols {
		b.cols[k].Release()
	}
	b.releaseHeaps()
}

func (b *batchBuilder) releaseHeaps() {
	for _, h := range b.heaps {
		h.Release()
	}
}

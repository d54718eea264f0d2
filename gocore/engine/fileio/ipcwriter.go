package fileio

import (
	"context"
	"errors"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// IPCWriter is the Sink that writes its batches, in order, to a file in the Arrow IPC file format, which pyarrow,
// Polars and pandas read. Strings leave with offsets of 64 bits, dictionaries as their values.
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
		fields[i].Type = writtenType(fields[i].Type)
	}
	schema := arrow.NewSchema(fields, nil)
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, b := range batches {
		if q.Context().Err() != nil {
			return context.Cause(q.Context())
		}
		if err := s.writeBatch(q, w, schema, b); err != nil {
			return err
		}
	}
	return nil
}

// writtenType returns the type in which a column of type t is written: one type whatever a batch's size.
func writtenType(t arrow.DataType) arrow.DataType {
	t = column.ValueType(t)
	switch {
	case compute.IsBinary(t):
		return arrow.BinaryTypes.LargeBinary
	case t.ID() == arrow.STRING || t.ID() == arrow.STRING_VIEW:
		return arrow.BinaryTypes.LargeString
	}
	return column.MapChildren(t, writtenType)
}

func (s *IPCWriter) writeBatch(q *exec.Query, w *ipc.FileWriter, schema *arrow.Schema, b *table.Batch) error {
	arrays := make([]arrow.Array, len(b.Cols))
	for k := range b.Cols {
		c, err := fromZero(&b.Cols[k], schema.Field(k).Type, q.Scope)
		if err != nil {
			return err
		}
		defer c.Release()
		data := toArrow(&c)
		defer data.Release()
		arrays[k] = array.MakeFromData(data)
		defer arrays[k].Release()
	}
	record := array.NewRecord(schema, arrays, int64(b.Len))
	defer record.Release()
	return w.Write(record)
}

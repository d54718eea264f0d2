package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Project is the Transform whose batches have the given columns of its input, in that order. It copies nothing.
type Project struct {
	Columns []int
}

var _ exec.RowTransform = (*Project)(nil)

// Push emits the projection of b.
func (p *Project) Push(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	return emit(pickColumns(b, p.Columns)) // lent for the call: b's references suffice
}

// PushRows emits the projection of rows of b.
func (p *Project) PushRows(_ *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	return emit(pickColumns(b, p.Columns), rows)
}

// pickColumns returns some of b's columns, without references of its own.
func pickColumns(b *table.Batch, columns []int) *table.Batch {
	out := &table.Batch{Len: b.Len, Seq: b.Seq, Cols: make([]column.Column, len(columns))}
	for i, c := range columns {
		out.Cols[i] = b.Cols[c]
	}
	return out
}

// Compute is the Transform whose columns are the values of expressions over its input's.
type Compute struct {
	Program *expr.Program
	// NeverFails tells that the expressions have values for every row that there could be: they may then be computed for
	// rows that nobody asks for, where that takes less than to copy the others.
	NeverFails bool
}

var _ exec.RowTransform = (*Compute)(nil)

// mostRows is the part of a batch's rows from which on all are computed.
const mostRows = 0.5

// Push emits the values for the rows of b, in several batches where the expressions are slow.
func (p *Compute) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	return inUnits(w, b, p.Program.Rows(), func(part *table.Batch) error {
		columns, err := p.Program.Eval(w.Scope(), part)
		if err != nil {
			return err
		}
		out := &table.Batch{Cols: columns, Len: part.Len, Seq: part.Seq}
		defer out.Release()
		return emit(out)
	})
}

// PushRows emits the values for rows of b: for few of them in batches of their own.
func (p *Compute) PushRows(w *exec.Worker, b *table.Batch, rows []uint32, emit func(*table.Batch, []uint32) error) error {
	if p.NeverFails && b.Len <= p.Program.Rows() && float64(len(rows)) >= mostRows*float64(b.Len) {
		return p.Push(w, b, func(out *table.Batch) error { return emit(out, rows) })
	}
	return emitRows(w, b, rows, func(b *table.Batch) error {
		return p.Push(w, b, func(out *table.Batch) error { return emit(out, nil) })
	})
}

// inUnits calls f with slices of at most rows rows of b, in order, and yields between them.
func inUnits(w *exec.Worker, b *table.Batch, rows int, f func(part *table.Batch) error) error {
	if b.Len <= rows {
		return f(b)
	}
	for from := 0; from < b.Len; from += rows {
		if err := f(b.Slice(from, min(rows, b.Len-from))); err != nil {
			return err
		}
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

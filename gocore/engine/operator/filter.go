package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Filter is the Transform that keeps the rows for which the one result of Predicate is true, neither false nor null, and
// of them the columns in Output, in that order.
type Filter struct {
	Predicate *expr.Program
	Output    []int // nil: all
}

var _ exec.Transform = (*Filter)(nil)

// NewFilter returns a Filter by predicate, whose result must be of type bool, or null.
func NewFilter(predicate *expr.Program, output []int) (*Filter, error) {
	if t := predicate.Types()[0]; t.ID() != arrow.BOOL && t.ID() != arrow.NULL {
		return nil, status.Errorf(status.TypeMismatch, "a filter takes a bool predicate, not %s: compare it with something", t)
	}
	return &Filter{predicate, output}, nil
}

// Push emits the rows of b that are kept: its own columns where all are, nothing where none is.
func (f *Filter) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	return inUnits(w, b, f.Predicate.Rows(), func(part *table.Batch) error { return f.push(w, part, emit) })
}

func (f *Filter) push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	results, err := f.Predicate.Eval(w.Scope(), b)
	if err != nil {
		return err
	}
	keep := results[0]
	defer keep.Release()
	if keep.Kind == column.Null || b.Len == 0 {
		return nil
	}
	ids, owner, err := memory.Make[uint32](w.Scope(), b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	ids = compute.Select(&keep, ids[:0])
	if f.Output != nil {
		b = pickColumns(b, f.Output)
	}
	switch len(ids) {
	case 0:
		return nil
	case b.Len:
		return emit(b)
	}
	kept, err := gatherBatch(w.Scope(), b, ids)
	if err != nil {
		return err
	}
	defer kept.Release()
	return emit(kept)
}

// gatherBatch returns rows ids of b with its Seq; strings become views.
func gatherBatch(scope *memory.Scope, b *table.Batch, ids []uint32) (*table.Batch, error) {
	out := &table.Batch{Len: len(ids), Seq: b.Seq}
	for i := range b.Cols {
		c, err := gatherColumn(scope, &b.Cols[i], ids)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	return out, nil
}

func gatherColumn(scope *memory.Scope, c *column.Column, ids []uint32) (column.Column, error) {
	src, err := c.AsViews(scope)
	if err != nil {
		return src, err
	}
	defer src.Release()
	return compute.Gather(scope, &src, ids)
}

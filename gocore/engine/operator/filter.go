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

// Filter is the Transform that keeps the rows for which Predicate is true, neither false nor null.
type Filter struct {
	Predicate expr.Expr
}

var _ exec.Transform = (*Filter)(nil)

// NewFilter returns a Filter by predicate, which must be of type bool, or null.
func NewFilter(predicate expr.Expr) (*Filter, error) {
	if id := predicate.Type().ID(); id != arrow.BOOL && id != arrow.NULL {
		return nil, status.Errorf(status.TypeMismatch, "a filter takes a bool predicate, not %s: compare it with something", predicate.Type())
	}
	return &Filter{predicate}, nil
}

// Push emits the rows of b that are kept: b itself where all are, nothing where none is.
func (f *Filter) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	keep, err := expr.Eval(w.Scope(), f.Predicate, b)
	if err != nil {
		return err
	}
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

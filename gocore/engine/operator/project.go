package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Project is the Transform whose batches have the given columns of its input, in that order. It copies nothing.
type Project struct {
	Columns []int
}

var _ exec.Transform = (*Project)(nil)

// Push emits the projection of b.
func (p *Project) Push(_ *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	out := &table.Batch{Len: b.Len, Seq: b.Seq}
	for _, i := range p.Columns {
		out.Cols = append(out.Cols, b.Cols[i])
	}
	return emit(out) // lent for the call: b's references suffice
}

// Compute is the Transform whose columns are the values of expressions over its input's.
type Compute struct {
	Exprs []expr.Expr
}

var _ exec.Transform = (*Compute)(nil)

// Push emits the values for the rows of b.
func (p *Compute) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	out := &table.Batch{Len: b.Len, Seq: b.Seq}
	defer func() { out.Release() }()
	for _, e := range p.Exprs {
		c, err := expr.Eval(w.Scope(), e, b)
		if err != nil {
			return err
		}
		out.Cols = append(out.Cols, c)
	}
	return emit(out)
}

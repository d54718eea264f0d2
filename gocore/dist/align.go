package dist

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// align is the Transform that casts a rank's columns to the schema on which the ranks agreed.
type align struct{ schema *arrow.Schema }

var _ exec.Transform = (*align)(nil)

// Push lends the batch on with its columns cast.
func (a *align) Push(w *exec.Worker, b *table.Batch, emit func(*table.Batch) error) error {
	out := &table.Batch{Len: b.Len, Seq: b.Seq}
	defer out.Release()
	for i := range b.Cols {
		c, err := compute.Cast(w.Scope(), &b.Cols[i], a.schema.Field(i).Type)
		if err != nil {
			return err
		}
		out.Cols = append(out.Cols, c)
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return emit(out)
}

package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// ordered keeps a sink's input until all of it is there, in the order of Seq.
type ordered struct{ exec.Collect }

// push keeps b, its strings as views, and returns what it keeps.
func (o *ordered) push(w *exec.Worker, b *table.Batch) (*table.Batch, error) {
	views, err := b.AsViews(w.Scope())
	if err != nil {
		return nil, err
	}
	o.Keep(w, views)
	return views, nil
}

// batches returns what was pushed, which stays o's, and how many rows that is.
func (o *ordered) batches() ([]*table.Batch, int) {
	all := o.Batches()
	rows := 0
	for _, b := range all {
		rows += b.Len
	}
	return all, rows
}

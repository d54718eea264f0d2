package operator

import (
	"slices"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// ordered keeps a sink's input until all of it is there, in the order of Seq.
type ordered struct {
	once sync.Once
	kept [][]*table.Batch // by worker
}

// push keeps b, its strings as views, and returns what it keeps.
func (o *ordered) push(w *exec.Worker, b *table.Batch) (*table.Batch, error) {
	o.once.Do(func() {
		o.kept = make([][]*table.Batch, w.Query.Threads)
		w.Scope().OnClose(o.release)
	})
	views, err := withViews(w.Scope(), b)
	if err != nil {
		return nil, err
	}
	o.kept[w.ID] = append(o.kept[w.ID], views)
	return views, nil
}

// batches returns what was pushed, which stays o's, and how many rows that is.
func (o *ordered) batches() ([]*table.Batch, int) {
	all := slices.Concat(o.kept...)
	slices.SortStableFunc(all, bySeq)
	rows := 0
	for _, b := range all {
		rows += b.Len
	}
	return all, rows
}

// release gives the batches back.
func (o *ordered) release() {
	for _, batches := range o.kept {
		for _, b := range batches {
			b.Release()
		}
	}
	o.kept = nil
}

// withViews returns b with a reference of its own, every string column in the Views layout.
func withViews(scope *memory.Scope, b *table.Batch) (*table.Batch, error) {
	kept := &table.Batch{Cols: make([]column.Column, len(b.Cols)), Len: b.Len, Seq: b.Seq}
	for i := range b.Cols {
		c, err := b.Cols[i].AsViews(scope)
		if err != nil {
			kept.Cols = kept.Cols[:i]
			kept.Release()
			return nil, err
		}
		kept.Cols[i] = c
	}
	return kept, nil
}

func bySeq(a, b *table.Batch) int {
	switch {
	case a.Seq < b.Seq:
		return -1
	case a.Seq > b.Seq:
		return 1
	}
	return 0
}

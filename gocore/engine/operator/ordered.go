package operator

import (
	"sync"

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

// rangedInput is an input of which the range of each key is noted as it comes.
type rangedInput struct {
	ordered
	keys   []int
	once   sync.Once
	ranges [][]keyRange // by worker, by key
}

// push keeps b.
func (in *rangedInput) push(w *exec.Worker, b *table.Batch) error {
	in.once.Do(func() { in.ranges = make([][]keyRange, w.Query.Threads) })
	kept, err := in.ordered.push(w, b)
	if err != nil {
		return err
	}
	if in.ranges[w.ID] == nil {
		in.ranges[w.ID] = newKeyRanges(len(in.keys))
	}
	for i, key := range in.keys {
		in.ranges[w.ID][i].include(&kept.Cols[key])
	}
	return nil
}

// merged returns the range of each key over all that was pushed, or nil without keys.
func (in *rangedInput) merged() []keyRange {
	if len(in.keys) == 0 {
		return nil
	}
	ranges := newKeyRanges(len(in.keys))
	for _, worker := range in.ranges {
		mergeRanges(ranges, worker)
	}
	return ranges
}

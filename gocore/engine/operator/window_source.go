package operator

import (
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// windowSource hands out the input's batches with their results.
type windowSource struct {
	window  *Window
	batches []*table.Batch
	results []*windowResult
	next    atomic.Int64
	left    atomic.Int64 // batches not yet made
}

var (
	_ exec.Sized     = (*windowSource)(nil)
	_ exec.Ascending = (*windowSource)(nil)
)

// Batches returns the number of batches.
func (s *windowSource) Batches() int { return len(s.batches) }

// Ascending tells that batches come in order.
func (s *windowSource) Ascending() bool { return true }

// Next makes the next batch.
func (s *windowSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= len(s.batches) {
		return nil, nil
	}
	in := s.batches[i]
	in.Retain()
	out := &table.Batch{Cols: append([]column.Column(nil), in.Cols...), Len: in.Len, Seq: uint64(i)}
	for _, r := range s.results {
		c, err := r.column(w.Scope(), i)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
		if err := w.Yield(); err != nil { // a gather reaches all over memory
			out.Release()
			return nil, err
		}
	}
	if s.left.Add(-1) == 0 {
		s.release()
	}
	return out, nil
}

// release gives everything back once the last batch has been made.
func (s *windowSource) release() {
	for _, r := range s.results {
		for _, owner := range r.owners {
			owner.Release()
		}
	}
	s.window.sort.input.Release()
}

// column returns the results of a batch.
func (r *windowResult) column(scope *memory.Scope, batch int) (column.Column, error) {
	if r.pieces != nil {
		return r.pieces.Gather(scope, r.words[batch])
	}
	owner := r.owners[batch]
	owner.Retain()
	kind, _ := column.KindOf(r.typ)
	c := column.Column{Type: r.typ, Kind: kind, Len: len(r.words[batch]), Values: memory.BytesOf(r.words[batch]), Owners: []*memory.Buffer{owner}}
	if r.valid == nil {
		return c, nil
	}
	valid := r.valid[batch]
	bitmap, err := scope.Zeroed(column.BitmapBytes(len(valid)))
	if err != nil {
		c.Release()
		return column.Column{}, err
	}
	present := 0
	for i, v := range valid {
		bitmap.Bytes()[i>>3] |= v << (i & 7)
		present += int(v)
	}
	compute.SetValid(&c, bitmap, len(valid)-present)
	return c, nil
}

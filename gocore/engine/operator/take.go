package operator

import (
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Take is the Sink that hands out the rows at Indices of the ordered stream, in their order, a row any number of
// times. Index -1 gives a row of nulls.
type Take struct {
	Indices []int64
	schema  *arrow.Schema
	input   ordered
}

var _ exec.Sink = (*Take)(nil)

// NewTake returns a Take from rows of schema. indices must live as long as the Take's Source.
func NewTake(indices []int64, schema *arrow.Schema) *Take {
	return &Take{Indices: indices, schema: schema}
}

// Push keeps b.
func (t *Take) Push(w *exec.Worker, b *table.Batch) error {
	_, err := t.input.push(w, b)
	return err
}

// Combine does nothing.
func (t *Take) Combine(*exec.Worker) error { return nil }

// Finish returns the Source of the rows, once it has checked the indices.
func (t *Take) Finish(*exec.Query) (exec.Source, error) {
	batches, rows := t.input.batches()
	for i, index := range t.Indices {
		if index < -1 || index >= int64(rows) {
			return nil, status.Errorf(status.NotFound, "index %d (number %d) isn't a row: there are %d rows, and -1 for a row of nulls",
				index, i, rows)
		}
	}
	s := &takeSource{indices: t.Indices}
	for _, b := range batches {
		s.starts = append(s.starts, s.rows)
		s.rows += b.Len
	}
	for i := range t.schema.NumFields() {
		pieces := make([]*column.Column, len(batches))
		for j, b := range batches {
			pieces[j] = &b.Cols[i]
		}
		s.pieces = append(s.pieces, compute.NewPieces(t.schema.Field(i).Type, pieces))
	}
	return s, nil
}

// takeSource gathers batches of outputRows rows as they are asked for.
type takeSource struct {
	indices []int64
	starts  []int // first row of each batch
	rows    int
	pieces  []*compute.Pieces // by column
	next    atomic.Int64
}

var _ exec.Sized = (*takeSource)(nil)

// Batches returns the number of batches.
func (s *takeSource) Batches() int { return (len(s.indices) + outputRows - 1) / outputRows }

// Next gathers the next batch.
func (s *takeSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	from := i * outputRows
	if from >= len(s.indices) {
		return nil, nil
	}
	indices := s.indices[from:min(from+outputRows, len(s.indices))]
	addresses, owner, err := memory.Make[uint64](w.Scope(), len(indices))
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	s.addresses(indices, addresses)
	out := &table.Batch{Len: len(indices), Seq: uint64(i)}
	for _, p := range s.pieces {
		c, err := p.Gather(w.Scope(), addresses)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
		if err := w.Yield(); err != nil { // a gather reaches all over memory: a column may take a millisecond
			out.Release()
			return nil, err
		}
	}
	return out, nil
}

// addresses finds the batches in which the rows at indices lie, first looking where the last one did.
func (s *takeSource) addresses(indices []int64, out []uint64) {
	batch, from, to := 0, 0, 0
	for i, index := range indices {
		if index < 0 {
			out[i] = compute.MissingRow
			continue
		}
		row := int(index)
		if row < from || row >= to {
			batch = lastNotAfter(s.starts, row)
			from, to = s.starts[batch], s.rows
			if batch+1 < len(s.starts) {
				to = s.starts[batch+1]
			}
		}
		out[i] = compute.RowAddress(batch, row-from)
	}
}

// lastNotAfter returns the position of the last of the ascending starts that is at most row; the first one is.
func lastNotAfter(starts []int, row int) int {
	low, high := 0, len(starts)
	for high-low > 1 {
		if middle := (low + high) / 2; starts[middle] <= row {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

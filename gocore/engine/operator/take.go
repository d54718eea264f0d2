package operator

import (
	"math/bits"
	"slices"
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
func (t *Take) Finish(q *exec.Query) (exec.Source, error) {
	batches, rows := t.input.batches()
	s := &takeSource{indices: t.Indices, batches: newLocator(firstRows(batches))}
	if err := t.check(q, s, int64(rows)); err != nil {
		return nil, err
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

// check refuses the first index that isn't a row's.
func (t *Take) check(q *exec.Query, s *takeSource, rows int64) error {
	wrong := make([]int, q.Threads) // by worker: the first one's position
	for i := range wrong {
		wrong[i] = len(t.Indices)
	}
	err := q.For(s.Batches(), func(w *exec.Worker, i int) error {
		at := slices.IndexFunc(s.batch(i), func(index int64) bool { return index < -1 || index >= rows })
		if at >= 0 {
			wrong[w.ID] = min(wrong[w.ID], i*outputRows+at)
		}
		return nil
	})
	if first := slices.Min(wrong); err == nil && first < len(t.Indices) {
		return status.Errorf(status.NotFound, "index %d (number %d) isn't a row: there are %d rows, and -1 for a row of nulls",
			t.Indices[first], first, rows)
	}
	return err
}

// takeSource gathers batches of outputRows rows as they are asked for.
type takeSource struct {
	indices []int64
	batches locator
	pieces  []*compute.Pieces // by column
	next    atomic.Int64
}

var (
	_ exec.Sized     = (*takeSource)(nil)
	_ exec.Ascending = (*takeSource)(nil)
)

// Batches returns the number of batches.
func (s *takeSource) Batches() int { return (len(s.indices) + outputRows - 1) / outputRows }

// Ascending tells that batches come in order.
func (s *takeSource) Ascending() bool { return true }

// batch returns the indices of batch i.
func (s *takeSource) batch(i int) []int64 {
	return s.indices[i*outputRows : min((i+1)*outputRows, len(s.indices))]
}

// Next gathers the next batch.
func (s *takeSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= s.Batches() {
		return nil, nil
	}
	indices := s.batch(i)
	addresses, owner, err := memory.Make[uint64](w.Scope(), len(indices))
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	s.batches.addresses(indices, addresses)
	out, err := gatherPieces(w, s.pieces, addresses)
	if err != nil {
		return nil, err
	}
	out.Seq = uint64(i)
	return out, nil
}

// locator finds the batch in which a row lies: by bisection among the batches that share the row's high bits, of which
// there are one or two where batches are about as long.
type locator struct {
	starts []int    // first row of each batch
	guide  []uint32 // batch of row i<<shift, and at the end the last batch
	shift  uint
}

// newLocator returns the locator of batches whose first rows have the numbers in starts, which ends with the end.
func newLocator(starts []int) locator {
	l := locator{starts: starts[:len(starts)-1]}
	rows := starts[len(starts)-1]
	if rows == 0 {
		return l
	}
	l.shift = uint(bits.Len(uint(max(rows/len(l.starts), 1) - 1))) // the average length, up to a power of two
	batch := 0
	for row := 0; row < rows; row += 1 << l.shift {
		for batch+1 < len(l.starts) && l.starts[batch+1] <= row {
			batch++
		}
		l.guide = append(l.guide, uint32(batch))
	}
	l.guide = append(l.guide, uint32(len(l.starts)-1))
	return l
}

// firstRows returns the number of each batch's first row, and that of all rows.
func firstRows(batches []*table.Batch) []int {
	starts := make([]int, 1, len(batches)+1)
	for i, b := range batches {
		starts = append(starts, starts[i]+b.Len)
	}
	return starts
}

// addresses writes the addresses of the rows at indices.
func (l *locator) addresses(indices []int64, out []uint64) {
	for i, index := range indices {
		if index < 0 {
			out[i] = compute.MissingRow
			continue
		}
		row := int(index)
		low, high := int(l.guide[row>>l.shift]), int(l.guide[row>>l.shift+1])
		for low < high {
			if middle := (low + high + 1) / 2; l.starts[middle] <= row {
				low = middle
			} else {
				high = middle - 1
			}
		}
		out[i] = compute.RowAddress(low, row-l.starts[low])
	}
}

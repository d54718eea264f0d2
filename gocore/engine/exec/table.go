package exec

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Scan is the Source of a table's batches, cut to at most table.MaxRows rows. It doesn't own the table.
type Scan struct {
	batches []*table.Batch
	next    counter
}

var _ Sized = (*Scan)(nil)

// NewScan returns a Source of batches, numbered anew in their order.
func NewScan(batches []*table.Batch) *Scan {
	s := &Scan{}
	for _, b := range batches {
		for from := 0; from < b.Len; from += table.MaxRows {
			morsel := b.Slice(from, min(table.MaxRows, b.Len-from))
			morsel.Seq = uint64(len(s.batches))
			s.batches = append(s.batches, morsel)
		}
	}
	return s
}

// Batches returns the number of morsels.
func (s *Scan) Batches() int { return len(s.batches) }

// Next returns the next morsel.
func (s *Scan) Next(*Worker) (*table.Batch, error) {
	i := s.next.take()
	if i >= len(s.batches) {
		return nil, nil
	}
	b := s.batches[i]
	b.Retain()
	return b, nil
}

// Collect is the Sink that keeps what it is pushed, in order of Seq.
type Collect struct {
	kept [][]*table.Batch // per worker
}

var _ Sink = (*Collect)(nil)

// NewCollect returns a Collect for a query of threads workers.
func NewCollect(threads int) *Collect { return &Collect{kept: make([][]*table.Batch, threads)} }

// Push keeps b.
func (c *Collect) Push(w *Worker, b *table.Batch) error {
	if b.Len > 0 {
		b.Retain()
		c.kept[w.ID] = append(c.kept[w.ID], b)
	}
	return nil
}

// Combine does nothing.
func (c *Collect) Combine(*Worker) error { return nil }

// Finish returns a Scan of what was kept. Whoever takes Batches instead owns their references.
func (c *Collect) Finish(*Query) (Source, error) { return NewScan(c.Batches()), nil }

// Batches returns what was kept, in order, with its references.
func (c *Collect) Batches() []*table.Batch {
	all := slices.Concat(c.kept...)
	slices.SortStableFunc(all, func(a, b *table.Batch) int {
		switch {
		case a.Seq < b.Seq:
			return -1
		case a.Seq > b.Seq:
			return 1
		}
		return 0
	})
	return all
}

// Materialize runs src to its end and returns its batches as a table.
func Materialize(q *Query, schema *arrow.Schema, src Source, transforms ...Transform) (*table.Table, error) {
	sink := NewCollect(q.Threads)
	if _, err := q.Run(src, transforms, sink); err != nil {
		return nil, err
	}
	return table.New(schema, sink.Batches()), nil
}

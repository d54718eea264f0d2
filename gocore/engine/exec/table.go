package exec

import (
	"cmp"
	"slices"
	"sync"

	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Scan is the Source of a table's batches, cut to at most table.MorselRows rows. It doesn't own the table.
type Scan struct {
	batches []*table.Batch
	next    counter
}

var (
	_ Sized     = (*Scan)(nil)
	_ Ascending = (*Scan)(nil)
)

// NewScan returns a Source of batches, numbered anew in their order.
func NewScan(batches []*table.Batch) *Scan {
	s := &Scan{}
	for _, b := range batches {
		for from := 0; from < b.Len; from += table.MorselRows {
			morsel := b.Slice(from, min(table.MorselRows, b.Len-from))
			morsel.Seq = uint64(len(s.batches))
			s.batches = append(s.batches, morsel)
		}
	}
	return s
}

// Batches returns the number of morsels.
func (s *Scan) Batches() int { return len(s.batches) }

// Ascending tells that batches come in order.
func (s *Scan) Ascending() bool { return true }

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

// Collect is the Sink that keeps what it is pushed, in order of Seq. It holds the batches until they are taken, or
// else until the query's scope closes: also where the pipeline fails. Its zero value is ready.
type Collect struct {
	Result bool // what is kept is the caller's and no part of the query's budget
	once   sync.Once
	kept   [][]*table.Batch // per worker
}

var _ Sink = (*Collect)(nil)

// Push keeps b.
func (c *Collect) Push(w *Worker, b *table.Batch) error {
	if b.Len > 0 {
		b.Retain()
		c.Keep(w, b)
	}
	return nil
}

// Keep keeps b with the reference that its caller holds.
func (c *Collect) Keep(w *Worker, b *table.Batch) {
	c.once.Do(func() {
		c.kept = make([][]*table.Batch, w.Query.Threads)
		w.Scope().OnClose(c.Release)
	})
	if c.Result {
		b.Promote()
	}
	c.kept[w.ID] = append(c.kept[w.ID], b)
}

// Combine does nothing.
func (c *Collect) Combine(*Worker) error { return nil }

// Finish returns a Scan of what was kept.
func (c *Collect) Finish(*Query) (Source, error) { return NewScan(c.Batches()), nil }

// Batches returns what is kept, in order. It stays the Collect's.
func (c *Collect) Batches() []*table.Batch {
	all := slices.Concat(c.kept...)
	slices.SortStableFunc(all, func(a, b *table.Batch) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// Take returns what is kept, in order, with its references.
func (c *Collect) Take() []*table.Batch {
	all := c.Batches()
	c.kept = nil
	return all
}

// Release drops what is kept.
func (c *Collect) Release() {
	for _, b := range c.Take() {
		b.Release()
	}
}

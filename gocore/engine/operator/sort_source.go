package operator

import (
	"slices"
	"sync/atomic"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// outputRows is the most rows of a result's batch: its entries and addresses stay in a second-level cache.
const outputRows = min(64<<10, table.MaxRows)

// sortSource hands out the ordered rows. Batches are sorted and gathered as they are asked for, by whoever asks: the
// entries are still in its cache, and who wants the first rows only doesn't wait for the rest.
type sortSource struct {
	sort    *Sort
	batches []*table.Batch
	words   *words
	parts   *partitioner
	output  [][]span          // by batch
	scratch int               // rows of the largest span to sort
	sorters []*rangeSorter    // by Worker.ID
	payload int               // column whose bits are in the entries' rows, or -1: they are addresses
	decoded []*decoder        // by column, where it is decoded from the word
	pieces  []*compute.Pieces // by column, where it is neither
	placed  []int             // the two columns that are written in the entries' place, if there are no others of them
	next    atomic.Int64
	left    atomic.Int64 // batches not yet gathered
}

var (
	_ exec.Sized     = (*sortSource)(nil)
	_ exec.Ascending = (*sortSource)(nil)
)

// newSortSource decides how each column is made from the entries.
func newSortSource(sort *Sort, words *words, batches []*table.Batch) *sortSource {
	s := &sortSource{sort: sort, words: words, batches: batches}
	columns := sort.schema.NumFields()
	s.decoded = make([]*decoder, columns)
	s.payload = -1
	var rest []int
	if len(s.words.levels) == 1 && !s.words.levels[0].text {
		below := s.words.levels[0].bits
		for _, f := range s.words.levels[0].fields {
			below -= f.bits
			if r := s.words.ranges[f.key]; f.mask != 0 && !r.negativeZero {
				s.decoded[s.sort.spec.Keys[f.key].Column] = newDecoder(f, below, r.nulls)
			}
		}
	}
	for i := range columns {
		if s.decoded[i] == nil {
			rest = append(rest, i)
		}
	}
	if len(rest) == 1 && len(s.words.levels) == 1 && s.travels(rest[0]) {
		s.payload = rest[0]
		rest = nil
	}
	s.pieces = make([]*compute.Pieces, columns)
	for _, i := range rest {
		pieces := make([]*column.Column, len(s.batches))
		for j, b := range s.batches {
			pieces[j] = &b.Cols[i]
		}
		s.pieces[i] = compute.NewPieces(s.sort.schema.Field(i).Type, pieces)
	}
	s.placed = s.fillEntries()
	return s
}

// planBatches makes a batch of each span, or of several small ones.
func (s *sortSource) planBatches() {
	spans := s.parts.spans
	for from, i := 0, 0; i < len(spans); i++ {
		if !spans[i].sorted {
			s.scratch = max(s.scratch, spans[i].rows())
		}
		if i+1 == len(spans) || spans[i+1].to-spans[from].from > outputRows {
			s.output = append(s.output, spans[from:i+1])
			from = i + 1
		}
	}
	s.left.Store(int64(len(s.output)))
}

// travels tells whether column i fits into the entries: numbers without nulls.
func (s *sortSource) travels(i int) bool {
	for _, b := range s.batches {
		if kind := b.Cols[i].Kind; b.Cols[i].Nulls > 0 || !kind.IsInteger() && !kind.IsFloat() {
			return false
		}
	}
	return !s.words.levels[0].text
}

// Batches returns the number of batches.
func (s *sortSource) Batches() int { return len(s.output) }

// Ascending tells that batches come in order: who has enough leaves the rest unsorted.
func (s *sortSource) Ascending() bool { return true }

// Next sorts and gathers the next batch.
func (s *sortSource) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= len(s.output) {
		return nil, nil
	}
	spans := s.output[i]
	for _, part := range spans {
		if err := s.sortSpan(w, part); err != nil {
			return nil, err
		}
	}
	out, err := s.gather(w, s.parts.entries[spans[0].from:spans[len(spans)-1].to])
	if err != nil {
		return nil, err
	}
	out.Seq = uint64(i)
	if s.left.Add(-1) == 0 {
		s.release()
	}
	return out, nil
}

// sortSpan puts the rows of a span in order, into entries.
func (s *sortSource) sortSpan(w *exec.Worker, part span) error {
	entries := s.parts.entries[part.from:part.to]
	if part.other {
		copy(entries, s.parts.other[part.from:part.to])
	}
	if part.sorted {
		return nil
	}
	sorter, err := s.sorter(w)
	if err != nil {
		return err
	}
	if part.stale {
		if err := sorter.refill(part.p, entries); err != nil {
			return err
		}
	}
	return sorter.sort(entries, part.p)
}

// sorter returns w's sorter.
func (s *sortSource) sorter(w *exec.Worker) (*rangeSorter, error) {
	sorter := s.sorters[w.ID]
	if sorter == nil {
		scratch, owner, err := memory.Make[entry](w.Scope(), s.scratch)
		if err != nil {
			return nil, err
		}
		sorter = &rangeSorter{words: s.words, scratch: scratch, owner: owner}
		s.sorters[w.ID] = sorter
	}
	sorter.worker = w
	return sorter, nil
}

// release gives everything back once the last batch has been gathered.
func (s *sortSource) release() {
	for _, owner := range s.parts.owners {
		owner.Release()
	}
	for _, sorter := range s.sorters {
		if sorter != nil {
			sorter.owner.Release()
		}
	}
	s.sort.input.Release()
}

func (s *sortSource) gather(w *exec.Worker, entries []entry) (*table.Batch, error) {
	addresses, owner, err := s.addresses(w.Scope(), entries)
	if err != nil {
		return nil, err
	}
	if owner != nil {
		defer owner.Release()
	}
	in, err := s.newInPlace(w.Scope(), entries)
	if err != nil {
		return nil, err
	}
	defer in.release()
	out := &table.Batch{Len: len(entries)}
	for i := range s.pieces {
		var c column.Column
		if s.pieces[i] != nil {
			c, err = s.pieces[i].Gather(w.Scope(), addresses)
		} else {
			c, err = s.made(w.Scope(), i, entries, in)
		}
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
	in.finish(out)
	return out, nil
}

// made returns column i, made from what the entries hold.
func (s *sortSource) made(scope *memory.Scope, i int, entries []entry, in *inPlace) (c column.Column, err error) {
	t := s.sort.schema.Field(i).Type
	if in != nil {
		c = in.column(t, i)
	} else if c, err = compute.New(scope, t, len(entries)); err != nil {
		return c, err
	}
	if i == s.payload {
		putRows(&c, entries)
		return c, nil
	}
	if err = s.decoded[i].fill(scope, &c, entries); err != nil {
		c.Release()
	}
	return c, err
}

// addresses returns the addresses of the rows of entries, if a column is to be gathered from them.
func (s *sortSource) addresses(scope *memory.Scope, entries []entry) ([]uint64, *memory.Buffer, error) {
	if !slices.ContainsFunc(s.pieces, func(p *compute.Pieces) bool { return p != nil }) {
		return nil, nil, nil
	}
	addresses, owner, err := memory.Make[uint64](scope, len(entries))
	for i := range addresses {
		addresses[i] = entries[i].row
	}
	return addresses, owner, err
}

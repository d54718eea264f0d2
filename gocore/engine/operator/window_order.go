package operator

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// windowOrder is the rows by partition, and within one in its order: number i is row entries[i].row, or row i of the
// input where there are neither partitions nor an order.
//
// Where the keys of a row fit one word, all rows are sorted by them at once. Where not, they are sorted by partition, and
// each partition by its worker, whose cache it fits; unless one is too large for that.
type windowOrder struct {
	batches []*table.Batch
	rows    int
	entries []entry
	owner   *memory.Buffer // of entries
	locator locator        // without entries

	keys      [][]*column.Column // by key, by batch: first the partition's
	partition int                // how many keys are the partition's
	dropNull  bool               // a partition with a null key has no results
	inner     *words             // by which workers sort partitions, nil if they are in order

	// Two rows are of one partition, or peers, if their words are equal but for the lowest orderBits, or all; or else, if
	// their keys are.
	partitionByWord, peersByWord bool
	orderBits                    int
}

// windowUnitRows is about how many rows a worker takes at a time: their values stay in its cache.
const windowUnitRows = 1 << 15

// order sorts the input and cuts it into units.
func (s *Window) order(q *exec.Query) (*windowOrder, []span, error) {
	ranges, batches, rows, err := s.sort.gathered(q)
	if err != nil {
		return nil, nil, err
	}
	o := &windowOrder{batches: batches, rows: rows, partition: len(s.spec.Partition)}
	keys := s.sort.spec.Keys
	if rows > maxWindowRows {
		return nil, nil, status.Errorf(status.Unsupported, "a window over %d rows: at most %d are possible on one rank", rows, maxWindowRows)
	}
	if len(keys) == 0 || rows == 0 {
		o.locator = newLocator(firstRows(batches))
		units, err := o.units(q)
		return o, units, err
	}
	for _, f := range s.spec.Functions {
		if f.Frame.Range && ranges[o.partition].nulls {
			return nil, nil, status.Errorf(status.Invalid, "a frame by range needs an order without nulls: drop those rows first")
		}
	}
	whole := newWords(s.sort.spec, ranges, batches)
	o.keys = whole.columns
	for _, r := range ranges[:o.partition] {
		o.dropNull = o.dropNull || s.spec.DropNull && r.nulls
	}
	if !whole.isOne() && o.partition > 0 && o.partition < len(keys) {
		outer := newWords(SortSpec{keys[:o.partition]}, ranges[:o.partition], batches)
		o.inner = newWords(SortSpec{keys[o.partition:]}, ranges[o.partition:], batches)
		units, err := o.sort(q, outer)
		if err != nil || largest(units) <= cacheRows {
			return o, units, err
		}
		o.release()
		o.inner = nil
	}
	units, err := o.sort(q, whole)
	return o, units, err
}

// sort sorts the rows by words and cuts them into units.
func (o *windowOrder) sort(q *exec.Query, words *words) ([]span, error) {
	o.partitionByWord = words.isOne()
	o.peersByWord = o.partitionByWord
	o.orderBits = 0
	if o.inner != nil {
		o.peersByWord = o.inner.isOne()
	} else if o.partitionByWord && len(words.levels) == 1 {
		for _, f := range words.levels[0].fields {
			if f.key >= o.partition {
				o.orderBits += f.bits
			}
		}
	}
	var err error
	if o.entries, o.owner, err = sortedEntries(q, words, o.batches, o.rows); err != nil {
		return nil, err
	}
	return o.units(q)
}

// isOne tells whether rows whose first words are equal have equal keys.
func (w *words) isOne() bool { return len(w.levels) == 0 || len(w.levels) == 1 && !w.levels[0].text }

// largest returns the rows of the largest span.
func largest(spans []span) int {
	rows := 0
	for _, s := range spans {
		rows = max(rows, s.rows())
	}
	return rows
}

// sortedEntries returns all rows in the order of words.
func sortedEntries(q *exec.Query, words *words, batches []*table.Batch, rows int) ([]entry, *memory.Buffer, error) {
	s := &sortSource{batches: batches, words: words, payload: -1, sorters: make([]*rangeSorter, q.Threads),
		parts: &partitioner{query: q, words: words, batches: batches, payload: -1, rows: rows}}
	if err := s.parts.run(); err != nil {
		return nil, nil, err
	}
	s.planBatches()
	err := q.For(len(s.parts.spans), func(w *exec.Worker, i int) error { return s.sortSpan(w, s.parts.spans[i]) })
	for _, sorter := range s.sorters {
		if sorter != nil {
			sorter.owner.Release()
		}
	}
	for _, other := range s.parts.owners[1:] {
		other.Release()
	}
	return s.parts.entries, s.parts.owners[0], err
}

// release gives the entries back.
func (o *windowOrder) release() {
	if o.owner != nil {
		o.owner.Release()
	}
}

// addresses writes the addresses of rows number indices; -1 gives compute.MissingRow.
func (o *windowOrder) addresses(indices []int64, out []uint64) {
	if o.entries == nil {
		o.locator.addresses(indices, out)
		return
	}
	for i, index := range indices {
		if index < 0 {
			out[i] = compute.MissingRow
			continue
		}
		out[i] = o.entries[index].row
	}
}

// runs calls use for each run of rows [from, to) that lie one after the other in a batch, where rows aren't sorted.
func (o *windowOrder) runs(from, to int, use func(batch, row, n int) error) error {
	var address [1]uint64
	for from < to {
		o.locator.addresses([]int64{int64(from)}, address[:])
		batch, row := int(address[0]>>32), int(uint32(address[0]))
		n := min(to-from, o.batches[batch].Len-row)
		if err := use(batch, row, n); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// units cuts the rows into whole partitions, several small ones together.
func (o *windowOrder) units(q *exec.Query) ([]span, error) {
	if o.rows == 0 {
		return nil, nil
	}
	chunks := (o.rows + windowUnitRows - 1) / windowUnitRows
	first := make([]int, chunks) // the first start of a partition in each chunk, -1 if there is none
	err := q.For(chunks, func(_ *exec.Worker, i int) error {
		first[i] = -1
		for row := i * windowUnitRows; row < min((i+1)*windowUnitRows, o.rows); row++ {
			if row == 0 || !o.samePartition(row) {
				first[i] = row
				break
			}
		}
		return nil
	})
	var units []span
	for _, row := range first {
		if row < 0 {
			continue
		}
		if last := len(units) - 1; last >= 0 {
			units[last].to = row
		}
		units = append(units, span{from: row, to: o.rows})
	}
	return units, err
}

// samePartition tells whether row i is of the partition of the row before it.
func (o *windowOrder) samePartition(i int) bool {
	if o.partition == 0 {
		return true
	}
	if o.partitionByWord {
		return o.entries[i].word>>o.orderBits == o.entries[i-1].word>>o.orderBits
	}
	return o.sameKeys(o.keys[:o.partition], i)
}

// samePeers tells whether row i, of the partition of the row before it, has equal order keys, too.
func (o *windowOrder) samePeers(i int) bool {
	if o.entries == nil {
		return true
	}
	if o.peersByWord {
		return o.entries[i].word == o.entries[i-1].word
	}
	return o.sameKeys(o.keys[o.partition:], i)
}

func (o *windowOrder) sameKeys(keys [][]*column.Column, i int) bool {
	a, b := o.entries[i-1].row, o.entries[i].row
	for _, columns := range keys {
		if !sameValue(columns[a>>32], int(uint32(a)), columns[b>>32], int(uint32(b))) {
			return false
		}
	}
	return true
}

// sameValue tells whether two rows have equal keys: null is like null, NaN like NaN.
func sameValue(a *column.Column, i int, b *column.Column, j int) bool {
	if a.IsNull(i) || b.IsNull(j) {
		return a.IsNull(i) && b.IsNull(j)
	}
	if a.Kind == column.String {
		return column.EqualViews(&a.Views[i], a.Heaps, &b.Views[j], b.Heaps)
	}
	u, number := value(a, i)
	v, other := value(b, j)
	return number == other && (!number || u == v)
}

// isDropped tells whether the partition of row i has no results.
func (o *windowOrder) isDropped(i int) bool {
	if !o.dropNull {
		return false
	}
	a := o.entries[i].row
	for _, columns := range o.keys[:o.partition] {
		if columns[a>>32].IsNull(int(uint32(a))) {
			return true
		}
	}
	return false
}

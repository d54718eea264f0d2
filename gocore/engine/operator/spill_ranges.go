package operator

import (
	"math"
	"math/bits"
	"slices"
	"sort"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

const (
	// rangeSamples is how many rows are looked at per range to choose where it begins: they come out within about a tenth
	// of even.
	rangeSamples = 64
	// sampledBatches is from how many batches they are, at most: each may have to be read.
	sampledBatches = 64
	// rangeRows is how many rows are compared with the splitters between two yields.
	rangeRows = 8 << 10
)

// rangeDivider divides rows into ranges of a sort's order. Where a range begins is a row, a splitter: its keys, and its
// place. So rows of equal keys are divided, too, by their places: a sort of the parts stays stable overall, and a
// frequent key needs no care.
type rangeDivider struct {
	keys    []SortKey
	cells   []*SortCells      // per key, of the splitters
	columns []column.Column   // that these refer to
	places  []rowPlace        // per splitter
	words   []uint64          // per splitter, of its first key
	search  [spillWays]uint64 // words, and the highest behind them
	exact   bool              // a word between the lowest and the highest tells the key
	// guide[i] is how many splitters have a word below words[0] + i<<shift: where that of the next is the same, it is of
	// every word in between.
	guide [guideSize + 1]uint8
	shift uint
}

// guideSize is so many times the number of splitters that few words are in one's part of the guide.
const guideSize = 64 * spillWays

func (d *rangeDivider) ways() int { return len(d.places) + 1 }

// newRangeDivider chooses splitters of so many ranges from rows of n batches: batch returns number i of them with a
// reference.
func newRangeDivider(w *exec.Worker, keys []SortKey, ways, n int, batch func(i int) (*table.Batch, spill.Place, error)) (*rangeDivider, error) {
	s := rangeSample{keys: keys}
	defer s.release()
	batches := min(n, sampledBatches)
	for i := range batches {
		b, place, err := batch(someOf(i, batches, n))
		if err != nil {
			return nil, err
		}
		err = s.add(w.Scope(), b, place, rangeSamples*ways/batches)
		b.Release()
		if err != nil {
			return nil, err
		}
	}
	return s.choose(w.Scope(), ways)
}

// someOf returns a number within the i-th of parts parts of [0, n): anywhere, so that a pattern in what is numbered
// can't match the samples'.
func someOf(i, parts, n int) int {
	from, to := i*n/parts, (i+1)*n/parts
	return from + hashing.Rank(hashing.Uint64(uint64(i)), to-from)
}

// rangeSample is sampled rows.
type rangeSample struct {
	keys    []SortKey
	batches []*table.Batch // of the keys' columns
	places  []rowPlace
}

// add takes in copies of rows of b.
func (s *rangeSample) add(scope *memory.Scope, b *table.Batch, place spill.Place, rows int) error {
	ids := make([]uint32, min(rows, b.Len))
	for i := range ids {
		ids[i] = uint32(someOf(i, len(ids), b.Len))
		s.places = append(s.places, rowPlace{place, int(ids[i])})
	}
	keys := &table.Batch{Len: b.Len}
	fields := make([]arrow.Field, len(s.keys))
	for k, key := range s.keys {
		keys.Cols = append(keys.Cols, b.Cols[key.Column])
		fields[k].Type = b.Cols[key.Column].Type
	}
	encoded, err := encoding.Encode(scope, keys, ids, 0)
	if err != nil {
		return err
	}
	defer encoded.Release()
	sampled, err := encoding.Decode(encoded, arrow.NewSchema(fields, nil))
	if err == nil {
		s.batches = append(s.batches, sampled)
	}
	return err
}

// choose orders the sample and takes a row for each end of a part.
func (s *rangeSample) choose(scope *memory.Scope, ways int) (*rangeDivider, error) {
	d := &rangeDivider{keys: s.keys}
	if len(s.places) == 0 {
		return d, nil
	}
	cols, cells := make([]column.Column, len(s.keys)), make([]*SortCells, len(s.keys))
	for k, key := range s.keys {
		pieces := make([]*column.Column, len(s.batches))
		for i, b := range s.batches {
			pieces[i] = &b.Cols[k]
		}
		var err error
		if cols[k], err = compute.Concat(scope, pieces[0].Type, pieces); err != nil {
			return nil, err
		}
		defer cols[k].Release()
		if cells[k], err = NewSortCells(scope, cols[k], key); err != nil {
			return nil, err
		}
		defer cells[k].Release()
	}
	order := make([]uint32, len(s.places))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return compareRows(cells, int(a), s.places[a], cells, int(b), s.places[b])
	})
	var chosen []uint32
	for i := 1; i < ways; i++ {
		at := order[i*len(order)/ways]
		chosen = append(chosen, at)
		d.places = append(d.places, s.places[at])
	}
	for k, key := range s.keys {
		c, err := compute.Gather(scope, &cols[k], chosen)
		if err != nil {
			return nil, err
		}
		d.columns = append(d.columns, c)
		cell, err := NewSortCells(scope, c, key)
		if err != nil {
			return nil, err
		}
		d.cells = append(d.cells, cell)
	}
	for i := range chosen {
		d.words = append(d.words, firstWord(d.cells, i))
	}
	d.prepare()
	return d, nil
}

// prepare makes what is searched of the words.
func (d *rangeDivider) prepare() {
	for i := copy(d.search[:], d.words); i < spillWays; i++ {
		d.search[i] = math.MaxUint64
	}
	d.exact = len(d.cells) == 1 && d.cells[0].column.Kind != column.String
	low, high := d.words[0], d.words[len(d.words)-1]
	d.shift = uint(max(bits.Len64(high-low)-bits.Len(guideSize-1), 0))
	for i := range d.guide {
		word, carry := bits.Add64(low, uint64(i)<<d.shift, 0)
		d.guide[i] = uint8(len(d.words))
		if carry == 0 && word <= high {
			d.guide[i] = uint8(d.search64(word))
		}
	}
}

// release gives the splitters back, which division has no more need of.
func (d *rangeDivider) release() {
	for i := range d.columns {
		d.columns[i].Release()
		d.cells[i].Release()
	}
}

func (s *rangeSample) release() {
	releaseAll(s.batches)
}

// divide writes the range of each row: where its first key's word is that of no splitter, the word tells.
func (d *rangeDivider) divide(w *exec.Worker, b *table.Batch, first rowPlace, parts []uint32) error {
	if len(d.words) == 0 {
		clear(parts)
		return nil
	}
	cells := make([]*SortCells, len(d.keys))
	for k, key := range d.keys {
		views, err := b.Cols[key.Column].AsViews(w.Scope())
		if err != nil {
			return err
		}
		defer views.Release()
		if cells[k], err = NewSortCells(w.Scope(), views, key); err != nil {
			return err
		}
		defer cells[k].Release()
	}
	run := splitterRun{from: -1} // of the last frequent key
	for i := range parts {
		word := firstWord(cells, i)
		part := run.from
		if word != run.word || part < 0 {
			part = d.below(word)
		}
		if part < len(d.words) && d.words[part] == word {
			if part != run.from {
				run = d.run(part)
			}
			row := rowPlace{first.Place, first.row + i}
			if run.oneKey { // whose rows are in the order of their places
				for run.within < run.n && row.compare(d.places[part+run.within]) >= 0 {
					run.within++
				}
				part += run.within
			} else {
				part += sort.Search(run.n, func(j int) bool { return compareRows(cells, i, row, d.cells, part+j, d.places[part+j]) < 0 })
			}
		}
		parts[i] = uint32(part)
		if i%rangeRows == rangeRows-1 {
			if err := w.Yield(); err != nil {
				return err
			}
		}
	}
	return w.Yield()
}

// splitterRun is the splitters of one word.
type splitterRun struct {
	word    uint64
	from, n int
	oneKey  bool // they all have the same key, as any row of that word
	within  int  // how many of them aren't above the last row
}

// run returns the splitters of the word of splitter from, the first of them.
func (d *rangeDivider) run(from int) splitterRun {
	r := splitterRun{word: d.words[from], from: from, n: len(d.words) - from}
	if r.word < math.MaxUint64 {
		r.n = d.below(r.word+1) - from
		r.oneKey = d.exact && r.word > 0
	}
	return r
}

// firstWord returns the word of a row's first key; 0 where there are no keys, and places alone are in order.
func firstWord(cells []*SortCells, i int) uint64 {
	if len(cells) == 0 {
		return 0
	}
	return cells[0].word(i)
}

// below returns how many splitters have a word below word.
func (d *rangeDivider) below(word uint64) int {
	if word <= d.words[0] {
		return 0
	}
	if at := (word - d.words[0]) >> (d.shift & 63); at < guideSize && d.guide[at] == d.guide[at+1] {
		return int(d.guide[at])
	}
	return d.search64(word)
}

// search64 is below by halves of the splitters.
func (d *rangeDivider) search64(word uint64) int {
	n := 0
	for half := spillWays / 2; half > 0; half /= 2 {
		_, less := bits.Sub64(d.search[(n+half-1)%spillWays], word, 0) // a branch would be mispredicted every other time
		n += half * int(less)
	}
	return n
}

// compareRows orders two rows by their keys, then by their places: -1, 0 or 1.
func compareRows(a []*SortCells, i int, p rowPlace, b []*SortCells, j int, q rowPlace) int {
	for k := range a {
		if c := a[k].Compare(i, b[k], j); c != 0 {
			return c
		}
	}
	return p.compare(q)
}

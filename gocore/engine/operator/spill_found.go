package operator

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// foundRows is the Sink of numbers of rows, with results, in any order. A number may be found twice, with equal results:
// where something was tried again.
//
//	without results   a bitmap of the numbers, where that takes little of the budget
//	else              they are written by ranges of numbers, each of some of the input's pieces, so that each range's fit
//	                  in memory once its rows are wanted
type foundRows struct {
	rows    *numberedRows
	results []arrow.Field
	ranges  []int // first piece of each range, and the end
	mu      sync.Mutex
	bits    []uint64 // nil: they are written
	owner   *memory.Buffer
	*spillParts
}

var _ exec.Sink = (*foundRows)(nil)

func newFoundRows(q *exec.Query, rows *numberedRows, results []arrow.Field) (*foundRows, error) {
	f := &foundRows{rows: rows, results: results, ranges: []int{0}}
	most := q.Scope.Budget().Limit() / 4 / int64(q.Threads) / int64(16+16*len(results)) // rows of a range
	for piece := range rows.pieces() {
		if from := f.ranges[len(f.ranges)-1]; piece > from && rows.starts[piece+1]-rows.starts[from] > most {
			f.ranges = append(f.ranges, piece)
		}
	}
	if rows.pieces() > 0 {
		f.ranges = append(f.ranges, rows.pieces())
	}
	f.spillParts = newSpillParts(q, arrow.NewSchema(append([]arrow.Field{numberField}, results...), nil), f)
	if words := (rows.rows() + 63) / 64; len(results) == 0 && 8*words < q.Scope.Budget().Limit()/8 {
		bits, err := q.Scope.Zeroed(int(8 * words))
		if err != nil {
			return nil, err
		}
		f.bits, f.owner = memory.As[uint64](bits.Bytes()), bits
	}
	return f, nil
}

// Push takes in the numbers and results of b.
func (f *foundRows) Push(w *exec.Worker, b *table.Batch) error {
	if f.bits == nil {
		return f.spillParts.Push(w, b)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, number := range column.Of[uint64](&b.Cols[0]) {
		f.bits[number>>6] |= 1 << (number & 63)
	}
	return nil
}

// ways returns the number of ranges.
func (f *foundRows) ways() int { return len(f.ranges) - 1 }

// first returns the number of a range's first row.
func (f *foundRows) first(i int) uint64 { return uint64(f.rows.starts[f.ranges[i]]) }

// divide writes the range of each number: mostly that of the number before, as parts are found in the rows' order.
func (f *foundRows) divide(w *exec.Worker, b *table.Batch, _ rowPlace, parts []uint32) error {
	at, low, high := 0, f.first(0), f.first(1)
	for i, number := range column.Of[uint64](&b.Cols[0]) {
		if number < low || number >= high {
			at = sort.Search(f.ways(), func(k int) bool { return number < f.first(k+1) })
			low, high = f.first(at), f.first(at+1)
		}
		parts[i] = uint32(at)
	}
	return w.Yield()
}

// source returns the Source of the rows that were found, in order, with their results; with mark, of all rows, with a
// column that is true for those that weren't.
func (f *foundRows) source(mark bool) exec.Source {
	s := &foundSource{foundRows: f, mark: mark}
	s.left.Store(int64(f.ways()))
	return s
}

type foundSource struct {
	*foundRows
	mark    bool
	next    atomic.Int64
	left    atomic.Int64 // ranges that aren't done
	workers atomic.Pointer[[]*foundRange]
}

var _ exec.Ascending = (*foundSource)(nil)

// Ascending tells that batches come in order.
func (s *foundSource) Ascending() bool { return true }

// foundRange is a range in memory.
type foundRange struct {
	number    int
	piece     int               // next
	addresses []uint64          // by row: 1 more than the address of its results, 0 if it wasn't found
	results   []*table.Batch    // with the numbers in front
	pieces    []*compute.Pieces // by result
	owner     *memory.Buffer
}

// Next returns the next piece's rows.
func (s *foundSource) Next(w *exec.Worker) (*table.Batch, error) {
	if s.workers.Load() == nil {
		workers := make([]*foundRange, w.Query.Threads)
		s.workers.CompareAndSwap(nil, &workers)
	}
	mine := &(*s.workers.Load())[w.ID]
	for {
		if *mine == nil {
			i := int(s.next.Add(1) - 1)
			if i >= s.ways() {
				return nil, nil
			}
			var err error
			if *mine, err = s.load(w, i); err != nil {
				return nil, err
			}
		}
		r := *mine
		if r.piece == s.ranges[r.number+1] {
			s.done(r)
			*mine = nil
			continue
		}
		b, err := s.join(w, r, r.piece)
		r.piece++
		if b != nil || err != nil {
			return b, err
		}
	}
}

// load reads a range.
func (s *foundSource) load(w *exec.Worker, i int) (*foundRange, error) {
	r := &foundRange{number: i, piece: s.ranges[i]}
	file, first := s.files[i], s.first(i)
	var err error
	r.addresses, r.owner, err = memory.Make[uint64](w.Scope(), int(s.first(i+1)-first))
	if err != nil {
		return nil, err
	}
	clear(r.addresses)
	for row := range r.addresses {
		if number := first + uint64(row); s.bits != nil && s.bits[number>>6]>>(number&63)&1 != 0 {
			r.addresses[row] = 1
		}
	}
	for k := range file.batches() {
		b, err := file.read(w, k)
		if err != nil {
			return nil, err
		}
		for row, number := range column.Of[uint64](&b.Cols[0]) {
			r.addresses[number-first] = compute.RowAddress(len(r.results), row) + 1
		}
		if len(s.foundRows.results) == 0 {
			b.Release()
		} else {
			r.results = append(r.results, b)
		}
		if err := w.Yield(); err != nil {
			return nil, err
		}
	}
	if len(r.results) > 0 {
		for c, field := range s.foundRows.results {
			r.pieces = append(r.pieces, piecesOf(r.results, c+1, field.Type))
		}
	}
	return r, nil
}

// done gives a range back, and after the last one the input.
func (s *foundSource) done(r *foundRange) {
	r.owner.Release()
	releaseAll(r.results)
	s.files[r.number].Close()
	if s.left.Add(-1) == 0 {
		s.rows.release()
		if s.owner != nil {
			s.owner.Release()
		}
	}
}

// join returns the rows of a piece that stay, with what is behind them; nil if there are none.
func (s *foundSource) join(w *exec.Worker, r *foundRange, piece int) (*table.Batch, error) {
	start := s.rows.starts[piece] - s.rows.starts[s.ranges[r.number]]
	found := r.addresses[start:][:s.rows.starts[piece+1]-s.rows.starts[piece]]
	scratch, owner, err := memory.Make[uint64](w.Scope(), len(found)+(len(found)+1)/2)
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	addresses, ids := scratch[:0:len(found)], memory.As[uint32](memory.BytesOf(scratch[len(found):]))[:0]
	for i, address := range found {
		if address > 0 {
			ids, addresses = append(ids, uint32(i)), append(addresses, address-1)
		}
	}
	if len(ids) == 0 && !s.mark {
		return nil, nil
	}
	b, err := s.rows.read(w, piece)
	if err != nil {
		return nil, err
	}
	defer b.Release()
	if s.mark {
		return marked(w, b, ids)
	}
	out := &table.Batch{Len: len(ids), Seq: uint64(piece)}
	for i := range b.Cols {
		c := b.Cols[i]
		if len(ids) == b.Len {
			c.Retain()
		} else if c, err = compute.Gather(w.Scope(), &b.Cols[i], ids); err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	if len(r.pieces) > 0 {
		results, err := gatherPieces(w, r.pieces, addresses)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, results.Cols...)
	}
	return out, nil
}

// marked returns b with a column that is true but for rows ids.
func marked(w *exec.Worker, b *table.Batch, ids []uint32) (*table.Batch, error) {
	mark, err := compute.New(w.Scope(), arrow.FixedWidthTypes.Boolean, b.Len)
	if err != nil {
		return nil, err
	}
	for i := range mark.Values {
		mark.Values[i] = 0xFF
	}
	for _, id := range ids {
		mark.Values[id>>3] &^= 1 << (id & 7)
	}
	b.Retain()
	return &table.Batch{Cols: append(slices.Clip(b.Cols), mark), Len: b.Len, Seq: b.Seq}, nil
}

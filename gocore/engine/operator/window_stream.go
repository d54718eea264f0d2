package operator

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// windowStream is the Sink that computes window functions of rows that come in the order of partitions and in theirs,
// pushed by one worker: a partition may have any number of rows. It holds the rows that frames can reach, as a unit
// whose rows are numbered anew each time that it is full:
//
//	| a row each that a function holds on to | needed again | done | not yet |      |
//	                                         0 .. pins       keep   done      rows   room
//
// A row is done once its result can't depend on rows to come. Functions that look at all of a partition at once (its
// length, a frame to its end, the first of growing frames by range) hold all of it, and are refused if that is too much.
type windowStream struct {
	*windowWorker
	window    *Window
	to        exec.Sink
	number    int            // the column of the rows' numbers, which are what the results are found by
	batches   []*table.Batch // in which the rows lie
	addresses []uint64       // by row: in batches
	rows      int
	done      int
	searched  int  // rows before it are of the partition of row done
	part      span // the partition of row done; it may begin before row 0
	lost      bool // it has no results

	filled  int // results that are waiting
	numbers []uint64
	results [][]uint64 // by function: values, or addresses of the rows found
	valid   [][]byte
}

var _ exec.Sink = (*windowStream)(nil)

// newWindowStream returns a stream over rows of window's schema; to is pushed the numbers and results.
func newWindowStream(q *exec.Query, window *Window, number int, to exec.Sink) (*windowStream, error) {
	var places []*windowResult
	for _, f := range window.spec.Functions {
		r := &windowResult{typ: window.ResultType(f)}
		if f.finds() {
			r.pieces = piecesOf(nil, f.Column, r.typ)
		}
		places = append(places, r)
	}
	s := &windowStream{windowWorker: newWindowWorker(window, &windowOrder{}, places), window: window, number: number, to: to, numbers: make([]uint64, windowBlock)}
	perRow := int64(9)
	for _, c := range s.columns {
		if c.form == asTexts {
			return nil, status.Errorf(status.OutOfMemory, "the least and greatest strings of a partition that exceeds the memory")
		}
		perRow += 9
	}
	for range s.outputs {
		perRow += 24
		s.results, s.valid = append(s.results, make([]uint64, windowBlock)), append(s.valid, make([]byte, windowBlock))
	}
	room := int(max(q.Scope.Budget().Room()/6/perRow, 2*windowBlock))
	flags, err := q.Scope.Alloc(room)
	if err != nil {
		return nil, err
	}
	s.flags = flags.Bytes()
	if s.addresses, _, err = memory.Make[uint64](q.Scope, room); err != nil {
		return nil, err
	}
	s.rows = len(s.outputs)
	clear(s.addresses[:s.rows])
	s.done, s.searched = s.rows, s.rows
	return s, s.makeColumns(q.Scope, room)
}

// Push takes in the next rows.
func (s *windowStream) Push(w *exec.Worker, b *table.Batch) error {
	s.worker = w
	b.Retain()
	s.batches = append(s.batches, b)
	for from := 0; from < b.Len; {
		if s.rows == len(s.flags) {
			if err := s.forget(); err != nil {
				return err
			}
		}
		n := min(len(s.flags)-s.rows, b.Len-from, windowUnitRows)
		if err := s.take(b, from, n); err != nil {
			return err
		}
		if err := s.advance(false); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// Combine computes the rest.
func (s *windowStream) Combine(w *exec.Worker) error {
	s.worker = w
	if err := s.advance(true); err != nil {
		return err
	}
	return s.flush()
}

// Finish returns no rows.
func (s *windowStream) Finish(*exec.Query) (exec.Source, error) {
	releaseAll(s.batches)
	return exec.NewScan(nil), nil
}

// take takes in n rows of the last batch.
func (s *windowStream) take(b *table.Batch, from, n int) error {
	for i := range n {
		row := s.rows + i
		s.addresses[row] = compute.RowAddress(len(s.batches)-1, from+i)
		s.flags[row] = 0
		switch {
		case row == len(s.outputs) || !s.same(s.window.spec.Partition, row):
			s.flags[row] = newPartition | newPeers
			if s.window.spec.DropNull && s.isMissing(b, from+i) {
				s.flags[row] |= dropped
			}
		case s.ranks && !s.sameOrder(row):
			s.flags[row] = newPeers
		}
	}
	for _, c := range s.columns {
		values := b.Cols[c.column].Slice(from, n)
		if err := c.set(s.worker.Scope(), s.rows, &values); err != nil {
			return err
		}
	}
	s.rows += n
	return s.worker.Yield()
}

// same tells whether a row has the keys of the row before.
func (s *windowStream) same(keys []int, row int) bool {
	for _, key := range keys {
		if !s.sameKey(key, row) {
			return false
		}
	}
	return true
}

func (s *windowStream) sameOrder(row int) bool {
	for _, key := range s.window.spec.Order {
		if !s.sameKey(key.Column, row) {
			return false
		}
	}
	return true
}

func (s *windowStream) sameKey(key, row int) bool {
	a, b := s.addresses[row-1], s.addresses[row]
	return sameValue(&s.batches[a>>32].Cols[key], int(uint32(a)), &s.batches[b>>32].Cols[key], int(uint32(b)))
}

func (s *windowStream) isMissing(b *table.Batch, row int) bool {
	return slices.ContainsFunc(s.window.spec.Partition, func(key int) bool { return b.Cols[key].IsNull(row) })
}

// advance computes all rows whose results are certain.
func (s *windowStream) advance(last bool) error {
	for s.done < s.rows {
		if s.flags[s.done]&newPartition != 0 && s.searched <= s.done {
			s.part.from, s.lost, s.searched = s.done, s.flags[s.done]&dropped != 0, s.done+1
		}
		for s.searched < s.rows && s.flags[s.searched]&newPartition == 0 {
			s.searched++
		}
		s.part.to = s.searched
		ready, complete := s.searched, last || s.searched < s.rows
		for _, o := range s.outputs {
			if k, ok := o.kernel.(interface{ grow(to int) }); ok {
				k.grow(s.part.to)
			}
			if !complete && !s.lost {
				ready = min(ready, s.certain(o.function))
			}
		}
		for s.done < ready {
			if err := s.compute(min(ready, s.done+windowBlock-s.filled)); err != nil {
				return err
			}
		}
		if !complete || s.done < s.searched {
			return nil
		}
	}
	return nil
}

// certain returns before which row the results of a function are certain, where the partition goes on.
func (s *windowStream) certain(f WindowFunction) int {
	switch f.Fn {
	case WindowRowNumber, WindowRank, WindowDenseRank:
		return s.rows
	case WindowRankMax, WindowRankAverage:
		peers := s.rows - 1
		for peers > s.done && s.flags[peers]&newPeers == 0 {
			peers--
		}
		return peers
	case WindowPercentRank, WindowCumeDist, WindowNTile:
		return s.done
	case WindowLag:
		return s.rows + int(max(min(f.Param, 0), -maxWindowRows))
	}
	return s.rows - int(max(min(f.Frame.End, maxWindowRows), 0))
}

// compute computes the rows up to row to, for which there is room.
func (s *windowStream) compute(to int) error {
	from, at, n := s.done, s.filled, to-s.done
	for i, o := range s.outputs {
		words, valid := s.results[i][at:at+n], s.valid[i][at:at+n]
		if s.lost {
			for k := range words {
				words[k], valid[k] = windowNone, 0
			}
		} else {
			if o.ranges != nil {
				o.bounds.keys = o.ranges.words
			}
			if err := s.windowWorker.rows(o, s.part, from, to, words, valid); err != nil {
				return err
			}
		}
		if o.function.finds() {
			for k, row := range words {
				words[k] = compute.MissingRow
				if row != windowNone {
					words[k] = s.addresses[row]
				}
			}
		}
	}
	for k, a := range s.addresses[from:to] {
		s.numbers[at+k] = column.Of[uint64](&s.batches[a>>32].Cols[s.number])[uint32(a)]
	}
	s.done, s.filled = to, at+n
	if s.filled == windowBlock {
		return s.flush()
	}
	return s.worker.Yield()
}

// flush hands on the results that are waiting.
func (s *windowStream) flush() error {
	n, scope := s.filled, s.worker.Scope()
	if s.filled = 0; n == 0 {
		return nil
	}
	out := &table.Batch{Len: n}
	defer out.Release()
	numbers, err := compute.New(scope, numberField.Type, n)
	if err != nil {
		return err
	}
	copy(column.Of[uint64](&numbers), s.numbers)
	out.Cols = append(out.Cols, numbers)
	for i, o := range s.outputs {
		c, err := s.column(scope, o, s.results[i][:n], s.valid[i][:n])
		if err != nil {
			return err
		}
		out.Cols = append(out.Cols, c)
	}
	return s.to.Push(s.worker, out)
}

// column returns a function's results as a column.
func (s *windowStream) column(scope *memory.Scope, o *windowOutput, words []uint64, valid []byte) (column.Column, error) {
	if o.function.finds() {
		return piecesOf(s.batches, o.function.Column, o.result.typ).Gather(scope, words)
	}
	values, owner, err := memory.Make[uint64](scope, len(words))
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	copy(values, words)
	r := &windowResult{typ: o.result.typ, words: [][]uint64{values}, owners: []*memory.Buffer{owner}}
	if s.window.nullable(o.function) {
		r.valid = [][]byte{valid}
	}
	return r.column(scope, 0)
}

// forget makes room: rows that aren't needed again go.
func (s *windowStream) forget() error {
	if err := s.flush(); err != nil {
		return err
	}
	pins := len(s.outputs)
	keep := min(s.done, s.rows-1) // which the next row is compared with
	for _, o := range s.outputs {
		if s.done < s.rows && s.flags[s.done]&newPartition != 0 && s.searched <= s.done {
			break // they are about to begin anew
		}
		keep = min(keep, o.kernel.needs(s.done))
		if o.ranges != nil {
			keep = min(keep, o.bounds.first, o.bounds.equal)
		}
	}
	if keep <= pins {
		return status.Errorf(status.OutOfMemory, "a window function has to hold more than %d rows of a partition at a time, which is what the memory allows", s.rows)
	}
	m := &renumbering{keep: keep, by: keep - pins}
	for i, o := range s.outputs {
		m.slot, m.pin = i, func(row int) { s.move(i, row, row+1) }
		o.kernel.renumber(m)
		o.bounds.first, o.bounds.equal = o.bounds.first-m.by, o.bounds.equal-m.by
	}
	s.move(pins, keep, s.rows)
	s.rows, s.done, s.searched, s.part.from = s.rows-m.by, s.done-m.by, s.searched-m.by, s.part.from-m.by
	s.forgetBatches()
	return nil
}

// move moves rows [from, to) to row at.
func (s *windowStream) move(at, from, to int) {
	copy(s.flags[at:], s.flags[from:to])
	copy(s.addresses[at:], s.addresses[from:to])
	for _, c := range s.columns {
		copy(c.present[at:], c.present[from:to])
		if c.words != nil {
			copy(c.words[at:], c.words[from:to])
		}
	}
}

// forgetBatches releases those that no row lies in any more.
func (s *windowStream) forgetBatches() {
	numbers := make([]int, len(s.batches)) // 1 more than the new one
	numbers[len(numbers)-1] = 1            // the last one's rows are still coming in
	for _, a := range s.addresses[:s.rows] {
		numbers[a>>32] = 1
	}
	kept := s.batches[:0]
	for i, b := range s.batches {
		if numbers[i] == 0 {
			b.Release()
			continue
		}
		kept = append(kept, b)
		numbers[i] = len(kept)
	}
	s.batches = kept
	for row, a := range s.addresses[:s.rows] {
		s.addresses[row] = compute.RowAddress(numbers[a>>32]-1, int(uint32(a)))
	}
}

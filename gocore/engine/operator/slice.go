package operator

import (
	"math"
	"slices"
	"sync"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Slice is the Sink that keeps Length rows of the ordered stream from row Offset on, as far as there are any. Offset
// counts from the end if it is negative; a negative Length means all the rest. It copies no rows, but few numbers that
// would keep much memory from being used again.
//
//	Offset >= 0   ┌ window: the Offset + Length first rows so far ┐ ......    a later batch may still push these back:
//	              └───────────────────────────────────────────────┘           batches come in any order of Seq
//	Offset < 0    ...... ┌ window: the -Offset last rows so far ┐
//
// A batch that lies outside the window, now or once others have come, can't be part of the answer: it is given back
// at once. Nothing is read any more, where a source is in order, once the window of the first rows is full.
type Slice struct {
	Offset, Length int
	once           sync.Once
	mu             sync.Mutex
	window         []*table.Batch // by Seq, batches of one Seq as they came
	rows           int            // of the window
	answer         exec.Collect
}

var _ exec.Limited = (*Slice)(nil)

// NewSlice returns a Slice.
func NewSlice(offset, length int) *Slice { return &Slice{Offset: offset, Length: length} }

// Push keeps b if it may be part of the answer.
func (s *Slice) Push(w *exec.Worker, b *table.Batch) error {
	s.once.Do(func() { w.Scope().OnClose(s.release) })
	b.Retain()
	for _, outside := range s.include(b) {
		outside.Release()
	}
	return nil
}

// include puts b into the window and returns the batches that lie outside now.
func (s *Slice) include(b *table.Batch) []*table.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.window, b.Seq, func(kept *table.Batch, seq uint64) int {
		if kept.Seq <= seq {
			return -1
		}
		return 1
	})
	s.window = slices.Insert(s.window, at, b)
	s.rows += b.Len
	from, to, wanted := 0, len(s.window), s.windowRows()
	if s.Offset < 0 {
		for from < to && s.rows-s.window[from].Len >= wanted {
			s.rows -= s.window[from].Len
			from++
		}
		outside := slices.Clone(s.window[:from])
		s.window = slices.Delete(s.window, 0, from)
		return outside
	}
	for from < to && s.rows-s.window[to-1].Len >= wanted {
		to--
		s.rows -= s.window[to].Len
	}
	outside := slices.Clone(s.window[to:])
	s.window = slices.Delete(s.window, to, len(s.window))
	return outside
}

// Enough tells whether all batches above seq lie outside the window, whatever else may come.
func (s *Slice) Enough(seq uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Offset >= 0 && s.rows >= s.windowRows() && (len(s.window) == 0 || seq >= s.window[len(s.window)-1].Seq)
}

// windowRows returns how many rows the answer may reach into the window.
func (s *Slice) windowRows() int {
	switch {
	case s.Offset < 0:
		return -max(s.Offset, -math.MaxInt)
	case s.Length < 0 || s.Length > math.MaxInt-s.Offset:
		return math.MaxInt
	}
	return s.Offset + s.Length
}

// Combine does nothing.
func (s *Slice) Combine(*exec.Worker) error { return nil }

// Finish returns the Source of the rows that are kept, their strings as views.
func (s *Slice) Finish(q *exec.Query) (exec.Source, error) {
	from := min(s.Offset, s.rows)
	if s.Offset < 0 {
		from = max(0, s.rows+s.Offset)
	}
	to := s.rows
	if s.Length >= 0 && s.Length < s.rows-from {
		to = from + s.Length
	}
	var kept []*table.Batch
	for _, b := range s.window {
		if first, last := max(from, 0), min(to, b.Len); first < last {
			part := b.Slice(first, last-first)
			part.Seq = uint64(len(kept))
			kept = append(kept, part)
		}
		from, to = from-b.Len, to-b.Len
	}
	err := q.For(len(kept), func(w *exec.Worker, i int) error {
		views, err := kept[i].AsViews(w.Scope())
		if err != nil {
			return err
		}
		s.answer.Keep(w, views)
		return compact(w.Scope(), views)
	})
	s.release()
	if err != nil {
		return nil, err
	}
	return exec.NewScan(s.answer.Batches()), nil
}

// release gives the window back.
func (s *Slice) release() {
	for _, b := range s.window {
		b.Release()
	}
	s.window = nil
}

const (
	muchHeld  = 16 << 20 // bytes that a column may hold however few its own are
	heldShare = 16       // beyond that it is copied if its own bytes are a smaller part
)

// compact replaces columns of numbers that hold much more of our memory than they need by copies.
func compact(scope *memory.Scope, b *table.Batch) error {
	for i := range b.Cols {
		c := &b.Cols[i]
		if !c.Kind.IsInteger() && !c.Kind.IsFloat() {
			continue
		}
		held := 0
		for _, owner := range c.Owners {
			if !owner.IsForeign() {
				held += len(owner.Bytes())
			}
		}
		if held <= muchHeld || int(c.Bytes()) > held/heldShare {
			continue
		}
		own, err := compute.Concat(scope, c.Type, []*column.Column{c})
		if err != nil {
			return err
		}
		c.Release()
		b.Cols[i] = own
	}
	return nil
}

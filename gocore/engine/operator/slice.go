package operator

import (
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// Slice is the Sink that keeps Length rows of the ordered stream from row Offset on, as far as there are any. Offset
// counts from the end if it is negative; a negative Length means all the rest. It copies nothing.
type Slice struct {
	Offset, Length int
	input          ordered
}

var _ exec.Sink = (*Slice)(nil)

// NewSlice returns a Slice.
func NewSlice(offset, length int) *Slice { return &Slice{Offset: offset, Length: length} }

// Push keeps b.
func (s *Slice) Push(w *exec.Worker, b *table.Batch) error {
	_, err := s.input.push(w, b)
	return err
}

// Combine does nothing.
func (s *Slice) Combine(*exec.Worker) error { return nil }

// Finish returns the Source of the rows that are kept.
func (s *Slice) Finish(q *exec.Query) (exec.Source, error) {
	batches, rows := s.input.batches()
	from := min(s.Offset, rows)
	if s.Offset < 0 {
		from = max(0, rows+s.Offset)
	}
	to := rows
	if s.Length >= 0 && s.Length < rows-from {
		to = from + s.Length
	}
	var kept []*table.Batch
	for _, b := range batches {
		if first, last := max(from, 0), min(to, b.Len); first < last {
			kept = append(kept, b.Slice(first, last-first))
		}
		from, to = from-b.Len, to-b.Len
	}
	return exec.NewScan(kept), nil
}

package operator

import (
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// numberedRows is an input in its order, in pieces that take little of the budget. Its rows are numbered from 0 on.
type numberedRows struct {
	input  *spillInput
	kept   []*table.Batch // the pieces, where the input is in memory
	file   *spillFile     // of which they are the batches, where it is on disk
	starts []int64        // number of each piece's first row, and of all rows
}

// numberField is the column of a row's number.
var numberField = arrow.Field{Name: "number", Type: arrow.PrimitiveTypes.Uint64}

// newNumberedRows numbers the rows of an input that has finished, which is kept as a whole in one part.
func newNumberedRows(q *exec.Query, input *spillInput) (*numberedRows, error) {
	r := &numberedRows{input: input, starts: []int64{0}}
	if input.spilled() {
		files, err := input.files(q)
		if err != nil {
			return nil, err
		}
		r.file = files[0]
		for i := range r.file.batches() {
			rows, _ := r.file.size(i)
			r.add(rows)
		}
		return r, nil
	}
	size := rowsInHand(q, 8, 64) &^ 63 // a slice's bitmaps begin at whole words
	for _, b := range input.batches() {
		for from := 0; from < b.Len; from += size {
			r.kept = append(r.kept, b.Slice(from, min(size, b.Len-from)))
			r.add(r.kept[len(r.kept)-1].Len)
		}
	}
	return r, nil
}

func (r *numberedRows) add(rows int) { r.starts = append(r.starts, r.rows()+int64(rows)) }

// rows returns how many there are.
func (r *numberedRows) rows() int64 { return r.starts[len(r.starts)-1] }

// pieces returns the number of pieces.
func (r *numberedRows) pieces() int { return len(r.starts) - 1 }

// read returns a piece with a reference, its strings as views.
func (r *numberedRows) read(w *exec.Worker, piece int) (*table.Batch, error) {
	if r.file != nil {
		return r.file.read(w, piece)
	}
	b, err := r.kept[piece].AsViews(w.Scope())
	if err != nil {
		return nil, err
	}
	b.Seq = uint64(piece)
	return b, nil
}

// rowBytes is about how many bytes some columns of a row take on disk.
func (r *numberedRows) rowBytes(q *exec.Query, columns []int) (bytes int64, err error) {
	if r.rows() == 0 {
		return 0, nil
	}
	if r.file != nil {
		return r.file.Bytes() / r.rows(), nil
	}
	return bytes, q.For(1, func(w *exec.Worker, _ int) error {
		some := r.kept[len(r.kept)/2]
		some = some.Slice(0, min(some.Len, minSlice))
		narrow := &table.Batch{Len: some.Len}
		for _, c := range columns {
			narrow.Cols = append(narrow.Cols, some.Cols[c])
		}
		encoded, err := encoding.Encode(w.Scope(), narrow, nil, 0)
		if err == nil {
			bytes = int64(len(encoded.Bytes()) / some.Len)
			encoded.Release()
		}
		return err
	})
}

// release gives the rows back.
func (r *numberedRows) release() {
	if r.file != nil {
		r.file.Close()
	}
	r.input.release()
}

// scan returns a source of some columns of all rows, with the rows' numbers behind. Pieces of rows in memory are put
// together: the longer a batch is, the longer are the frames of its parts.
func (r *numberedRows) scan(q *exec.Query, columns []int) exec.Source {
	s := &numberedScan{rows: r, columns: columns}
	if r.file != nil {
		s.starts = r.starts
		return s
	}
	size, at := rowsInHand(q, 3, divideBytes+8), int64(0)
	for _, b := range r.input.batches() {
		for from := 0; from < b.Len; from += size {
			slice := b.Slice(from, min(size, b.Len-from))
			s.slices, s.starts = append(s.slices, slice), append(s.starts, at)
			at += int64(slice.Len)
		}
	}
	s.starts = append(s.starts, at)
	return s
}

type numberedScan struct {
	rows    *numberedRows
	columns []int
	slices  []*table.Batch // of rows in memory
	starts  []int64        // numbers of the batches' first rows, and of all
	next    atomic.Int64
}

// read returns a batch with a reference.
func (s *numberedScan) read(w *exec.Worker, i int) (*table.Batch, error) {
	if s.rows.file != nil {
		return s.rows.file.read(w, i)
	}
	s.slices[i].Retain()
	return s.slices[i], nil
}

// Next returns the next batch.
func (s *numberedScan) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i+1 >= len(s.starts) {
		return nil, nil
	}
	b, err := s.read(w, i)
	if err != nil {
		return nil, err
	}
	defer b.Release()
	numbers, err := compute.New(w.Scope(), numberField.Type, b.Len)
	if err != nil {
		return nil, err
	}
	first := uint64(s.starts[i])
	for k := range column.Of[uint64](&numbers) {
		column.Of[uint64](&numbers)[k] = first + uint64(k)
	}
	out := &table.Batch{Len: b.Len, Seq: uint64(i)}
	for _, c := range s.columns {
		b.Cols[c].Retain()
		out.Cols = append(out.Cols, b.Cols[c])
	}
	out.Cols = append(out.Cols, numbers)
	return out, nil
}

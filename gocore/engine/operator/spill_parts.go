package operator

import (
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/encoding"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/radix"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// spillParts is the Sink that divides rows and writes them to one file, of which each part knows its frames:
//
//	| part 0 | part 1 | ... part k | part k | ... | part 0 | ...
//	  one write                      the next
type spillParts struct {
	divider divider
	file    *spill.File
	files   []*spillFile
}

var _ exec.Sink = (*spillParts)(nil)

func newSpillParts(q *exec.Query, schema *arrow.Schema, d divider) *spillParts {
	p := &spillParts{divider: d, file: q.Spill.Create(d.ways()), files: make([]*spillFile, d.ways())}
	for i, part := range p.file.Parts {
		p.files[i] = &spillFile{Part: part, schema: schema, most: q.Scope.Budget().Limit() / 32 / int64(q.Threads)}
	}
	return p
}

// Push writes the rows of b, a batch whose Seq no other has.
func (p *spillParts) Push(w *exec.Worker, b *table.Batch) error {
	return p.push(w, b, spill.Place{Seq: b.Seq})
}

// push writes the rows of b, whose place is given, in slices that take little of the budget.
func (p *spillParts) push(w *exec.Worker, b *table.Batch, place spill.Place) error {
	size := rowsInHand(w.Query, 3, divideBytes)
	for from := 0; from < b.Len; from += size {
		if err := p.pushSlice(w, b.Slice(from, min(size, b.Len-from)), rowPlace{place, from}); err != nil {
			return err
		}
	}
	return nil
}

// divideBytes is about what it takes to divide a row, beside writing it: its part, its number, a hash or a word of its
// key, and that key's view.
const divideBytes = 32

// bytes returns how many bytes have been written.
func (p *spillParts) bytes() (n int64) {
	for _, file := range p.files {
		n += file.Bytes()
	}
	return n
}

// rowsInHand is how many rows of so many bytes each worker may have in hand, if all of them together may fill a share
// of the budget.
func rowsInHand(q *exec.Query, share, perRow int64) int {
	return int(min(table.MaxRows, max(minSlice, q.Scope.Budget().Limit()/share/perRow/int64(q.Threads))))
}

// minSlice is a multiple of 64, so that the bitmaps of slices begin at whole words.
const minSlice = 1 << 10

func (p *spillParts) pushSlice(w *exec.Worker, b *table.Batch, first rowPlace) error {
	scratch, owner, err := memory.Make[uint32](w.Scope(), 2*b.Len)
	if err != nil {
		return err
	}
	defer owner.Release()
	parts, ids := scratch[:b.Len], scratch[b.Len:]
	if err := p.divider.divide(w, b, first, parts); err != nil {
		return err
	}
	starts := radix.Order(parts, len(p.files), ids)
	most := rowsInHand(w.Query, 32, 1+bytesOf(b)/int64(b.Len)) // of a write
	part := 0
	for from := 0; from < b.Len; from += most {
		to := min(from+most, b.Len)
		var frames []spill.Frame
		var lists [][]uint32
		for at := from; at < to; {
			for starts[part+1] <= at {
				part++
			}
			end := min(starts[part+1], to)
			frames = append(frames, spill.Frame{Part: part, Rows: end - at, Place: first.Place})
			lists = append(lists, ids[at:end])
			at = end
		}
		if err := p.write(w, b, frames, lists); err != nil {
			return err
		}
	}
	return nil
}

// write appends frames, each of the rows of a list.
func (p *spillParts) write(w *exec.Worker, b *table.Batch, frames []spill.Frame, lists [][]uint32) error {
	if frames[0].Rows == b.Len {
		lists[0] = nil
	}
	encoded, sizes, err := encoding.EncodeAll(w.Scope(), b, lists, b.Seq)
	if err != nil {
		return err
	}
	defer encoded.Release()
	for i, size := range sizes {
		frames[i].Bytes = size
	}
	if err := w.Yield(); err != nil {
		return err
	}
	return w.Block(func() error { return p.file.Write(encoded.Bytes(), frames...) })
}

// Combine does nothing.
func (p *spillParts) Combine(*exec.Worker) error { return nil }

// Finish returns no rows: they are in the files.
func (p *spillParts) Finish(*exec.Query) (exec.Source, error) { return exec.NewScan(nil), nil }

// spillFile is a part: rows of one schema.
type spillFile struct {
	*spill.Part
	schema *arrow.Schema
	runs   []int // first frame of each batch that it is read as, and the end
	most   int64 // bytes of frames that are put together
}

// runRows is how many rows short frames are put together to.
const runRows = 8 << 10

// batches returns as how many batches the file is read, now that it is written.
func (f *spillFile) batches() int {
	if f.runs == nil {
		rows, bytes := runRows, int64(0)
		n := f.Order()
		for i := range n {
			moreRows, moreBytes, _ := f.Frame(i)
			rows, bytes = rows+moreRows, bytes+int64(moreBytes)
			if rows > runRows || bytes > f.most {
				f.runs, rows, bytes = append(f.runs, i), moreRows, int64(moreBytes)
			}
		}
		f.runs = append(f.runs, n)
	}
	return len(f.runs) - 1
}

// size returns the rows and bytes of batch i.
func (f *spillFile) size(i int) (rows, bytes int) {
	for k := f.runs[i]; k < f.runs[i+1]; k++ {
		r, b, _ := f.Frame(k)
		rows, bytes = rows+r, bytes+b
	}
	return rows, bytes
}

// read returns batch i with the number i as its Seq.
func (f *spillFile) read(w *exec.Worker, i int) (*table.Batch, error) {
	from, to := f.runs[i], f.runs[i+1]
	var encoded *memory.Buffer
	err := w.Block(func() (err error) {
		encoded, err = f.Read(w.Scope(), from, to)
		return err
	})
	if encoded != nil {
		defer encoded.Release()
	}
	if err != nil {
		return nil, err
	}
	sizes := make([]int, to-from)
	for k := range sizes {
		_, sizes[k], _ = f.Frame(from + k)
	}
	frames, err := encoding.DecodeAll(encoded, sizes, f.schema)
	if err != nil {
		return nil, err
	}
	out := frames[0]
	if len(frames) > 1 {
		defer releaseAll(frames)
		if out, err = concatBatches(w.Scope(), f.schema, frames); err != nil {
			return nil, err
		}
	}
	out.Seq = uint64(i)
	return out, nil
}

// concatBatches returns the rows of batches, whose strings are views, as one.
func concatBatches(scope *memory.Scope, schema *arrow.Schema, batches []*table.Batch) (*table.Batch, error) {
	out, pieces := &table.Batch{}, make([]*column.Column, len(batches))
	for _, b := range batches {
		out.Len += b.Len
	}
	for i := range schema.NumFields() {
		for k, b := range batches {
			pieces[k] = &b.Cols[i]
		}
		c, err := compute.Concat(scope, schema.Field(i).Type, pieces)
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	return out, nil
}

func releaseAll(batches []*table.Batch) {
	for _, b := range batches {
		b.Release()
	}
}

// spillScan is the Source of a range of a file's batches.
type spillScan struct {
	file *spillFile
	to   int
	next atomic.Int64
}

var _ exec.Source = (*spillScan)(nil)

// scan returns a source of batches [from, to).
func (f *spillFile) scan(from, to int) *spillScan {
	s := &spillScan{file: f, to: to}
	s.next.Store(int64(from))
	return s
}

// all returns a source of the whole file.
func (f *spillFile) all() *spillScan { return f.scan(0, f.batches()) }

// Next reads the next batch.
func (s *spillScan) Next(w *exec.Worker) (*table.Batch, error) {
	i := int(s.next.Add(1) - 1)
	if i >= s.to {
		return nil, nil
	}
	return s.file.read(w, i)
}

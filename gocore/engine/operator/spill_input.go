package operator

import (
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/spill"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// spillInput is the Sink that keeps an operator's input: in memory, by reference, until that presses, then in parts on
// disk. Without a budget it passes everything to the operator itself.
type spillInput struct {
	direct  exec.Sink // the operator's, without a budget
	schema  *arrow.Schema
	columns []int // that are kept
	// divider makes the divider; for that it may look at what is kept.
	divider func(w *exec.Worker, kept []keptBatch) (divider, error)

	mu      sync.Mutex
	hooked  bool
	kept    []keptBatch
	arrived uint64
	parts   *spillParts
}

// keptBatch is a batch and its place: batches of one Seq follow each other as they came.
type keptBatch struct {
	*table.Batch
	place spill.Place
}

var _ exec.Sink = (*spillInput)(nil)

// newSpillInput keeps the given columns of rows of schema.
func newSpillInput(direct exec.Sink, schema *arrow.Schema, columns []int, divider func(*exec.Worker, []keptBatch) (divider, error)) *spillInput {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = schema.Field(c)
	}
	return &spillInput{direct: direct, schema: arrow.NewSchema(fields, nil), columns: columns, divider: divider}
}

// byHash makes the divider by the hash of keys, which are kept columns.
func byHash(keys []int) func(*exec.Worker, []keptBatch) (divider, error) {
	return func(*exec.Worker, []keptBatch) (divider, error) { return &hashDivider{keys: keys}, nil }
}

// Push keeps b.
func (in *spillInput) Push(w *exec.Worker, b *table.Batch) error {
	if !spills(w.Query) {
		return in.direct.Push(w, b)
	}
	if b.Len == 0 {
		return nil
	}
	kept := keptBatch{Batch: &table.Batch{Cols: make([]column.Column, len(in.columns)), Len: b.Len, Seq: b.Seq}}
	for i, c := range in.columns {
		kept.Cols[i] = b.Cols[c]
	}
	full, err := in.keep(w, kept)
	if err != nil {
		return err
	}
	defer releaseKept(full)
	for i := range full {
		if err := in.parts.push(w, full[i].Batch, full[i].place); err != nil {
			return err
		}
	}
	return nil
}

// keep takes b in and returns what is to be written now: nothing, or all that was kept, or b alone.
func (in *spillInput) keep(w *exec.Worker, b keptBatch) (full []keptBatch, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.hooked {
		in.hooked = true
		w.Scope().OnClose(in.release)
	}
	b.place = spill.Place{Seq: b.Seq, Sub: in.arrived}
	in.arrived++
	b.Retain()
	in.kept = append(in.kept, b)
	if in.parts == nil {
		if !pressed(w.Query) {
			return nil, nil
		}
		if err := in.begin(w); err != nil {
			return nil, err
		}
	}
	full, in.kept = in.kept, nil
	return full, nil
}

// begin makes the parts.
func (in *spillInput) begin(w *exec.Worker) error {
	d, err := in.divider(w, in.kept)
	if err == nil {
		in.parts = newSpillParts(w.Query, in.schema, d)
	}
	return err
}

// Combine does nothing.
func (in *spillInput) Combine(w *exec.Worker) error {
	if !spills(w.Query) {
		return in.direct.Combine(w)
	}
	return nil
}

// Finish puts what is kept in order. The result comes from the operator.
func (in *spillInput) Finish(q *exec.Query) (exec.Source, error) {
	if !spills(q) {
		return in.direct.Finish(q)
	}
	slices.SortFunc(in.kept, func(a, b keptBatch) int { return a.place.Compare(b.place) })
	return exec.NewScan(nil), nil
}

// spilled tells whether the input is on disk.
func (in *spillInput) spilled() bool { return in.parts != nil }

// batches returns what is kept.
func (in *spillInput) batches() []*table.Batch {
	all := make([]*table.Batch, len(in.kept))
	for i, b := range in.kept {
		all[i] = b.Batch
	}
	return all
}

// width returns the bytes of a copy of what is kept, and its rows.
func (in *spillInput) width() (bytes, rows int64) {
	for _, b := range in.kept {
		bytes += widthOf(b.Batch)
		rows += int64(b.Len)
	}
	return bytes, rows
}

// files writes all that is still kept and returns the parts.
func (in *spillInput) files(q *exec.Query) ([]*spillFile, error) {
	if in.parts == nil {
		if err := q.For(1, func(w *exec.Worker, _ int) error { return in.begin(w) }); err != nil {
			return nil, err
		}
	}
	err := q.For(len(in.kept), func(w *exec.Worker, i int) error {
		return in.parts.push(w, in.kept[i].Batch, in.kept[i].place)
	})
	in.release()
	return in.parts.files, err
}

// release drops what is kept.
func (in *spillInput) release() {
	releaseKept(in.kept)
	in.kept = nil
}

func releaseKept(kept []keptBatch) {
	for _, b := range kept {
		b.Release()
	}
}

// divide writes the rows of a file to parts and frees its space.
func (f *spillFile) divide(q *exec.Query, d divider) ([]*spillFile, error) {
	parts := newSpillParts(q, f.schema, d)
	if _, err := q.Run(f.all(), nil, parts); err != nil {
		return nil, err
	}
	f.Close()
	return parts.files, nil
}

// memoryOf returns about how many bytes an operator needs that copies what it reads of files: what is read, and the copy.
func memoryOf(files ...*spillFile) int64 {
	var n int64
	for _, f := range files {
		n += 2*f.Bytes() + 16*f.Rows()
	}
	return n
}

package operator

import (
	"cmp"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// joinInput is one side of a join: the columns it needs of what it is pushed.
type joinInput struct {
	name   string
	schema *arrow.Schema
	cols   []int // positions in the schema of the columns that are kept; nullColumn is none of them
	types  []arrow.DataType
	kinds  []column.Kind
	keys   []int // positions in cols

	mu      sync.Mutex
	hooked  bool
	batches []*table.Batch // of cols
	rows    int
	nulls   []bool          // per column: some row is null
	heaps   []stringHeaps   // per column
	held    []column.Column // keep alive what rows refer to when batches are gone
}

// stringHeaps is the characters of one String column of all batches, where these are partitioned.
type stringHeaps struct {
	merger *compute.HeapMerger
	moved  [][]uint32 // per batch: its heap numbers in merger, nil where they stay
}

var _ exec.Sink = (*joinInput)(nil)

func newJoinInput(name string, schema *arrow.Schema) *joinInput {
	return &joinInput{name: name, schema: schema}
}

// need has column i of the schema kept and returns its position among the kept ones.
func (in *joinInput) need(i int) (int, error) {
	if i < 0 || i >= in.schema.NumFields() {
		return 0, status.Errorf(status.NotFound, "the %s side has no column number %d: it has %d", in.name, i, in.schema.NumFields())
	}
	if at := slices.Index(in.cols, i); at >= 0 {
		return at, nil
	}
	t := in.schema.Field(i).Type
	kind, ok := column.KindOf(t)
	if !ok {
		return 0, status.Errorf(status.Unsupported, "column %q has type %s, which a join can't carry: drop or cast it", in.schema.Field(i).Name, t)
	}
	in.cols, in.types, in.kinds = append(in.cols, i), append(in.types, t), append(in.kinds, kind)
	in.nulls, in.heaps = append(in.nulls, false), append(in.heaps, stringHeaps{})
	return len(in.cols) - 1, nil
}

// nullColumn is the position of the key of a cross join, which is null in every row.
const nullColumn = -1

// needNulls has a column of nulls kept and returns its position among the kept ones.
func (in *joinInput) needNulls() int {
	in.cols, in.types, in.kinds = append(in.cols, nullColumn), append(in.types, arrow.Null), append(in.kinds, column.Null)
	in.nulls, in.heaps = append(in.nulls, true), append(in.heaps, stringHeaps{})
	return len(in.cols) - 1
}

// Push keeps the needed columns of b.
func (in *joinInput) Push(w *exec.Worker, b *table.Batch) error {
	if b.Len == 0 {
		return nil
	}
	kept := &table.Batch{Cols: make([]column.Column, len(in.cols)), Len: b.Len, Seq: b.Seq}
	for i, at := range in.cols {
		if at == nullColumn {
			kept.Cols[i] = column.Column{Type: arrow.Null, Kind: column.Null, Len: b.Len, Nulls: b.Len}
			continue
		}
		kept.Cols[i] = b.Cols[at]
		kept.Cols[i].Retain()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.hooked {
		in.hooked = true
		w.Scope().OnClose(in.release)
	}
	in.batches = append(in.batches, kept)
	in.rows += kept.Len
	for i := range kept.Cols {
		in.nulls[i] = in.nulls[i] || kept.Cols[i].Nulls > 0
	}
	return nil
}

// Combine does nothing.
func (in *joinInput) Combine(*exec.Worker) error { return nil }

// Finish puts the batches in order. The result comes from Join.Source.
func (in *joinInput) Finish(*exec.Query) (exec.Source, error) {
	slices.SortStableFunc(in.batches, func(a, b *table.Batch) int { return cmp.Compare(a.Seq, b.Seq) })
	return nil, nil
}

func (in *joinInput) isKey(c int) bool { return slices.Contains(in.keys, c) }

// viewsOf gives batch number i's strings the Views layout, those of the columns that are wanted; nil wants all.
func (in *joinInput) viewsOf(w *exec.Worker, i int, wanted func(c int) bool) error {
	cols := in.batches[i].Cols
	for c := range cols {
		if in.kinds[c] != column.String || cols[c].Layout == column.Views || (wanted != nil && !wanted(c)) {
			continue
		}
		views, err := cols[c].AsViews(w.Scope())
		if err != nil {
			return err
		}
		cols[c].Release()
		cols[c] = views
		if err := w.Yield(); err != nil {
			return err
		}
	}
	return nil
}

// makeViews gives all strings the Views layout.
func (in *joinInput) makeViews(q *exec.Query) error {
	return q.For(len(in.batches), func(w *exec.Worker, i int) error { return in.viewsOf(w, i, nil) })
}

// makeKeyViews gives the strings of the keys the Views layout; of those of other columns views are made as their rows are
// spread over partitions, where that can be.
func (in *joinInput) makeKeyViews(q *exec.Query) error {
	return q.For(len(in.batches), func(w *exec.Worker, i int) error {
		return in.viewsOf(w, i, func(c int) bool { return in.isKey(c) || !in.batches[i].Cols[c].HasOneHeap() })
	})
}

// moved returns the numbers of batch i's heaps of column c in the merged list, nil where they stay.
func (in *joinInput) moved(c, i int) []uint32 {
	if in.heaps[c].moved == nil {
		return nil
	}
	return in.heaps[c].moved[i]
}

// heapsOf returns the characters of String column c: of all batches, or of the only one.
func (in *joinInput) heapsOf(c int) [][]byte {
	switch {
	case in.heaps[c].merger != nil:
		return in.heaps[c].merger.Heaps()
	case len(in.batches) == 1:
		return in.batches[0].Cols[c].Heaps
	}
	return nil
}

// mergeHeaps numbers the heaps of String column c anew through merger.
func (in *joinInput) mergeHeaps(c int, merger *compute.HeapMerger) {
	h := stringHeaps{merger: merger, moved: make([][]uint32, len(in.batches))}
	for i, b := range in.batches {
		h.moved[i] = merger.Add(&b.Cols[c])
	}
	in.heaps[c] = h
}

// byAddress tells whether column c's elements have no fixed width: rows refer to them where they lie.
func (in *joinInput) byAddress(c int) bool {
	return in.kinds[c] > column.String && in.kinds[c].Width() == 0
}

// pieces returns column c of all batches for gathers by address.
func (in *joinInput) pieces(c int) *compute.Pieces {
	cols := make([]*column.Column, len(in.batches))
	for i, b := range in.batches {
		cols[i] = &b.Cols[c]
	}
	return compute.NewPieces(in.types[c], cols)
}

// releaseBatches drops the batches but keeps the characters of strings, and the columns that are gathered by address.
func (in *joinInput) releaseBatches() {
	for _, h := range in.heaps {
		if h.merger != nil {
			var c column.Column
			h.merger.Attach(&c)
			in.held = append(in.held, c)
		}
	}
	for _, b := range in.batches {
		for c := range b.Cols {
			if in.byAddress(c) {
				in.held = append(in.held, b.Cols[c])
			} else {
				b.Cols[c].Release()
			}
		}
	}
	in.batches = nil
}

// release drops everything.
func (in *joinInput) release() {
	for _, b := range in.batches {
		if b != nil { // one that a worker is done with
			b.Release()
		}
	}
	for i := range in.held {
		in.held[i].Release()
	}
	in.batches, in.held = nil, nil
}

package operator

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// WindowSpec says which functions to compute of the rows around each row. Rows of equal Partition keys make a partition,
// in which they follow one another by Order, and where that leaves them equal as they came.
type WindowSpec struct {
	Partition []int
	Order     []SortKey
	DropNull  bool // rows with a null partition key belong to no partition: their results are null
	Functions []WindowFunction
}

// WindowFn is what to compute.
type WindowFn uint8

// The window functions. The first group needs no column, the second finds a row and returns its value, of any type; the
// third computes a value.
const (
	WindowRowNumber   WindowFn = iota // 1 for the first row of a partition
	WindowRank                        // 1 + the rows before its peers: those with equal Order keys
	WindowRankMax                     // the rows up to its last peer
	WindowRankAverage                 // the mean row number of its peers
	WindowDenseRank                   // 1 + the groups of peers before its own
	WindowPercentRank                 // (rank - 1) / (rows - 1), 0 in a partition of one row
	WindowCumeDist                    // rows up to its last peer / rows
	WindowNTile                       // the number of its bucket of Param equally large ones, the first ones larger

	WindowLag   // the value Param rows before
	WindowFirst // the value of the frame's first row
	WindowLast
	WindowMin
	WindowMax

	WindowCount
	WindowSum
	WindowMean
	WindowProduct
	WindowVar // Param is ddof
	WindowStd
)

// WindowFunction is one column of results.
type WindowFunction struct {
	Fn         WindowFn
	Column     int // of the values; -1: none, a count counts rows
	Frame      WindowFrame
	MinPeriods int  // an aggregate of fewer values is null
	IgnoreNull bool // first and last: the first and last value that isn't missing
	SkipNull   bool // a row whose own value is missing gets null
	Param      int64
}

// WindowFrame is the rows that a function looks at: from Start to End rows behind a row of a partition. With Range it
// begins with the first row whose Order key is at least Start larger: of one ascending column of integers.
type WindowFrame struct {
	Start, End int64
	Range      bool
	OpenStart  bool // Range: more than Start larger
	OpenEnd    bool // Range: without the rows that have the row's own key
}

// The unbounded ends of a frame.
const (
	FromFirst = math.MinInt64
	ToLast    = math.MaxInt64
)

// Window is the Sink that computes window functions: its output is its input, row by row in its order, with a column
// more per function.
//
//	Push      keeps the batches
//	Finish    order      (row address) sorted by partition and order keys, as Sort does it (window_order.go)
//	          units      of whole partitions, about windowUnitRows rows, each for one worker: it gathers the values of its
//	                     rows, computes every function over them, and writes the results to where the rows came from
//	                     (window_worker.go)
//	Next      one of the input's batches and its results; those that are values of other rows are gathered now
//
// A frame moves forward only, so every kernel is O(rows): counts and integer sums add what comes in and subtract what
// goes out; all else, which has no exact inverse, keeps two stacks (window_frame.go), so that nothing drifts.
type Window struct {
	spec   WindowSpec
	schema *arrow.Schema
	sort   *Sort // holds the input, and orders it
}

var _ exec.Sink = (*Window)(nil)

// maxWindowRows bounds the input: frames are kept as 32-bit row numbers.
const maxWindowRows = 1<<32 - 2

// NewWindow returns a Window over rows of schema.
func NewWindow(spec WindowSpec, schema *arrow.Schema) (*Window, error) {
	for _, f := range spec.Functions {
		if f.Fn >= WindowLag && f.Column < 0 && f.Fn != WindowCount {
			return nil, status.Errorf(status.Invalid, "a window function has no column")
		}
		if f.Frame.Range && !spec.ranges(schema) {
			return nil, status.Errorf(status.TypeMismatch, "a frame by range needs rows ordered by one ascending column of integers, dates or timestamps")
		}
	}
	var keys []SortKey
	for _, k := range spec.Partition {
		keys = append(keys, SortKey{Column: k})
	}
	return &Window{spec: spec, schema: schema, sort: NewSort(SortSpec{append(keys, spec.Order...)}, schema)}, nil
}

// ranges tells whether frames by range are possible.
func (s *WindowSpec) ranges(schema *arrow.Schema) bool {
	if len(s.Order) != 1 || s.Order[0].Descending {
		return false
	}
	kind, _ := column.KindOf(schema.Field(s.Order[0].Column).Type)
	return kind.IsSigned()
}

// Push keeps b.
func (s *Window) Push(w *exec.Worker, b *table.Batch) error { return s.sort.Push(w, b) }

// Combine does nothing.
func (s *Window) Combine(*exec.Worker) error { return nil }

// Finish computes all functions and returns the Source of the rows with their results.
func (s *Window) Finish(q *exec.Query) (exec.Source, error) {
	order, units, err := s.order(q)
	if err != nil {
		return nil, err
	}
	src := &windowSource{window: s, batches: order.batches}
	for _, f := range s.spec.Functions {
		r, err := s.newResult(q, f, order.batches)
		if err != nil {
			return nil, err
		}
		src.results = append(src.results, r)
	}
	workers := make([]*windowWorker, q.Threads)
	err = q.For(len(units), func(w *exec.Worker, i int) error {
		if workers[w.ID] == nil {
			workers[w.ID] = newWindowWorker(s, order, src.results)
		}
		workers[w.ID].worker = w
		return workers[w.ID].run(units[i])
	})
	for _, worker := range workers {
		if worker != nil {
			worker.release()
		}
	}
	order.release()
	src.left.Store(int64(len(src.batches)))
	return src, err
}

// finds tells whether f's results are values of rows that it finds.
func (f WindowFunction) finds() bool { return f.Fn >= WindowLag && f.Fn <= WindowMax }

// windowResult is one function's results, as they lie in the input's batches.
type windowResult struct {
	typ    arrow.DataType
	pieces *compute.Pieces  // of the column that row addresses are of; nil: words are values
	words  [][]uint64       // by batch: 8-byte values, or row addresses
	valid  [][]byte         // by batch: 1 for a value, 0 for null; none where there are no nulls
	owners []*memory.Buffer // of words, then of valid
}

// newResult makes room for a function's results.
func (s *Window) newResult(q *exec.Query, f WindowFunction, batches []*table.Batch) (*windowResult, error) {
	r := &windowResult{typ: s.ResultType(f)}
	if f.finds() {
		r.pieces = piecesOf(batches, f.Column, r.typ)
	}
	for _, b := range batches {
		words, owner, err := memory.Make[uint64](q.Scope, b.Len)
		if err != nil {
			return nil, err
		}
		r.words, r.owners = append(r.words, words), append(r.owners, owner)
	}
	if r.pieces != nil || !s.nullable(f) {
		return r, nil
	}
	for _, b := range batches {
		owner, err := q.Scope.Alloc(b.Len)
		if err != nil {
			return nil, err
		}
		r.valid, r.owners = append(r.valid, owner.Bytes()), append(r.owners, owner)
	}
	return r, nil
}

// nullable tells whether a value that f computes may be null.
func (s *Window) nullable(f WindowFunction) bool {
	if s.spec.DropNull || f.SkipNull || f.MinPeriods > 0 {
		return true
	}
	return f.Fn == WindowMean || f.Fn == WindowVar || f.Fn == WindowStd
}

// ResultType returns the type of a function's results.
func (s *Window) ResultType(f WindowFunction) arrow.DataType {
	var kind column.Kind
	if f.Column >= 0 {
		kind, _ = column.KindOf(s.schema.Field(f.Column).Type)
	}
	switch f.Fn {
	case WindowLag, WindowFirst, WindowLast, WindowMin, WindowMax:
		return s.schema.Field(f.Column).Type
	case WindowRankAverage, WindowPercentRank, WindowCumeDist, WindowMean, WindowVar, WindowStd:
		return arrow.PrimitiveTypes.Float64
	case WindowSum, WindowProduct:
		switch {
		case kind.IsFloat():
			return arrow.PrimitiveTypes.Float64
		case kind.IsInteger() && !kind.IsSigned():
			return arrow.PrimitiveTypes.Uint64
		}
	}
	return arrow.PrimitiveTypes.Int64
}

// piecesOf returns column i of batches, of type t, prepared for gathers.
func piecesOf(batches []*table.Batch, i int, t arrow.DataType) *compute.Pieces {
	pieces := make([]*column.Column, len(batches))
	for j, b := range batches {
		pieces[j] = &b.Cols[i]
	}
	return compute.NewPieces(t, pieces)
}

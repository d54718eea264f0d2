package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// SetOpKind is what a SetOp makes of two inputs.
type SetOpKind uint8

// The set operations. A union is a concatenation, with a Unique behind it where rows are to be distinct.
const (
	Intersect SetOpKind = iota
	Subtract
)

// SetOpSpec says which rows of the left input stay: those that the right one has, too (Intersect), or hasn't
// (Subtract), each once; with All as often as both have them, or as often as the left one has them more. Rows are
// compared in all columns; missing values are equal.
type SetOpSpec struct {
	Kind SetOpKind
	All  bool
}

func (s SetOpSpec) rule() distinctRule {
	switch {
	case s.Kind == Intersect && s.All:
		return eachInOther
	case s.Kind == Intersect:
		return firstInOther
	case s.All:
		return eachNotOther
	}
	return firstNotOther
}

// SetOp keeps rows of its left input by what its right one has, in the left rows' order: see distinct. Both inputs,
// of the same column types, are pushed into their Sinks before Source is asked for.
type SetOp struct {
	spec        SetOpSpec
	schema      *arrow.Schema
	keys        []int
	left, right rangedInput
}

// NewSetOp returns a SetOp of rows of schema.
func NewSetOp(spec SetOpSpec, schema *arrow.Schema) *SetOp {
	s := &SetOp{spec: spec, schema: schema}
	s.compare(firstColumns(schema.NumFields()))
	return s
}

// compare has rows be compared in some columns only.
func (s *SetOp) compare(keys []int) {
	s.keys = keys
	s.left.keys = packedKeys(s.schema, keys)
	s.right.keys = s.left.keys
}

// Left returns the Sink of the left input.
func (s *SetOp) Left() exec.Sink { return &setOpSide{&s.left} }

// Right returns the Sink of the right input.
func (s *SetOp) Right() exec.Sink { return &setOpSide{&s.right} }

// Source returns the rows that stay.
func (s *SetOp) Source(q *exec.Query) (exec.Source, error) {
	own, rows := s.left.batches()
	other, _ := s.right.batches()
	if rows == 0 {
		return exec.NewScan(nil), nil
	}
	ranges := s.left.merged()
	mergeRanges(ranges, s.right.merged())
	d, err := newDistinct(q, s.spec.rule(), s.keys, ranges, other, own)
	if err != nil {
		return nil, err
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	return newDistinctSource(d, s.schema, &s.left, &s.right), nil
}

// setOpSide keeps one input.
type setOpSide struct{ input *rangedInput }

var _ exec.Sink = (*setOpSide)(nil)

// Push keeps b, its strings as views.
func (s *setOpSide) Push(w *exec.Worker, b *table.Batch) error { return s.input.push(w, b) }

// Combine does nothing.
func (s *setOpSide) Combine(*exec.Worker) error { return nil }

// Finish returns no rows: they come from Source, once both inputs are there.
func (s *setOpSide) Finish(*exec.Query) (exec.Source, error) { return exec.NewScan(nil), nil }

package plan

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// Sample draws rows, of all ranks, in random order: the same for the same seed, whatever the ranks and threads.
type Sample struct {
	N       *int64   `json:"n"`    // how many rows,
	Share   *float64 `json:"frac"` // or how many of each row there is
	Replace bool     `json:"replace"`
	Seed    uint64   `json:"seed"`
}

// Draw says how many rows to draw of some.
type Draw struct {
	N     int64 // if Share is 0
	Share float64
}

// Of returns how many rows that is of a number of rows, halves rounded to even as Python does.
func (d Draw) Of(rows int64) int64 {
	if d.Share > 0 {
		return int64(math.RoundToEven(d.Share * float64(rows)))
	}
	return d.N
}

// ShuffleKeyOp adds a column of uint64: a number for each row's place in the rank concatenation, no two alike, that
// orders the rows at random.
type ShuffleKeyOp struct {
	Seed   uint64
	Global bool // of all ranks' rows; else of this one's
}

// Name is "shuffle key".
func (*ShuffleKeyOp) Name() string { return "shuffle key" }

// FirstOp keeps as many of the first rows as are drawn, and fails where there are fewer.
type FirstOp struct {
	Draw   Draw
	Global bool
}

// Name is "sample".
func (*FirstOp) Name() string { return "sample" }

// DrawOp draws rows with replacement: a row any number of times.
type DrawOp struct {
	Draw   Draw
	Seed   uint64
	Global bool
}

// Name is "sample".
func (*DrawOp) Name() string { return "sample" }

func (spec *Sample) check() error {
	switch {
	case (spec.N == nil) == (spec.Share == nil):
		return fmt.Errorf("it has one of n and frac")
	case spec.N != nil && *spec.N < 0:
		return fmt.Errorf("n is %d", *spec.N)
	case spec.Share != nil && !(*spec.Share >= 0 && *spec.Share < math.MaxInt32): // NaN neither
		return fmt.Errorf("frac is %v", *spec.Share)
	case spec.Share != nil && *spec.Share > 1 && !spec.Replace:
		return fmt.Errorf("frac is %v: more than all rows can be drawn with replacement only", *spec.Share)
	}
	return nil
}

// bind makes of a sample without replacement the first rows by a random key: a sort of which few rows are read.
func (spec *Sample) bind(b *binder, s *Step) error {
	in := b.in(s, 0)
	draw := Draw{}
	if spec.N != nil {
		draw.N = *spec.N
	} else {
		draw.Share = *spec.Share
	}
	if spec.Replace {
		s.Op, s.Schema = &DrawOp{Draw: draw, Seed: spec.Seed}, in
		return nil
	}
	n := in.NumFields()
	keyed := arrow.NewSchema(append(slices.Clone(in.Fields()), arrow.Field{Name: "key", Type: arrow.PrimitiveTypes.Uint64}), nil)
	at := b.program.add(Step{Node: s.Node, Op: &ShuffleKeyOp{Seed: spec.Seed}, Inputs: s.Inputs, Schema: keyed})
	at = b.program.add(Step{Node: s.Node, Op: &SortOp{Keys: []BoundSortKey{{Column: n}}}, Inputs: []int{at}, Schema: keyed})
	at = b.program.add(Step{Node: s.Node, Op: &FirstOp{Draw: draw}, Inputs: []int{at}, Schema: keyed})
	*s = b.project(s.Node, at, n)
	return nil
}

func (op *ShuffleKeyOp) place(pl *placer, _ int, s Step) (int, error) {
	s.Op = &ShuffleKeyOp{op.Seed, pl.apart(s.Inputs[0])}
	return pl.out.add(s), nil
}

func (op *FirstOp) place(pl *placer, _ int, s Step) (int, error) {
	s.Op = &FirstOp{op.Draw, pl.apart(s.Inputs[0])}
	return pl.out.add(s), nil
}

func (op *DrawOp) place(pl *placer, _ int, s Step) (int, error) {
	s.Op = &DrawOp{op.Draw, op.Seed, pl.apart(s.Inputs[0])}
	return pl.out.add(s), nil
}

func (op *FirstOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *FirstOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }

func (op *DrawOp) needs(wanted []int, n int) [][]int { return same(wanted, nil, n) }

func (op *DrawOp) narrow(_ []int, in []narrowed) (Op, []int) { return op, in[0].left }

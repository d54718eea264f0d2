package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// NumberOp adds a column of int64: the place of each row in the rank concatenation.
type NumberOp struct{}

// Name is "number".
func (*NumberOp) Name() string { return "number" }

func (*NumberOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

// RestoreOp brings rows back to where those lie that they were computed from: its first input is those, the second has
// their number, as NumberOp gave it, and then columns that it adds to them. Every number is there once.
type RestoreOp struct{}

// Name is "restore".
func (*RestoreOp) Name() string { return "restore" }

func (*RestoreOp) place(pl *placer, _ int, s Step) (int, error) { return pl.out.add(s), nil }

// pick adds a step that keeps columns of input.
func (pl *placer) pick(input, node int, columns []int) int {
	from, op := pl.at(input), &ProjectOp{}
	var fields []arrow.Field
	for _, c := range columns {
		f := from.Schema.Field(c)
		op.Columns = append(op.Columns, column(c, f.Type))
		fields = append(fields, f)
	}
	s := Step{Node: node, Op: op, Inputs: []int{input}, Schema: arrow.NewSchema(fields, nil), Placement: from.Placement}
	s.Keys = op.keys(from.Keys, from)
	return pl.out.add(s)
}

// number adds a step that keeps columns of input and numbers its rows, and returns where the number is.
func (pl *placer) number(input, node int, columns []int) (step, at int) {
	picked := pl.pick(input, node, columns)
	fields := append(slices.Clone(pl.at(picked).Schema.Fields()), arrow.Field{Name: "number", Type: arrow.PrimitiveTypes.Int64})
	s := *pl.at(picked)
	s.Op, s.Inputs, s.Schema = &NumberOp{}, []int{picked}, arrow.NewSchema(fields, nil)
	return pl.out.add(s), len(columns)
}

// restore adds a step that gives the rows of s's input the columns computed elsewhere: s's result.
func (pl *placer) restore(s Step, computed int) int {
	s.Op, s.Inputs = &RestoreOp{}, []int{s.Inputs[0], computed}
	return pl.out.add(s)
}

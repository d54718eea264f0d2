package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// casts are columns and, behind them, casts of some: what an operation reads in another type, beside what it keeps.
type casts struct {
	in     *arrow.Schema
	fields []arrow.Field
	op     ProjectOp
}

func newCasts(in *arrow.Schema) *casts {
	c := &casts{in: in, fields: slices.Clone(in.Fields())}
	for i, f := range c.fields {
		c.op.Columns = append(c.op.Columns, column(i, f.Type))
	}
	return c
}

// add returns the position of a column in type to.
func (c *casts) add(at int, to arrow.DataType) int {
	f := c.in.Field(at)
	if arrow.TypeEqual(f.Type, to) {
		return at
	}
	c.op.Columns = append(c.op.Columns, column(at, f.Type).castTo(to))
	c.fields = append(c.fields, arrow.Field{Name: f.Name, Type: to, Nullable: f.Nullable})
	return len(c.fields) - 1
}

// addCasts adds the step that makes c of an input, unless that has all of it.
func (b *binder) addCasts(node, input int, c *casts) int {
	if len(c.fields) == c.in.NumFields() {
		return input
	}
	return b.program.add(Step{Node: node, Op: &c.op, Inputs: []int{input}, Schema: arrow.NewSchema(c.fields, nil)})
}

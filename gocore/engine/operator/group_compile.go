package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupCompiler turns aggregates into values, states and results.
type groupCompiler struct {
	*groupLayout
	in   *arrow.Schema
	mode GroupMode
	next int // mode Final: the first column of the next aggregate's state
}

func (c *groupCompiler) addAgg(a Agg) error {
	if a.Fn > Mean {
		return status.Errorf(status.Internal, "no aggregate has number %d", a.Fn)
	}
	if c.mode == Final {
		return c.addFinal(a.Fn)
	}
	if a.Column < 0 || a.Column >= c.in.NumFields() {
		return status.Errorf(status.Internal, "%s of column %d of a schema of %d columns", a.Fn, a.Column, c.in.NumFields())
	}
	field := c.in.Field(a.Column)
	kind, ok := column.KindOf(field.Type)
	if !ok {
		return status.Errorf(status.Unsupported, "%s of column %q: pycylon doesn't support its type %s: cast it first",
			a.Fn, field.Name, field.Type)
	}
	var states []int
	switch a.Fn {
	case Sum, Mean:
		if !summable(field.Type) {
			return status.Errorf(status.TypeMismatch, "%s of column %q: its type %s has no sum: use min, max or count, or cast it to a number",
				a.Fn, field.Name, field.Type)
		}
		states = append(states, c.state(sumOp(kind), c.value(a.Column, kind, 1), -1))
		if a.Fn == Mean {
			states = append(states, c.countState(a.Column, kind))
		}
	case Count:
		states = append(states, c.countState(a.Column, kind))
	case Min, Max:
		states = append(states, c.state(minMaxOp(a.Fn, kind), c.value(a.Column, kind, valueWords(kind)), -1))
	}
	c.addResults(a.Fn, field.Name, aggName(a.Fn, field.Name), field.Type, kind, states)
	return nil
}

// addFinal takes the state columns of one aggregate as values.
func (c *groupCompiler) addFinal(fn AggFn) error {
	want := 1
	if fn == Sum || fn == Mean {
		want = 2 // a sum's words
		if c.next < c.in.NumFields() && c.in.Field(c.next).Type.ID() == arrow.FLOAT64 {
			want++ // and text
		}
		if fn == Mean {
			want++
		}
	}
	if c.next+want > c.in.NumFields() {
		return status.Errorf(status.Internal, "the states of %s end at column %d, the schema has %d", fn, c.next+want, c.in.NumFields())
	}
	field := c.in.Field(c.next)
	kinds := make([]column.Kind, want)
	for i := range kinds {
		kinds[i], _ = column.KindOf(c.in.Field(c.next + i).Type)
	}
	var states []int
	kind := kinds[0]
	switch fn {
	case Sum, Mean:
		first, second := c.value(c.next, kinds[0], 1), c.value(c.next+1, kinds[1], 1)
		var sum int
		if kind == column.Float64 {
			sum = c.state(opAddFloat, first, second)
			c.states[sum].text = c.value(c.next+2, kinds[2], valueWords(kinds[2]))
			c.strings = true
		} else {
			sum = c.state(opAddWide, first, second)
			if kinds[1] == column.Int64 {
				kind = column.Int64 // of the sum: the upper half has the sign
			}
		}
		states = append(states, sum)
		if fn == Mean {
			states = append(states, c.state(opAddCount, c.value(c.next+want-1, kinds[want-1], 1), -1))
		}
	case Count:
		states = append(states, c.state(opAddCount, c.value(c.next, kind, 1), -1))
	case Min, Max:
		states = append(states, c.state(minMaxOp(fn, kind), c.value(c.next, kind, valueWords(kind)), -1))
	}
	c.next += want
	name := aggOfState(field.Name)
	c.addResults(fn, sourceOfAgg(fn, name), name, field.Type, kind, states)
	return nil
}

// value returns the position of a column among the values; it gets at least words words.
func (c *groupCompiler) value(col int, kind column.Kind, words int) int {
	for i := range c.values {
		if c.values[i].column == col {
			c.values[i].words = max(c.values[i].words, words)
			return i
		}
	}
	c.values = append(c.values, groupValue{column: col, kind: kind, words: words})
	return len(c.values) - 1
}

func (c *groupCompiler) countState(col int, kind column.Kind) int {
	if kind.IsFloat() {
		return c.state(opCountFloat, c.value(col, kind, 1), -1)
	}
	return c.state(opCount, c.value(col, kind, 0), -1)
}

// state returns the position of an accumulator: aggregates share equal ones.
func (c *groupCompiler) state(op groupOp, value, second int) int {
	for i, s := range c.states {
		if s.op == op && s.value == value && s.second == second {
			return i
		}
	}
	c.strings = c.strings || op == opMinString || op == opMaxString
	c.states = append(c.states, groupState{op: op, value: value, second: second, text: -1})
	return len(c.states) - 1
}

func (c *groupCompiler) addResults(fn AggFn, source, name string, input arrow.DataType, kind column.Kind, states []int) {
	add := func(states []int, word int, name string, t arrow.DataType, nullable bool) {
		c.results = append(c.results, groupResult{fn: fn, source: source, states: states, word: word,
			field: arrow.Field{Name: name, Type: t, Nullable: nullable}})
	}
	if c.mode == Partial && (fn == Sum || fn == Mean) {
		var types []arrow.DataType
		switch {
		case kind.IsFloat():
			types = []arrow.DataType{arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float64, arrow.BinaryTypes.StringView}
		case sumOp(kind) == opSumUint:
			types = []arrow.DataType{arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Uint64}
		default:
			types = []arrow.DataType{arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64}
		}
		for i, t := range types {
			add(states[:1], i, stateName(name, i), t, false)
		}
		if fn == Mean {
			add(states[1:], 0, stateName(name, len(types)), arrow.PrimitiveTypes.Int64, false)
		}
		return
	}
	if c.mode == Partial {
		name = stateName(name, 0)
	}
	switch fn {
	case Sum:
		add(states, -1, name, sumType(kind), false)
	case Count:
		add(states, 0, name, arrow.PrimitiveTypes.Int64, false)
	case Mean:
		add(states, -1, name, arrow.PrimitiveTypes.Float64, true)
	case Min, Max:
		add(states, -1, name, input, true)
	}
}

// summable tells whether values of t can be added: numbers and booleans, not points in time.
func summable(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return false
	}
	return true
}

func sumType(kind column.Kind) arrow.DataType {
	switch sumOp(kind) {
	case opSumFloat:
		return arrow.PrimitiveTypes.Float64
	case opSumUint:
		return arrow.PrimitiveTypes.Uint64
	}
	return arrow.PrimitiveTypes.Int64
}

func valueWords(kind column.Kind) int {
	if kind == column.String {
		return 2
	}
	return 1
}

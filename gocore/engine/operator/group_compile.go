package operator

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupCompiler turns aggregates into values, states and results.
type groupCompiler struct {
	*groupLayout
	in   *arrow.Schema // what comes in
	rows *arrow.Schema // what operators in modes Complete and Partial read
	mode GroupMode
	next int // mode Final: the first column of the next state
}

// groupPart is an accumulator that an aggregate needs, and what it reads.
type groupPart struct {
	op     groupOp
	inputs []groupOperand
}

// groupOperand is a column in one of the forms that accumulators take.
type groupOperand struct {
	column int
	form   groupForm
}

func (c *groupCompiler) addAgg(a Agg) error {
	if int(a.Fn) >= len(aggNames) {
		return status.Errorf(status.Internal, "no aggregate has number %d", a.Fn)
	}
	if a.Fn == Size {
		return c.addParts(a, arrow.Field{Type: arrow.PrimitiveTypes.Int64}, []groupPart{{op: opSize}})
	}
	columns := []int{a.Column}
	if a.ofPairs() {
		columns = append(columns, a.Other)
	}
	for _, col := range columns {
		if col < 0 || col >= c.rows.NumFields() {
			return status.Errorf(status.Internal, "%s of column %d of a schema of %d columns", a.Fn, col, c.rows.NumFields())
		}
		field := c.rows.Field(col)
		if _, ok := column.KindOf(field.Type); !ok {
			return status.Errorf(status.Unsupported, "%s of column %q: pycylon doesn't support its type %s: cast it first",
				a.Fn, field.Name, field.Type)
		}
		if a.Decimal == nil && !a.Fn.takes(field.Type) {
			return status.Errorf(status.TypeMismatch, "%s of column %q: its type %s has none: use min, max or count, or cast it to a number",
				a.Fn, field.Name, field.Type)
		}
	}
	field := c.rows.Field(a.Column)
	switch {
	case (a.Fn == Largest || a.Fn == Smallest) && a.N > 0 && a.N <= mostTop && c.mode == Complete:
		c.addTop(a, field)
		return nil
	case a.Fn >= Quantile:
		return c.addCollected(a, field)
	}
	return c.addParts(a, field, parts(a, kindOf(field.Type)))
}

// addTop adds an aggregate that keeps a few of the values.
func (c *groupCompiler) addTop(a Agg, field arrow.Field) {
	kind := kindOf(field.Type)
	at := c.state(groupState{op: opTop, top: newGroupTop(a, kind), values: []int{c.value(opTop, groupOperand{a.Column, plainForm})}})
	t, nullable := a.Fn.result(field.Type, a.Interpolation)
	c.ragged = true
	c.results = append(c.results, groupResult{agg: a, source: field.Name, states: []int{at}, part: -1,
		field: arrow.Field{Name: aggName(a.Fn, field.Name), Type: t, Nullable: nullable}})
}

// kindOf returns the kind of a supported type.
func kindOf(t arrow.DataType) column.Kind {
	kind, _ := column.KindOf(t)
	return kind
}

// parts returns the accumulators of an aggregate of a column of a kind, in the order in which results read them.
func parts(a Agg, kind column.Kind) []groupPart {
	plain := []groupOperand{{a.Column, plainForm}}
	x, y := groupOperand{a.Column, floatForm}, groupOperand{a.Other, floatForm}
	rows, missing := groupPart{op: opSize}, groupPart{missingOp(kind), plain}
	switch a.Fn {
	case Sum:
		if a.Decimal != nil && kind == column.String {
			return []groupPart{{opSumDecimal, plain}}
		}
		return []groupPart{{sumOp(kind), plain}}
	case Mean:
		return []groupPart{{sumOp(kind), plain}, rows, missing}
	case Count:
		return []groupPart{rows, missing}
	case Min, Max:
		return []groupPart{{minMaxOp(a.Fn, kind), plain}}
	case First, Last:
		return []groupPart{{placeOp(a.Fn, kind), []groupOperand{{-1, placeForm}, plain[0]}}}
	case Any:
		return []groupPart{{opAny, []groupOperand{{a.Column, truthForm}}}}
	case All:
		return []groupPart{{opAll, []groupOperand{{a.Column, truthForm}}}}
	case Product:
		return []groupPart{{productOp(kind), plain}}
	case Var, Std, Sem, Covariance, Correlation:
		if a.ofPairs() {
			break
		}
		one, square := []groupOperand{x}, []groupOperand{x, x}
		return []groupPart{{opCountFloat, one}, {opSumFloat, one}, {opSumHigh, square}, {opSumLow, square}}
	}
	return []groupPart{ // of a covariance, too, whose states are then those of the correlation
		{opCountPairs, []groupOperand{x, y}}, {opSumPaired, []groupOperand{x, y}}, {opSumPaired, []groupOperand{y, x}},
		{opSumHigh, []groupOperand{x, y}}, {opSumLow, []groupOperand{x, y}},
		{opSumPairedHigh, []groupOperand{x, y}}, {opSumPairedLow, []groupOperand{x, y}},
		{opSumPairedHigh, []groupOperand{y, x}}, {opSumPairedLow, []groupOperand{y, x}},
	}
}

// ofPairs tells whether a aggregates pairs of values, of two columns: of one column with itself it is a variance.
func (a *Agg) ofPairs() bool {
	return (a.Fn == Covariance || a.Fn == Correlation) && a.Column != a.Other
}

// addParts adds the accumulators of an aggregate, and its columns of the output.
func (c *groupCompiler) addParts(a Agg, field arrow.Field, parts []groupPart) error {
	var states []int
	name := aggName(a.Fn, field.Name)
	column := 0
	for _, p := range parts {
		types := p.op.columns(field.Type)
		s := groupState{op: p.op}
		if c.mode == Final {
			s.op = p.op.final()
			if c.next+len(types) > c.in.NumFields() {
				return status.Errorf(status.Internal, "the states of %s end at column %d, the schema has %d", name, c.next+len(types), c.in.NumFields())
			}
			if s.op.isPlace() {
				s.values = append(s.values, c.value(p.op, groupOperand{-1, placeForm}))
			}
			for i := range types {
				s.values = append(s.values, c.value(s.op, groupOperand{c.next + i, plainForm}))
			}
			c.next += len(types)
		} else {
			for _, in := range p.inputs {
				s.values = append(s.values, c.value(p.op, in))
			}
		}
		at := c.state(s)
		states = append(states, at)
		if c.mode == Partial {
			for i, t := range types {
				nullable := len(types) == 1 && a.Fn != Count && a.Fn != Size && a.Fn != Any && a.Fn != All
				c.results = append(c.results, groupResult{agg: a, states: []int{at}, part: i,
					field: arrow.Field{Name: stateName(name, column), Type: t, Nullable: nullable}})
				column++
			}
		}
	}
	if a.Fn >= Var && a.Fn <= Correlation && c.mode != Final {
		c.addSums(states)
	}
	if c.mode != Partial {
		t, nullable := a.Fn.result(field.Type, a.Interpolation)
		if a.Decimal != nil {
			t = a.Decimal
		}
		c.results = append(c.results, groupResult{agg: a, source: field.Name, kind: kindOf(field.Type), states: states, part: -1,
			field: arrow.Field{Name: name, Type: t, Nullable: nullable}})
	}
	return nil
}

// value returns the position of an input among the values. An operation that only counts needs none of its words.
func (c *groupCompiler) value(op groupOp, in groupOperand) int {
	if in.form == floatForm && kindOf(c.in.Field(in.column).Type).IsFloat() {
		in.form = plainForm
	}
	v := groupValue{groupOperand: in}
	switch in.form {
	case placeForm:
		v.kind, v.words = column.Uint64, 2
	case floatForm:
		v.kind, v.words = column.Float64, 1
	case truthForm:
		v.kind, v.words = column.Bool, valueWords(kindOf(c.in.Field(in.column).Type))
	default:
		v.kind = kindOf(c.in.Field(in.column).Type)
		v.words = valueWords(v.kind)
	}
	if op == opMissing {
		v.words = 0
	}
	for i := range c.values {
		if c.values[i].groupOperand == in {
			c.values[i].words = max(c.values[i].words, v.words)
			return i
		}
	}
	c.values = append(c.values, v)
	return len(c.values) - 1
}

// state returns the position of an accumulator: aggregates share equal ones.
func (c *groupCompiler) state(s groupState) int {
	for i, have := range c.states {
		if s.op != opHeld && have.op == s.op && slices.Equal(have.values, s.values) {
			return i
		}
	}
	c.states = append(c.states, s)
	return len(c.states) - 1
}

func valueWords(kind column.Kind) int {
	if kind == column.String {
		return 2
	}
	return 1
}

package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupKey is a key column: its column of the input and its words in a record.
type groupKey struct {
	column int
	kind   column.Kind
	word   int // first of a record's words, 0 being the hash; unused where the hash is the key
}

// groupValue is an input column that aggregates read.
type groupValue struct {
	column int
	kind   column.Kind
	word   int // first of a row's value words
	words  int // 0 where only the presence of a value counts
	mask   int // its bit of the mask words; -1 for floats, where null is NaN
}

// groupState is an accumulator: what it does, the values it reads, and where its state is in a group's record.
type groupState struct {
	op     groupOp
	value  int // of groupLayout.values
	second int // the other half of a state that comes in two columns; -1 otherwise
	word   int // first of a record's words
}

// groupResult is an output column after the keys.
type groupResult struct {
	fn     AggFn
	source string // the aggregated column's name, for errors
	field  arrow.Field
	states []int // of groupLayout.states: the sum, then the count of a mean
	word   int   // the column is this word of states[0] as it is; -1 where it is computed
}

// groupLayout is a GroupSpec compiled for a schema: which words rows and groups are made of.
type groupLayout struct {
	output    *arrow.Schema
	keys      []groupKey
	values    []groupValue
	states    []groupState
	results   []groupResult
	dropNull  bool
	exact     bool // the hash is the one key, scrambled
	nullWords int  // words of null bits ahead of the keys' words
	keyWords  int  // words of a record between the hash and the states, or the values
	rowWords  int  // value words of a row
	maskWords int  // null words of a row, behind its values
	recWords  int  // words of a group's record
	strings   bool // some state or key is a string
}

// newGroupLayout compiles s for input of schema in, or says why it can't.
func newGroupLayout(s GroupSpec, in *arrow.Schema) (*groupLayout, error) {
	columns, fields, err := s.keyFields(in)
	if err != nil {
		return nil, err
	}
	l := &groupLayout{dropNull: s.DropNull}
	if err := l.addKeys(columns, fields); err != nil {
		return nil, err
	}
	c := groupCompiler{groupLayout: l, in: in, mode: s.Mode, next: len(s.Keys)}
	for _, a := range s.Aggs {
		if err := c.addAgg(a); err != nil {
			return nil, err
		}
	}
	l.layOut()
	for _, r := range l.results {
		fields = append(fields, r.field)
	}
	l.output = arrow.NewSchema(fields, nil)
	return l, nil
}

func (l *groupLayout) addKeys(columns []int, fields []arrow.Field) error {
	if !l.dropNull {
		l.nullWords = (len(columns) + 63) / 64
	}
	word := 1 + l.nullWords
	for i, c := range columns {
		kind, ok := column.KindOf(fields[i].Type)
		if !ok {
			return status.Errorf(status.Unsupported, "group-by key %q has type %s, which pycylon doesn't support: cast it first",
				fields[i].Name, fields[i].Type)
		}
		l.keys = append(l.keys, groupKey{column: c, kind: kind, word: word})
		word++
		if kind == column.String {
			word++
			l.strings = true
		}
	}
	l.keyWords = word - 1
	if kind := l.keys[0].kind; len(l.keys) == 1 && l.dropNull && kind != column.String && kind != column.Null {
		l.exact, l.keyWords = true, 0
	}
	return nil
}

// layOut places the states in records and the values in rows, now that all are known.
func (l *groupLayout) layOut() {
	word := 1 + l.keyWords
	for i := range l.states {
		l.states[i].word = word
		word += l.states[i].op.words()
	}
	l.recWords = word
	masks := 0
	for i := range l.values {
		v := &l.values[i]
		v.word = l.rowWords
		l.rowWords += v.words
		v.mask = -1
		if !v.kind.IsFloat() {
			v.mask = masks
			masks++
		}
	}
	l.maskWords = (masks + 63) / 64
}

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
	want := map[AggFn]int{Sum: 2, Mean: 3}[fn]
	want = max(want, 1)
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
		op := opAddWide
		switch {
		case kind == column.Float64:
			op = opAddFloat
		case kinds[1] == column.Int64:
			kind = column.Int64 // of the sum: the upper half has the sign
		}
		states = append(states, c.state(op, c.value(c.next, kinds[0], 1), c.value(c.next+1, kinds[1], 1)))
		if fn == Mean {
			states = append(states, c.state(opAddCount, c.value(c.next+2, kinds[2], 1), -1))
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
	c.states = append(c.states, groupState{op: op, value: value, second: second})
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
			types = []arrow.DataType{arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float64}
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

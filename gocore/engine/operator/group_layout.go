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
	second int // the other half of a state that comes in columns; -1 otherwise
	text   int // the third of a float sum's columns; -1 otherwise
	word   int // first of a record's words
}

// groupResult is an output column after the keys.
type groupResult struct {
	fn     AggFn
	source string // the aggregated column's name, for errors
	field  arrow.Field
	states []int // of groupLayout.states: the sum, then the count of a mean
	word   int   // the column is this word of states[0], or this part of a float sum; -1 where it is computed
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

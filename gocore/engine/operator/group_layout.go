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

// groupForm is what a column's values are turned into for an accumulator.
type groupForm uint8

// The forms.
const (
	plainForm groupForm = iota // words as in fixedWords and stringColumnWords
	floatForm                  // of numbers and bools: float64, NaN where null
	truthForm                  // 1 where true, not zero, not empty
	placeForm                  // of no column: Seq of the batch, and the row in it
)

// groupValue is an input column that aggregates read.
type groupValue struct {
	groupOperand
	kind  column.Kind // of the words
	word  int         // first of a row's value words
	words int         // 0 where only the presence of a value counts
	mask  int         // its bit of the mask words; -1 for floats, where null is NaN, and for places
}

// isString tells whether the words of v are those of a string.
func (v *groupValue) isString() bool { return v.kind == column.String && v.words == 2 }

// groupState is an accumulator: what it does, the values it reads, and where its state is in a group's record.
type groupState struct {
	op       groupOp
	values   []int     // of groupLayout.values
	operands []int     // the words of a row that op reads
	mask     int       // its bit of the mask words: the row is left out; -1 where op looks itself
	together bool      // it is one of groupLayout.moments
	word     int       // first of a record's words
	top      *groupTop // of opTop
}

// words returns how many words of a record the state has.
func (s *groupState) words() int {
	if s.top != nil {
		return 1 + s.top.n
	}
	return s.op.words()
}

// groupResult is an output column after the keys.
type groupResult struct {
	agg    Agg
	source string      // the aggregated column's name, for errors
	kind   column.Kind // of the aggregated column
	field  arrow.Field
	states []int // of groupLayout.states
	part   int   // mode Partial: which column of the state; -1 for a result
}

// groupLayout is a GroupSpec compiled for a schema: which words rows and groups are made of.
type groupLayout struct {
	output    *arrow.Schema
	keys      []groupKey
	values    []groupValue
	states    []groupState
	collected []groupCollected
	results   []groupResult
	moments   []groupSums // states that are updated together
	dropNull  bool
	exact     bool   // the hash is the one key, scrambled
	seed      uint64 // of the hashes
	nullWords int    // words of null bits ahead of the keys' words
	keyWords  int    // words of a record between the hash and the states, or the values
	rowWords  int    // value words of a row
	maskWords int    // null words of a row, behind its values
	recWords  int    // words of a group's record
	strings   bool   // some key or value is a string
	ragged    bool   // a group makes as many rows as it has results
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
	c := groupCompiler{groupLayout: l, in: in, rows: in, mode: s.Mode, next: len(s.Keys)}
	if s.Mode == Final {
		if c.rows = s.Rows; c.rows == nil {
			return nil, status.Errorf(status.Internal, "a final group-by without the schema of its Rows")
		}
	}
	for _, a := range s.Aggs {
		if err := c.addAgg(a); err != nil {
			return nil, err
		}
	}
	if l.ragged && len(s.Aggs) > 1 {
		return nil, status.Errorf(status.Invalid, "%s makes several rows of a group: it can't be beside other aggregates", s.Aggs[0].Fn)
	}
	if s.Mode == Partial {
		l.seed = partialSeed
	}
	l.layOut()
	for _, r := range l.results {
		fields = append(fields, r.field)
	}
	l.output = arrow.NewSchema(fields, nil)
	return l, nil
}

// single tells whether all rows are one group.
func (l *groupLayout) single() bool { return len(l.keys) == 0 }

// stripes returns how many records, a power of two, the single group has until it is complete: additions to one wait for
// each other.
func (l *groupLayout) stripes() int {
	switch {
	case !l.single():
		return 0
	case len(l.collected) > 0:
		return 1
	}
	return 8
}

func (l *groupLayout) addKeys(columns []int, fields []arrow.Field) error {
	if !l.dropNull && len(columns) > 0 {
		l.nullWords = (len(columns) + 63) / 64
	}
	word := 1 + l.nullWords
	for i, c := range columns {
		kind, ok := column.KindOf(fields[i].Type)
		if !ok || kind > column.String {
			return status.Errorf(status.Unsupported, "group-by key %q has type %s, which can't be a key: cast it first",
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
	if len(l.keys) == 0 {
		return nil
	}
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
		word += l.states[i].words()
	}
	l.recWords = word
	masks := 0
	for i := range l.values {
		v := &l.values[i]
		v.word = l.rowWords
		l.rowWords += v.words
		v.mask = -1
		if !v.kind.IsFloat() && v.form != placeForm {
			v.mask = masks
			masks++
		}
	}
	l.maskWords = (masks + 63) / 64
	for i := range l.values {
		v := &l.values[i]
		l.strings = l.strings || v.isString()
	}
	for i := range l.states {
		s := &l.states[i]
		s.mask = -1
		for _, at := range s.values {
			v := &l.values[at]
			s.mask = max(s.mask, v.mask)
			for w := range v.words {
				s.operands = append(s.operands, v.word+w)
			}
		}
	}
	for i := range l.moments {
		l.moments[i].layOut(l)
	}
}

package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Lookup is keys that stand for values. It is a Set's table whose slots tell the keys' rows, too; of equal keys the first
// counts. It is immutable once made.
type Lookup struct {
	set     Set
	rows    []uint32 // of numbers: the key's row by its slot in set.words
	zero    uint32   // the rows of the key 0, and of null or NaN: Missing where there is none
	missing uint32
}

// NewLookup makes the lookup of keys, for columns of type t that Compare would take beside them. Keys in the Views
// layout must live as long as the lookup; so must scope.
func NewLookup(scope *memory.Scope, t arrow.DataType, keys *column.Column) (*Lookup, error) {
	l := &Lookup{zero: Missing, missing: Missing}
	kind, _ := column.KindOf(t)
	isMissing := func(i int) bool {
		f, isFloat := floatAt(keys, i)
		return keys.IsNull(i) || isFloat && f != f
	}
	for i := keys.Len - 1; i >= 0; i-- {
		if isMissing(i) {
			l.missing = uint32(i)
		}
	}
	switch {
	case keys.Kind == column.Null || kind == column.Null:
		return l, nil
	case kind == column.String:
		return l, l.set.addStrings(scope, keys)
	}
	if err := l.set.makeSlots(scope, keys.Len); err != nil {
		return nil, err
	}
	b, err := scope.Zeroed(4 * len(l.set.words))
	if err != nil {
		return nil, err
	}
	l.rows = memory.As[uint32](b.Bytes())[:len(l.set.words)]
	for i := keys.Len - 1; i >= 0; i-- {
		w, ok := wordOf(kind, keys, i)
		switch {
		case !ok || isMissing(i):
		case w == 0:
			l.zero = uint32(i)
		default:
			at := l.set.find64(w)
			l.set.words[at], l.rows[at] = w, uint32(i)
		}
	}
	return l, nil
}

// Values returns the values of the keys that the rows of c equal: rows of values, which has one for each key; of rows
// that equal no key, those of other.
func (l *Lookup) Values(scope *memory.Scope, c, values, other *column.Column) (column.Column, error) {
	ids, owner, err := memory.Make[uint32](scope, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	l.find(ids, c)
	found, err := Gather(scope, values, ids)
	if err != nil || other.Len == 1 && other.IsNull(0) {
		return found, err
	}
	defer found.Release()
	is, err := New(scope, arrow.FixedWidthTypes.Boolean, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	defer is.Release()
	for i := 0; i < c.Len; i += 64 {
		size, w := min(64, c.Len-i), uint64(0)
		for j, id := range ids[i : i+size] {
			w |= oneBit(id != Missing) << j
		}
		putWord(is.Values, i, size, w)
	}
	return Choose(scope, &is, &found, other)
}

// find sets ids to the rows of the keys that the rows of c equal.
func (l *Lookup) find(ids []uint32, c *column.Column) {
	switch c.Kind {
	case column.Null:
	case column.Bool:
		for i := range ids {
			isTrue, _ := truth(c, i, 1)
			ids[i] = l.word(isTrue & 1)
		}
	case column.Int8:
		findWords(l, ids, column.Of[int8](c))
	case column.Int16:
		findWords(l, ids, column.Of[int16](c))
	case column.Int32:
		findWords(l, ids, column.Of[int32](c))
	case column.Int64:
		findWords(l, ids, column.Of[int64](c))
	case column.Uint8:
		findWords(l, ids, column.Of[uint8](c))
	case column.Uint16:
		findWords(l, ids, column.Of[uint16](c))
	case column.Uint32:
		findWords(l, ids, column.Of[uint32](c))
	case column.Uint64:
		findWords(l, ids, column.Of[uint64](c))
	case column.Float32:
		findFloats(l, ids, column.Of[float32](c))
	case column.Float64:
		findFloats(l, ids, column.Of[float64](c))
	case column.String:
		l.findViews(ids, c)
	}
	if c.Nulls > 0 {
		for i := range ids {
			if c.IsNull(i) {
				ids[i] = l.missing
			}
		}
	}
}

// word returns the row of a key's bits.
func (l *Lookup) word(w uint64) uint32 {
	if w == 0 || l.set.words == nil {
		return l.zero
	}
	if at := l.set.find64(w); l.set.words[at] == w {
		return l.rows[at]
	}
	return Missing
}

func findWords[T integer](l *Lookup, ids []uint32, values []T) {
	for i, v := range values[:len(ids)] {
		ids[i] = l.word(uint64(int64(v)))
	}
}

func findFloats[T float](l *Lookup, ids []uint32, values []T) {
	for i, v := range values[:len(ids)] {
		if ids[i] = l.missing; v == v {
			ids[i] = l.word(math.Float64bits(float64(v) + 0))
		}
	}
}

func (l *Lookup) findViews(ids []uint32, c *column.Column) {
	for i := range ids {
		ids[i] = Missing
		if l.set.rows != nil && !c.IsNull(i) {
			v := &c.Views[i]
			if at, found := l.set.find(hashView(v, c.Heaps), v, c.Heaps); found {
				ids[i] = uint32(l.set.rows[at]) - 1
			}
		}
	}
}

package operator

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

// A row's sort keys become a sequence of words, uint64s that order rows as the keys do:
//
//	value    integers with the sign bit flipped, floats as bits with the order of their values, strings behind the
//	         prefix of all of them, 7 bytes over one that is 1 + the number of characters left, at most 8 (9: there are more)
//	code     0 .. largest - smallest value of the column, reversed for a descending key, with one more code each for
//	         null and NaN, if there are any, at the end where the key wants them
//	word     the codes of as many keys as fit into 64 bits, the first key on top; a string's next 7 bytes are the
//	         next word
//
// Most sorts need a single word of few bits.
type words struct {
	levels  []level
	columns [][]*column.Column // by key, by batch
	ranges  []keyRange
}

// level is one word: codes of fixed-width keys, or the start of a string.
type level struct {
	fields []field
	text   bool // a single field, of a string
	bits   int
}

// field is the code of one key: ((value ^ flip) & mask) + add, null or nan instead.
type field struct {
	key       int
	start     int // of the first word in a string: what lies before is common to all
	flip      uint64
	mask      uint64 // 0: only whether the value is missing
	add       uint64
	null, nan uint64
	bits      int
}

// keyRange is what Push finds out about a key.
type keyRange struct {
	min, max     uint64 // of the values, min > max: there are none
	nulls, nans  bool
	negativeZero bool   // or a NaN: the code doesn't tell its bits
	prefix       []byte // of all strings, if there are any
	texts        bool
}

func newKeyRanges(n int) []keyRange {
	ranges := make([]keyRange, n)
	for i := range ranges {
		ranges[i].min = math.MaxUint64
	}
	return ranges
}

func (r *keyRange) merge(other keyRange) {
	if other.texts {
		r.includePrefix(other.prefix)
	}
	r.min, r.max = min(r.min, other.min), max(r.max, other.max)
	r.nulls, r.nans, r.negativeZero = r.nulls || other.nulls, r.nans || other.nans, r.negativeZero || other.negativeZero
}

// mergeRanges widens ranges to include others, by key.
func mergeRanges(ranges, others []keyRange) {
	for i := range others {
		ranges[i].merge(others[i])
	}
}

// includePrefix shortens the common prefix to what s has of it.
func (r *keyRange) includePrefix(s []byte) {
	if !r.texts {
		r.texts, r.prefix = true, s
		return
	}
	n := min(len(r.prefix), len(s))
	if string(r.prefix[:n]) != string(s[:n]) {
		for i := range n {
			if r.prefix[i] != s[i] {
				n = i
				break
			}
		}
	}
	r.prefix = r.prefix[:n]
}

// newWords plans the words of rows whose keys lie in ranges.
func newWords(spec SortSpec, ranges []keyRange, batches []*table.Batch) *words {
	w := &words{ranges: ranges}
	for i, key := range spec.Keys {
		columns := make([]*column.Column, len(batches))
		for j, b := range batches {
			columns[j] = &b.Cols[key.Column]
		}
		w.columns = append(w.columns, columns)
		text := columns[0].Kind == column.String
		for _, f := range newFields(i, key, ranges[i]) {
			switch last := len(w.levels) - 1; {
			case f.bits == 0 && !text: // one value throughout
			case text || last < 0 || w.levels[last].text || w.levels[last].bits+f.bits > 64:
				w.levels = append(w.levels, level{fields: []field{f}, text: text, bits: f.bits})
			default:
				w.levels[last].fields = append(w.levels[last].fields, f)
				w.levels[last].bits += f.bits
			}
		}
	}
	return w
}

// newFields returns the field of a key, two where missing values make its range exceed 64 bits, none where every row
// misses its value in the same way.
func newFields(key int, k SortKey, r keyRange) []field {
	if r.min > r.max { // nothing but missing values
		if !r.nans || !r.nulls {
			return nil
		}
		r.min, r.max = 0, 0
	}
	missing := uint64(0)
	if r.nulls {
		missing++
	}
	if r.nans {
		missing++
	}
	span := r.max - r.min
	if span > math.MaxUint64-missing {
		present := field{key: key, add: 0, nan: 1, null: 1, bits: bits.Len64(missing)}
		if r.nans {
			present.null = 2
		}
		if k.NullsFirst {
			present.add, present.nan, present.null = missing, missing-1, 0
		}
		value := newField(key, k, r)
		value.bits = 64
		return []field{present, value}
	}
	f := newField(key, k, r)
	f.bits = bits.Len64(span + missing)
	f.nan, f.null = span+1, span+missing
	if k.NullsFirst {
		f.add += missing
		f.nan, f.null = missing-1, 0
	}
	return []field{f}
}

// newField returns the field whose codes start at 0, without any for missing values.
func newField(key int, k SortKey, r keyRange) field {
	f := field{key: key, start: len(r.prefix), mask: math.MaxUint64, add: -r.min}
	if k.Descending {
		f.flip, f.add = math.MaxUint64, -^r.max
	}
	return f
}

// sign is the bit by which the order of signed integers differs from that of their bits.
const sign = 1 << 63

// floatValue maps floats to integers of the same order, -0 like 0. NaN isn't for it.
func floatValue(v float64) uint64 {
	b := math.Float64bits(v + 0) // -0 + 0 is 0
	return b ^ (uint64(int64(b)>>63) | sign)
}

// valueFloat is the inverse of floatValue.
func valueFloat(u uint64) float64 {
	return math.Float64frombits(u ^ (uint64(^int64(u)>>63) | sign))
}

const (
	textWord = 7 // characters of a string in one word
	moreText = 9 // the low byte of a word whose string goes on
)

// textValue returns the word of the characters of s from start on.
func textValue(s []byte, start int) uint64 {
	if start >= len(s) {
		return 1
	}
	s = s[start:]
	var u uint64
	for i := range min(len(s), textWord) {
		u |= uint64(s[i]) << (56 - 8*i)
	}
	return u | uint64(min(len(s), textWord+1)+1)
}

// value returns the value of row i of c, which is neither null nor a string; false for a NaN.
func value(c *column.Column, i int) (uint64, bool) {
	switch c.Kind {
	case column.Bool:
		if (column.Bitmap{Bits: c.Values, Offset: c.Offset}).Get(i) {
			return 1, true
		}
		return 0, true
	case column.Int8:
		return uint64(column.Of[int8](c)[i]) ^ sign, true
	case column.Int16:
		return uint64(column.Of[int16](c)[i]) ^ sign, true
	case column.Int32:
		return uint64(column.Of[int32](c)[i]) ^ sign, true
	case column.Int64:
		return uint64(column.Of[int64](c)[i]) ^ sign, true
	case column.Uint8:
		return uint64(column.Of[uint8](c)[i]), true
	case column.Uint16:
		return uint64(column.Of[uint16](c)[i]), true
	case column.Uint32:
		return uint64(column.Of[uint32](c)[i]), true
	case column.Uint64:
		return column.Of[uint64](c)[i], true
	case column.Float32:
		v := float64(column.Of[float32](c)[i])
		return floatValue(v), v == v
	case column.Float64:
		v := column.Of[float64](c)[i]
		return floatValue(v), v == v
	}
	return 0, false // strings: textValue
}

// code returns the field's code of a row.
func (f *field) code(c *column.Column, i int) uint64 {
	if c.IsNull(i) {
		return f.null
	}
	u, ok := uint64(0), true
	if c.Kind == column.String {
		u = textValue(c.Views[i].Bytes(c.Heaps), f.start)
	} else if u, ok = value(c, i); !ok {
		return f.nan
	}
	return (u^f.flip)&f.mask + f.add
}

// value is the inverse of code for a row that isn't missing.
func (f *field) value(code uint64) uint64 { return (code - f.add) ^ f.flip }

package compute

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Set is values that a column's are looked up among. Numbers are kept as the bits that the column's type has for them,
// what that type doesn't hold is left out:
//
//	numbers in a narrow range   a bitmap from the least on
//	other numbers               open addressing, at most half full; 0 marks a free slot and is kept apart
//	strings                     the same, of row numbers of the values (isin_strings.go)
//
// It is immutable once made.
type Set struct {
	missing bool // null, or NaN, is among the values

	zero  bool
	words []uint64 // slots; none: the bitmap
	shift uint

	least  uint64
	bitmap []uint64

	short   [][2]uint64 // the views of a few short strings, if all are
	strings column.Column
	rows    []uint64 // slots: high bits of the hash, row + 1
	maybe   []uint64 // a bitmap by hash: few of those that aren't there pass
	screen  screen
}

// bitmapBits is the widest range of numbers for which a Set is a bitmap: it fits the L1 cache.
const bitmapBits = 128 << 10

// NewSet makes the set of values, for columns of type t that Compare would take beside them. Strings are in the Views
// layout and must live as long as the set; so must scope.
func NewSet(scope *memory.Scope, t arrow.DataType, values *column.Column) (*Set, error) {
	s := &Set{missing: values.Nulls > 0}
	kind, _ := column.KindOf(t)
	switch {
	case values.Kind == column.Null || kind == column.Null:
		return s, nil
	case kind == column.String:
		return s, s.addStrings(scope, values)
	}
	all, owner, err := memory.Make[uint64](scope, values.Len)
	if err != nil {
		return nil, err
	}
	defer owner.Release()
	n := 0
	for i := range values.Len {
		if values.IsNull(i) {
			continue
		}
		f, isFloat := floatAt(values, i)
		if isFloat && f != f {
			s.missing = true
			continue
		}
		if word, ok := wordOf(kind, values, i); ok {
			all[n] = word
			n++
		}
	}
	return s, s.addWords(scope, all[:n])
}

func (s *Set) addWords(scope *memory.Scope, words []uint64) error {
	if len(words) == 0 {
		return nil
	}
	least, most := int64(words[0]), int64(words[0])
	for _, w := range words {
		least, most = min(least, int64(w)), max(most, int64(w))
	}
	if span := uint64(most) - uint64(least); span < bitmapBits {
		b, err := scope.Zeroed(int(span/64+1) * 8)
		if err != nil {
			return err
		}
		s.least, s.bitmap = uint64(least), memory.As[uint64](b.Bytes())
		for _, w := range words {
			s.bitmap[(w-s.least)>>6] |= 1 << ((w - s.least) & 63)
		}
		return nil
	}
	if err := s.makeSlots(scope, len(words)); err != nil {
		return err
	}
	for _, w := range words {
		if w == 0 {
			s.zero = true
			continue
		}
		s.words[s.find64(w)] = w
	}
	return nil
}

// makeSlots makes free slots for n words.
func (s *Set) makeSlots(scope *memory.Scope, n int) error {
	size := 1 << bits.Len(uint(2*n))
	b, err := scope.Zeroed(8 * size)
	if err != nil {
		return err
	}
	s.words, s.shift = memory.As[uint64](b.Bytes())[:size], uint(64-bits.TrailingZeros(uint(size)))
	return nil
}

// find64 returns the slot of a word that isn't 0, or the free one where it would be.
func (s *Set) find64(w uint64) int {
	at := int(w * 0x9E3779B97F4A7C15 >> s.shift)
	for s.words[at] != 0 && s.words[at] != w {
		at = (at + 1) & (len(s.words) - 1)
	}
	return at
}

func (s *Set) has(w uint64) uint64 {
	if s.bitmap != nil {
		at := w - s.least
		if at>>6 >= uint64(len(s.bitmap)) {
			return 0
		}
		return s.bitmap[at>>6] >> (at & 63) & 1
	}
	if w == 0 || s.words == nil {
		return oneBit(s.zero && w == 0)
	}
	return oneBit(s.words[s.find64(w)] == w)
}

// Contains tells which values of a column of the set's type are among it: never null, and a missing value is if one
// was among the values.
func (s *Set) Contains(scope *memory.Scope, c *column.Column) (column.Column, error) {
	if c.Kind == column.String && c.Layout != column.Views && !c.HasOneHeap() {
		views, err := c.AsViews(scope)
		if err != nil {
			return column.Column{}, err
		}
		defer views.Release()
		c = &views
	}
	dst, err := New(scope, arrow.FixedWidthTypes.Boolean, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < c.Len; i += 64 {
		size, w := min(64, c.Len-i), uint64(0)
		valid := present(c, i, size)
		if c.Kind == column.Null {
			valid = 0
		}
		switch c.Kind {
		case column.Null:
		case column.Bool:
			isTrue, isFalse := truth(c, i, size)
			w = isTrue&-s.has(1) | isFalse&-s.has(0)
		case column.Int8:
			w = containsWords(s, column.Of[int8](c)[i:i+size])
		case column.Int16:
			w = containsWords(s, column.Of[int16](c)[i:i+size])
		case column.Int32:
			w = containsWords(s, column.Of[int32](c)[i:i+size])
		case column.Int64:
			w = containsWords(s, column.Of[int64](c)[i:i+size])
		case column.Uint8:
			w = containsWords(s, column.Of[uint8](c)[i:i+size])
		case column.Uint16:
			w = containsWords(s, column.Of[uint16](c)[i:i+size])
		case column.Uint32:
			w = containsWords(s, column.Of[uint32](c)[i:i+size])
		case column.Uint64:
			w = containsWords(s, column.Of[uint64](c)[i:i+size])
		case column.Float32:
			w = containsFloats(s, column.Of[float32](c)[i:i+size])
		case column.Float64:
			w = containsFloats(s, column.Of[float64](c)[i:i+size])
		case column.String:
			if s.rows != nil {
				w = s.containsStrings(c, i, size, valid)
			}
		}
		w &= valid
		if s.missing {
			w |= ^valid & (1<<size - 1)
		}
		putWord(dst.Values, i, size, w)
	}
	return dst, nil
}

func containsWords[T integer](s *Set, values []T) uint64 {
	w := uint64(0)
	if bitmap, most := s.bitmap, uint64(64*len(s.bitmap)); bitmap != nil {
		for j, v := range values {
			if at := uint64(int64(v)) - s.least; at < most {
				w |= bitmap[at>>6] >> (at & 63) & 1 << j
			}
		}
		return w
	}
	for j, v := range values {
		w |= s.has(uint64(int64(v))) << j
	}
	return w
}

func containsFloats[T float](s *Set, values []T) uint64 {
	w := uint64(0)
	for j, v := range values {
		if v != v {
			w |= oneBit(s.missing) << j
			continue
		}
		w |= s.has(math.Float64bits(float64(v)+0)) << j
	}
	return w
}

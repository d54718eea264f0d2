package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Logic is a connective of three-valued logic.
type Logic uint8

// The connectives.
const (
	And Logic = iota
	Or
	Xor
)

// Combine returns a op b for two Bool columns, one of which may have a single row that meets every row of the other:
// false and null is false, true or null is true, else a null makes a null.
func Combine(scope *memory.Scope, op Logic, a, b *column.Column) (column.Column, error) {
	if b.Len == 1 && a.Len != 1 {
		a, b = b, a
	}
	n := b.Len
	dst, bits, err := newNullable(scope, n)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < n; i += 64 {
		size := min(64, n-i)
		trueA, falseA := truth(a, i, size)
		trueB, falseB := truth(b, i, size)
		var isTrue, isFalse uint64
		switch op {
		case And:
			isTrue, isFalse = trueA&trueB, falseA|falseB
		case Or:
			isTrue, isFalse = trueA|trueB, falseA&falseB
		case Xor:
			isTrue, isFalse = trueA&falseB|falseA&trueB, trueA&trueB|falseA&falseB
		}
		putWord(dst.Values, i, size, isTrue)
		putWord(bits.Bytes(), i, size, isTrue|isFalse)
	}
	SetValid(&dst, bits, n-column.Bitmap{Bits: bits.Bytes()}.Count(n))
	return dst, nil
}

// Not returns the opposite of a Bool column; null stays null.
func Not(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, bits, err := newNullable(scope, a.Len)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < a.Len; i += 64 {
		size := min(64, a.Len-i)
		isTrue, isFalse := truth(a, i, size)
		putWord(dst.Values, i, size, isFalse)
		putWord(bits.Bytes(), i, size, isTrue|isFalse)
	}
	SetValid(&dst, bits, a.Nulls)
	return dst, nil
}

// IsMissing returns for each row whether it is null, or a NaN, which counts as missing as in pandas.
func IsMissing(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := New(scope, arrow.FixedWidthTypes.Boolean, a.Len)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < a.Len; i += 64 {
		size := min(64, a.Len-i)
		w := uint64(1)<<size - 1 // 64 shifts to 0, less 1 is all ones
		switch {
		case a.Kind == column.Null:
		case a.Valid.Bits != nil:
			w &^= word(a.Valid, i, size)
		default:
			w = 0
		}
		switch a.Kind {
		case column.Float32:
			w |= nans(column.Of[float32](a)[i : i+size])
		case column.Float64:
			w |= nans(column.Of[float64](a)[i : i+size])
		}
		putWord(dst.Values, i, size, w)
	}
	return dst, nil
}

func nans[T float32 | float64](values []T) uint64 {
	w := uint64(0)
	for j, v := range values {
		w |= oneBit(v != v) << j
	}
	return w
}

// newNullable returns a Bool column of n rows and the buffer of its future validity bitmap.
func newNullable(scope *memory.Scope, n int) (column.Column, *memory.Buffer, error) {
	dst, err := New(scope, arrow.FixedWidthTypes.Boolean, n)
	if err != nil {
		return column.Column{}, nil, err
	}
	bits, err := scope.Zeroed(column.BitmapBytes(n))
	if err != nil {
		dst.Release()
		return column.Column{}, nil, err
	}
	return dst, bits, nil
}

// truth returns which of rows [i, i+n) are true and which are false, n <= 64. A single row stands for all; rows of a
// Null column are neither.
func truth(c *column.Column, i, n int) (isTrue, isFalse uint64) {
	all := uint64(1)<<n - 1
	if c.Kind == column.Null {
		return 0, 0
	}
	values := column.Bitmap{Bits: c.Values, Offset: c.Offset}
	if c.Len == 1 {
		switch {
		case c.IsNull(0):
			return 0, 0
		case values.Get(0):
			return all, 0
		}
		return 0, all
	}
	isTrue = word(values, i, n)
	isFalse = all &^ isTrue
	if c.Valid.Bits != nil {
		valid := word(c.Valid, i, n)
		isTrue, isFalse = isTrue&valid, isFalse&valid
	}
	return isTrue, isFalse
}

// present returns which of rows [i, i+n) aren't null, n <= 64. A single row stands for all.
func present(c *column.Column, i, n int) uint64 {
	all := uint64(1)<<n - 1
	switch {
	case c.Valid.Bits == nil:
		return all
	case c.Len == 1:
		return all * bit(c.Valid, 0)
	}
	return word(c.Valid, i, n)
}

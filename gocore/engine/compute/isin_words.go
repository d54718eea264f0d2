package compute

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// floatAt returns the value of row i of a column of floats.
func floatAt(c *column.Column, i int) (float64, bool) {
	switch c.Kind {
	case column.Float32:
		return float64(column.Of[float32](c)[i]), true
	case column.Float64:
		return column.Of[float64](c)[i], true
	}
	return 0, false
}

// wordOf returns the bits by which a Set knows the value of row i in a column of kind, and false where no value of the
// kind equals it. Integers are sign-extended, floats are float64 without a negative zero.
func wordOf(kind column.Kind, c *column.Column, i int) (uint64, bool) {
	value, isFloat := floatAt(c, i)
	whole, negative := wholeAt(c, i, value, isFloat)
	if kind.IsFloat() {
		if !isFloat {
			value = float64(whole)
			if negative {
				value = float64(int64(whole))
			}
			back, isNegative := wholeOf(value)
			if back != whole || isNegative != negative {
				return 0, false
			}
		}
		if kind == column.Float32 && float64(float32(value)) != value {
			return 0, false
		}
		return math.Float64bits(value + 0), true // -0 + 0 is 0
	}
	if isFloat && math.Trunc(value) != value || isFloat && (value >= 1<<64 || value < -1<<63) {
		return 0, false
	}
	if negative {
		return whole, kind.IsSigned() && int64(whole) >= -1<<(8*kind.Width()-1)
	}
	width := 8 * kind.Width()
	if kind.IsSigned() {
		width--
	}
	if kind == column.Bool {
		width = 1
	}
	return whole, bits.Len64(whole) <= width
}

// wholeAt returns the whole number in row i as the bits of an int64 if it is negative, of a uint64 otherwise.
func wholeAt(c *column.Column, i int, value float64, isFloat bool) (uint64, bool) {
	if isFloat {
		return wholeOf(value)
	}
	switch c.Kind {
	case column.Bool:
		return bit(column.Bitmap{Bits: c.Values, Offset: c.Offset}, i), false
	case column.Int8:
		return signedWord(column.Of[int8](c)[i])
	case column.Int16:
		return signedWord(column.Of[int16](c)[i])
	case column.Int32:
		return signedWord(column.Of[int32](c)[i])
	case column.Int64:
		return signedWord(column.Of[int64](c)[i])
	case column.Uint8:
		return uint64(column.Of[uint8](c)[i]), false
	case column.Uint16:
		return uint64(column.Of[uint16](c)[i]), false
	case column.Uint32:
		return uint64(column.Of[uint32](c)[i]), false
	}
	return column.Of[uint64](c)[i], false
}

func signedWord[T int8 | int16 | int32 | int64](v T) (uint64, bool) { return uint64(int64(v)), v < 0 }

func wholeOf(v float64) (uint64, bool) {
	if v < 0 {
		return uint64(int64(v)), true
	}
	return uint64(v), false
}

package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Negative returns -a: 0 - a of integers, with the Overflow error of that; of floats also the sign of zero changes.
func Negative(scope *memory.Scope, a *column.Column) (column.Column, error) {
	zero := column.Column{Type: a.Type, Kind: a.Kind, Len: 1, Values: make([]byte, 8)}
	switch a.Kind {
	case column.Float32:
		column.Of[float32](&zero)[0] = float32(math.Copysign(0, -1))
	case column.Float64:
		column.Of[float64](&zero)[0] = math.Copysign(0, -1)
	}
	return Arithmetic(scope, Subtract, a.Type, &zero, a)
}

// Absolute returns the absolute values of a column of numbers. That of the least integer is an Overflow error.
func Absolute(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	failed := -1
	switch a.Kind {
	case column.Int8:
		failed = absolute[int8](&dst, a)
	case column.Int16:
		failed = absolute[int16](&dst, a)
	case column.Int32:
		failed = absolute[int32](&dst, a)
	case column.Int64:
		failed = absolute[int64](&dst, a)
	case column.Float32:
		for i, v := range column.Of[uint32](a) {
			column.Of[uint32](&dst)[i] = v &^ (1 << 31)
		}
	case column.Float64:
		for i, v := range column.Of[uint64](a) {
			column.Of[uint64](&dst)[i] = v &^ (1 << 63)
		}
	default:
		copy(dst.Values, a.Values[:a.Len*a.Kind.Width()])
	}
	if failed >= 0 {
		dst.Release()
		return column.Column{}, status.Errorf(status.Overflow, "the absolute value of %s doesn't fit %s: cast to a wider type", Format(a, failed), a.Type)
	}
	return dst, nil
}

func absolute[T int8 | int16 | int32 | int64](dst, a *column.Column) int {
	out, least := column.Of[T](dst), T(0)
	for i, v := range column.Of[T](a) {
		size := max(v, -v)
		out[i] = size
		least = min(least, size)
	}
	if least < 0 { // the negative of the least value is itself
		for i, v := range out {
			if v < 0 && !dst.IsNull(i) {
				return i
			}
		}
	}
	return -1
}

// Sign returns -1, 0 or 1 by the sign of each number; NaN of NaN.
func Sign(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	switch a.Kind {
	case column.Int8:
		signOf[int8](&dst, a)
	case column.Int16:
		signOf[int16](&dst, a)
	case column.Int32:
		signOf[int32](&dst, a)
	case column.Int64:
		signOf[int64](&dst, a)
	case column.Uint8:
		signOf[uint8](&dst, a)
	case column.Uint16:
		signOf[uint16](&dst, a)
	case column.Uint32:
		signOf[uint32](&dst, a)
	case column.Uint64:
		signOf[uint64](&dst, a)
	case column.Float32:
		signOf[float32](&dst, a)
	default:
		signOf[float64](&dst, a)
	}
	return dst, nil
}

func signOf[T number](dst, a *column.Column) {
	out := column.Of[T](dst)
	for i, v := range column.Of[T](a) {
		switch {
		case v > 0:
			out[i] = 1
		case v < 0:
			out[i] = T(0) - 1
		default:
			out[i] = v // 0 or NaN
		}
	}
}

// Class is a sort of floats.
type Class uint8

// The classes.
const (
	NaN Class = iota
	Infinite
	Finite
)

// IsClass tells which numbers are of a class: an integer is finite. Null stays null.
func IsClass(scope *memory.Scope, class Class, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, arrow.FixedWidthTypes.Boolean, a)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < a.Len; i += 64 {
		size, w := min(64, a.Len-i), uint64(0)
		switch a.Kind {
		case column.Float32:
			w = classOf(class, column.Of[float32](a)[i:i+size])
		case column.Float64:
			w = classOf(class, column.Of[float64](a)[i:i+size])
		default:
			if class == Finite {
				w = 1<<size - 1
			}
		}
		putWord(dst.Values, i, size, w)
	}
	return dst, nil
}

func classOf[T float](class Class, values []T) uint64 {
	w := uint64(0)
	for j, v := range values {
		difference := v - v // NaN of NaN and infinities, else 0
		var is bool
		switch class {
		case NaN:
			is = v != v
		case Infinite:
			is = v == v && difference != difference
		case Finite:
			is = difference == difference
		}
		w |= oneBit(is) << j
	}
	return w
}

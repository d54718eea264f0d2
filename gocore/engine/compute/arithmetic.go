package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Operation is one of the operators of arithmetic.
type Operation uint8

// The operations.
const (
	Add Operation = iota
	Subtract
	Multiply
	Divide // of floats only
	FloorDivide
	Modulo // with the sign of the divisor
	Power
)

var signs = [...]string{Add: "+", Subtract: "-", Multiply: "*", Divide: "/", FloorDivide: "//", Modulo: "%", Power: "**"}

// Arithmetic returns a op b as type t for columns of t's kind, null where either is null. One may have a single row that meets
// every row of the other. An integer that doesn't fit the type is an Overflow error; an integer divided by zero, or
// modulo zero, is null; an integer to a negative power is an Invalid error.
//
// A loop takes a chunk of rows without a branch and tells whether one of them failed; only then are they looked at one
// by one: the values of null rows may be anything, and don't count.
func Arithmetic(scope *memory.Scope, op Operation, t arrow.DataType, a, b *column.Column) (column.Column, error) {
	dst, err := newResult(scope, t, a, b)
	if err != nil {
		return column.Column{}, err
	}
	if dst.Kind.IsInteger() && (op == FloorDivide || op == Modulo) {
		if err := nullWhereZero(scope, &dst, b); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	failed := -1
	switch dst.Kind {
	case column.Int8:
		failed = calculate(&dst, a, b, integerLoop[int8](op))
	case column.Int16:
		failed = calculate(&dst, a, b, integerLoop[int16](op))
	case column.Int32:
		failed = calculate(&dst, a, b, integerLoop[int32](op))
	case column.Int64:
		failed = calculate(&dst, a, b, integerLoop[int64](op))
	case column.Uint8:
		failed = calculate(&dst, a, b, integerLoop[uint8](op))
	case column.Uint16:
		failed = calculate(&dst, a, b, integerLoop[uint16](op))
	case column.Uint32:
		failed = calculate(&dst, a, b, integerLoop[uint32](op))
	case column.Uint64:
		failed = calculate(&dst, a, b, integerLoop[uint64](op))
	case column.Float32:
		failed = calculate(&dst, a, b, floatLoop[float32](op))
	default:
		failed = calculate(&dst, a, b, floatLoop[float64](op))
	}
	if failed >= 0 {
		dst.Release()
		return column.Column{}, calculationError(op, a, b, failed)
	}
	return dst, nil
}

// loop computes a chunk of rows and tells whether one of them has no value of the type.
type loop[T number] func(dst, a, b []T) (failed bool)

// calculate fills dst and returns the first row that failed and isn't null, or -1.
func calculate[T number](dst, a, b *column.Column, f loop[T]) int {
	out, x, y := column.Of[T](dst), operandOf[T](a, dst.Len), operandOf[T](b, dst.Len)
	defer x.release()
	defer y.release()
	for i := 0; i < len(out); i += chunk {
		n := min(chunk, len(out)-i)
		if !f(out[i:i+n], x.rows(i, n), y.rows(i, n)) {
			continue
		}
		for j := range n {
			if !dst.IsNull(i+j) && f(out[i+j:i+j+1], x.rows(i, n)[j:j+1], y.rows(i, n)[j:j+1]) {
				return i + j
			}
		}
	}
	return -1
}

// calculationError names the values of a row without a result.
func calculationError(op Operation, a, b *column.Column, row int) error {
	x, y := Format(a, row&stride(a)), Format(b, row&stride(b))
	if op == Power && y[0] == '-' {
		return status.Errorf(status.Invalid, "%s ** %s is no integer: cast to double for a negative power", x, y)
	}
	return status.Errorf(status.Overflow, "%s %s %s doesn't fit %s: cast to a wider type", x, signs[op], y, a.Type)
}

// nullWhereZero makes the rows of dst null where the divisor is zero.
func nullWhereZero(scope *memory.Scope, dst, divisor *column.Column) error {
	zero := column.Column{Type: divisor.Type, Kind: divisor.Kind, Len: 1, Values: make([]byte, 8)}
	nonzero, err := Compare(scope, NotEqual, divisor, &zero)
	if err != nil {
		return err
	}
	defer nonzero.Release()
	all := column.Bitmap{Bits: nonzero.Values}
	if divisor.Nulls == 0 && all.Count(divisor.Len) == divisor.Len {
		return nil
	}
	bits, err := scope.Zeroed(column.BitmapBytes(dst.Len))
	if err != nil {
		return err
	}
	for i := 0; i < dst.Len; i += 64 {
		size := min(64, dst.Len-i)
		isTrue, _ := truth(&nonzero, i, size)
		putWord(bits.Bytes(), i, size, isTrue&present(dst, i, size))
	}
	dst.Valid, dst.Nulls = column.Bitmap{}, 0
	SetValid(dst, bits, dst.Len-column.Bitmap{Bits: bits.Bytes()}.Count(dst.Len))
	return nil
}

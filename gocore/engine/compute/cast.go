package compute

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Cast returns c as type to. A value that doesn't fit is an Overflow error, as are NaN and infinities where integers or
// decimals are asked for; floats lose their fraction where they become integers, and so do decimals; integers beyond
// 2^53 lose their last digits where they become floats, and decimals are rounded, halves away from 0, where they get
// fewer digits behind the point. A text that is no number or boolean, or bytes that are no UTF-8 or of the wrong size,
// are an Invalid error. A cast that changes no bytes shares c's buffers.
func Cast(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	if !CanCast(c.Type, to) {
		return column.Column{}, status.Errorf(status.TypeMismatch, "a column of type %s can't be cast to %s", column.DisplayName(c.Type), column.DisplayName(to))
	}
	if value := column.ValueType(to); value != to || c.Type.ID() == arrow.DICTIONARY {
		values := *c
		values.Type = column.ValueType(c.Type)
		out, err := Cast(scope, &values, value)
		out.Type = to
		return out, err
	}
	kind, _ := column.KindOf(to)
	switch {
	case c.Kind == column.Null:
		return AllNull(scope, to, c.Len)
	case isTime(c.Type) && isTime(to):
		return castTime(scope, c, to)
	case isDecimal(to) && !arrow.TypeEqual(c.Type, to):
		return castToDecimal(scope, c, to)
	case kind == c.Kind:
		if IsBinary(c.Type) && !IsBinary(to) {
			if err := checkTexts(scope, c, to); err != nil {
				return column.Column{}, err
			}
		}
		c.Retain()
		return withType(c, to), nil
	case c.Kind == column.FixedBinary || kind == column.FixedBinary:
		return castBytes(scope, c, to)
	case isDecimal(c.Type):
		return castFromDecimal(scope, c, to)
	case c.Kind == column.Float16 || kind == column.Float16:
		return castHalf(scope, c, to)
	case kind == column.String:
		return castToText(scope, c, to)
	case c.Kind == column.String:
		return castFromText(scope, c, to)
	case c.Kind == column.Bool:
		bytes, err := bytesOfBits(scope, c)
		if err != nil {
			return column.Column{}, err
		}
		defer bytes.Release()
		return castNumbers(scope, &bytes, to)
	}
	return castNumbers(scope, c, to)
}

// withType returns a column as a type of the same layout, without references of its own.
func withType(c *column.Column, to arrow.DataType) column.Column {
	out := *c
	out.Type, out.Children = to, slices.Clone(c.Children)
	for i, t := range column.ChildTypes(to) {
		out.Children[i] = withType(&c.Children[i], t)
	}
	return out
}

// castHalf casts half floats by way of others.
func castHalf(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	if c.Kind == column.Float16 {
		floats, err := AsKey(scope, c)
		if err != nil {
			return floats, err
		}
		defer floats.Release()
		return Cast(scope, &floats, to)
	}
	floats, err := Cast(scope, c, arrow.PrimitiveTypes.Float64)
	if err != nil {
		return floats, err
	}
	defer floats.Release()
	dst, err := New(scope, to, c.Len)
	if err != nil {
		return dst, err
	}
	for i, f := range column.Of[float64](&floats) {
		column.Of[uint16](&dst)[i] = half(f)
	}
	shareValid(&dst, &floats)
	return dst, nil
}

// bytesOfBits returns a Bool column as uint8 values 0 and 1.
func bytesOfBits(scope *memory.Scope, c *column.Column) (column.Column, error) {
	dst, err := New(scope, arrow.PrimitiveTypes.Uint8, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	values := column.Bitmap{Bits: c.Values, Offset: c.Offset}
	for i := range c.Len {
		dst.Values[i] = byte(bit(values, i))
	}
	shareValid(&dst, c)
	return dst, nil
}

// shareValid gives dst the validity of src and a reference to its owners.
func shareValid(dst, src *column.Column) {
	dst.Valid, dst.Nulls = src.Valid, src.Nulls
	if src.Valid.Bits != nil {
		src.Retain()
		dst.Owners = append(dst.Owners, src.Owners...)
	}
}

type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

func castNumbers(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	dst, err := New(scope, to, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	failed := -1
	switch c.Kind {
	case column.Int8:
		failed = castFrom[int8](&dst, c)
	case column.Int16:
		failed = castFrom[int16](&dst, c)
	case column.Int32:
		failed = castFrom[int32](&dst, c)
	case column.Int64:
		failed = castFrom[int64](&dst, c)
	case column.Uint8:
		failed = castFrom[uint8](&dst, c)
	case column.Uint16:
		failed = castFrom[uint16](&dst, c)
	case column.Uint32:
		failed = castFrom[uint32](&dst, c)
	case column.Uint64:
		failed = castFrom[uint64](&dst, c)
	case column.Float32:
		failed = castFrom[float32](&dst, c)
	case column.Float64:
		failed = castFrom[float64](&dst, c)
	}
	if failed >= 0 {
		dst.Release()
		return column.Column{}, overflows(c, failed, to)
	}
	shareValid(&dst, c)
	return dst, nil
}

// castFrom converts into dst, and returns the first row that doesn't fit or -1.
func castFrom[F number](dst, src *column.Column) int {
	switch dst.Kind {
	case column.Bool:
		return castToBool[F](dst, src)
	case column.Int8:
		return castToInteger[F, int8](dst, src, math.MinInt8, math.MaxInt8+1)
	case column.Int16:
		return castToInteger[F, int16](dst, src, math.MinInt16, math.MaxInt16+1)
	case column.Int32:
		return castToInteger[F, int32](dst, src, math.MinInt32, math.MaxInt32+1)
	case column.Int64:
		return castToInteger[F, int64](dst, src, math.MinInt64, math.MaxInt64+1)
	case column.Uint8:
		return castToInteger[F, uint8](dst, src, 0, math.MaxUint8+1)
	case column.Uint16:
		return castToInteger[F, uint16](dst, src, 0, math.MaxUint16+1)
	case column.Uint32:
		return castToInteger[F, uint32](dst, src, 0, math.MaxUint32+1)
	case column.Uint64:
		return castToInteger[F, uint64](dst, src, 0, math.MaxUint64+1)
	case column.Float32:
		return castToFloat[F, float32](dst, src)
	default:
		return castToFloat[F, float64](dst, src)
	}
}

func castToFloat[F number, T float32 | float64](dst, src *column.Column) int {
	out := column.Of[T](dst)
	for i, v := range column.Of[F](src) {
		out[i] = T(v)
	}
	return -1
}

// castToInteger converts values in [low, high). A float that is truncated into the range fits.
func castToInteger[F, T number](dst, src *column.Column, low, high float64) int {
	out := column.Of[T](dst)
	half := 0.5
	float := F(half) != 0
	for i, v := range column.Of[F](src) {
		t := T(v)
		out[i] = t
		fits := F(t) == v && (t < 0) == (v < 0)
		if float {
			whole := math.Trunc(float64(v))
			fits = whole >= low && whole < high
		}
		if !fits && !src.IsNull(i) {
			return i
		}
	}
	return -1
}

func castToBool[F number](dst, src *column.Column) int {
	values := column.Of[F](src)
	for i := 0; i < len(values); i += 64 {
		n, w := min(64, len(values)-i), uint64(0)
		for j, v := range values[i : i+n] {
			w |= oneBit(v != 0) << j
		}
		putWord(dst.Values, i, n, w)
	}
	return -1
}

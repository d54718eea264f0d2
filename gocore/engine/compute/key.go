package compute

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// keyDigits is the precision up to which a decimal's unscaled integer is an int64.
const keyDigits = 18

// KeyType returns the type as which columns of type t are keys: operators compare, hash and order only numbers, bools
// and strings. It is false for lists and structs, which are no keys.
//
//	halffloat                      float
//	decimal of up to 18 digits     int64: the unscaled integer
//	other decimals                 binary: the unscaled integer, big-endian, its sign bit turned
//	fixed_size_binary              binary: the bytes
//	anything else                  itself
//
// Keys are equal, and ordered, as the values are.
func KeyType(t arrow.DataType) (arrow.DataType, bool) {
	kind, ok := column.KindOf(t)
	switch kind {
	case column.Float16:
		return arrow.PrimitiveTypes.Float32, true
	case column.Decimal128, column.Decimal256:
		if column.ValueType(t).(arrow.DecimalType).GetPrecision() <= keyDigits {
			return arrow.PrimitiveTypes.Int64, true
		}
		return arrow.BinaryTypes.Binary, true
	case column.FixedBinary:
		return arrow.BinaryTypes.Binary, true
	}
	return t, ok && !column.IsNested(kind)
}

// AsKey returns c as a column of its KeyType.
func AsKey(scope *memory.Scope, c *column.Column) (column.Column, error) {
	t, ok := KeyType(c.Type)
	switch {
	case !ok:
		return column.Column{}, status.Errorf(status.Unsupported, "a column of type %s can't be a key", column.DisplayName(c.Type))
	case c.Kind <= column.String:
		c.Retain()
		return *c, nil
	}
	dst, err := New(scope, t, c.Len)
	if err != nil {
		return dst, err
	}
	switch {
	case c.Kind == column.Float16:
		for i, h := range column.Of[uint16](c) {
			column.Of[float32](&dst)[i] = halfFloat(h)
		}
	case dst.Kind == column.Int64:
		for i := range c.Len {
			column.Of[int64](&dst)[i] = int64(c.Decimal(i)[0])
		}
	default:
		if err := keyBytes(scope, &dst, c); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	shareValid(&dst, c)
	return dst, nil
}

// keyBytes sets the views of dst to the bytes that stand for c's rows, in one heap.
func keyBytes(scope *memory.Scope, dst, c *column.Column) error {
	width := c.Width()
	owner, err := scope.Alloc(c.Len * width)
	if err != nil {
		return err
	}
	heap := owner.Bytes()
	dst.Heaps, dst.Owners = [][]byte{heap}, append(dst.Owners, owner)
	copy(heap, c.Values[:c.Len*width])
	for i := range c.Len {
		key := heap[i*width : (i+1)*width]
		if c.Kind != column.FixedBinary {
			putKey(key, c.Decimal(i))
		}
		dst.Views[i].Put(key, 0, i*width)
	}
	clearNullsOf(dst.Views, c)
	return nil
}

// clearNullsOf zeroes the views where c is null.
func clearNullsOf(views []column.View, c *column.Column) {
	if c.Nulls == 0 {
		return
	}
	for i := range views {
		if !c.Valid.Get(i) {
			views[i] = column.View{}
		}
	}
}

// putKey writes the low bytes of d, the high ones first, so that keys are ordered as decimals are.
func putKey(key []byte, d column.Decimal) {
	words := len(key) / 8
	for w := range words {
		binary.BigEndian.PutUint64(key[8*w:], d[words-1-w])
	}
	key[0] ^= 0x80
}

// FromKey returns keys, a column of the KeyType of t, as t again. A sum of integers that has more digits than t is an
// Overflow error.
func FromKey(scope *memory.Scope, keys *column.Column, t arrow.DataType) (column.Column, error) {
	kind, _ := column.KindOf(t)
	if kind <= column.String || keys.Kind == column.Null {
		return Cast(scope, keys, t)
	}
	dst, err := New(scope, t, keys.Len)
	if err != nil {
		return dst, err
	}
	switch kind {
	case column.Float16:
		for i, f := range column.Of[float32](keys) {
			column.Of[uint16](&dst)[i] = half(float64(f))
		}
	case column.FixedBinary:
		width := dst.Width()
		clear(dst.Values)
		for i := range keys.Len {
			if !keys.IsNull(i) {
				copy(dst.Values[i*width:(i+1)*width], keys.Views[i].Bytes(keys.Heaps))
			}
		}
	default:
		if failed := decimalsOf(&dst, keys); failed >= 0 {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s is out of the range of %s: cast to a wider decimal first",
				column.DecimalOf(column.Of[int64](keys)[failed]).Append(nil, scaleOf(t)), column.DisplayName(t))
		}
	}
	shareValid(&dst, keys)
	return dst, nil
}

// decimalsOf sets the decimals of dst from keys, and returns the first row that has too many digits, or -1.
func decimalsOf(dst, keys *column.Column) int {
	precision := int(column.ValueType(dst.Type).(arrow.DecimalType).GetPrecision())
	for i := range keys.Len {
		if keys.Kind == column.Int64 {
			d := column.DecimalOf(column.Of[int64](keys)[i])
			dst.SetDecimal(i, d)
			if !d.Fits(precision) && !keys.IsNull(i) {
				return i
			}
			continue
		}
		var d column.Decimal
		if !keys.IsNull(i) {
			d = DecimalOfKey(keys.Views[i].Bytes(keys.Heaps))
		}
		dst.SetDecimal(i, d)
	}
	return -1
}

// DecimalOfKey reads what AsKey wrote of a decimal of more than keyDigits digits.
func DecimalOfKey(key []byte) (d column.Decimal) {
	words := len(key) / 8
	for w := range words {
		d[words-1-w] = binary.BigEndian.Uint64(key[8*w:])
	}
	d[words-1] ^= 1 << 63
	for w := words; w < len(d); w++ {
		d[w] = uint64(int64(d[words-1]) >> 63)
	}
	return d
}

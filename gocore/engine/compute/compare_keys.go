package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// comparableWide makes keys of the columns, once both are decimals of one type, fixed-size binaries or binaries.
func comparableWide(scope *memory.Scope, a, b *column.Column) (x, y column.Column, err error) {
	common, exact := CommonDecimal(column.ValueType(a.Type), column.ValueType(b.Type))
	keyA, err := comparableKey(scope, a, common, exact)
	if err != nil {
		return x, y, err
	}
	keyB, err := comparableKey(scope, b, common, exact)
	if err != nil {
		keyA.Release()
		return x, y, err
	}
	if keyA.Kind == keyB.Kind {
		return keyA, keyB, nil
	}
	defer keyA.Release()
	defer keyB.Release()
	return comparable(scope, &keyA, &keyB)
}

// comparableKey makes a key of c: as a decimal of type common where there is one, of another decimal its float64.
func comparableKey(scope *memory.Scope, c *column.Column, common arrow.DataType, exact bool) (column.Column, error) {
	if !exact && isDecimal(column.ValueType(c.Type)) {
		return Cast(scope, c, arrow.PrimitiveTypes.Float64)
	}
	if !exact {
		return AsKey(scope, c)
	}
	decimals, err := Cast(scope, c, common)
	if err != nil {
		return decimals, err
	}
	defer decimals.Release()
	return AsKey(scope, &decimals)
}

// exactFloats is how far from 0 a float64 holds every integer.
const exactFloats = 1 << 53

// isExactFloat tells whether a float64 holds every value of a column of 64-bit integers exactly, as it does nearly always:
// then they are compared as such, ten times as fast.
func isExactFloat(c *column.Column) bool {
	switch c.Kind {
	case column.Int64:
		outside := false
		for _, v := range column.Of[int64](c) {
			outside = outside || uint64(v+exactFloats) > 2*exactFloats
		}
		return !outside
	case column.Uint64:
		outside := false
		for _, v := range column.Of[uint64](c) {
			outside = outside || v > exactFloats
		}
		return !outside
	}
	return false
}

package compute

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Comparison is one of the six comparisons.
type Comparison uint8

// The comparisons.
const (
	Equal Comparison = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

// CanCompare tells whether Compare takes columns of these types: numbers with numbers, strings and binaries with each
// other, bools with bools, dates, times and durations of one TimeClass, and null with anything.
func CanCompare(a, b arrow.DataType) bool {
	a, b = column.ValueType(a), column.ValueType(b)
	kindA, okA := column.KindOf(a)
	kindB, okB := column.KindOf(b)
	switch {
	case !okA || !okB:
		return false
	case kindA == column.Null || kindB == column.Null:
		return true
	case isTime(a) || isTime(b):
		return TimeClassOf(a) == TimeClassOf(b)
	case kindA == column.FixedBinary || kindB == column.FixedBinary:
		return isBytes(kindA) && isBytes(kindB)
	case kindA == column.String || kindA == column.Bool || kindB == column.String || kindB == column.Bool:
		return kindA == kindB
	case isDecimal(a) && isDecimal(b) || isDecimal(a) && kindB.IsInteger() || isDecimal(b) && kindA.IsInteger():
		_, ok := CommonDecimal(a, b)
		return ok
	}
	return isValue(kindA) && isValue(kindB)
}

func isBytes(k column.Kind) bool { return k == column.String || k == column.FixedBinary }

// Compare returns the Bool column a op b, null where either is null. Lengths are equal, or one column has one row
// that is compared with every row of the other. Numbers compare by their exact values, whatever their types, but for
// decimals with floats, which compare as float64; a NaN is unequal to everything and neither less nor greater. Strings
// must be in the Views layout.
func Compare(scope *memory.Scope, op Comparison, a, b *column.Column) (column.Column, error) {
	if !CanCompare(a.Type, b.Type) {
		return column.Column{}, status.Errorf(status.TypeMismatch, "%s can't be compared with %s: cast one of them",
			column.DisplayName(a.Type), column.DisplayName(b.Type))
	}
	n := a.Len
	if a.Len == 1 {
		n = b.Len
	}
	if a.Kind == column.Null || b.Kind == column.Null {
		return AllNull(scope, arrow.FixedWidthTypes.Boolean, n)
	}
	x, y, err := comparable(scope, a, b)
	if err != nil {
		return column.Column{}, err
	}
	defer func() { x.Release(); y.Release() }()
	if op == Greater || op == GreaterEqual {
		x, y, op = y, x, op-2
	}
	if x.Kind == column.String && !(op <= NotEqual && n > 1 && (x.Len == 1 || y.Len == 1)) {
		if err := bothViews(scope, &x, &y); err != nil {
			return column.Column{}, err
		}
	}
	dst, err := New(scope, arrow.FixedWidthTypes.Boolean, n)
	if err != nil {
		return column.Column{}, err
	}
	if err := allValid(scope, &dst, &x, &y); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	compareKinds(dst.Values, n, op, &x, &y)
	return dst, nil
}

// bothViews puts views in the place of two String columns.
func bothViews(scope *memory.Scope, x, y *column.Column) error {
	for _, c := range []*column.Column{x, y} {
		views, err := c.AsViews(scope)
		if err != nil {
			return err
		}
		c.Release()
		*c = views
	}
	return nil
}

// comparable returns both columns in kinds that compareKinds takes: the same, or a pair that it compares exactly.
func comparable(scope *memory.Scope, a, b *column.Column) (x, y column.Column, err error) {
	typeA, typeB := column.ValueType(a.Type), column.ValueType(b.Type)
	switch {
	case a.Kind > column.String || b.Kind > column.String:
		return comparableWide(scope, a, b)
	case isTime(typeA):
		typeA = Finer(typeA, typeB)
		typeB = typeA
	case a.Kind == column.Bool:
		typeA, typeB = arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint8
	case a.Kind != b.Kind:
		if c, ok := constantAs(b, a); ok { // a constant takes on the column's type, if that holds it
			a.Retain()
			return *a, c, nil
		}
		if c, ok := constantAs(a, b); ok {
			b.Retain()
			return c, *b, nil
		}
		typeA, typeB = widest(a.Kind, b.Kind), widest(b.Kind, a.Kind)
		if a.Kind.IsFloat() && isExactFloat(b) || b.Kind.IsFloat() && isExactFloat(a) {
			typeA, typeB = arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float64
		}
	}
	if x, err = Cast(scope, a, typeA); err != nil {
		return x, y, err
	}
	if y, err = Cast(scope, b, typeB); err != nil {
		x.Release()
	}
	return x, y, err
}

// widest returns the type in which a column of kind k is compared with one of kind other: without rounding.
func widest(k, other column.Kind) arrow.DataType {
	switch {
	case k.IsFloat(), other.IsFloat() && k.Width() <= 4:
		return arrow.PrimitiveTypes.Float64
	case k == column.Uint64:
		return arrow.PrimitiveTypes.Uint64
	}
	return arrow.PrimitiveTypes.Int64
}

// Finer returns the type in which two dates or timestamps are compared.
func Finer(a, b arrow.DataType) arrow.DataType {
	if TickNanos(b) < TickNanos(a) || isTimestamp(b) && TickNanos(a) == TickNanos(b) {
		a, b = b, a
	}
	if a.ID() == arrow.DATE64 && isTimestamp(b) { // a cast to date64 would cut off the time of the day
		return &arrow.TimestampType{Unit: arrow.Millisecond}
	}
	return a
}

func compareKinds(dst []byte, n int, op Comparison, x, y *column.Column) {
	switch {
	case x.Kind == column.String:
		compareStrings(dst, n, op, x, y)
	case x.Kind != y.Kind:
		compareMixed(dst, n, op, x, y)
	case x.Kind == column.Bool || x.Kind == column.Uint8:
		compareIntegers[uint8](dst, n, op, x, y)
	case x.Kind == column.Int8:
		compareIntegers[int8](dst, n, op, x, y)
	case x.Kind == column.Int16:
		compareIntegers[int16](dst, n, op, x, y)
	case x.Kind == column.Int32:
		compareIntegers[int32](dst, n, op, x, y)
	case x.Kind == column.Int64:
		compareIntegers[int64](dst, n, op, x, y)
	case x.Kind == column.Uint16:
		compareIntegers[uint16](dst, n, op, x, y)
	case x.Kind == column.Uint32:
		compareIntegers[uint32](dst, n, op, x, y)
	case x.Kind == column.Uint64:
		compareIntegers[uint64](dst, n, op, x, y)
	case x.Kind == column.Float32:
		compareValues[float32](dst, n, op, x, y)
	default:
		compareValues[float64](dst, n, op, x, y)
	}
}

// stride returns the mask by which a row number becomes an index: a single row stands for all.
func stride(c *column.Column) int {
	if c.Len == 1 {
		return 0
	}
	return -1
}

// constantAs returns the number in the only row of c in the type of the column it meets, and false where there is none that
// equals it.
func constantAs(c, like *column.Column) (column.Column, bool) {
	if c.Len != 1 || like.Len == 1 || c.Nulls > 0 {
		return column.Column{}, false
	}
	if f, isFloat := floatAt(c, 0); isFloat && f != f {
		return column.Column{}, false
	}
	word, ok := wordOf(like.Kind, c, 0)
	if like.Kind == column.Float32 {
		word = uint64(math.Float32bits(float32(math.Float64frombits(word))))
	}
	return column.Column{Type: like.Type, Kind: like.Kind, Len: 1, Values: binary.LittleEndian.AppendUint64(nil, word)}, ok
}

// holds tells whether op, one of the first four, holds for an ordering of -1, 0 or 1.
func (op Comparison) holds(order int) bool {
	switch op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	}
	return order <= 0
}

// unordered is the ordering of a NaN to a number: no operation but NotEqual holds.
const unordered = 2

// compareMixed compares int64, uint64 and float64 columns of two different kinds.
func compareMixed(dst []byte, n int, op Comparison, x, y *column.Column) {
	sx, sy := stride(x), stride(y)
	for i := range n {
		order := 0
		switch {
		case x.Kind == column.Int64 && y.Kind == column.Uint64:
			order = orderSigned(column.Of[int64](x)[i&sx], column.Of[uint64](y)[i&sy])
		case x.Kind == column.Uint64 && y.Kind == column.Int64:
			order = -orderSigned(column.Of[int64](y)[i&sy], column.Of[uint64](x)[i&sx])
		case x.Kind == column.Float64:
			order = orderFloat(column.Of[float64](x)[i&sx], y, i&sy)
		default:
			order = orderFloat(column.Of[float64](y)[i&sy], x, i&sx)
			if order != unordered {
				order = -order
			}
		}
		if op.holds(order) {
			dst[i>>3] |= 1 << (i & 7)
		}
	}
}

func orderSigned(a int64, b uint64) int {
	if a < 0 {
		return -1
	}
	return cmp.Compare(uint64(a), b)
}

// orderFloat orders f and the int64 or uint64 in row i of c by their exact values.
func orderFloat(f float64, c *column.Column, i int) int {
	if f != f {
		return unordered
	}
	whole := math.Floor(f)
	order := 0
	if c.Kind == column.Int64 {
		switch {
		case whole < math.MinInt64:
			return -1
		case whole >= math.MaxInt64+1:
			return 1
		}
		order = cmp.Compare(int64(whole), column.Of[int64](c)[i])
	} else {
		switch {
		case whole < 0:
			return -1
		case whole >= math.MaxUint64+1:
			return 1
		}
		order = cmp.Compare(uint64(whole), column.Of[uint64](c)[i])
	}
	if order == 0 && f > whole {
		return 1
	}
	return order
}

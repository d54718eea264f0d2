package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

var (
	int64Type   = arrow.PrimitiveTypes.Int64
	float32Type = arrow.PrimitiveTypes.Float32
	float64Type = arrow.PrimitiveTypes.Float64
)

// isNumber tells whether t is an integer or a float, and not a date or another type that is kept as one.
func isNumber(t arrow.DataType) bool { return arrow.IsInteger(t.ID()) || isFloat(t) }

func isFloat(t arrow.DataType) bool { return t.ID() == arrow.FLOAT32 || t.ID() == arrow.FLOAT64 }

func isBool(t arrow.DataType) bool { return t.ID() == arrow.BOOL }

func isNull(t arrow.DataType) bool { return t.ID() == arrow.NULL }

// promote returns the type in which two numbers are calculated with, as NumPy has it:
//
//	integers of one signedness     the wider
//	signed with unsigned           the signed type that holds both; float64 beside a uint64
//	integer with float             float32 holds integers of up to 16 bits, float64 the rest
//	bool with a number             the number's type
//	a literal with a column        the column's type, unless the literal is a float and the column an integer: float64
//	null with a number             the number's type
//
// It tells false for what isn't a number, and for two bools.
func promote(a, b Argument) (arrow.DataType, bool) {
	switch {
	case isNull(a.Type) || isBool(a.Type):
		return b.Type, isNumber(b.Type)
	case isNull(b.Type) || isBool(b.Type):
		return a.Type, isNumber(a.Type)
	case !isNumber(a.Type) || !isNumber(b.Type):
		return nil, false
	case a.Literal != b.Literal:
		value, values := a.Type, b.Type
		if b.Literal {
			value, values = values, value
		}
		if isFloat(value) && arrow.IsInteger(values.ID()) {
			return float64Type, true
		}
		return values, true
	}
	return wider(a.Type, b.Type), true
}

// wider is promote for two columns of numbers.
func wider(a, b arrow.DataType) arrow.DataType {
	ka, _ := column.KindOf(a)
	kb, _ := column.KindOf(b)
	if kb.IsFloat() || ka.IsInteger() && kb.IsInteger() && kb.IsSigned() && !ka.IsSigned() {
		a, b, ka, kb = b, a, kb, ka
	}
	switch { // a is a float, or both are integers and a is signed if one is
	case ka.IsFloat() && kb.IsInteger() && kb.Width() <= 2, ka == kb:
		return a
	case ka.IsFloat():
		return float64Type
	case ka.IsSigned() == kb.IsSigned() && ka.Width() >= kb.Width(), ka.IsSigned() && ka.Width() > kb.Width():
		return a
	case ka.IsSigned() == kb.IsSigned():
		return b
	case kb.Width() < 8:
		return signed[2*kb.Width()]
	}
	return float64Type
}

var signed = map[int]arrow.DataType{1: arrow.PrimitiveTypes.Int8, 2: arrow.PrimitiveTypes.Int16, 4: arrow.PrimitiveTypes.Int32, 8: int64Type}

// floating returns t if it is a float, else float64.
func floating(t arrow.DataType) arrow.DataType {
	if isFloat(t) {
		return t
	}
	return float64Type
}

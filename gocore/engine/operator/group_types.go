package operator

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// isPoint tells whether values of t are points in time, which have a mean but no sum.
func isPoint(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64:
		return true
	}
	return false
}

// isTime tells whether values of t are points or spans of time.
func isTime(t arrow.DataType) bool { return isPoint(t) || t.ID() == arrow.DURATION }

// takes tells whether f can aggregate a column of type t.
func (f AggFn) takes(t arrow.DataType) bool {
	kind := kindOf(t)
	number := kind < column.String
	switch f {
	case Count, Size:
		return true
	case Sum:
		return number && !isPoint(t)
	case Product, Var, Std, Sem, Covariance, Correlation:
		return number && !isTime(t)
	case Mean:
		return number && t.ID() != arrow.DATE32 && t.ID() != arrow.DATE64
	case Any, All:
		return kind <= column.String && !isPoint(t)
	case Quantile, Largest, Smallest:
		return number
	}
	return kind <= column.String
}

// result returns the type of f's result for values of type t, and whether it can be null.
func (f AggFn) result(t arrow.DataType, i Interpolation) (arrow.DataType, bool) {
	kind := kindOf(t)
	switch f {
	case Count, Size, NUnique:
		return arrow.PrimitiveTypes.Int64, false
	case Any, All:
		return arrow.FixedWidthTypes.Boolean, false
	case Sum, Product:
		switch {
		case isTime(t):
			return t, false
		case kind.IsFloat():
			return arrow.PrimitiveTypes.Float64, false
		case isUnsigned(kind):
			return arrow.PrimitiveTypes.Uint64, false
		}
		return arrow.PrimitiveTypes.Int64, false
	case Mean:
		if isTime(t) {
			return t, true
		}
		return arrow.PrimitiveTypes.Float64, true
	case Var, Std, Sem, Covariance, Correlation:
		return arrow.PrimitiveTypes.Float64, true
	case Quantile:
		if isTime(t) || i == Lower || i == Higher || i == Nearest {
			return t, true
		}
		return arrow.PrimitiveTypes.Float64, true
	case List:
		return arrow.ListOf(t), false
	case Largest, Smallest:
		return t, false
	}
	return t, true
}

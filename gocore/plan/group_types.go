package plan

import (
	"github.com/apache/arrow/go/v17/arrow"

	col "github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// aggregate is what the plan knows of an aggregate function. The operator knows the rest.
type aggregate struct {
	takes  func(t arrow.DataType) bool
	result func(t arrow.DataType) arrow.DataType
	always bool // there is a result even of no values
	whole  bool // it needs all rows of a group at once: there are no partial results
	ragged bool // a group makes several rows; of those of a part of its rows and of other parts come those of all
}

// aggregates are the functions by name.
var aggregates = map[string]aggregate{
	"sum":       {takes: isSummable, result: sumType, always: true},
	"prod":      {takes: isQuantity, result: sumType, always: true},
	"mean":      {takes: hasMean, result: meanType},
	"min":       {takes: isPlain, result: unchanged},
	"max":       {takes: isPlain, result: unchanged},
	"first":     {takes: isAny, result: unchanged},
	"last":      {takes: isAny, result: unchanged},
	"count":     {takes: isAny, result: toInt64, always: true},
	"size":      {always: true},
	"any":       {takes: hasTruth, result: toBool, always: true},
	"all":       {takes: hasTruth, result: toBool, always: true},
	"var":       {takes: isQuantity, result: toDouble},
	"std":       {takes: isQuantity, result: toDouble},
	"sem":       {takes: isQuantity, result: toDouble},
	"cov":       {takes: isQuantity, result: toDouble},
	"corr":      {takes: isQuantity, result: toDouble},
	"quantile":  {takes: isNumeric, result: unchanged, whole: true},
	"nunique":   {takes: isPlain, result: toInt64, always: true, whole: true},
	"list":      {takes: isListed, result: listOf, always: true, whole: true},
	"nlargest":  {takes: isNumeric, result: unchanged, always: true, ragged: true},
	"nsmallest": {takes: isNumeric, result: unchanged, always: true, ragged: true},
}

func isAny(arrow.DataType) bool { return true }

// isListed tells whether lists of t can be made.
func isListed(t arrow.DataType) bool { return kindOf(t) <= col.String }

func listOf(t arrow.DataType) arrow.DataType { return arrow.ListOf(t) }

// isPlain tells whether aggregates can look at values of t.
func isPlain(t arrow.DataType) bool {
	_, ok := compute.KeyType(t)
	return ok
}

// isNumeric tells whether values of t are numbers, or times, which are numbers to the engine.
func isNumeric(t arrow.DataType) bool {
	key, ok := compute.KeyType(t)
	return ok && kindOf(key) < col.String
}

func isQuantity(t arrow.DataType) bool { return isNumeric(t) && !isTime(t) && !isDecimal(t) }

func isSummable(t arrow.DataType) bool {
	return isDecimal(t) || isNumeric(t) && (!isTime(t) || t.ID() == arrow.DURATION)
}

func hasTruth(t arrow.DataType) bool { return isPlain(t) && (!isTime(t) || t.ID() == arrow.DURATION) }

func hasMean(t arrow.DataType) bool {
	return isNumeric(t) && t.ID() != arrow.DATE32 && t.ID() != arrow.DATE64
}

func unchanged(t arrow.DataType) arrow.DataType { return t }
func toInt64(arrow.DataType) arrow.DataType     { return arrow.PrimitiveTypes.Int64 }
func toBool(arrow.DataType) arrow.DataType      { return arrow.FixedWidthTypes.Boolean }
func toDouble(arrow.DataType) arrow.DataType    { return arrow.PrimitiveTypes.Float64 }

func meanType(t arrow.DataType) arrow.DataType {
	if isTime(t) {
		return t
	}
	return arrow.PrimitiveTypes.Float64
}

func sumType(t arrow.DataType) arrow.DataType {
	switch k := kindOf(t); {
	case isTime(t):
		return t
	case isDecimal(t):
		return &arrow.Decimal128Type{Precision: sumDigits, Scale: t.(arrow.DecimalType).GetScale()}
	case k.IsFloat():
		return arrow.PrimitiveTypes.Float64
	case k.IsInteger() && !k.IsSigned():
		return arrow.PrimitiveTypes.Uint64
	}
	return arrow.PrimitiveTypes.Int64
}

// sumDigits is the most digits of a sum of decimals.
const sumDigits = 38

func isDecimal(t arrow.DataType) bool {
	_, ok := col.ValueType(t).(arrow.DecimalType)
	return ok
}

// quantityType returns the type in which fn reads a column of type t: of half floats and decimals, which operators don't
// compute with, floats, where fn does more than compare; and the values of a dictionary.
func quantityType(fn string, t arrow.DataType) arrow.DataType {
	switch fn {
	case "min", "max", "first", "last", "nunique", "count":
		return t
	}
	switch value := col.ValueType(t); {
	case kindOf(t) == col.Float16:
		return arrow.PrimitiveTypes.Float32
	case isDecimal(t) && (fn == "any" || fn == "all"):
		return arrow.FixedWidthTypes.Boolean
	case isDecimal(t) && fn != "sum":
		return arrow.PrimitiveTypes.Float64
	default:
		return value
	}
}

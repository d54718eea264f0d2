package operator

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/grid"
)

// groupOp is what an accumulator does with a value. Its state is a few words of a group's record.
//
//	opSumInt, opSumUint              lo, hi: a 128-bit integer
//	opSumFloat ... opSumPairedLow    an exact sum (see group_float.go)
//	opSize                           how many rows
//	opMissing, opMissingFloat        how many of them have no value: nothing is to be done where none lacks one
//	opCountFloat, opCountPairs       how many have values: updated by updateSums, like the sums after opSumFloat
//	opAny, opAll                     0 or 1
//	opMin..., opMax...               the extreme, and whether there was any value
//	opMinString, opMaxString         a string (see group_string.go), or noString
//	opFirst..., opLast...            seq, row: where the value is, or noRow; then its words
//	opProductInt, opProductUint      (see group_product.go)
//	opProductFloat
//	opSumDecimal                     a 256-bit integer (see group_decimal.go)
//	opHeld                           a result (see group_collect.go)
//	opTop                            the greatest or least values (see group_top.go)
//
// opAdd... and opMultiply... merge states that come as columns, opMergeFloat sums that come as they are in records.
// Merging is commutative and associative, so the results don't depend on which worker saw which rows.
type groupOp uint8

const (
	opSumInt groupOp = iota
	opSumUint
	opSumFloat
	opSumPaired
	opSumHigh
	opSumLow
	opSumPairedHigh
	opSumPairedLow
	opSize
	opMissing
	opMissingFloat
	opCountFloat
	opCountPairs
	opAny
	opAll
	opMinInt
	opMinUint
	opMinFloat
	opMaxInt
	opMaxUint
	opMaxFloat
	opMinString
	opMaxString
	opFirst
	opFirstFloat
	opFirstString
	opLast
	opLastFloat
	opLastString
	opProductInt
	opProductUint
	opProductFloat
	opSumDecimal
	opHeld
	opTop
	opAddWide
	opAddFloat
	opMergeFloat
	opAddCount
	opMultiplyInt
	opMultiplyFloat
	opAddDecimal
)

// words returns how many words a state has.
func (op groupOp) words() int {
	switch op {
	case opSize, opMissing, opMissingFloat, opCountFloat, opCountPairs, opAddCount, opAny, opAll:
		return 1
	case opProductFloat, opMultiplyFloat:
		return 3
	case opFirst, opFirstFloat, opFirstString, opLast, opLastFloat, opLastString, opSumDecimal, opAddDecimal:
		return 4
	}
	return 2
}

// merge returns the operation that adds a state of op to another.
func (op groupOp) merge() groupOp {
	switch op {
	case opSumInt, opSumUint:
		return opAddWide
	case opSize, opMissing, opMissingFloat, opCountFloat, opCountPairs:
		return opAddCount
	case opProductInt, opProductUint:
		return opMultiplyInt
	case opProductFloat:
		return opMultiplyFloat
	case opSumDecimal:
		return opAddDecimal
	}
	if op.isFloatSum() {
		return opMergeFloat
	}
	return op
}

// final returns the operation that adds a state of op that comes in columns.
func (op groupOp) final() groupOp {
	if op.isFloatSum() {
		return opAddFloat
	}
	return op.merge()
}

// columns returns the types of the columns of a state of values of type t:
//
//	sum of integers   lo uint64, hi int64 or uint64     a 128-bit sum
//	sum of floats     hi, lo float64, text string_view  hi + lo is the sum; the text what two floats don't hold of it
//	product           its words
//	others            the value; null of nothing
func (op groupOp) columns(t arrow.DataType) []arrow.DataType {
	u64, i64, f64 := arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64
	switch op {
	case opSumInt:
		return []arrow.DataType{u64, i64}
	case opSumUint, opProductInt, opProductUint:
		return []arrow.DataType{u64, u64}
	case opProductFloat:
		return []arrow.DataType{f64, f64, i64}
	case opSumDecimal:
		return []arrow.DataType{u64, u64, u64, u64}
	case opSize, opMissing, opMissingFloat, opCountFloat, opCountPairs:
		return []arrow.DataType{i64}
	case opAny, opAll:
		return []arrow.DataType{arrow.FixedWidthTypes.Boolean}
	}
	if op.isFloatSum() {
		return []arrow.DataType{f64, f64, arrow.BinaryTypes.StringView}
	}
	return []arrow.DataType{t}
}

// noRow is the seq of a first or last value that isn't there.
const noRow = math.MaxUint64

// initial returns the state of no values.
func (op groupOp) initial() [4]uint64 {
	switch op {
	case opMinInt:
		return [4]uint64{math.MaxInt64}
	case opMaxInt:
		return [4]uint64{1 << 63}
	case opMinUint:
		return [4]uint64{math.MaxUint64}
	case opMinFloat:
		return [4]uint64{math.Float64bits(math.Inf(1))}
	case opMaxFloat:
		return [4]uint64{math.Float64bits(math.Inf(-1))}
	case opMinString, opMaxString:
		return [4]uint64{noString}
	case opAll, opProductInt, opProductUint, opMultiplyInt:
		return [4]uint64{1}
	case opProductFloat, opMultiplyFloat:
		return [4]uint64{math.Float64bits(1)}
	}
	if op.isPlace() {
		return [4]uint64{noRow}
	}
	return [4]uint64{}
}

// isFloatSum tells whether states of op are exact sums of floats.
func (op groupOp) isFloatSum() bool {
	return op >= opSumFloat && op <= opSumPairedLow || op == opAddFloat || op == opMergeFloat
}

// isPlace tells whether op is a first or last.
func (op groupOp) isPlace() bool { return op >= opFirst && op <= opLastString }

// isUnsigned tells whether the words of kind are unsigned integers.
func isUnsigned(kind column.Kind) bool { return kind >= column.Uint8 && kind <= column.Uint64 }

func sumOp(kind column.Kind) groupOp {
	switch {
	case kind.IsFloat():
		return opSumFloat
	case isUnsigned(kind):
		return opSumUint
	}
	return opSumInt
}

func productOp(kind column.Kind) groupOp { return opProductInt + sumOp(kind) - opSumInt }

func missingOp(kind column.Kind) groupOp {
	if kind.IsFloat() {
		return opMissingFloat
	}
	return opMissing
}

func minMaxOp(fn AggFn, kind column.Kind) groupOp {
	op := opMinInt
	switch {
	case kind == column.String:
		op = opMinString
	case kind.IsFloat():
		op = opMinFloat
	case isUnsigned(kind), kind == column.Bool:
		op = opMinUint
	}
	switch {
	case fn == Min:
		return op
	case op == opMinString:
		return opMaxString
	}
	return op + opMaxInt - opMinInt
}

func placeOp(fn AggFn, kind column.Kind) groupOp {
	op := opFirst
	switch {
	case kind == column.String:
		op = opFirstString
	case kind.IsFloat():
		op = opFirstFloat
	}
	if fn == Last {
		op += opLast - opFirst
	}
	return op
}

// groupCells is one state of all groups of a table. Group 0 takes what belongs to none.
type groupCells struct{ base unsafe.Pointer }

func (c groupCells) at(g uint32) *[2]uint64 { return (*[2]uint64)(unsafe.Add(c.base, 8*uintptr(g))) }

func (c groupCells) floats(g uint32) *[2]float64 {
	return (*[2]float64)(unsafe.Add(c.base, 8*uintptr(g)))
}

// words returns n words of a state.
func (c groupCells) words(g uint32, n int) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(c.at(g))), n)
}

func (c groupCells) atFour(g uint32) *[4]uint64 {
	return (*[4]uint64)(unsafe.Add(c.base, 8*uintptr(g)))
}

// groupOperands are the words that an accumulator reads of each row.
type groupOperands [4]groupVec

// one is a constant column of ones: "seen".
var one = uint64(1)

var ones = groupVec{p: unsafe.Pointer(&one)}

// update adds the operands of row i to the state of group ids[i]. For min and max, the second operand tells whether the
// first is a value at all; that is the initial state if not. heap holds what states point to; nil leaves strings where
// they are.
func (op groupOp) update(cells groupCells, ids []uint32, in *groupOperands, heap *groupHeap) error {
	v, w := in[0], in[1]
	switch op {
	case opSumInt:
		if fastAdd && v.stride == 8 {
			sumInts(cells.base, ids, v.p)
			return nil
		}
		for i, g := range ids {
			s, x := cells.at(g), v.at(i)
			lo, carry := bits.Add64(s[0], x, 0)
			s[0] = lo
			s[1], _ = bits.Add64(s[1], uint64(int64(x)>>63), carry)
		}
	case opSumUint:
		for i, g := range ids {
			s := cells.at(g)
			lo, carry := bits.Add64(s[0], v.at(i), 0)
			s[0] = lo
			s[1] += carry
		}
	case opAddWide:
		for i, g := range ids {
			s := cells.at(g)
			lo, carry := bits.Add64(s[0], v.at(i), 0)
			s[0] = lo
			s[1] += w.at(i) + carry
		}
	case opSumFloat:
		return updateFloats(cells, ids, v, heap)
	case opAddFloat:
		return addPartialFloats(cells, ids, in, heap)
	case opMergeFloat:
		return mergeFloats(cells, ids, v, w, heap)
	case opSize:
		for _, g := range ids {
			cells.at(g)[0]++
		}
	case opMissingFloat:
		if v.stride == 8 && grid.Largest(v.slice(0, len(ids))) <= infinite {
			return nil
		}
		for i := range ids {
			if x := math.Float64frombits(v.at(i)); x != x {
				cells.at(ids[i])[0]++
			}
		}
	case opAddCount:
		for i, g := range ids {
			cells.at(g)[0] += v.at(i)
		}
	case opAny:
		for i, g := range ids {
			cells.at(g)[0] |= v.at(i)
		}
	case opAll:
		for i, g := range ids {
			cells.at(g)[0] &= v.at(i)
		}
	case opSumDecimal, opAddDecimal:
		updateDecimals(op, cells, ids, in)
	case opMinString, opMaxString:
		return updateStrings(op, cells, ids, v, w, heap)
	case opProductInt, opProductUint, opMultiplyInt, opProductFloat, opMultiplyFloat:
		updateProducts(op, cells, ids, in)
	default:
		if op.isPlace() {
			return updatePlaces(op, cells, ids, in, heap)
		}
		updateExtremes(op, cells, ids, v, w)
	}
	return nil
}

package operator

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// groupOp is what an accumulator does with a value. Its state is one or two words of a group's record.
//
//	opSumInt, opSumUint, opAddWide   lo, hi: a 128-bit integer
//	opSumFloat, opAddFloat           an exact sum (see group_float.go)
//	opCount, opCountFloat, opAddCount
//	opMin..., opMax...               the extreme, and whether there was any value
//	opMinString, opMaxString         a string (see group_string.go), or noString
//
// opAdd... merge states that come as values, opMergeFloat sums that come as they are in records. Merging is commutative
// and associative, so the results don't depend on which worker saw which rows.
type groupOp uint8

const (
	opSumInt groupOp = iota
	opSumUint
	opSumFloat
	opCount
	opCountFloat
	opMinInt
	opMinUint
	opMinFloat
	opMaxInt
	opMaxUint
	opMaxFloat
	opMinString
	opMaxString
	opAddWide
	opAddFloat
	opMergeFloat
	opAddCount
)

func (op groupOp) words() int {
	switch op {
	case opCount, opCountFloat, opAddCount:
		return 1
	}
	return 2
}

// merge returns the operation that adds a state of op to another.
func (op groupOp) merge() groupOp {
	switch op {
	case opSumInt, opSumUint:
		return opAddWide
	case opSumFloat, opAddFloat:
		return opMergeFloat
	case opCount, opCountFloat:
		return opAddCount
	}
	return op
}

// initial returns the state of no values.
func (op groupOp) initial() [2]uint64 {
	switch op {
	case opMinInt:
		return [2]uint64{math.MaxInt64, 0}
	case opMaxInt:
		return [2]uint64{1 << 63, 0}
	case opMinUint:
		return [2]uint64{math.MaxUint64, 0}
	case opMinFloat:
		return [2]uint64{math.Float64bits(math.Inf(1)), 0}
	case opMaxFloat:
		return [2]uint64{math.Float64bits(math.Inf(-1)), 0}
	case opMinString, opMaxString:
		return [2]uint64{noString, 0}
	}
	return [2]uint64{}
}

// isFloatSum tells whether states of op are exact sums of floats.
func (op groupOp) isFloatSum() bool { return op == opSumFloat || op == opAddFloat }

func sumOp(kind column.Kind) groupOp {
	switch {
	case kind.IsFloat():
		return opSumFloat
	case kind >= column.Uint8 && kind <= column.Uint64:
		return opSumUint
	}
	return opSumInt
}

func minMaxOp(fn AggFn, kind column.Kind) groupOp {
	op := opMinInt
	switch {
	case kind == column.String:
		op = opMinString
	case kind.IsFloat():
		op = opMinFloat
	case kind >= column.Uint8 && kind <= column.Uint64, kind == column.Bool:
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

// groupCells is one state of all groups of a table. Group 0 takes what belongs to none.
type groupCells struct{ base unsafe.Pointer }

func (c groupCells) at(g uint32) *[2]uint64 { return (*[2]uint64)(unsafe.Add(c.base, 8*uintptr(g))) }

// one is a constant column of ones: "seen".
var one = uint64(1)

var ones = groupVec{p: unsafe.Pointer(&one)}

// update adds value v[i] (with second half w[i]) to the state of group ids[i]. For min and max, w tells whether v is
// a value at all; v is the initial state if not. heap holds what states point to; nil leaves strings where they are.
func (op groupOp) update(cells groupCells, ids []uint32, v, w groupVec, heap *groupHeap) error {
	switch op {
	case opSumInt:
		values := v.each()
		for _, g := range ids {
			s, x := cells.at(g), values.next()
			lo, carry := bits.Add64(s[0], x, 0)
			s[0] = lo
			s[1] += carry + uint64(int64(x)>>63)
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
		return addPartialFloats(cells, ids, v, w, heap)
	case opMergeFloat:
		return mergeFloats(cells, ids, v, w, heap)
	case opCount:
		for _, g := range ids {
			cells.at(g)[0]++
		}
	case opCountFloat:
		for i, g := range ids {
			if x := math.Float64frombits(v.at(i)); x == x {
				cells.at(g)[0]++
			}
		}
	case opAddCount:
		for i, g := range ids {
			cells.at(g)[0] += v.at(i)
		}
	case opMinString, opMaxString:
		return updateStrings(op, cells, ids, v, w, heap)
	default:
		updateExtremes(op, cells, ids, v, w)
	}
	return nil
}

func updateExtremes(op groupOp, cells groupCells, ids []uint32, v, seen groupVec) {
	switch op {
	case opMinInt:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = uint64(min(int64(s[0]), int64(v.at(i))))
			s[1] |= seen.at(i)
		}
	case opMaxInt:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = uint64(max(int64(s[0]), int64(v.at(i))))
			s[1] |= seen.at(i)
		}
	case opMinUint:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = min(s[0], v.at(i))
			s[1] |= seen.at(i)
		}
	case opMaxUint:
		for i, g := range ids {
			s := cells.at(g)
			s[0] = max(s[0], v.at(i))
			s[1] |= seen.at(i)
		}
	case opMinFloat:
		for i, g := range ids {
			if x := math.Float64frombits(v.at(i)); x == x {
				s := cells.at(g)
				if x < math.Float64frombits(s[0]) {
					s[0] = math.Float64bits(x)
				}
				s[1] |= seen.at(i)
			}
		}
	case opMaxFloat:
		for i, g := range ids {
			if x := math.Float64frombits(v.at(i)); x == x {
				s := cells.at(g)
				if x > math.Float64frombits(s[0]) {
					s[0] = math.Float64bits(x)
				}
				s[1] |= seen.at(i)
			}
		}
	}
}

package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// CanCast tells whether Cast takes columns of type from to type to. Values may still refuse.
//
//	null                    to anything
//	numbers and bool        to each other; numbers are integers, floats and decimals
//	lists, structs          to those that differ in the kind of lists or in the layout of strings
//	strings                 to the other string types, to and from numbers and bool, and to and from binaries
//	fixed-size binaries     to and from binaries and strings
//	dictionaries            as their values
//	dates, times, durations to those of one TimeClass, timestamps without a zone to times, and to and from int64
//	                        (date32, time32: int32)
func CanCast(from, to arrow.DataType) bool {
	from, to = column.ValueType(from), column.ValueType(to)
	if from.ID() == arrow.NULL || arrow.TypeEqual(from, to) {
		return true
	}
	a, okA := column.KindOf(from)
	b, okB := column.KindOf(to)
	if !okA || !okB || b == column.Null {
		return false
	}
	timeA, timeB := TimeClassOf(from), TimeClassOf(to)
	switch {
	case timeA == Local && timeB == DayTime:
		return isTimestamp(from)
	case timeA != NoTime && timeB != NoTime:
		return timeA == timeB
	case timeA != NoTime || timeB != NoTime:
		return a == b
	case column.IsNested(a) || column.IsNested(b):
		return sameLayout(from, to)
	case a == column.FixedBinary || b == column.FixedBinary:
		return a == column.String || b == column.String
	case IsBinary(from) != IsBinary(to) && a != b:
		return false
	}
	return isValue(a) && isValue(b)
}

// sameLayout tells whether columns of two types are of the same buffers here: lists of one kind or another, and strings
// inside lists and structs, which are all views.
func sameLayout(from, to arrow.DataType) bool {
	a, _ := column.KindOf(from)
	b, _ := column.KindOf(to)
	if !column.IsNested(a) {
		return arrow.TypeEqual(from, to) || a == column.String && b == column.String && IsBinary(from) == IsBinary(to)
	}
	theirs, ours := column.ChildTypes(from), column.ChildTypes(to)
	if a != b || len(theirs) != len(ours) || (from.ID() == arrow.MAP) != (to.ID() == arrow.MAP) ||
		to.ID() == arrow.FIXED_SIZE_LIST && (from.ID() != to.ID() || from.(*arrow.FixedSizeListType).Len() != to.(*arrow.FixedSizeListType).Len()) {
		return false
	}
	for i := range ours {
		if a == column.Struct && from.(*arrow.StructType).Field(i).Name != to.(*arrow.StructType).Field(i).Name || !sameLayout(theirs[i], ours[i]) {
			return false
		}
	}
	return true
}

// isValue tells whether k is a bool, a number or a string.
func isValue(k column.Kind) bool { return k >= column.Bool && k <= column.Decimal256 }

// IsBinary tells whether t is one of the binary types of Kind String.
func IsBinary(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW:
		return true
	}
	return false
}

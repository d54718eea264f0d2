package compute

import (
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// compareIntegers compares integers of one kind. Those that compare with a constant as asked are a range: one
// subtraction moves it to 0, and the borrow of a second one, from its length, is a row's bit, which goes from the carry
// flag to the result.
func compareIntegers[T integer](dst []byte, n int, op Comparison, x, y *column.Column) {
	a, b := column.Of[T](x), column.Of[T](y)
	switch {
	case len(b) == 1 && op == Less:
		within(dst, a[:n], least[T](), b[0]-1, b[0] == least[T]())
	case len(b) == 1 && op == LessEqual:
		within(dst, a[:n], least[T](), b[0], false)
	case len(b) == 1:
		within(dst, a[:n], b[0], b[0], false)
	case len(a) == 1 && op == Less:
		within(dst, b[:n], a[0]+1, least[T]()-1, a[0] == least[T]()-1)
	case len(a) == 1 && op == LessEqual:
		within(dst, b[:n], a[0], least[T]()-1, false)
	case len(a) == 1:
		within(dst, b[:n], a[0], a[0], false)
	default:
		comparePairs(dst, op, a[:n], b[:n])
	}
	if op == NotEqual {
		invert(dst, n)
	}
}

// least returns the least integer; the one before it, modulo the type's size, is the greatest.
func least[T integer]() T {
	var zero T
	if zero-1 > zero {
		return zero
	}
	return T(1) << (8*unsafe.Sizeof(zero) - 1)
}

// within sets the bits of the values of a that are from and to or between, or, where the range is empty, none.
func within[T integer](dst []byte, a []T, from, to T, empty bool) {
	if empty {
		return
	}
	if done := withinFast(dst, a, from, to); done > 0 {
		a, dst = a[done:], dst[done/8:]
	}
	lo, span := uint64(from), uint64(to)-uint64(from)
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		out := uint64(0)
		_, over := bits.Sub64(span, uint64(v[7])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[6])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[5])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[4])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[3])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[2])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[1])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		_, over = bits.Sub64(span, uint64(v[0])-lo, 0)
		out, _ = bits.Add64(out, out, over)
		dst[0] = ^byte(out)
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(uint64(v)-lo <= span)) << i
	}
}

// withinFast is within for the first values, as many as it returns: those of 32 and 64 bits that fill vectors.
func withinFast[T integer](dst []byte, a []T, from, to T) int {
	if !fastWithin {
		return 0
	}
	p := unsafe.Pointer(unsafe.SliceData(a))
	switch unsafe.Sizeof(from) {
	case 4:
		n := len(a) &^ 31
		within32(dst, unsafe.Slice((*uint32)(p), n), uint32(from), uint32(to)-uint32(from))
		return n
	case 8:
		n := len(a) &^ 7
		within64(dst, unsafe.Slice((*uint64)(p), n), uint64(from), uint64(to)-uint64(from))
		return n
	}
	return 0
}

package compute

import "github.com/pycylon/pycylon/gocore/engine/column"

// compareValues compares floats of one kind, eight rows at a time: the results of eight comparisons, which don't depend
// on one another, are the bits of a byte.
func compareValues[T float](dst []byte, n int, op Comparison, x, y *column.Column) {
	a, b := column.Of[T](x), column.Of[T](y)
	switch {
	case len(b) == 1:
		compareWith(dst, op, a[:n], b[0])
	case len(a) == 1 && op == Less:
		greater(dst, b[:n], a[0])
	case len(a) == 1 && op == LessEqual:
		greaterEqual(dst, b[:n], a[0])
	case len(a) == 1:
		compareWith(dst, op, b[:n], a[0])
	default:
		comparePairs(dst, op, a[:n], b[:n])
	}
	if op == NotEqual {
		invert(dst, n)
	}
}

// invert turns the first n bits over: the opposite of Equal is NotEqual, also of a NaN.
func invert(dst []byte, n int) {
	for i := range n >> 3 {
		dst[i] = ^dst[i]
	}
	if n&7 > 0 {
		dst[n>>3] ^= 1<<(n&7) - 1
	}
}

func compareWith[T float](dst []byte, op Comparison, a []T, c T) {
	switch op {
	case Less:
		less(dst, a, c)
	case LessEqual:
		lessEqual(dst, a, c)
	default:
		equal(dst, a, c)
	}
}

func less[T float](dst []byte, a []T, c T) {
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		dst[0] = bits4(v[0] < c, v[1] < c, v[2] < c, v[3] < c) | bits4(v[4] < c, v[5] < c, v[6] < c, v[7] < c)<<4
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(v < c)) << i
	}
}

func lessEqual[T float](dst []byte, a []T, c T) {
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		dst[0] = bits4(v[0] <= c, v[1] <= c, v[2] <= c, v[3] <= c) | bits4(v[4] <= c, v[5] <= c, v[6] <= c, v[7] <= c)<<4
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(v <= c)) << i
	}
}

func greater[T float](dst []byte, a []T, c T) {
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		dst[0] = bits4(v[0] > c, v[1] > c, v[2] > c, v[3] > c) | bits4(v[4] > c, v[5] > c, v[6] > c, v[7] > c)<<4
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(v > c)) << i
	}
}

func greaterEqual[T float](dst []byte, a []T, c T) {
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		dst[0] = bits4(v[0] >= c, v[1] >= c, v[2] >= c, v[3] >= c) | bits4(v[4] >= c, v[5] >= c, v[6] >= c, v[7] >= c)<<4
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(v >= c)) << i
	}
}

func equal[T float](dst []byte, a []T, c T) {
	for ; len(a) >= 8; a, dst = a[8:], dst[1:] {
		v := (*[8]T)(a)
		dst[0] = bits4(v[0] == c, v[1] == c, v[2] == c, v[3] == c) | bits4(v[4] == c, v[5] == c, v[6] == c, v[7] == c)<<4
	}
	for i, v := range a {
		dst[0] |= byte(oneBit(v == c)) << i
	}
}

func comparePairs[T number](dst []byte, op Comparison, a, b []T) {
	for ; len(a) >= 8; a, b, dst = a[8:], b[8:], dst[1:] {
		v, w := (*[8]T)(a), (*[8]T)(b)
		switch op {
		case Less:
			dst[0] = bits4(v[0] < w[0], v[1] < w[1], v[2] < w[2], v[3] < w[3]) | bits4(v[4] < w[4], v[5] < w[5], v[6] < w[6], v[7] < w[7])<<4
		case LessEqual:
			dst[0] = bits4(v[0] <= w[0], v[1] <= w[1], v[2] <= w[2], v[3] <= w[3]) | bits4(v[4] <= w[4], v[5] <= w[5], v[6] <= w[6], v[7] <= w[7])<<4
		default:
			dst[0] = bits4(v[0] == w[0], v[1] == w[1], v[2] == w[2], v[3] == w[3]) | bits4(v[4] == w[4], v[5] == w[5], v[6] == w[6], v[7] == w[7])<<4
		}
	}
	for i := range a {
		is := a[i] == b[i]
		switch op {
		case Less:
			is = a[i] < b[i]
		case LessEqual:
			is = a[i] <= b[i]
		}
		dst[0] |= byte(oneBit(is)) << i
	}
}

// bits4 returns four bools as the bits of a byte. It is small enough to be part of the loops that call it.
func bits4(a, b, c, d bool) byte {
	return byte(oneBit(a) | oneBit(b)<<1 | oneBit(c)<<2 | oneBit(d)<<3)
}

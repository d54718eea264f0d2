package compute

import (
	"math/bits"
	"unsafe"
)

type integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

func integerLoop[T integer](op Operation) loop[T] {
	return [...]loop[T]{Add: addIntegers[T], Subtract: subtractIntegers[T], Multiply: multiplyIntegers[T],
		FloorDivide: floorDivideIntegers[T], Modulo: moduloIntegers[T], Power: powerIntegers[T]}[op]
}

func addIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var bad T // its sign, or carry: the highest bit
	for i := range dst {
		x, y := a[i], b[i]
		sum := x + y
		dst[i] = sum
		if T(0)-1 < 0 {
			bad |= (x ^ sum) & (y ^ sum)
		} else {
			bad |= x&y | (x|y)&^sum
		}
	}
	return highest(bad)
}

// highest tells whether the highest bit is set.
func highest[T integer](v T) bool { return v>>(8*unsafe.Sizeof(v)-1)&1 != 0 }

func subtractIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	var bad T
	for i := range dst {
		x, y := a[i], b[i]
		difference := x - y
		dst[i] = difference
		if T(0)-1 < 0 {
			bad |= (x ^ y) & (x ^ difference)
		} else {
			bad |= ^x&y | ^(x^y)&difference
		}
	}
	return highest(bad)
}

func multiplyIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	bad := uint64(0)
	for i := range dst {
		product, over := multiply(a[i], b[i])
		dst[i] = product
		bad |= over
	}
	return bad != 0
}

// multiply returns a * b, and something other than 0 where that doesn't fit.
func multiply[T integer](a, b T) (T, uint64) {
	if unsafe.Sizeof(a) < 8 {
		wide := int64(a) * int64(b)
		return T(wide), uint64(int64(T(wide)) ^ wide)
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	if T(0)-1 > 0 {
		return T(low), high
	}
	high -= uint64(int64(a)>>63)&uint64(b) + uint64(int64(b)>>63)&uint64(a)
	return T(low), high ^ uint64(int64(low)>>63)
}

// floorDivideIntegers rounds down; rows with a divisor of zero, which are null, get 0.
func floorDivideIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	bad := uint64(0)
	for i := range dst {
		x, y := a[i], b[i]
		if y == 0 {
			dst[i] = 0
			continue
		}
		quotient := x / y
		bad |= oneBit(y < 0 && quotient == x && x < 0) // the least value by -1
		if quotient*y != x && (x < 0) != (y < 0) {
			quotient--
		}
		dst[i] = quotient
	}
	return bad != 0
}

func moduloIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		x, y := a[i], b[i]
		if y == 0 {
			dst[i] = 0
			continue
		}
		rest := x % y
		if rest != 0 && (rest < 0) != (y < 0) {
			rest += y
		}
		dst[i] = rest
	}
	return false
}

// powerIntegers multiplies by squares. A negative exponent fails.
func powerIntegers[T integer](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	bad := uint64(0)
	for i := range dst {
		base, power := a[i], T(1)
		over := oneBit(b[i] < 0)
		for exponent := b[i]; exponent > 0; {
			var o uint64
			if exponent&1 != 0 {
				power, o = multiply(power, base)
				over |= o
			}
			if exponent >>= 1; exponent > 0 {
				base, o = multiply(base, base)
				over |= o
			}
		}
		dst[i] = power
		bad |= over
	}
	return bad != 0
}

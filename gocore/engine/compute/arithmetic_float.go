package compute

import "math"

type float interface{ float32 | float64 }

func floatLoop[T float](op Operation) loop[T] {
	return [...]loop[T]{Add: addFloats[T], Subtract: subtractFloats[T], Multiply: multiplyFloats[T], Divide: divideFloats[T],
		FloorDivide: floorDivideFloats[T], Modulo: moduloFloats[T], Power: powerFloats[T]}[op]
}

func addFloats[T float](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
	return false
}

func subtractFloats[T float](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
	return false
}

func multiplyFloats[T float](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
	return false
}

func divideFloats[T float](dst, a, b []T) bool {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
	return false
}

func floorDivideFloats[T float](dst, a, b []T) bool {
	for i := range dst {
		quotient, _ := divMod(float64(a[i]), float64(b[i]))
		dst[i] = T(quotient)
	}
	return false
}

func moduloFloats[T float](dst, a, b []T) bool {
	for i := range dst {
		_, rest := divMod(float64(a[i]), float64(b[i]))
		dst[i] = T(rest)
	}
	return false
}

// divMod returns the floor of a / b and the rest, which has b's sign, as Python's divmod does; of b = 0, a / b and NaN.
func divMod(a, b float64) (quotient, rest float64) {
	if b == 0 {
		return a / b, math.NaN()
	}
	rest = remainder(a, b)
	quotient = (a - rest) / b
	switch {
	case rest == 0:
		rest = math.Copysign(0, b)
	case (b < 0) != (rest < 0):
		rest += b
		quotient--
	}
	if quotient == 0 {
		return math.Copysign(0, a/b), rest
	}
	down := math.Floor(quotient)
	if quotient-down > 0.5 {
		down++
	}
	return down, rest
}

// remainder is math.Mod, without its loop where the quotient is exact to within one: the product of a fused
// multiplication isn't rounded.
func remainder(a, b float64) float64 {
	whole := math.Trunc(a / b)
	if !(math.Abs(whole) < 1<<52) || math.IsInf(b, 0) {
		return math.Mod(a, b)
	}
	rest := math.FMA(-whole, b, a)
	switch { // the quotient was rounded to the next whole number
	case rest != 0 && (rest < 0) != (a < 0):
		return rest + math.Copysign(b, a)
	case math.Abs(rest) >= math.Abs(b):
		return rest - math.Copysign(b, a)
	}
	return rest
}

// powerFloats computes the powers that are asked for most without a logarithm. They are what math.Pow gives, to the bit: a
// row's result mustn't tell which rows were beside it.
func powerFloats[T float](dst, a, b []T) bool {
	same := len(dst) > 0
	for i := range dst {
		same = same && b[i] == b[0]
	}
	if !same {
		for i := range dst {
			dst[i] = T(math.Pow(float64(a[i]), float64(b[i])))
		}
		return false
	}
	switch b[0] {
	case 1:
		copy(dst, a)
	case 2:
		return multiplyFloats(dst, a, a)
	case 3:
		for i := range dst {
			v := float64(a[i])
			dst[i] = T(v * (v * v))
		}
	case 0.5:
		for i := range dst {
			v := math.Sqrt(float64(a[i]) + 0) // -0 has the root 0
			if math.IsInf(float64(a[i]), -1) {
				v = math.Inf(1)
			}
			dst[i] = T(v)
		}
	default:
		for i := range dst {
			dst[i] = T(math.Pow(float64(a[i]), float64(b[0])))
		}
	}
	return false
}

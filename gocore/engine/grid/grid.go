// Package grid adds floats exactly, many at a time, as whole numbers of a unit.
//
// A float is rounded to the multiples of a unit by adding one and a half times 2^52 units to it: the bits of the sum count
// units. What the rounding took away is exact, and goes to a second grid, 2^50 times finer. So of values that differ by
// less than 2^47, all 53 bits are in one of two sums of integers, which no order of the additions changes.
//
//	x          |-------------- 53 bits --------------|
//	first      |------ 50 bits ------|                    times First
//	second                           |------ 50 bits ------|    times Second
//
// The loops are written in vector instructions where the machine has them (AVX2): four values at a time are as fast as
// they come from memory; in Go they take five times as long.
package grid

import "math"

// MaxRows is how many values may be added to one sum of integers: each takes 51 of 63 bits.
const MaxRows = 1 << 12

const (
	bias = 1023
	bits = 50 // of a value on each grid
	// Exponents of the largest value between which no sum overflows and no unit is lost.
	most, least = bias + 400, bias - 400
)

// Grid is two units for values up to a largest one.
type Grid struct {
	First, Second float64
	first, second float64 // what is added to round to their multiples
}

// For returns the grid for values whose largest magnitude has the given bits, and false where there is none.
func For(largest uint64) (Grid, bool) {
	exponent := int(largest >> 52)
	return at(exponent), exponent < most && exponent > least
}

// at returns the grid for values of exponents up to a biased one.
func at(exponent int) Grid {
	power := func(e int) float64 { return math.Float64frombits(uint64(e) << 52) }
	first := exponent + 1 - bits
	return Grid{power(first), power(first - bits), 1.5 * power(first+52), 1.5 * power(first-bits+52)}
}

// Sum is a sum of floats as integers: First*Grid.First + Second*Grid.Second.
type Sum struct {
	Grid
	A, B int64
}

// Parts returns floats whose exact sum is the sum.
func (s *Sum) Parts() [4]float64 {
	high := func(n int64, unit float64) float64 { return float64(n>>32<<32) * unit }
	low := func(n int64, unit float64) float64 { return float64(n&math.MaxUint32) * unit }
	return [4]float64{high(s.A, s.First), low(s.A, s.First), high(s.B, s.Second), low(s.B, s.Second)}
}

// Largest returns the bits of the largest of some floats' magnitudes, or of a NaN if there is one.
func Largest(words []uint64) uint64 {
	done, largest := 0, uint64(0)
	if fast {
		done = len(words) &^ 15
		largest = largestOf(words[:done])
	}
	a, b, c, d := largest<<1, uint64(0), uint64(0), uint64(0)
	for words = words[done:]; len(words) >= 4; words = words[4:] {
		v := (*[4]uint64)(words)
		a, b, c, d = max(a, v[0]<<1), max(b, v[1]<<1), max(c, v[2]<<1), max(d, v[3]<<1)
	}
	for _, w := range words {
		a = max(a, w<<1)
	}
	return max(a, b, c, d) >> 1
}

// Add adds floats, none of them larger than the grid's, and tells whether all of them are exact on it; if not, none is
// added.
func (s *Sum) Add(words []uint64) bool {
	sum, n := *s, 0
	if fast {
		n = len(words) &^ 7
		a, b, lost := sumOf(words[:n], s.first, s.second)
		if lost<<1 != 0 { // but for the sign of a zero
			return false
		}
		sum.A, sum.B = s.A+units(a, n, s.first), s.B+units(b, n, s.second)
	}
	for _, w := range words[n:] {
		if !sum.AddOne(math.Float64frombits(w)) {
			return false
		}
	}
	*s = sum
	return true
}

// units returns the number of units in a sum of the bits of n sums with offset.
func units(sum uint64, n int, offset float64) int64 {
	return int64(sum - uint64(n)*math.Float64bits(offset))
}

// AddOne is Add for one float.
func (s *Sum) AddOne(x float64) bool {
	a := x + s.first
	rest := x - (a - s.first)
	b := rest + s.second
	if rest != b-s.second {
		return false
	}
	s.A += int64(math.Float64bits(a) - math.Float64bits(s.first))
	s.B += int64(math.Float64bits(b) - math.Float64bits(s.second))
	return true
}

// Products is the sum of products of floats: of the rounded products, and of what the rounding took away.
type Products struct {
	High, Low Sum
}

// ForProducts returns sums for products of values whose largest magnitudes have the given bits, and false where there
// are none.
func ForProducts(x, y uint64) (Products, bool) {
	exponent := int(x>>52) + int(y>>52) - bias + 1
	return Products{Sum{Grid: at(exponent)}, Sum{Grid: at(exponent - 53)}}, exponent < most && exponent > least
}

// Add adds the products of two columns and tells whether all of them are exact; if not, none is added.
func (p *Products) Add(x, y []uint64) bool {
	sum, n := *p, 0
	if fast {
		n = len(x) &^ 3
		var of [4]uint64
		offsets := [4]float64{p.High.first, p.High.second, p.Low.first, p.Low.second}
		if productsOf(x[:n], y[:n], &offsets, &of)<<1 != 0 {
			return false
		}
		sum.High.A += units(of[0], n, offsets[0])
		sum.High.B += units(of[1], n, offsets[1])
		sum.Low.A += units(of[2], n, offsets[2])
		sum.Low.B += units(of[3], n, offsets[3])
	}
	for i := n; i < len(x); i++ {
		a, b := math.Float64frombits(x[i]), math.Float64frombits(y[i])
		product := a * b
		if !sum.High.AddOne(product) || !sum.Low.AddOne(math.FMA(a, b, -product)) {
			return false
		}
	}
	*p = sum
	return true
}

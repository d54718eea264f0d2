package operator

import (
	"math"
	"math/bits"
)

// A product of integers is that of the sizes of its factors other than zero, and what else is to be known of them: whether
// it leaves 64 bits doesn't depend on their order. With a zero among them the result is zero.
//
//	size   flags
//
// A product of floats is (hi + lo) * 2^exponent with hi in [0.5, 1): it rounds at the 106th bit, so the order
// of the factors shows in the last bit of about one result in 2^50.
//
//	hi   lo   exponent
const (
	productNegative = 1 << iota
	productTooLarge
	productZero
)

func updateProducts(op groupOp, cells groupCells, ids []uint32, in *groupOperands) {
	for i, g := range ids {
		s, x := cells.atFour(g), in[0].at(i)
		switch op {
		case opProductInt:
			if int64(x) < 0 {
				multiplyInt(s, -x, productNegative)
			} else {
				multiplyInt(s, x, 0)
			}
		case opProductUint:
			multiplyInt(s, x, 0)
		case opMultiplyInt:
			multiplyInt(s, x, in[1].at(i))
		case opProductFloat:
			if v := math.Float64frombits(x); v == v {
				multiplyFloat(s, v, 0, 0)
			}
		case opMultiplyFloat:
			multiplyFloat(s, math.Float64frombits(x), math.Float64frombits(in[1].at(i)), int64(in[2].at(i)))
		}
	}
}

func multiplyInt(s *[4]uint64, size, flags uint64) {
	s[1] ^= flags & productNegative
	s[1] |= flags &^ productNegative
	if size == 0 {
		s[1] |= productZero
		return
	}
	hi, lo := bits.Mul64(s[0], size)
	if hi != 0 {
		s[1] |= productTooLarge
		return
	}
	s[0] = lo
}

// intProduct returns the product as a word, and whether it fits an int64, or a uint64.
func intProduct(size, flags uint64, signed bool) (uint64, bool) {
	switch {
	case flags&productZero != 0:
		return 0, true
	case flags&productTooLarge != 0:
		return 0, false
	case !signed:
		return size, true
	case flags&productNegative != 0:
		return -size, size <= 1<<63
	}
	return size, size < 1<<63
}

func multiplyFloat(s *[4]uint64, hi, lo float64, exponent int64) {
	h, l := math.Float64frombits(s[0]), math.Float64frombits(s[1])
	if lo == 0 {
		fraction, e := math.Frexp(hi)
		hi, exponent = fraction, exponent+int64(e)
	}
	p := h * hi
	rest := math.FMA(h, hi, -p) + (h*lo + l*hi)
	fraction, e := math.Frexp(p)
	if p-p != 0 || p == 0 {
		rest = 0
	}
	s[0], s[1], s[2] = math.Float64bits(fraction), math.Float64bits(math.Ldexp(rest, -e)), s[2]+uint64(exponent)+uint64(e)
}

// floatProduct rounds a product.
func floatProduct(hi, lo, exponent uint64) float64 {
	e := min(max(int64(exponent), -1<<20), 1<<20)
	return math.Ldexp(math.Float64frombits(hi)+math.Float64frombits(lo), int(e))
}

// products makes the results of a product in first.
func (d *groupDecoder) products(r *groupResult) error {
	s := &d.layout.states[r.states[0]]
	d.gather(d.second, s.word+1)
	if s.op.words() == 3 {
		d.gather(d.present, s.word+2)
		for i, hi := range d.first {
			d.first[i] = math.Float64bits(floatProduct(hi, d.second[i], d.present[i]))
		}
		return nil
	}
	for i, size := range d.first {
		w, ok := intProduct(size, d.second[i], !isUnsigned(r.kind))
		if !ok {
			return overflow(r)
		}
		d.first[i] = w
	}
	return nil
}

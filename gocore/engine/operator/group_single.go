package operator

import (
	"math"
	"math/bits"
	"unsafe"
)

// Where all rows are one group, its state needn't be looked up for each: a chunk's values are reduced to one first.

// reduce adds a chunk's values to the state s, unless op has no faster way than one by one. No value is masked.
func (op groupOp) reduce(s *[2]uint64, n int, v groupVec, heap *groupHeap) (done bool, err error) {
	if op == opSize {
		s[0] += uint64(n)
		return true, nil
	}
	if v.stride != 8 || n == 0 {
		return false, nil
	}
	words := unsafe.Slice((*uint64)(v.p), n)
	switch op {
	case opSumInt:
		// The halves of up to groupChunkRows words have sums of fewer than 64 bits.
		low, high := uint64(0), int64(0)
		for _, w := range words {
			low += w & math.MaxUint32
			high += int64(w) >> 32
		}
		lo, carry := bits.Add64(s[0], uint64(high)<<32, 0)
		s[1] += uint64(high>>32) + carry
		lo, carry = bits.Add64(lo, low, 0)
		s[0], s[1] = lo, s[1]+carry
	case opSumFloat:
		return reduceFloats(s, words, heap)
	case opMinInt:
		least := int64(s[0])
		for _, w := range words {
			least = min(least, int64(w))
		}
		s[0], s[1] = uint64(least), 1
	case opMaxInt:
		greatest := int64(s[0])
		for _, w := range words {
			greatest = max(greatest, int64(w))
		}
		s[0], s[1] = uint64(greatest), 1
	default:
		return false, nil
	}
	return true, nil
}

// reduceFloats adds floats exactly: a number sigma, far larger than they are, cuts each into the multiple of sigma's last
// bit that is next to it and a remainder, both without an error (Rump, Ogita and Oishi). The multiples have so few bits
// that their sum is exact, too; the remainders are cut once more. Where something is left after that, as of values 2^80
// times smaller than others, or where values are infinite or NaN, they are added one by one.
func reduceFloats(s *[2]uint64, words []uint64, heap *groupHeap) (bool, error) {
	largest := uint64(0)
	for _, w := range words {
		largest = max(largest, w&^(1<<63))
	}
	const (
		bitsOfRows = 11 // of groupChunkRows, and one more
		smallest   = 200
	)
	if largest == 0 {
		return true, nil
	}
	exponent := int(largest >> 52)
	if exponent < smallest || exponent > 2046-bitsOfRows-2 {
		return false, nil
	}
	// 2^bitsOfRows times the power of two above the largest, and the same for the remainders, half of its last bit.
	sigma := math.Float64frombits(uint64(exponent+bitsOfRows+1) << 52)
	tau := math.Float64frombits(uint64(exponent+bitsOfRows+1-53+bitsOfRows+1) << 52)
	high, low, left := 0.0, 0.0, uint64(0)
	for _, w := range words {
		x := math.Float64frombits(w)
		a := (sigma + x) - sigma
		x -= a
		b := (tau + x) - tau
		high += a
		low += b
		left |= math.Float64bits(x - b)
	}
	if left<<1 != 0 {
		return false, nil
	}
	return true, addParts(s, high, low, heap)
}

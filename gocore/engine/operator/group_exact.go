package operator

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
)

// exactSum is a sum of floats that two of them don't hold: what their additions round away goes to fixed-point
// numbers, of the positive remainders and of the negative ones, so that their carries seldom go far. Bit 0 of limb 0
// is the smallest float; the limbs that exist are a window that grows as it must.
//
//	sum = hi + lo + (plus - minus) * 2^-1074
//	limbs   | plus[base] ... plus[base+n-1] | minus[base] ... minus[base+n-1] |
//
// No part of it ever rounds or overflows, so the order of the additions doesn't show.
type exactSum struct {
	hi, lo   float64
	infinite uint32 // addedPlusInf, addedMinusInf
	base, n  uint32
	limbs    uint64 // their address: see groupBlock
}

const (
	// exactMark is word 0 of a float sum whose word 1 is the address of an exactSum: no two-word sum is NaN.
	exactMark = nanBits
	// exactLimbs hold more than 2^64 of the largest float.
	exactLimbs = 34

	addedPlusInf  = 1
	addedMinusInf = 2
)

func newExactSum(heap *groupHeap) (*exactSum, error) {
	p, err := heap.alloc(int(unsafe.Sizeof(exactSum{})))
	if err != nil {
		return nil, err
	}
	e := (*exactSum)(p)
	*e = exactSum{}
	return e, nil
}

// exactAt returns the exactSum whose address is w, and exactWord the inverse.
func exactAt(w uint64) *exactSum { return *(**exactSum)(unsafe.Pointer(&w)) }

func exactWord(e *exactSum) uint64 { return uint64(uintptr(unsafe.Pointer(e))) }

func twoSum(a, b float64) (sum, rest float64) {
	sum = a + b
	t := sum - a
	return sum, (a - (sum - t)) + (b - t)
}

// add adds x, which isn't NaN.
func (e *exactSum) add(x float64, heap *groupHeap) error {
	if math.IsInf(x, 0) {
		if x > 0 {
			e.infinite |= addedPlusInf
		} else {
			e.infinite |= addedMinusInf
		}
		return nil
	}
	hi, rest := twoSum(e.hi, x)
	lo, rest := twoSum(e.lo, rest)
	switch {
	case rest == 0:
		e.hi, e.lo = hi, lo
		return nil
	case rest-rest != 0: // the two words overflowed: they stay as they were
		rest = x
	default:
		e.hi, e.lo = hi, lo
	}
	negative, at, words := fixedPoint(rest)
	return e.addLimbs(negative, at, words[:], heap)
}

// fixedPoint returns the limbs of |x| from limb at on.
func fixedPoint(x float64) (negative bool, at int, words [2]uint64) {
	w := math.Float64bits(x)
	shift, m := int(w>>52&0x7ff), w&(1<<52-1)
	if shift > 0 {
		shift--
		m |= 1 << 52
	}
	at, shift = shift/64, shift%64
	return x < 0, at, [2]uint64{m << shift, m >> (64 - shift)}
}

// carryInto adds words to limbs and returns the carry out of them.
func carryInto(limbs, words []uint64) (carry uint64) {
	for i, w := range words {
		limbs[i], carry = bits.Add64(limbs[i], w, carry)
	}
	for i := len(words); carry != 0 && i < len(limbs); i++ {
		limbs[i], carry = bits.Add64(limbs[i], 0, carry)
	}
	return carry
}

// half returns the limbs of plus or minus.
func (e *exactSum) half(negative bool) []uint64 {
	all := unsafe.Slice(*(**uint64)(unsafe.Pointer(&e.limbs)), 2*e.n)
	if negative {
		return all[e.n:]
	}
	return all[:e.n]
}

// cover makes limbs [from, to) part of the window.
func (e *exactSum) cover(from, to int, heap *groupHeap) error {
	base, end := int(e.base), int(e.base+e.n)
	if e.n == 0 {
		base, end = from, to
	} else if base <= from && to <= end {
		return nil
	}
	base, end = min(base, from), max(end, to)
	p, err := heap.alloc(2 * 8 * (end - base))
	if err != nil {
		return err
	}
	clear(unsafe.Slice((*uint64)(p), 2*(end-base)))
	old := *e
	e.base, e.n, e.limbs = uint32(base), uint32(end-base), uint64(uintptr(p))
	if old.n > 0 {
		copy(e.half(false)[int(old.base)-base:], old.half(false))
		copy(e.half(true)[int(old.base)-base:], old.half(true))
	}
	return nil
}

// addLimbs adds words to limbs at and following of plus or minus.
func (e *exactSum) addLimbs(negative bool, at int, words []uint64, heap *groupHeap) error {
	if err := e.cover(at, at+len(words), heap); err != nil {
		return err
	}
	if carryInto(e.half(negative)[at-int(e.base):], words) == 0 {
		return nil
	}
	top := int(e.base + e.n)
	if err := e.cover(top, top+1, heap); err != nil {
		return err
	}
	e.half(negative)[e.n-1] = 1
	return nil
}

// merge adds another sum.
func (e *exactSum) merge(other *exactSum, heap *groupHeap) error {
	e.infinite |= other.infinite
	for _, x := range [...]float64{other.hi, other.lo} {
		if err := e.add(x, heap); err != nil {
			return err
		}
	}
	if other.n == 0 {
		return nil
	}
	for _, negative := range [...]bool{false, true} {
		if err := e.addLimbs(negative, int(other.base), other.half(negative), heap); err != nil {
			return err
		}
	}
	return nil
}

// round returns the float64 nearest to the sum: an infinity if the sum, not just a part of it, is out of range.
func (e *exactSum) round() float64 {
	switch e.infinite {
	case addedPlusInf:
		return math.Inf(1)
	case addedMinusInf:
		return math.Inf(-1)
	case addedPlusInf | addedMinusInf:
		return math.NaN()
	}
	var halves [2][exactLimbs]uint64
	if e.n > 0 {
		copy(halves[0][e.base:], e.half(false))
		copy(halves[1][e.base:], e.half(true))
	}
	for _, x := range [...]float64{e.hi, e.lo} {
		negative, at, words := fixedPoint(x)
		if negative {
			carryInto(halves[1][at:], words[:])
		} else {
			carryInto(halves[0][at:], words[:])
		}
	}
	larger, smaller, sign := &halves[0], &halves[1], 1.0
	top := exactLimbs - 1
	for top > 0 && larger[top] == smaller[top] {
		top--
	}
	if larger[top] < smaller[top] {
		larger, smaller, sign = smaller, larger, -1
	}
	borrow := uint64(0)
	for i := range larger {
		larger[i], borrow = bits.Sub64(larger[i], smaller[i], borrow)
	}
	return sign * roundLimbs(larger[:])
}

// roundLimbs rounds a fixed-point number whose last bit is the smallest float.
func roundLimbs(limbs []uint64) float64 {
	top := len(limbs) - 1
	for top > 0 && limbs[top] == 0 {
		top--
	}
	if top == 0 {
		return math.Ldexp(float64(limbs[0]), -1074)
	}
	shift := bits.LeadingZeros64(limbs[top])
	word := limbs[top]<<shift | limbs[top-1]>>(64-shift)
	below := limbs[top-1] << shift
	for _, l := range limbs[:top-1] {
		below |= l
	}
	if below != 0 {
		word |= 1 // sticky: far below the bits that decide the rounding
	}
	return math.Ldexp(float64(word), 64*top-shift-1074)
}

// appendText appends what the sum has beside hi and lo, in hexadecimal: a column of a partial result is a string.
//
//	infinite | base | plus ... | minus ...     little-endian words
func (e *exactSum) appendText(dst []byte) []byte {
	dst = appendHex(appendHex(dst, uint64(e.infinite)), uint64(e.base))
	for _, w := range unsafe.Slice(*(**uint64)(unsafe.Pointer(&e.limbs)), 2*e.n) {
		dst = appendHex(dst, w)
	}
	return dst
}

func (e *exactSum) textBytes() int { return 2 * 8 * (2 + 2*int(e.n)) }

func appendHex(dst []byte, w uint64) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], w)
	return hex.AppendEncode(dst, b[:])
}

// parseExactSum makes a sum of what appendText wrote.
func parseExactSum(text []byte, heap *groupHeap) (*exactSum, error) {
	words := make([]uint64, len(text)/16)
	n, err := hex.Decode(memory.BytesOf(words), text[:16*len(words)])
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(memory.BytesOf(words)[8*i:])
	}
	if err != nil || 2*n != len(text) || len(words) < 2 || len(words)%2 != 0 || words[0] > 3 || words[1] > exactLimbs ||
		words[1]+uint64(len(words)/2-1) > exactLimbs {
		return nil, status.Errorf(status.Internal, "the state of a sum of floats has %d bytes that no other rank's pycylon wrote", len(text))
	}
	e, err := newExactSum(heap)
	if err != nil {
		return nil, err
	}
	e.infinite = uint32(words[0])
	limbs := words[2:]
	if len(limbs) == 0 {
		return e, nil
	}
	for i, negative := range [...]bool{false, true} {
		half := limbs[i*len(limbs)/2 : (i+1)*len(limbs)/2]
		if err := e.addLimbs(negative, int(words[1]), half, heap); err != nil {
			return nil, err
		}
	}
	return e, nil
}

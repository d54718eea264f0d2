package operator

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/engine/hashing"
)

// The words of the single key of a fixed width are their own hash, by a bijection: multiply, fold, multiply. Equal
// hashes are equal keys, and no key is stored beside its hash.
const (
	scramble1 = 0x9E3779B97F4A7C15
	scramble2 = 0xBF58476D1CE4E5B9
)

// partialSeed makes the hashes in mode Partial, whose order its groups come in, independent of those in mode Final: a
// table that grows would take them all into its first slots, one behind the other.
const partialSeed = 0xD6E8FEB86659FD93

var unscramble1, unscramble2 = inverse(scramble1), inverse(scramble2)

func scramble(v uint64) uint64 {
	v *= scramble1
	v ^= v >> 32
	return v * scramble2
}

func unscramble(h uint64) uint64 {
	h *= unscramble2
	h ^= h >> 32
	return h * unscramble1
}

// inverse returns the inverse of odd c modulo 2^64, by Newton's iteration.
func inverse(c uint64) uint64 {
	x := c
	for range 5 {
		x *= 2 - c*x
	}
	return x
}

// hashStep adds the hash of one more key column to h: the two halves of a product, which are as good as random if a
// factor is.
func hashStep(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v^scramble1, scramble2)
	return hi ^ lo
}

// hashString adds the hash of a string.
func hashString(h, w0, w1 uint64) uint64 {
	if stringSize(w0) > shortString {
		w1 = hashing.Bytes(longChars(w0, w1))
	}
	hi, lo := bits.Mul64(h^w0^scramble1, w1^scramble2)
	return hi ^ lo
}

const nanBits = 0x7FF8000000000001

// canonicalFloats makes all NaN one and -0.0 0.0.
func canonicalFloats(words []uint64) {
	for i, w := range words {
		switch v := math.Float64frombits(w); {
		case v == 0:
			words[i] = 0
		case v != v:
			words[i] = nanBits
		}
	}
}

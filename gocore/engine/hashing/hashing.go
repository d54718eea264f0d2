// Package hashing is the one hash of key values.
//
// It is of the canonical value, so that equal keys hash alike whatever holds them: every integer width as int64,
// float32 as float64, -0.0 as 0.0, every NaN as one, every string layout as its bytes, dates and timestamps as their
// integer. It is the same on every architecture and part of the wire protocol: change Version with it.
//
//	one value    mix(v * k0)            a 64 x 64 -> 128 bit multiply, folded
//	more columns h = mix(h ^ rotate(v)) in column order
//	a null       the constant nullHash
//
// The rank of a row comes from the high bits (Rank). All rows of a rank share those, so what is partitioned again on one
// rank is hashed once more: by package radix, or with a salt.
package hashing

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Version is compared by ranks before rows move between them.
const Version = 1

const (
	k0       = 0x9E3779B97F4A7C15
	k1       = 0xD6E8FEB86659FD93
	k2       = 0xA0761D6478BD642F
	nullHash = 0x7A5662D1C3F8B9E7
	nanBits  = 0x7FF8000000000001
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// Uint64 hashes an integer, sign-extended to 64 bits.
func Uint64(v uint64) uint64 { return mix(v^k1, k0) }

// Float64 hashes a float by its canonical value.
func Float64(v float64) uint64 {
	switch {
	case v == 0:
		return Uint64(0)
	case v != v:
		return Uint64(nanBits)
	}
	return Uint64(math.Float64bits(v))
}

// Bytes hashes a string.
func Bytes(s []byte) uint64 {
	h := uint64(len(s))*k2 ^ k1
	for ; len(s) >= 16; s = s[16:] {
		h = mix(binary.LittleEndian.Uint64(s)^h, binary.LittleEndian.Uint64(s[8:])^k0)
	}
	var a, b uint64 // the bytes that are left, padded with zeros
	switch n := len(s); {
	case n >= 8:
		a = binary.LittleEndian.Uint64(s)
		b = binary.LittleEndian.Uint64(s[n-8:]) >> (8 * (16 - n))
	case n >= 4:
		a = uint64(binary.LittleEndian.Uint32(s)) | uint64(binary.LittleEndian.Uint32(s[n-4:]))>>(8*(8-n))<<32
	default:
		for i, c := range s {
			a |= uint64(c) << (8 * i)
		}
	}
	return tail(a, b, h)
}

func tail(a, b, h uint64) uint64 { return mix(mix(a^h, k0), b^k2) }

// view hashes a string by its view: a short one lies there, padded with zeros.
func view(v *column.View, heaps [][]byte) uint64 {
	if v.IsInline() {
		return tail(*(*uint64)(unsafe.Pointer(&v.Prefix)), uint64(v.Start), uint64(v.Size)*k2^k1)
	}
	return Bytes(v.Bytes(heaps))
}

// Rank maps h to one of n ranks by its high bits.
func Rank(h uint64, n int) int {
	hi, _ := bits.Mul64(h, uint64(n))
	return int(hi)
}

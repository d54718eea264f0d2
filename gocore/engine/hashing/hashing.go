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
// The rank of a row comes from the high bits (Rank); what is partitioned again on one rank takes a Remix first, since
// all rows of a rank share those bits.
package hashing

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Version is compared by peers when they connect.
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
	n := len(s)
	h := uint64(n)*k2 ^ k1
	p := unsafe.Pointer(unsafe.SliceData(s))
	for ; n >= 16; n -= 16 {
		h = mix(*(*uint64)(p)^h, *(*uint64)(unsafe.Add(p, 8))^k0)
		p = unsafe.Add(p, 16)
	}
	var a, b uint64
	if n >= 8 {
		a = *(*uint64)(p)
		for i := 8; i < n; i++ {
			b |= uint64(*(*byte)(unsafe.Add(p, i))) << (8 * (i - 8))
		}
	} else {
		for i := range n {
			a |= uint64(*(*byte)(unsafe.Add(p, i))) << (8 * i)
		}
	}
	return mix(mix(a^h, k0), b^k2)
}

// Remix makes an independent hash of h, for partitions within a rank.
func Remix(h uint64) uint64 { return mix(h^k2, k1) }

// Rank maps h to one of n ranks by its high bits.
func Rank(h uint64, n int) int {
	hi, _ := bits.Mul64(h, uint64(n))
	return int(hi)
}

// Columns writes the hash of each row of the key columns to out[:rows]. Strings must be in the Views layout.
func Columns(cols []*column.Column, out []uint64) {
	for i, c := range cols {
		if i == 0 {
			each(c, out, func(_, v uint64) uint64 { return v })
		} else {
			each(c, out, func(h, v uint64) uint64 { return mix(h^bits.RotateLeft64(v, 23), k0) })
		}
	}
}

func each(c *column.Column, out []uint64, combine func(h, v uint64) uint64) {
	switch c.Kind {
	case column.Null:
		for i := range out[:c.Len] {
			out[i] = combine(out[i], nullHash)
		}
	case column.Bool:
		values := column.Bitmap{Bits: c.Values, Offset: c.Offset}
		for i := range out[:c.Len] {
			v := uint64(0)
			if values.Get(i) {
				v = 1
			}
			out[i] = combine(out[i], valid(c, i, Uint64(v)))
		}
	case column.Int8:
		integers[int8](c, out, combine)
	case column.Int16:
		integers[int16](c, out, combine)
	case column.Int32:
		integers[int32](c, out, combine)
	case column.Int64:
		integers[int64](c, out, combine)
	case column.Uint8:
		integers[uint8](c, out, combine)
	case column.Uint16:
		integers[uint16](c, out, combine)
	case column.Uint32:
		integers[uint32](c, out, combine)
	case column.Uint64:
		integers[uint64](c, out, combine)
	case column.Float32:
		for i, v := range column.Of[float32](c) {
			out[i] = combine(out[i], valid(c, i, Float64(float64(v))))
		}
	case column.Float64:
		for i, v := range column.Of[float64](c) {
			out[i] = combine(out[i], valid(c, i, Float64(v)))
		}
	case column.String:
		for i := range c.Views {
			out[i] = combine(out[i], valid(c, i, Bytes(c.Views[i].Bytes(c.Heaps))))
		}
	}
}

func integers[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](c *column.Column, out []uint64, combine func(h, v uint64) uint64) {
	for i, v := range column.Of[T](c) {
		out[i] = combine(out[i], valid(c, i, Uint64(uint64(v))))
	}
}

func valid(c *column.Column, i int, h uint64) uint64 {
	if c.Valid.Bits != nil && !c.Valid.Get(i) {
		return nullHash
	}
	return h
}

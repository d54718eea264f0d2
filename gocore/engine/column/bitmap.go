package column

import (
	"encoding/binary"
	"math/bits"
)

// Bitmap is a run of bits that starts at bit Offset of Bits, least significant bit first.
type Bitmap struct {
	Bits   []byte
	Offset int
}

// Get returns bit i.
func (m Bitmap) Get(i int) bool {
	i += m.Offset
	return m.Bits[i>>3]>>(i&7)&1 != 0
}

// Set sets bit i to 1.
func (m Bitmap) Set(i int) {
	i += m.Offset
	m.Bits[i>>3] |= 1 << (i & 7)
}

// Clear sets bit i to 0.
func (m Bitmap) Clear(i int) {
	i += m.Offset
	m.Bits[i>>3] &^= 1 << (i & 7)
}

// Count returns how many of the first n bits are 1.
func (m Bitmap) Count(n int) int {
	count, i := 0, 0
	for ; i < n && (m.Offset+i)&7 != 0; i++ {
		if m.Get(i) {
			count++
		}
	}
	for ; n-i >= 64; i += 64 {
		count += bits.OnesCount64(binary.LittleEndian.Uint64(m.Bits[(m.Offset+i)>>3:]))
	}
	for ; i < n; i++ {
		if m.Get(i) {
			count++
		}
	}
	return count
}

// Slice returns the bits from bit from on, and how many of the next n are 0. A run without zeros becomes no bits.
func (m Bitmap) Slice(from, n int) (Bitmap, int) {
	if m.Bits == nil {
		return m, 0
	}
	s := Bitmap{m.Bits, m.Offset + from}
	zeros := n - s.Count(n)
	if zeros == 0 {
		return Bitmap{}, 0
	}
	return s, zeros
}

// CopyTo writes the first n bits to dst from its first bit on. dst needs (n+7)/8 bytes; the rest of its last byte becomes 0.
func (m Bitmap) CopyTo(dst []byte, n int) {
	size := (n + 7) / 8
	src, shift := m.Bits[m.Offset>>3:], uint(m.Offset&7)
	if shift == 0 {
		copy(dst[:size], src)
	} else {
		for i := range size {
			b := src[i] >> shift
			if i+1 < len(src) {
				b |= src[i+1] << (8 - shift)
			}
			dst[i] = b
		}
	}
	if n&7 != 0 {
		dst[size-1] &= 1<<(n&7) - 1
	}
}

// BitmapBytes returns the bytes that n bits need.
func BitmapBytes(n int) int { return (n + 7) / 8 }

package compute

import (
	"encoding/binary"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// word returns bits [i, i+n) of m in the low bits of a word, n <= 64, reading no byte beyond the last bit's.
func word(m column.Bitmap, i, n int) uint64 {
	at := m.Offset + i
	src, shift := m.Bits[at>>3:], uint(at&7)
	size := (int(shift) + n + 7) / 8 // 1..9
	var w uint64
	if size >= 8 {
		w = binary.LittleEndian.Uint64(src) >> shift
		if size == 9 {
			w |= uint64(src[8]) << (64 - shift)
		}
	} else {
		for j := range size {
			w |= uint64(src[j]) << (8 * j)
		}
		w >>= shift
	}
	if n < 64 {
		w &= 1<<n - 1
	}
	return w
}

// putWord writes the low n bits of w as bits [i, i+n) of dst, n <= 64 and i a multiple of 64. dst ends with the byte of
// the last bit.
func putWord(dst []byte, i, n int, w uint64) {
	dst = dst[i>>3:]
	if n == 64 {
		binary.LittleEndian.PutUint64(dst, w)
		return
	}
	for j := range (n + 7) / 8 {
		dst[j] = byte(w >> (8 * j))
	}
}

// oneBit returns a bool as 0 or 1 without a branch.
func oneBit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// bit returns bit i of m as 0 or 1.
func bit(m column.Bitmap, i int) uint64 {
	i += m.Offset
	return uint64(m.Bits[i>>3]>>(i&7)) & 1
}

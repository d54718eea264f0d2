package hashing

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What columns_test.go compares with: its literal columns are made by what imports this package.
const (
	Block    = block
	NullHash = nullHash
)

// TestGolden pins the values: peers of one Version must agree on them.
func TestGolden(t *testing.T) {
	require.Equal(t, 1, Version, "write new golden values")
	for _, c := range []struct{ got, want uint64 }{
		{Uint64(0), 0xc9d874ca57d9e055},
		{Uint64(1), 0x2a00ed70d40265a3},
		{Uint64(42), 0x4d94623378ab8d5c},
		{Uint64(1 << 40), 0x135420acac579bd6},
		{Uint64(math.MaxUint64), 0x0ddb40cd57dd1866},
		{Float64(1), 0x9af5dbd47596fd04},
		{Float64(-1.5), 0xeabd6a6f8707c2a3},
		{Float64(math.NaN()), 0x24679244a4efe64b},
		{Float64(math.Inf(1)), 0xa2783a45d5e05c0a},
		{Bytes(nil), 0x4b24d35cba4a63b0},
		{Bytes([]byte("a")), 0x7c524124d8f07700},
		{Bytes([]byte("abcdefg")), 0x084b4e88bf3422a7},
		{Bytes([]byte("abcdefgh")), 0x3513f49b335f9894},
		{Bytes([]byte("abcdefghijkl")), 0x7f0d93cb0fba1ad6},
		{Bytes([]byte("abcdefghijklm")), 0xc6512a5a883dd45f},
		{Bytes([]byte("abcdefghijklmnop")), 0x609f000523bd816d},
		{Bytes([]byte("abcdefghijklmnopq")), 0xe5ac56b73ae3d4f6},
		{Bytes([]byte("the quick brown fox jumps over the lazy dog")), 0x1c7b199ed75c3e13},
		{Combined(Uint64(7), Uint64(8)), 0x696185fa5be58e37},
		{uint64(Rank(Uint64(7), 3)), 1},
		{uint64(Rank(math.MaxUint64, 4)), 3},
	} {
		require.Equal(t, fmt.Sprintf("%#x", c.want), fmt.Sprintf("%#x", c.got))
	}
}

// Combined is the hash of two columns, as the package comment says.
func Combined(h, v uint64) uint64 { return mix(h^bits.RotateLeft64(v, 23), k0) }

// slowBytes is the definition of Bytes, a byte at a time.
func slowBytes(s []byte) uint64 {
	word := func(s []byte) (w uint64) {
		for i := range min(8, len(s)) {
			w |= uint64(s[i]) << (8 * i)
		}
		return w
	}
	h := uint64(len(s))*k2 ^ k1
	for ; len(s) >= 16; s = s[16:] {
		h = mix(word(s)^h, word(s[8:])^k0)
	}
	return mix(mix(word(s)^h, k0), word(s[min(8, len(s)):])^k2)
}

func TestBytesOfAllLengths(t *testing.T) {
	text := []byte(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 3))
	for n := range len(text) - 3 {
		for from := range 3 {
			require.Equal(t, slowBytes(text[from:from+n]), Bytes(text[from:from+n]), "length %d", n)
		}
	}
}

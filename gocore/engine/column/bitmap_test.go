package column

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// modelBits is the naive model of a bitmap.
type modelBits []bool

// exact returns the model's bits as a bitmap that starts at bit offset of a slice that ends with the last bit's byte,
// so that a read beyond it panics. The bits around are ones.
func (m modelBits) exact(offset int) Bitmap {
	bytes := make([]byte, BitmapBytes(offset+len(m)))
	for i := range bytes {
		bytes[i] = 0xFF
	}
	b := Bitmap{Bits: bytes[:len(bytes):len(bytes)], Offset: offset}
	for i, one := range m {
		if !one {
			b.Clear(i)
		}
	}
	return b
}

func (m modelBits) count() int {
	n := 0
	for _, one := range m {
		if one {
			n++
		}
	}
	return n
}

func TestBitmapAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for offset := range 17 {
		for n := range 200 {
			model := make(modelBits, n)
			for i := range model {
				model[i] = rng.IntN(3) > 0
			}
			b := model.exact(offset)
			for i, one := range model {
				if one != b.Get(i) {
					require.Fail(t, "Get", "bit %d of %d at offset %d", i, n, offset)
				}
			}
			require.Equal(t, model.count(), b.Count(n), "Count of %d at offset %d", n, offset)

			from := rng.IntN(n + 1)
			length := rng.IntN(n - from + 1)
			part := model[from : from+length]
			s, zeros := b.Slice(from, length)
			require.Equal(t, length-part.count(), zeros)
			if zeros == 0 {
				require.Nil(t, s.Bits, "a run without zeros becomes no bits")
			} else {
				require.Equal(t, part.count(), s.Count(length))
			}

			dst := make([]byte, BitmapBytes(n)+1)
			dst[len(dst)-1] = 0xAB
			b.CopyTo(dst, n)
			require.Equal(t, byte(0xAB), dst[len(dst)-1], "a byte beyond the copy")
			c := Bitmap{Bits: dst}
			for i, one := range model {
				if one != c.Get(i) {
					require.Fail(t, "CopyTo", "bit %d of %d at offset %d", i, n, offset)
				}
			}
			require.Equal(t, model.count(), c.Count(8*BitmapBytes(n)), "the rest of the last byte is 0")
		}
	}
}

func TestBitmapSetAndClear(t *testing.T) {
	b := Bitmap{Bits: make([]byte, 3), Offset: 5}
	b.Set(0)
	b.Set(10)
	require.Equal(t, []byte{1 << 5, 1 << 7, 0}, b.Bits)
	b.Clear(0)
	require.Equal(t, []byte{0, 1 << 7, 0}, b.Bits)
	none, zeros := Bitmap{}.Slice(3, 10)
	require.Nil(t, none.Bits)
	require.Zero(t, zeros, "no bits are no nulls")
}

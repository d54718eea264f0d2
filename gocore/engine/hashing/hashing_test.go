package hashing

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/internal/optest"
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
		{combined(Uint64(7), Uint64(8)), 0x696185fa5be58e37},
		{uint64(Rank(Uint64(7), 3)), 1},
		{uint64(Rank(math.MaxUint64, 4)), 3},
	} {
		require.Equal(t, fmt.Sprintf("%#x", c.want), fmt.Sprintf("%#x", c.got))
	}
}

// combined is the hash of two columns, as the package comment says.
func combined(h, v uint64) uint64 { return mix(h^bits.RotateLeft64(v, 23), k0) }

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

// hashes returns the hashes of columns of literal values.
func hashes(t *testing.T, cols ...column.Column) []uint64 {
	var pointers []*column.Column
	for i := range cols {
		pointers = append(pointers, &cols[i])
	}
	out := make([]uint64, cols[0].Len)
	Columns(pointers, out)
	return out
}

// TestCanonical checks that equal values hash alike whatever type holds them.
func TestCanonical(t *testing.T) {
	long := strings.Repeat("long", 9)
	groups := map[string]struct {
		types  []string
		values []any
	}{
		"integers":          {[]string{"int8", "int16", "int32", "int64"}, []any{0, 1, -1, nil, 127, -128}},
		"unsigned integers": {[]string{"uint8", "uint16", "uint32", "uint64", "int16", "int64", "date32", "timestamp[us, tz=UTC]"}, []any{0, 1, nil, 255}},
		"floats":            {[]string{"float32", "float64"}, []any{0.0, 1.5, math.NaN(), nil, math.Inf(-1)}},
		"strings":           {[]string{"string_view", "utf8", "large_utf8"}, []any{"", "a", nil, "twelve chars", "thirteen char", long}},
	}
	for name, g := range groups {
		t.Run(name, func(t *testing.T) {
			want := hashes(t, optest.Column(t, g.types[0], g.values...))
			for _, typ := range g.types[1:] {
				require.Equal(t, want, hashes(t, optest.Column(t, typ, g.values...)), typ)
			}
		})
	}
	require.Equal(t, Float64(0), Float64(math.Copysign(0, -1)), "-0")
	require.Equal(t, Float64(math.NaN()), Float64(math.Float64frombits(0xFFF8000000000123)), "any NaN")
	nulls := hashes(t, optest.Column(t, "null", nil, nil))
	for _, typ := range []string{"bool", "int8", "float64", "utf8"} {
		require.Equal(t, nulls, hashes(t, optest.Column(t, typ, nil, nil)), "nulls of %s", typ)
	}
}

// TestColumnsByValue compares whole columns with the hashes of single values, over the edges of blocks and bitmaps.
func TestColumnsByValue(t *testing.T) {
	const n = 2*block + 77
	rng := rand.New(rand.NewPCG(5, 5))
	ints, floats, strings, bools := make([]any, n), make([]any, n), make([]any, n), make([]any, n)
	want := make([]uint64, n)
	for i := range want {
		v := rng.IntN(1000)
		text := textOf(v)
		ints[i], floats[i], strings[i], bools[i] = v, float64(v)/8, text, v%2 == 1
		hi, hf, hs, hb := Uint64(uint64(v)), Float64(float64(v)/8), Bytes([]byte(text)), Uint64(uint64(v%2))
		switch v % 7 {
		case 0:
			ints[i], hi = nil, nullHash
		case 1:
			floats[i], hf = nil, nullHash
		case 2:
			strings[i], hs = nil, nullHash
		case 3:
			bools[i], hb = nil, nullHash
		}
		want[i] = combined(combined(combined(hi, hf), hs), hb)
	}
	cols := []column.Column{optest.Column(t, "int32", ints...), optest.Column(t, "float64", floats...),
		optest.Column(t, "string_view", strings...), optest.Column(t, "bool", bools...)}
	require.Equal(t, want, hashes(t, cols...))
	for _, from := range []int{1, 8, 13, block} {
		slices := make([]column.Column, len(cols))
		for i := range cols {
			slices[i] = cols[i].Slice(from, n-from)
		}
		require.Equal(t, want[from:], hashes(t, slices...), "from row %d", from)
	}
}

func textOf(v int) string { return strings.Repeat("s", v%30) + fmt.Sprint(v) }

func BenchmarkColumns(b *testing.B) {
	const rows = 64 << 10
	for _, typ := range []string{"int64", "int32", "float64", "string_view"} {
		b.Run(typ, func(b *testing.B) {
			values := make([]any, rows)
			for i := range values {
				values[i] = i
				if typ == "string_view" {
					values[i] = fmt.Sprint("row ", i)
				}
			}
			c := optest.Column(b, typ, values...)
			out := make([]uint64, rows)
			b.SetBytes(int64(8 * rows))
			for b.Loop() {
				Columns([]*column.Column{&c}, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

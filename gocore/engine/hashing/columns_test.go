package hashing_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// hashes returns the hashes of columns of literal values.
func hashes(t *testing.T, cols ...column.Column) []uint64 {
	var pointers []*column.Column
	for i := range cols {
		pointers = append(pointers, &cols[i])
	}
	out := make([]uint64, cols[0].Len)
	hashing.Columns(pointers, out)
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
	require.Equal(t, hashing.Float64(0), hashing.Float64(math.Copysign(0, -1)), "-0")
	require.Equal(t, hashing.Float64(math.NaN()), hashing.Float64(math.Float64frombits(0xFFF8000000000123)), "any NaN")
	nulls := hashes(t, optest.Column(t, "null", nil, nil))
	for _, typ := range []string{"bool", "int8", "float64", "utf8"} {
		require.Equal(t, nulls, hashes(t, optest.Column(t, typ, nil, nil)), "nulls of %s", typ)
	}
}

// TestColumnsByValue compares whole columns with the hashes of single values, over the edges of blocks and bitmaps.
func TestColumnsByValue(t *testing.T) {
	const n = 2*hashing.Block + 77
	rng := rand.New(rand.NewPCG(5, 5))
	ints, floats, strings, bools := make([]any, n), make([]any, n), make([]any, n), make([]any, n)
	want := make([]uint64, n)
	for i := range want {
		v := rng.IntN(1000)
		text := textOf(v)
		ints[i], floats[i], strings[i], bools[i] = v, float64(v)/8, text, v%2 == 1
		hi, hf, hs, hb := hashing.Uint64(uint64(v)), hashing.Float64(float64(v)/8), hashing.Bytes([]byte(text)), hashing.Uint64(uint64(v%2))
		switch v % 7 {
		case 0:
			ints[i], hi = nil, hashing.NullHash
		case 1:
			floats[i], hf = nil, hashing.NullHash
		case 2:
			strings[i], hs = nil, hashing.NullHash
		case 3:
			bools[i], hb = nil, hashing.NullHash
		}
		want[i] = hashing.Combined(hashing.Combined(hashing.Combined(hi, hf), hs), hb)
	}
	cols := []column.Column{optest.Column(t, "int32", ints...), optest.Column(t, "float64", floats...),
		optest.Column(t, "string_view", strings...), optest.Column(t, "bool", bools...)}
	require.Equal(t, want, hashes(t, cols...))
	for _, from := range []int{1, 8, 13, hashing.Block} {
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
				hashing.Columns([]*column.Column{&c}, out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

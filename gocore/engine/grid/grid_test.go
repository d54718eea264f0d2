package grid

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// draws are floats that a grid holds, and some that it doesn't.
var draws = map[string]struct {
	draw  func(r *rand.Rand) float64
	fits  bool // a sum
	pairs bool // a sum of products
}{
	"uniform":     {func(r *rand.Rand) float64 { return 1 + r.Float64() }, true, true},
	"money":       {func(r *rand.Rand) float64 { return math.Round(r.Float64()*1e7)/100 + 1 }, true, true},
	"both signs":  {func(r *rand.Rand) float64 { return (r.Float64() + 0.5) * math.Ldexp(1-2*float64(r.IntN(2)), r.IntN(9)) }, true, true},
	"zeros":       {func(r *rand.Rand) float64 { return []float64{0, math.Copysign(0, -1), 1.1, -1.3}[r.IntN(4)] }, true, true},
	"2^45 apart":  {func(r *rand.Rand) float64 { return (1 + r.Float64()) * math.Ldexp(1, 45*r.IntN(2)) }, true, false},
	"2^200 apart": {func(r *rand.Rand) float64 { return (1 + r.Float64()) * math.Ldexp(1, 200*r.IntN(2)) }, false, false},
}

func column(n int, r *rand.Rand, draw func(r *rand.Rand) float64) []uint64 {
	words := make([]uint64, n)
	for i := range words {
		words[i] = math.Float64bits(draw(r))
	}
	return words
}

func exact(parts ...float64) *big.Float {
	sum := new(big.Float).SetPrec(2000)
	for _, p := range parts {
		sum.Add(sum, new(big.Float).SetFloat64(p))
	}
	return sum
}

// bothWays runs f with the vector instructions and without, and requires the same.
func bothWays[T any](t *testing.T, f func() T) T {
	got, have := f(), fast
	setFast(false)
	defer setFast(have)
	require.Equal(t, f(), got)
	return got
}

func TestSums(t *testing.T) {
	for name, test := range draws {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{0, 1, 3, 4, 7, 8, 9, 16, 31, 100, 1024, MaxRows} {
			x, y := column(n, r, test.draw), column(n, r, test.draw)
			units, ok := For(Largest(x))
			if !ok {
				require.Less(t, n, 10, "%s: nothing but zeros", name)
				continue
			}
			type outcome struct {
				sum Sum
				ok  bool
			}
			got := bothWays(t, func() outcome {
				o := outcome{sum: Sum{Grid: units}}
				o.ok = o.sum.Add(x)
				return o
			})
			if n >= 100 || test.fits {
				require.Equal(t, test.fits, got.ok, "%s, %d rows", name, n)
			}
			want := new(big.Float).SetPrec(2000)
			for i := 0; got.ok && i < n; i++ {
				want.Add(want, exact(math.Float64frombits(x[i])))
			}
			parts := got.sum.Parts()
			require.Zero(t, want.Cmp(exact(parts[:]...)), "%s, %d rows", name, n)

			products, ok := ForProducts(Largest(x), Largest(y))
			if !ok {
				continue
			}
			type pairs struct {
				sum Products
				ok  bool
			}
			both := bothWays(t, func() pairs {
				p := pairs{sum: products}
				p.ok = p.sum.Add(x, y)
				return p
			})
			if n >= 100 || test.pairs {
				require.Equal(t, test.pairs, both.ok, "%s, %d rows", name, n)
			}
			want = new(big.Float).SetPrec(2000)
			for i := 0; both.ok && i < n; i++ {
				want.Add(want, new(big.Float).SetPrec(2000).Mul(exact(math.Float64frombits(x[i])), exact(math.Float64frombits(y[i]))))
			}
			high, low := both.sum.High.Parts(), both.sum.Low.Parts()
			require.Zero(t, want.Cmp(exact(slices.Concat(high[:], low[:])...)), "%s, products of %d rows", name, n)
		}
	}
}

func TestLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 5, 16, 17, 64, 100} {
		words := column(n, r, func(r *rand.Rand) float64 { return r.NormFloat64() * math.Ldexp(1, r.IntN(2000)-1000) })
		want := uint64(0)
		for _, w := range words {
			want = max(want, w&^(1<<63))
		}
		require.Equal(t, want, bothWays(t, func() uint64 { return Largest(words) }), "%d rows", n)
		for i := range words {
			for _, special := range []float64{math.NaN(), math.Inf(-1), math.Copysign(math.NaN(), -1)} {
				with := slices.Clone(words)
				with[i] = math.Float64bits(special)
				got := math.Float64frombits(Largest(with))
				require.Equal(t, math.IsNaN(special), math.IsNaN(got), "%v in row %d", special, i)
				require.Equal(t, math.IsInf(special, 0), math.IsInf(got, 0), "%v in row %d", special, i)
			}
		}
	}
}

func TestNoGrid(t *testing.T) {
	for _, x := range []float64{0, math.Inf(1), math.NaN(), math.MaxFloat64, math.SmallestNonzeroFloat64} {
		_, ok := For(math.Float64bits(x))
		require.False(t, ok, "%v", x)
		_, ok = ForProducts(math.Float64bits(x), math.Float64bits(x))
		require.False(t, ok, "%v", x)
	}
	for _, x := range []float64{math.Ldexp(1, 250), math.Ldexp(1, -250)} {
		_, ok := For(math.Float64bits(x))
		require.True(t, ok)
		_, ok = ForProducts(math.Float64bits(x), math.Float64bits(x))
		require.False(t, ok, "the square of %v", x)
	}
}

package column

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func bigOf(d Decimal) *big.Int {
	n := new(big.Int)
	m := d.abs()
	for i := 3; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(m[i]))
	}
	if d.IsNegative() {
		n.Neg(n)
	}
	return n
}

func randomDecimal(rng *rand.Rand) Decimal {
	digits := 1 + rng.IntN(MaxPrecision)
	var text strings.Builder
	for range digits {
		text.WriteByte('0' + byte(rng.IntN(10)))
	}
	d, ok := ParseDecimal(text.String(), 0)
	if !ok {
		panic(text.String())
	}
	if rng.IntN(2) == 0 {
		d = d.Neg()
	}
	return d
}

// Against math/big: text, order, digits, and rescaling with halves rounded away from 0.
func TestDecimalArithmetic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		d := randomDecimal(rng)
		b := bigOf(d)
		require.Equal(t, b.String(), string(d.Append(nil, 0)))
		digits := len(strings.TrimPrefix(b.String(), "-"))
		require.True(t, d.Fits(digits))
		require.False(t, digits > 1 && d.Fits(digits-1))
		by := rng.IntN(100) - 50
		want := new(big.Int)
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(by, -by))), nil)
		if by >= 0 {
			want.Mul(b, power)
		} else {
			half := new(big.Int).Quo(power, big.NewInt(2))
			want.Quo(new(big.Int).Add(new(big.Int).Abs(b), half), power)
			if b.Sign() < 0 {
				want.Neg(want)
			}
		}
		if by < 0 {
			cut, ok := d.Truncate(-by)
			require.True(t, ok)
			require.Equal(t, new(big.Int).Quo(b, power).String(), bigOf(cut).String(), "%s by %d", b, by)
		}
		got, ok := d.Rescale(by)
		fits := len(strings.TrimPrefix(want.String(), "-")) <= MaxPrecision
		require.Equal(t, fits, ok, "%s by %d", b, by)
		if ok {
			require.Equal(t, want.String(), bigOf(got).String(), "%s by %d", b, by)
		}
	}
}

func TestDecimalText(t *testing.T) {
	for _, test := range []struct {
		text  string
		scale int
		want  string // "" is no decimal
	}{
		{"0", 0, "0"}, {"-0", 2, "0.00"}, {"1.5", 2, "1.50"}, {"-1.50", 2, "-1.50"}, {".5", 1, "0.5"}, {"5.", 1, "5.0"}, {"+7", 0, "7"},
		{"0.005", 2, "0.01"}, {"-0.005", 2, "-0.01"}, {"0.00499999", 2, "0.00"}, {"2e3", 0, "2000"}, {"2e-3", 3, "0.002"}, {"1E+2", -2, "100"},
		{"149", -2, "100"}, {"150", -2, "200"}, {"0e999999999999", 0, "0"}, {"1e-999999999999", 0, "0"}, {"1e77", 0, ""},
		{strings.Repeat("9", 76), 0, strings.Repeat("9", 76)}, {strings.Repeat("9", 77), 0, ""}, {"0." + strings.Repeat("9", 100), 2, "1.00"},
		{"000000" + strings.Repeat("1", 76), 0, strings.Repeat("1", 76)}, {strings.Repeat("9", 76), 1, ""},
		{"", 0, ""}, {"-", 0, ""}, {".", 0, ""}, {"1.2.3", 0, ""}, {"1e", 0, ""}, {"1e+", 0, ""}, {"x", 0, ""}, {"1 ", 0, ""}, {"nan", 0, ""},
	} {
		d, ok := ParseDecimal(test.text, test.scale)
		require.Equal(t, test.want != "", ok, "%q", test.text)
		if ok {
			require.Equal(t, test.want, string(d.Append(nil, test.scale)), "%q", test.text)
		}
	}
}

func TestDecimalColumns(t *testing.T) {
	for _, name := range []string{"decimal128(20, 2)", "decimal256(20, 2)"} {
		typ, err := ParseType(name)
		require.NoError(t, err)
		kind, _ := KindOf(typ)
		c := Column{Type: typ, Kind: kind, Len: 2, Values: make([]byte, 2*kind.Width())}
		for i, v := range []int64{-5, 1 << 62} {
			c.SetDecimal(i, DecimalOf(v))
			got, ok := c.Decimal(i).Int64()
			require.True(t, ok)
			require.Equal(t, v, got)
		}
		require.NoError(t, c.Check())
		big, _ := ParseDecimal("1e20", 0)
		c.SetDecimal(1, big)
		_, ok := c.Decimal(1).Int64()
		require.False(t, ok)
		require.ErrorContains(t, c.Check(), "the decimal of row 1 has more than 20 digits")
	}
}

package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Real computes a chunk of a function of real numbers.
type Real func(dst, src []float64)

// Reals are functions of real numbers by name.
var Reals = map[string]Real{
	"sqrt": squareRoots, "cbrt": each(math.Cbrt), "exp": each(math.Exp), "exp2": each(math.Exp2), "expm1": each(math.Expm1),
	"log": each(math.Log), "log2": each(math.Log2), "log10": each(math.Log10), "log1p": each(math.Log1p),
	"sin": each(math.Sin), "cos": each(math.Cos), "tan": each(math.Tan), "arcsin": each(math.Asin), "arccos": each(math.Acos),
	"arctan": each(math.Atan), "sinh": each(math.Sinh), "cosh": each(math.Cosh), "tanh": each(math.Tanh),
	"degrees": scaled(180 / math.Pi), "radians": scaled(math.Pi / 180),
}

// Floor, Ceil and Trunc round to whole numbers.
var (
	Floor Real = floors
	Ceil  Real = ceilings
	Trunc Real = truncations
)

// each calls f for every value: for functions beside which a call costs little.
func each(f func(float64) float64) Real {
	return func(dst, src []float64) {
		for i, v := range src {
			dst[i] = f(v)
		}
	}
}

func scaled(by float64) Real {
	return func(dst, src []float64) {
		for i, v := range src {
			dst[i] = v * by
		}
	}
}

func squareRoots(dst, src []float64) {
	for i, v := range src {
		dst[i] = math.Sqrt(v)
	}
}

func floors(dst, src []float64) {
	for i, v := range src {
		dst[i] = math.Floor(v)
	}
}

func ceilings(dst, src []float64) {
	for i, v := range src {
		dst[i] = math.Ceil(v)
	}
}

func truncations(dst, src []float64) {
	for i, v := range src {
		dst[i] = math.Trunc(v)
	}
}

// MapReal returns f of a column of floats. Values of float32 are computed as float64 and rounded once.
func MapReal(scope *memory.Scope, f Real, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	if a.Kind == column.Float64 {
		f(column.Of[float64](&dst), column.Of[float64](a))
		return dst, nil
	}
	var wide [chunk]float64
	in, out := column.Of[float32](a), column.Of[float32](&dst)
	for i := 0; i < len(in); i += chunk {
		part := in[i:min(i+chunk, len(in))]
		for j, v := range part {
			wide[j] = float64(v)
		}
		f(wide[:len(part)], wide[:len(part)])
		for j := range part {
			out[i+j] = float32(wide[j])
		}
	}
	return dst, nil
}

// Round rounds to decimals digits after the point, half to even as NumPy does; negative decimals round whole digits.
func Round(scope *memory.Scope, a *column.Column, decimals int) (column.Column, error) {
	if a.Kind.IsFloat() {
		return MapReal(scope, rounding(decimals), a)
	}
	if decimals >= 0 {
		return Cast(scope, a, a.Type)
	}
	wide, err := Cast(scope, a, arrow.PrimitiveTypes.Int64)
	if err != nil {
		return column.Column{}, err
	}
	defer wide.Release()
	dst, err := newResult(scope, arrow.PrimitiveTypes.Int64, &wide)
	if err != nil {
		return column.Column{}, err
	}
	defer dst.Release()
	unit := int64(0) // of more digits than an int64 has, every value rounds to 0
	if decimals >= -18 {
		unit = int64(math.Pow10(-decimals))
	}
	out := column.Of[int64](&dst)
	for i, v := range column.Of[int64](&wide) {
		var ok bool
		if out[i], ok = roundTo(v, unit); !ok && !dst.IsNull(i) {
			return column.Column{}, status.Errorf(status.Overflow, "%s rounded to %d digits doesn't fit %s: cast to a wider type", Format(a, i), decimals, a.Type)
		}
	}
	return Cast(scope, &dst, a.Type)
}

// roundTo rounds v to a multiple of an even unit, half to an even multiple, and tells whether that fits.
func roundTo(v, unit int64) (int64, bool) {
	if unit == 0 {
		return 0, true
	}
	rest, multiple := mod(v, unit), v/unit
	if v%unit < 0 {
		multiple--
	}
	if half := unit / 2; rest < half || rest == half && multiple&1 == 0 {
		return v - rest, v-rest <= v
	}
	return v - rest + unit, v-rest+unit > v
}

func rounding(decimals int) Real {
	scale := math.Pow10(max(decimals, -decimals))
	switch {
	case decimals == 0:
		return func(dst, src []float64) {
			for i, v := range src {
				dst[i] = math.RoundToEven(v)
			}
		}
	case decimals > 0:
		return func(dst, src []float64) {
			for i, v := range src {
				r := math.RoundToEven(v*scale) / scale
				if math.IsNaN(r) || math.IsInf(r, 0) { // so many digits that all of v stays
					r = v
				}
				dst[i] = r
			}
		}
	}
	return func(dst, src []float64) {
		for i, v := range src {
			r := math.RoundToEven(v/scale) * scale
			switch { // more digits than any number has
			case r == r:
			case math.IsInf(v, 0):
				r = v
			case v == v:
				r = math.Copysign(0, v)
			}
			dst[i] = r
		}
	}
}

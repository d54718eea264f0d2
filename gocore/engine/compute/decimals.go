package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// DecimalType returns the type of a op b, of decimals or integers, and false where one is neither or no decimal has the
// digits behind the point:
//
//	a + b, a - b   the greater scale; a digit more than the longer of both
//	a * b          the sum of the scales and of the digits
//
// but at most 38 digits, 76 if one is a decimal256: a value that needs more is an Overflow error.
func DecimalType(op Operation, a, b arrow.DataType) (arrow.DataType, bool) {
	wholeA, scaleA, okA := digitsOf(a)
	wholeB, scaleB, okB := digitsOf(b)
	if !okA || !okB {
		return nil, false
	}
	scale := max(scaleA, scaleB)
	precision := max(wholeA, wholeB) + scale + 1
	if op == Multiply {
		scale = scaleA + scaleB
		precision = wholeA + wholeB + scale
	}
	wide, most := a.ID() == arrow.DECIMAL256 || b.ID() == arrow.DECIMAL256, 38
	if wide {
		most = column.MaxPrecision
	}
	if scale > most {
		return nil, false
	}
	return column.NewDecimalType(wide, max(min(precision, most), 1), scale)
}

// WithScale returns the decimal of as many digits as there are whose scale is t's, for the other side of a sum of type t.
func WithScale(t arrow.DataType) arrow.DataType {
	d := t.(arrow.DecimalType)
	most := 38
	if t.ID() == arrow.DECIMAL256 {
		most = column.MaxPrecision
	}
	same, _ := column.NewDecimalType(t.ID() == arrow.DECIMAL256, most, int(d.GetScale()))
	return same
}

// Decimals returns a op b as t, which DecimalType gave: for a sum or difference both have t's scale.
func Decimals(scope *memory.Scope, op Operation, t arrow.DataType, a, b *column.Column) (column.Column, error) {
	dst, err := newResult(scope, t, a, b)
	if err != nil {
		return column.Column{}, err
	}
	precision := int(t.(arrow.DecimalType).GetPrecision())
	sa, sb := stride(a), stride(b)
	for i := range dst.Len {
		if dst.IsNull(i) {
			dst.SetDecimal(i, column.Decimal{})
			continue
		}
		x, y := a.Decimal(i&sa), b.Decimal(i&sb)
		d, ok := column.Decimal{}, true
		switch op {
		case Add:
			d = x.Add(y)
		case Subtract:
			d = x.Add(y.Neg())
		default:
			d, ok = product(x, y)
		}
		dst.SetDecimal(i, d)
		if _, isSmall := d.Int64(); ok && !(isSmall && precision >= 19) {
			ok = d.Fits(precision)
		}
		if !ok {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s %s %s has more than the %d digits of %s: cast to decimal256 or double",
				Format(a, i&sa), signs[op], Format(b, i&sb), precision, column.DisplayName(t))
		}
	}
	return dst, nil
}

// product multiplies what fits a word, as nearly all values do, by words.
func product(x, y column.Decimal) (column.Decimal, bool) {
	a, okA := x.Int64()
	b, okB := y.Int64()
	if okA && okB {
		if p, over := multiply(a, b); over == 0 {
			return column.DecimalOf(p), true
		}
	}
	return x.Mul(y)
}

// NegativeDecimals returns decimals with their signs turned over.
func NegativeDecimals(scope *memory.Scope, a *column.Column) (column.Column, error) {
	return mapDecimals(scope, a, true)
}

// AbsoluteDecimals returns the magnitudes of decimals.
func AbsoluteDecimals(scope *memory.Scope, a *column.Column) (column.Column, error) {
	return mapDecimals(scope, a, false)
}

// mapDecimals turns the sign of every value over, or of the negative ones.
func mapDecimals(scope *memory.Scope, a *column.Column, every bool) (column.Column, error) {
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	for i := range dst.Len {
		d := a.Decimal(i)
		if every || d.IsNegative() {
			d = d.Neg()
		}
		dst.SetDecimal(i, d)
	}
	return dst, nil
}

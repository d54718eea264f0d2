package compute

import (
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

func isDecimal(t arrow.DataType) bool {
	_, ok := t.(arrow.DecimalType)
	return ok
}

// CommonDecimal returns the narrowest decimal that holds the values of two decimals or integers, and false where that
// has more than 76 digits or one is neither.
func CommonDecimal(a, b arrow.DataType) (arrow.DataType, bool) {
	wholeA, scaleA, okA := digitsOf(a)
	wholeB, scaleB, okB := digitsOf(b)
	if !okA || !okB {
		return nil, false
	}
	scale := max(scaleA, scaleB)
	precision := max(wholeA, wholeB) + scale
	wide := a.ID() == arrow.DECIMAL256 || b.ID() == arrow.DECIMAL256 || precision > 38
	return column.NewDecimalType(wide, max(precision, 1), scale)
}

// digitsOf returns how many digits values of type t have before and behind the point.
func digitsOf(t arrow.DataType) (whole, scale int, ok bool) {
	if d, isDecimal := t.(arrow.DecimalType); isDecimal {
		return int(d.GetPrecision() - d.GetScale()), int(d.GetScale()), true
	}
	digits := map[arrow.Type]int{arrow.INT8: 3, arrow.UINT8: 3, arrow.INT16: 5, arrow.UINT16: 5, arrow.INT32: 10, arrow.UINT32: 10,
		arrow.INT64: 19, arrow.UINT64: 20}[t.ID()]
	return digits, 0, digits > 0
}

// castToDecimal makes decimals of numbers, bools, texts and other decimals. Digits behind the last one are rounded,
// halves away from 0; a value of more digits than the type has is an Overflow error, a text that is no number Invalid.
func castToDecimal(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	src, err := c.AsViews(scope)
	if err != nil {
		return src, err
	}
	defer src.Release()
	dst, err := New(scope, to, c.Len)
	if err != nil {
		return dst, err
	}
	scale, precision := scaleOf(to), int(to.(arrow.DecimalType).GetPrecision())
	read := decimalReader(&src, scale)
	for i := range src.Len {
		if src.IsNull(i) {
			dst.SetDecimal(i, column.Decimal{})
			continue
		}
		d, ok, isNumber := read(i)
		dst.SetDecimal(i, d)
		if ok && d.Fits(precision) {
			continue
		}
		dst.Release()
		if !isNumber {
			return column.Column{}, notOfType(&src, i, to)
		}
		return column.Column{}, overflows(&src, i, to)
	}
	shareValid(&dst, &src)
	return dst, nil
}

// decimalReader returns a function that reads a row as an unscaled integer of a scale, and tells whether that holds it
// and whether it is a number at all.
func decimalReader(c *column.Column, scale int) func(i int) (d column.Decimal, ok, isNumber bool) {
	text := make([]byte, 0, longestText)
	switch {
	case c.Kind == column.Decimal128 || c.Kind == column.Decimal256:
		by := scale - scaleOf(c.Type)
		return func(i int) (column.Decimal, bool, bool) {
			d, ok := c.Decimal(i).Rescale(by)
			return d, ok, true
		}
	case c.Kind == column.String:
		return func(i int) (column.Decimal, bool, bool) {
			content := strings.TrimSpace(string(c.Views[i].Bytes(c.Heaps)))
			d, ok := column.ParseDecimal(content, scale)
			_, err := strconv.ParseFloat(content, 64)
			return d, ok, ok || err == nil
		}
	case c.Kind == column.Bool:
		one, _ := column.DecimalOf(1).Rescale(scale)
		return func(i int) (column.Decimal, bool, bool) {
			if (column.Bitmap{Bits: c.Values, Offset: c.Offset}).Get(i) {
				return one, true, true
			}
			return column.Decimal{}, true, true
		}
	}
	return func(i int) (column.Decimal, bool, bool) { // numbers by their shortest text
		text = appendText(text[:0], c, i)
		d, ok := column.ParseDecimal(string(text), scale)
		return d, ok, true
	}
}

// castFromDecimal makes numbers, bools and texts of decimals. To integers they lose their fraction, as floats do.
func castFromDecimal(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	scale := scaleOf(c.Type)
	if kind, _ := column.KindOf(to); kind == column.String {
		return castToText(scope, c, to)
	} else if kind == column.Float16 || kind == column.Float32 || kind == column.Float64 || kind == column.Bool {
		floats, err := New(scope, arrow.PrimitiveTypes.Float64, c.Len)
		if err != nil {
			return floats, err
		}
		defer func() { floats.Release() }()
		for i := range c.Len {
			column.Of[float64](&floats)[i] = decimalFloat(c.Decimal(i), scale)
		}
		shareValid(&floats, c)
		return Cast(scope, &floats, to)
	}
	wide, err := New(scope, arrow.PrimitiveTypes.Int64, c.Len)
	if err != nil {
		return wide, err
	}
	defer func() { wide.Release() }()
	unsigned := to.ID() == arrow.UINT64
	for i := range c.Len {
		column.Of[int64](&wide)[i] = 0
		if c.IsNull(i) {
			continue
		}
		d, ok := c.Decimal(i).Truncate(scale)
		v, fits := d.Int64()
		if unsigned {
			v, fits = int64(d[0]), d == column.Decimal{d[0]}
		}
		if !ok || !fits {
			return column.Column{}, overflows(c, i, to)
		}
		column.Of[int64](&wide)[i] = v
	}
	shareValid(&wide, c)
	if unsigned {
		wide.Type, wide.Kind = to, column.Uint64
	}
	out, err := Cast(scope, &wide, to)
	for i := 0; err != nil && i < c.Len; i++ { // the error names the decimal
		row := wide.Slice(i, 1)
		one, failed := Cast(scope, &row, to)
		if failed != nil {
			return column.Column{}, overflows(c, i, to)
		}
		one.Release()
	}
	return out, err
}

// decimalFloat returns the float64 nearest to d.
func decimalFloat(d column.Decimal, scale int) float64 {
	if v, ok := d.Int64(); ok && v > -1<<53 && v < 1<<53 && scale >= 0 && scale <= 22 {
		return float64(v) / math.Pow10(scale) // both are exact, so the quotient is rounded once
	}
	v, _ := strconv.ParseFloat(string(d.Append(nil, scale)), 64)
	return v
}

// overflows is the error of row i of c, which type to doesn't hold.
func overflows(c *column.Column, i int, to arrow.DataType) error {
	return status.Errorf(status.Overflow, "%s of type %s doesn't fit %s: cast to a wider type", Format(c, i), column.DisplayName(c.Type), column.DisplayName(to))
}

// notOfType is the error of row i of c, which says no value of type to.
func notOfType(c *column.Column, i int, to arrow.DataType) error {
	return status.Errorf(status.Invalid, "%s of type %s is no %s: leave out or replace such rows before the cast",
		Format(c, i), column.DisplayName(c.Type), column.DisplayName(to))
}

// castBytes makes binaries and texts of fixed-size binaries, and the other way round, where a row of another size is an
// Invalid error.
func castBytes(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	if c.Kind == column.FixedBinary {
		bytes, err := AsKey(scope, c)
		if err != nil {
			return bytes, err
		}
		defer bytes.Release()
		return Cast(scope, &bytes, to)
	}
	views, err := c.AsViews(scope)
	if err != nil {
		return views, err
	}
	defer views.Release()
	width := to.(*arrow.FixedSizeBinaryType).ByteWidth
	for i := range views.Len {
		if !views.IsNull(i) && int(views.Views[i].Size) != width {
			return column.Column{}, notOfType(&views, i, to)
		}
	}
	return FromKey(scope, &views, to)
}

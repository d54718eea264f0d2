package compute

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// castToText writes numbers and booleans as Python's str does: 5, 1.0, 1e-07, nan, True.
func castToText(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	return writeTexts(scope, to, []*column.Column{c}, func(dst []byte, row int) []byte { return appendText(dst, c, row) })
}

// longestText is more than any number's text has characters.
const longestText = 160

func appendText(dst []byte, c *column.Column, i int) []byte {
	switch c.Kind {
	case column.Bool:
		if (column.Bitmap{Bits: c.Values, Offset: c.Offset}).Get(i) {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case column.Float32:
		return appendFloat(dst, float64(column.Of[float32](c)[i]), 32)
	case column.Float64:
		return appendFloat(dst, column.Of[float64](c)[i], 64)
	}
	return append(dst, Format(c, i)...)
}

// appendFloat writes v with the fewest digits that read back as v, and an exponent from 1e16 on and below 1e-4.
func appendFloat(dst []byte, v float64, bits int) []byte {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return append(dst, "nan"...)
	case math.IsInf(v, 1):
		return append(dst, "inf"...)
	case math.IsInf(v, -1):
		return append(dst, "-inf"...)
	case size != 0 && (size < 1e-4 || size >= 1e16):
		return strconv.AppendFloat(dst, v, 'e', -1, bits)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'f', -1, bits)
	for _, b := range dst[from:] {
		if b == '.' {
			return dst
		}
	}
	return append(dst, ".0"...)
}

// castFromText reads texts as numbers or booleans; spaces around them don't matter.
func castFromText(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	return readTexts(scope, c, to, false)
}

// ReadOrNull is Cast of texts to numbers or booleans, but for texts that say none of type to: they become null.
func ReadOrNull(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	return readTexts(scope, c, to, true)
}

func readTexts(scope *memory.Scope, c *column.Column, to arrow.DataType, orNull bool) (column.Column, error) {
	views, err := c.AsViews(scope)
	if err != nil {
		return column.Column{}, err
	}
	defer views.Release()
	dst, err := New(scope, to, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	var lost []int
	for i := range views.Len {
		if views.IsNull(i) || parseText(&dst, i, strings.TrimSpace(string(views.Views[i].Bytes(views.Heaps)))) {
			continue
		}
		if !orNull {
			dst.Release()
			return column.Column{}, notOfType(&views, i, to)
		}
		lost = append(lost, i)
	}
	shareValid(&dst, &views)
	if err := setNull(scope, &dst, lost); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// checkTexts refuses bytes that are no UTF-8.
func checkTexts(scope *memory.Scope, c *column.Column, to arrow.DataType) error {
	views, err := c.AsViews(scope)
	if err != nil {
		return err
	}
	defer views.Release()
	for i := range views.Len {
		if !views.IsNull(i) && !utf8.Valid(views.Views[i].Bytes(views.Heaps)) {
			return status.Errorf(status.Invalid, "%s of type %s is no %s: it isn't UTF-8, keep it as binary", Format(&views, i), c.Type, to)
		}
	}
	return nil
}

// parseText sets row i to what text says and tells whether it says a value of dst's type.
func parseText(dst *column.Column, i int, text string) bool {
	switch dst.Kind {
	case column.Bool:
		switch text {
		case "True", "true", "TRUE":
			column.Bitmap{Bits: dst.Values}.Set(i)
			return true
		}
		return text == "False" || text == "false" || text == "FALSE"
	case column.Float32:
		return parseFloat(column.Of[float32](dst), i, text, 32)
	case column.Float64:
		return parseFloat(column.Of[float64](dst), i, text, 64)
	case column.Int8:
		return parseInteger(column.Of[int8](dst), i, text, 8)
	case column.Int16:
		return parseInteger(column.Of[int16](dst), i, text, 16)
	case column.Int32:
		return parseInteger(column.Of[int32](dst), i, text, 32)
	case column.Int64:
		return parseInteger(column.Of[int64](dst), i, text, 64)
	case column.Uint8:
		return parseUnsigned(column.Of[uint8](dst), i, text, 8)
	case column.Uint16:
		return parseUnsigned(column.Of[uint16](dst), i, text, 16)
	case column.Uint32:
		return parseUnsigned(column.Of[uint32](dst), i, text, 32)
	}
	return parseUnsigned(column.Of[uint64](dst), i, text, 64)
}

func parseInteger[T int8 | int16 | int32 | int64](dst []T, i int, text string, bits int) bool {
	v, err := strconv.ParseInt(text, 10, bits)
	dst[i] = T(v)
	return err == nil
}

func parseUnsigned[T uint8 | uint16 | uint32 | uint64](dst []T, i int, text string, bits int) bool {
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "+"), 10, bits)
	dst[i] = T(v)
	return err == nil
}

// parseFloat leaves out Go's own notations (hexadecimal, underscores).
func parseFloat[T float32 | float64](dst []T, i int, text string, bits int) bool {
	if strings.ContainsAny(text, "_xXpP") {
		return false
	}
	v, err := strconv.ParseFloat(text, bits)
	dst[i] = T(v)
	return err == nil
}

package compute

import (
	"strconv"
	"strings"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Format returns the value in row i as people read it in an error: a number, true, "text", [1, 2], {1, "text"} or null.
func Format(c *column.Column, i int) string {
	if c.IsNull(i) {
		return "null"
	}
	switch c.Kind {
	case column.Bool:
		return strconv.FormatBool(column.Bitmap{Bits: c.Values, Offset: c.Offset}.Get(i))
	case column.Int8:
		return formatInt(column.Of[int8](c)[i])
	case column.Int16:
		return formatInt(column.Of[int16](c)[i])
	case column.Int32:
		return formatInt(column.Of[int32](c)[i])
	case column.Int64:
		return formatInt(column.Of[int64](c)[i])
	case column.Uint8:
		return formatInt(column.Of[uint8](c)[i])
	case column.Uint16:
		return formatInt(column.Of[uint16](c)[i])
	case column.Uint32:
		return formatInt(column.Of[uint32](c)[i])
	case column.Uint64:
		return strconv.FormatUint(column.Of[uint64](c)[i], 10)
	case column.Float32:
		return strconv.FormatFloat(float64(column.Of[float32](c)[i]), 'g', -1, 32)
	case column.Float64:
		return strconv.FormatFloat(column.Of[float64](c)[i], 'g', -1, 64)
	case column.Float16:
		return strconv.FormatFloat(float64(halfFloat(column.Of[uint16](c)[i])), 'g', -1, 32)
	case column.Decimal128, column.Decimal256:
		return string(c.Decimal(i).Append(nil, scaleOf(c.Type)))
	case column.FixedBinary:
		width := c.Width()
		return strconv.Quote(string(c.Values[i*width : (i+1)*width]))
	case column.List:
		from, to := c.Elements(i)
		var elements []string
		for e := from; e < to; e++ {
			elements = append(elements, Format(&c.Children[0], e))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case column.Struct:
		var fields []string
		for k := range c.Children {
			fields = append(fields, Format(&c.Children[k], i))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return strconv.Quote(string(c.Views[i].Bytes(c.Heaps)))
}

func formatInt[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](v T) string {
	return strconv.FormatInt(int64(v), 10)
}

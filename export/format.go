package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// simpleFormats are the types whose format in Arrow's C data interface has no parameters and no children.
var simpleFormats = map[string]arrow.DataType{
	"n":   arrow.Null,
	"b":   arrow.FixedWidthTypes.Boolean,
	"c":   arrow.PrimitiveTypes.Int8,
	"C":   arrow.PrimitiveTypes.Uint8,
	"s":   arrow.PrimitiveTypes.Int16,
	"S":   arrow.PrimitiveTypes.Uint16,
	"i":   arrow.PrimitiveTypes.Int32,
	"I":   arrow.PrimitiveTypes.Uint32,
	"l":   arrow.PrimitiveTypes.Int64,
	"L":   arrow.PrimitiveTypes.Uint64,
	"e":   arrow.FixedWidthTypes.Float16,
	"f":   arrow.PrimitiveTypes.Float32,
	"g":   arrow.PrimitiveTypes.Float64,
	"u":   arrow.BinaryTypes.String,
	"U":   arrow.BinaryTypes.LargeString,
	"vu":  arrow.BinaryTypes.StringView,
	"z":   arrow.BinaryTypes.Binary,
	"Z":   arrow.BinaryTypes.LargeBinary,
	"vz":  arrow.BinaryTypes.BinaryView,
	"tdD": arrow.FixedWidthTypes.Date32,
	"tdm": arrow.FixedWidthTypes.Date64,
	"tts": arrow.FixedWidthTypes.Time32s,
	"ttm": arrow.FixedWidthTypes.Time32ms,
	"ttu": arrow.FixedWidthTypes.Time64us,
	"ttn": arrow.FixedWidthTypes.Time64ns,
	"tDs": arrow.FixedWidthTypes.Duration_s,
	"tDm": arrow.FixedWidthTypes.Duration_ms,
	"tDu": arrow.FixedWidthTypes.Duration_us,
	"tDn": arrow.FixedWidthTypes.Duration_ns,
}

// simpleNames are the formats of simpleFormats by type.
var simpleNames = func() map[string]string {
	names := map[string]string{}
	for format, t := range simpleFormats {
		names[column.TypeName(t)] = format
	}
	return names
}()

// refusedFormats name the types that pycylon doesn't hold, by the start of their format.
var refusedFormats = []struct{ prefix, name string }{
	{"ti", "interval"}, {"+vl", "list_view"}, {"+vL", "large_list_view"}, {"+ud", "dense_union"},
	{"+us", "sparse_union"}, {"+r", "run_end_encoded"},
}

const timestampUnits = "smun" // in the order of arrow.TimeUnit

// parseFormat returns the type of format, a type without children in Arrow's C data interface.
// name, the column's, appears in errors.
func parseFormat(name, format string) (arrow.DataType, error) {
	if t, ok := simpleFormats[format]; ok {
		return t, nil
	}
	switch {
	case len(format) >= 4 && strings.HasPrefix(format, "ts") && format[3] == ':':
		if unit := strings.IndexByte(timestampUnits, format[2]); unit >= 0 {
			return &arrow.TimestampType{Unit: arrow.TimeUnit(unit), TimeZone: format[4:]}, nil
		}
	case strings.HasPrefix(format, "d:"):
		return parseDecimalFormat(name, format)
	case strings.HasPrefix(format, "w:"):
		if width, err := strconv.ParseUint(format[2:], 10, 31); err == nil {
			return &arrow.FixedSizeBinaryType{ByteWidth: int(width)}, nil
		}
	}
	for _, r := range refusedFormats {
		if strings.HasPrefix(format, r.prefix) {
			return nil, unsupported(name, r.name)
		}
	}
	return nil, unsupported(name, fmt.Sprintf("Arrow format %q", format))
}

// parseDecimalFormat reads "d:precision,scale" or "d:precision,scale,bits".
func parseDecimalFormat(name, format string) (arrow.DataType, error) {
	parts := strings.Split(format[2:], ",")
	numbers := [3]int{2: 128}
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || i >= len(numbers) {
			return nil, unsupported(name, fmt.Sprintf("Arrow format %q", format))
		}
		numbers[i] = int(n)
	}
	t, ok := column.NewDecimalType(numbers[2] == 256, numbers[0], numbers[1])
	if len(parts) < 2 || !ok || numbers[2] != 128 && numbers[2] != 256 {
		return nil, unsupported(name, fmt.Sprintf("decimal%d(%s)", numbers[2], format[2:]))
	}
	return t, nil
}

func unsupported(column, typ string) error {
	return status.Errorf(status.Unsupported, "column %q has type %s, which pycylon doesn't hold: cast it to another type, or leave the column out", column, typ)
}

// formatOf returns t's format; a dictionary's is that of its codes. t is a type that parseFormat or foreignType gives.
func formatOf(t arrow.DataType) string {
	if format, ok := simpleNames[column.TypeName(t)]; ok {
		return format
	}
	switch t := t.(type) {
	case *arrow.TimestampType:
		return "ts" + timestampUnits[t.Unit:t.Unit+1] + ":" + t.TimeZone
	case *arrow.Decimal128Type:
		return fmt.Sprintf("d:%d,%d", t.Precision, t.Scale)
	case *arrow.Decimal256Type:
		return fmt.Sprintf("d:%d,%d,256", t.Precision, t.Scale)
	case *arrow.FixedSizeBinaryType:
		return fmt.Sprintf("w:%d", t.ByteWidth)
	case *arrow.DictionaryType:
		return formatOf(t.IndexType)
	case *arrow.MapType:
		return "+m"
	case *arrow.FixedSizeListType:
		return fmt.Sprintf("+w:%d", t.Len())
	case *arrow.LargeListType:
		return "+L"
	case *arrow.ListType:
		return "+l"
	}
	return "+s"
}

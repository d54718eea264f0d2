package main

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// simpleFormats are the types whose format in Arrow's C data interface has no parameters.
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
	"f":   arrow.PrimitiveTypes.Float32,
	"g":   arrow.PrimitiveTypes.Float64,
	"u":   arrow.BinaryTypes.String,
	"U":   arrow.BinaryTypes.LargeString,
	"vu":  arrow.BinaryTypes.StringView,
	"tdD": arrow.FixedWidthTypes.Date32,
	"tdm": arrow.FixedWidthTypes.Date64,
}

// refusedFormats name the types that pycylon doesn't hold, by the start of their format.
var refusedFormats = []struct{ prefix, name string }{
	{"e", "half_float"}, {"z", "binary"}, {"Z", "large_binary"}, {"vz", "binary_view"}, {"d:", "decimal"},
	{"w:", "fixed_size_binary"}, {"tt", "time"}, {"tD", "duration"}, {"ti", "interval"}, {"+l", "list"},
	{"+L", "large_list"}, {"+vl", "list_view"}, {"+vL", "large_list_view"}, {"+w", "fixed_size_list"},
	{"+s", "struct"}, {"+m", "map"}, {"+ud", "dense_union"}, {"+us", "sparse_union"}, {"+r", "run_end_encoded"},
}

const timestampUnits = "smun" // in the order of arrow.TimeUnit

// parseFormat returns the type of format, a column's type in Arrow's C data interface.
// column appears in errors.
func parseFormat(column, format string) (arrow.DataType, error) {
	if t, ok := simpleFormats[format]; ok {
		return t, nil
	}
	if len(format) >= 4 && strings.HasPrefix(format, "ts") && format[3] == ':' {
		if unit := strings.IndexByte(timestampUnits, format[2]); unit >= 0 {
			return &arrow.TimestampType{Unit: arrow.TimeUnit(unit), TimeZone: format[4:]}, nil
		}
	}
	for _, r := range refusedFormats {
		if strings.HasPrefix(format, r.prefix) {
			return nil, unsupported(column, r.name)
		}
	}
	return nil, unsupported(column, "Arrow format "+format)
}

func unsupported(column, typ string) error {
	return status.Errorf(status.Unsupported, "column %q has type %s, which pycylon doesn't hold: cast it to a number, bool, string, date or timestamp, or leave the column out", column, typ)
}

// formatOf returns t's format. t is a type that parseFormat gives.
func formatOf(t arrow.DataType) string {
	if ts, ok := t.(*arrow.TimestampType); ok {
		return "ts" + timestampUnits[ts.Unit:ts.Unit+1] + ":" + ts.TimeZone
	}
	for format, simple := range simpleFormats {
		if simple.ID() == t.ID() {
			return format
		}
	}
	return ""
}

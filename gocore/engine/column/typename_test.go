package column

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"
)

func TestTypeNames(t *testing.T) {
	for _, name := range []string{"null", "bool", "int8", "uint64", "halffloat", "float", "double", "utf8", "large_utf8", "utf8_view",
		"binary", "large_binary", "binary_view", "fixed_size_binary[0]", "fixed_size_binary[16]", "date32", "date64",
		"time32[s]", "time32[ms]", "time64[us]", "time64[ns]", "duration[s]", "duration[ns]",
		"timestamp[us]", "timestamp[ns, tz=Europe/Berlin]", "timestamp[s, tz=+05:30]",
		"decimal128(38, -10)", "decimal256(76, 76)", "dictionary<utf8, int8>", "dictionary<decimal128(3, 1), uint64, ordered>",
		"list<int64>", "large_list<list<utf8>>", "fixed_size_list<double>[1]", "map<utf8, list<bool>>",
		"struct<>", "struct<a: int64>", `struct<a_1: int64, "b c": utf8, "": null, "<\">,:": struct<x: bool>>`} {
		parsed, err := ParseType(name)
		require.NoError(t, err)
		require.Equal(t, name, TypeName(parsed))
		_, ok := KindOf(parsed)
		require.True(t, ok, name)
		require.True(t, arrow.TypeEqual(parsed, NormalType(parsed)), name)
	}
	for _, name := range []string{"", "int65", "int64 ", "list", "list<", "list<int64", "list<>", "list<int64>>", "map<utf8>", "struct<a int64>",
		"struct<a: int64,b: int64>", "struct<a b: int64>", `struct<"a: int64>`, "decimal128(39, 0)", "decimal128(0, 0)", "decimal128(3)",
		"decimal256(77, 0)", "decimal128(3, 77)", "time32[us]", "time64[s]", "duration[h]", "timestamp[us, tz=]", "timestamp[us",
		"fixed_size_binary[-1]", "fixed_size_binary[99999999999]", "fixed_size_list<int8>[-1]", "fixed_size_list<int8>[0]", "dictionary<utf8>",
		"dictionary<utf8, double>", "dictionary<list<int8>, int8>", "dictionary<null, int8>", strings.Repeat("list<", 100) + "int8" + strings.Repeat(">", 100)} {
		_, err := ParseType(name)
		require.ErrorContains(t, err, "isn't supported", name)
	}
}

func TestNormalType(t *testing.T) {
	odd := arrow.ListOfField(arrow.Field{Name: "element", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.BinaryTypes.String})})
	require.Equal(t, "list<struct<a: utf8>>", TypeName(NormalType(odd)))
	parsed, err := ParseType("list<struct<a: utf8>>")
	require.NoError(t, err)
	require.False(t, arrow.TypeEqual(parsed, odd))
	require.True(t, arrow.TypeEqual(parsed, NormalType(odd)))
}

func FuzzParseType(f *testing.F) {
	for _, name := range []string{"int64", "struct<a: list<int8>>", "decimal128(3, 1)", `struct<"\x00": map<utf8, bool>>`} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		parsed, err := ParseType(name)
		if err != nil {
			return
		}
		again, err := ParseType(TypeName(parsed))
		require.NoError(t, err)
		require.True(t, arrow.TypeEqual(parsed, again))
	})
}

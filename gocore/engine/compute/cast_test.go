package compute_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

func TestCast(t *testing.T) {
	const refused = "refused"
	tests := []struct {
		from  string
		value any
		to    string
		want  string
	}{
		{"int8", -5, "int64", "-5"},
		{"int64", 127, "int8", "127"},
		{"int64", 128, "int8", refused},
		{"int64", -1, "uint8", refused},
		{"int8", -1, "uint64", refused},
		{"uint64", uint64(math.MaxUint64), "int64", refused},
		{"uint64", uint64(1) << 63, "int64", refused},
		{"uint64", math.MaxInt64, "int64", "9223372036854775807"},
		{"int64", math.MinInt64, "uint64", refused},
		{"uint32", math.MaxUint32, "int32", refused},
		{"int64", 1<<53 + 1, "float64", "9.007199254740992e+15"},
		{"float32", 1.5, "float64", "1.5"},
		{"float64", 0.1, "float32", "0.1"},
		{"float64", 3.9, "int8", "3"},
		{"float64", -3.9, "int8", "-3"},
		{"float64", -0.9, "uint8", "0"},
		{"float64", -1.0, "uint8", refused},
		{"float64", 255.9, "uint8", "255"},
		{"float64", 256.0, "uint8", refused},
		{"float64", math.NaN(), "int64", refused},
		{"float64", math.Inf(1), "int64", refused},
		{"float64", float64(1 << 63), "int64", refused},
		{"float64", float64(1 << 63), "uint64", "9223372036854775808"},
		{"float64", math.NaN(), "float32", "NaN"},
		{"bool", true, "int16", "1"},
		{"bool", false, "float64", "0"},
		{"int64", 2, "bool", "true"},
		{"float64", 0.0, "bool", "false"},
		{"utf8", "a long enough string", "string_view", `"a long enough string"`},
		{"string_view", "x", "large_utf8", `"x"`},
		{"int64", math.MinInt64, "utf8", `"-9223372036854775808"`},
		{"uint8", 7, "string_view", `"7"`},
		{"bool", true, "large_utf8", `"True"`},
		{"float64", 1.0, "utf8", `"1.0"`},
		{"float64", 0.0, "utf8", `"0.0"`},
		{"float64", -1e16, "utf8", `"-1e+16"`},
		{"float64", 123456789012345.6, "utf8", `"123456789012345.6"`},
		{"float64", 0.0001, "utf8", `"0.0001"`},
		{"float64", 0.00001, "utf8", `"1e-05"`},
		{"float64", math.NaN(), "utf8", `"nan"`},
		{"float64", math.Inf(-1), "utf8", `"-inf"`},
		{"float32", 0.1, "utf8", `"0.1"`},
		{"utf8", " -12 ", "int8", "-12"},
		{"large_utf8", "+9223372036854775807", "int64", "9223372036854775807"},
		{"string_view", "18446744073709551615", "uint64", "18446744073709551615"},
		{"utf8", "1e-3", "float64", "0.001"},
		{"utf8", "3", "float32", "3"},
		{"utf8", "true", "bool", "true"},
		{"utf8", "False", "bool", "false"},
		{"date32", 1, "date64", "86400000"},
		{"date64", -1, "date32", "-1"}, // the day before
		{"date32", 1, "timestamp[ns]", "86400000000000"},
		{"date32", 200_000, "timestamp[ns]", refused},
		{"timestamp[us]", -1, "timestamp[s]", "-1"},
		{"duration[ns]", math.MinInt64, "duration[us]", "-9223372036854776"},
		{"timestamp[ms]", math.MinInt64, "date64", refused},
		{"timestamp[us]", 1_999_999, "timestamp[s]", "1"},
		{"timestamp[s]", 1 << 60, "timestamp[ns]", refused},
		{"timestamp[s]", -(1 << 60), "timestamp[ns]", refused},
		{"timestamp[ms]", 86_400_001, "date64", "86400000"},
		{"timestamp[ms]", -1, "date64", "-86400000"},
		{"timestamp[s]", 86_399, "date32", "0"},
		{"timestamp[us]", 5, "int64", "5"},
		{"int64", 5, "timestamp[us, tz=UTC]", "5"},
		{"date32", 5, "int32", "5"},
		{"timestamp[s]", 86_400 + 3_601, "time32[ms]", "3601000"},
		{"timestamp[us]", -1, "time64[ns]", "86399999999000"},
		{"timestamp[ms]", 1_999, "time32[s]", "1"},
		{"time32[s]", 1, "time64[us]", "1000000"},
		{"time64[ns]", 1_999_999_999, "time32[s]", "1"},
		{"duration[s]", -2, "duration[ms]", "-2000"},
		{"duration[us]", -1, "duration[s]", "-1"},
		{"duration[s]", 1 << 60, "duration[ns]", refused},
		{"duration[us]", 5, "int64", "5"},
		{"time32[s]", 5, "int32", "5"},
		{"float16", 1.5, "float64", "1.5"},
		{"float16", -2.0, "int8", "-2"},
		{"float16", 0.5, "utf8", `"0.5"`},
		{"float64", 0.1, "float16", "0.099975586"},
		{"float64", 65519.0, "float16", "65504"},
		{"float64", 65520.0, "float16", "+Inf"},
		{"float64", 1e-7, "float16", "1.1920929e-07"},
		{"float64", math.NaN(), "float16", "NaN"},
		{"int64", 2049, "float16", "2048"}, // the even one of two neighbours
		{"bool", true, "float16", "1"},
		{"utf8", "-1.5", "float16", "-1.5"},
		{"decimal128(5, 2)", optest.Decimal("1.50"), "decimal256(50, 4)", "1.5000"},
		{"decimal128(5, 2)", optest.Decimal("1.25"), "decimal128(5, 1)", "1.3"},
		{"decimal128(5, 2)", optest.Decimal("-1.25"), "decimal128(5, 1)", "-1.3"},
		{"decimal256(40, 0)", optest.Decimal("1234567890123456789012345678901234567890"), "decimal128(38, 0)", refused},
		{"decimal128(5, 2)", optest.Decimal("999.99"), "decimal128(4, 2)", refused},
		{"decimal128(5, 2)", optest.Decimal("999.99"), "decimal128(3, 0)", refused}, // 1000
		{"decimal128(5, -2)", optest.Decimal("500"), "int16", "500"},
		{"decimal128(5, 2)", optest.Decimal("-3.99"), "int8", "-3"},
		{"decimal128(5, 2)", optest.Decimal("128.00"), "int8", refused},
		{"decimal128(5, 2)", optest.Decimal("-1.00"), "uint64", refused},
		{"decimal128(20, 0)", optest.Decimal("18446744073709551615"), "uint64", "18446744073709551615"},
		{"decimal128(20, 0)", optest.Decimal("18446744073709551615"), "int64", refused},
		{"decimal128(5, 2)", optest.Decimal("-0.10"), "float64", "-0.1"},
		{"decimal256(70, 60)", optest.Decimal("0.100000000000000000000000000000000000000000000000000000000000"), "float64", "0.1"},
		{"decimal128(5, 2)", optest.Decimal("0.00"), "bool", "false"},
		{"decimal128(5, 2)", optest.Decimal("1.50"), "utf8", `"1.50"`},
		{"decimal256(76, 70)", optest.Decimal("-1.0000000000000000000000000000000000000000000000000000000000000000000000"), "utf8", `"-1.` + strings.Repeat("0", 70) + `"`},
		{"int64", math.MinInt64, "decimal128(19, 0)", "-9223372036854775808"},
		{"uint64", uint64(math.MaxUint64), "decimal128(20, 0)", "18446744073709551615"},
		{"int64", 1000, "decimal128(5, 2)", refused},
		{"float64", 0.1, "decimal128(20, 18)", "0.100000000000000000"},
		{"float64", 1e300, "decimal256(76, 0)", refused},
		{"float64", math.NaN(), "decimal128(5, 2)", refused},
		{"float64", math.Inf(-1), "decimal128(5, 2)", refused},
		{"float32", 0.1, "decimal128(5, 2)", "0.10"},
		{"bool", true, "decimal128(5, 2)", "1.00"},
		{"utf8", " 1.255 ", "decimal128(5, 2)", "1.26"},
		{"utf8", "1e10", "decimal128(5, 2)", refused},
		{"utf8", "text", "binary", `"text"`},
		{"large_binary", "text of thirteen", "utf8", `"text of thirteen"`},
		{"fixed_size_binary[3]", "abc", "binary", `"abc"`},
		{"fixed_size_binary[3]", "abc", "utf8", `"abc"`},
		{"binary", "abc", "fixed_size_binary[3]", `"abc"`},
		{"dictionary<utf8, int8>", "a", "utf8", `"a"`},
		{"dictionary<utf8, int8>", "12", "int64", "12"},
		{"int64", 12, "dictionary<utf8, int8>", `"12"`},
		{"dictionary<int8, int8>", 5, "dictionary<int64, int8>", "5"},
		{"dictionary<decimal128(5, 1), int8>", optest.Decimal("2.5"), "double", "2.5"},
		{"list<int8>", []any{1, nil}, "large_list<int8>", "[1, null]"},
		{"fixed_size_list<int8>[2]", []any{1, 2}, "list<int8>", "[1, 2]"},
		{"struct<a: int8>", optest.Struct{1}, "struct<a: int8>", "{1}"},
	}
	for _, test := range tests {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			s := scope(t)
			c := optest.Column(t, test.from, nil, test.value, nil)
			to := optest.Schema(t, "x "+test.to).Field(0).Type
			require.True(t, compute.CanCast(c.Type, to))
			got, err := compute.Cast(s, &c, to)
			if test.want == refused {
				require.Equal(t, status.Overflow, status.CodeOf(err))
				require.ErrorContains(t, err, test.from)
				require.ErrorContains(t, err, test.to)
				require.ErrorContains(t, err, compute.Format(&c, 1), "the value")
				return
			}
			require.NoError(t, err)
			require.True(t, arrow.TypeEqual(to, got.Type))
			part := got.Slice(1, 2) // shares the source's bitmap
			require.Equal(t, test.want, compute.Format(&part, 0))
			check(t, &got, []string{"null", test.want, "null"})
		})
	}
}

func TestCastNullToAnything(t *testing.T) {
	s := scope(t)
	c := optest.Column(t, "null", nil, nil)
	for _, field := range optest.Schema(t, everyType).Fields() {
		got, err := compute.Cast(s, &c, field.Type)
		require.NoError(t, err)
		require.True(t, arrow.TypeEqual(field.Type, got.Type))
		check(t, &got, []string{"null", "null"})
	}
}

func TestCastRefuses(t *testing.T) {
	s := scope(t)
	for _, types := range [][2]string{{"utf8", "date32"}, {"timestamp[s]", "utf8"}, {"date32", "float64"}, {"int32", "timestamp[s]"},
		{"timestamp[s]", "timestamp[s, tz=UTC]"}, {"timestamp[s, tz=UTC]", "date32"}, {"int64", "null"}, {"bool", "date32"}} {
		c := optest.Column(t, types[0], nil)
		to := optest.Schema(t, "x "+types[1]).Field(0).Type
		require.False(t, compute.CanCast(c.Type, to), "%s to %s", types[0], types[1])
		_, err := compute.Cast(s, &c, to)
		require.Equal(t, status.TypeMismatch, status.CodeOf(err))
		require.ErrorContains(t, err, types[0])
		require.ErrorContains(t, err, types[1])
	}
	for _, types := range [][2]string{{"int64", "binary"}, {"binary", "double"}, {"decimal128(5, 2)", "date32"}, {"duration[s]", "time32[s]"},
		{"date32", "time32[s]"}, {"timestamp[s, tz=UTC]", "time64[us]"}, {"list<int8>", "list<int16>"}, {"list<int8>", "fixed_size_list<int8>[2]"},
		{"struct<a: int8>", "struct<b: int8>"}, {"list<int8>", "utf8"}, {"utf8", "list<utf8>"}, {"map<utf8, int8>", "list<struct<a: utf8, b: int8>>"},
		{"fixed_size_binary[2]", "fixed_size_binary[3]"}, {"fixed_size_binary[8]", "int64"}, {"dictionary<utf8, int8>", "date32"}} {
		from, to := optest.Schema(t, "x "+types[0]).Field(0).Type, optest.Schema(t, "x "+types[1]).Field(0).Type
		require.False(t, compute.CanCast(from, to), "%s to %s", types[0], types[1])
	}
}

func TestCastRefusesBytes(t *testing.T) {
	for _, test := range [][3]string{{"binary", "\xff", "utf8"}, {"fixed_size_binary[2]", "\xff\xfe", "utf8"},
		{"binary", "ab", "fixed_size_binary[3]"}, {"utf8", "1.2.3", "decimal128(5, 2)"}, {"utf8", "", "decimal128(5, 2)"}} {
		s := scope(t)
		c := optest.Column(t, test[0], nil, test[1])
		_, err := compute.Cast(s, &c, optest.Schema(t, "x "+test[2]).Field(0).Type)
		require.Equal(t, status.Invalid, status.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, compute.Format(&c, 1))
	}
}

// Every half float, against the float64 that it is.
func TestHalfFloats(t *testing.T) {
	s := scope(t)
	values := make([]any, 0, 2*31*1024)
	for bits := range 1 << 16 {
		if exponent := bits >> 10 & 31; exponent < 31 {
			v := math.Ldexp(float64(bits&0x3FF)+1024, exponent-25)
			if exponent == 0 {
				v = math.Ldexp(float64(bits&0x3FF), -24)
			}
			if bits>>15 == 1 {
				v = -v
			}
			values = append(values, v)
		}
	}
	floats := optest.Column(t, "float64", values...)
	halves, err := compute.Cast(s, &floats, arrow.FixedWidthTypes.Float16)
	require.NoError(t, err)
	back, err := compute.Cast(s, &halves, arrow.PrimitiveTypes.Float64)
	require.NoError(t, err)
	require.Equal(t, column.Of[uint64](&floats), column.Of[uint64](&back))
	halves.Release()
	back.Release()
}

func TestCastRefusesTextThatIsNoValue(t *testing.T) {
	for _, test := range [][2]string{{"", "int64"}, {"x", "int64"}, {"1.5", "int64"}, {"128", "int8"}, {"-1", "uint8"}, {"256", "uint8"},
		{"9223372036854775808", "int64"}, {"1_000", "int64"}, {"1_000", "float64"}, {"0x10", "float64"}, {"1e999", "float64"}, {"", "float32"}, {"1", "bool"}, {"", "bool"}} {
		s := scope(t)
		c := optest.Column(t, "utf8", nil, test[0])
		_, err := compute.Cast(s, &c, optest.Schema(t, "x "+test[1]).Field(0).Type)
		require.Equal(t, status.Invalid, status.CodeOf(err), "%q as %s", test[0], test[1])
		require.ErrorContains(t, err, strconv.Quote(test[0]))
		require.ErrorContains(t, err, test[1])
	}
}

func TestCastToTextAndBackOverManyRows(t *testing.T) {
	s := scope(t)
	const rows = 10_000
	values := make([]any, rows) // over more than one buffer of characters
	for i := range values {
		if i%7 != 3 {
			values[i] = math.Sqrt(float64(i)) * math.Pow(10, float64(i%40-20))
		}
	}
	c := optest.Column(t, "float64", values...)
	text, err := compute.Cast(s, &c, arrow.BinaryTypes.String)
	require.NoError(t, err)
	require.NoError(t, text.Check())
	require.Equal(t, c.Nulls, text.Nulls)
	part := text.Slice(11, rows-11)
	back, err := compute.Cast(s, &part, arrow.PrimitiveTypes.Float64)
	require.NoError(t, err)
	for i := range back.Len {
		require.Equal(t, c.IsNull(i+11), back.IsNull(i))
		if !back.IsNull(i) {
			require.Equal(t, column.Of[float64](&c)[i+11], column.Of[float64](&back)[i])
		}
	}
	text.Release()
	back.Release()
}

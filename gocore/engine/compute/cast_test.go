package compute_test

import (
	"math"
	"strconv"
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
		{"timestamp[us]", 1_999_999, "timestamp[s]", "1"},
		{"timestamp[s]", 1 << 60, "timestamp[ns]", refused},
		{"timestamp[s]", -(1 << 60), "timestamp[ns]", refused},
		{"timestamp[ms]", 86_400_001, "date64", "86400000"},
		{"timestamp[ms]", -1, "date64", "-86400000"},
		{"timestamp[s]", 86_399, "date32", "0"},
		{"timestamp[us]", 5, "int64", "5"},
		{"int64", 5, "timestamp[us, tz=UTC]", "5"},
		{"date32", 5, "int32", "5"},
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
	c := optest.Column(t, "int64", 1)
	require.False(t, compute.CanCast(c.Type, arrow.BinaryTypes.Binary))
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

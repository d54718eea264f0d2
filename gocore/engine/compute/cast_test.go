package compute_test

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
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
	for _, types := range [][2]string{{"utf8", "int64"}, {"int64", "utf8"}, {"bool", "utf8"}, {"date32", "float64"}, {"int32", "timestamp[s]"},
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

package compute_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// The order of two values: less, equal, greater, or none of them.
const (
	less      = "less"
	equal     = "equal"
	greater   = "greater"
	unordered = "unordered"
)

// outcome says whether a comparison holds for values in each order.
var outcome = map[compute.Comparison]map[string]bool{
	compute.Equal:        {equal: true},
	compute.NotEqual:     {less: true, greater: true, unordered: true},
	compute.Less:         {less: true},
	compute.LessEqual:    {less: true, equal: true},
	compute.Greater:      {greater: true},
	compute.GreaterEqual: {greater: true, equal: true},
}

func TestCompare(t *testing.T) {
	const big = 1<<53 + 1
	tests := []struct {
		typeA string
		a     any
		typeB string
		b     any
		order string
	}{
		{"int64", 1, "int64", 2, less},
		{"int8", -1, "int8", -1, equal},
		{"int8", -1, "int64", 1 << 40, less},
		{"int8", -1, "uint8", 255, less},
		{"int32", -1, "uint64", uint64(math.MaxUint64), less},
		{"uint64", uint64(1) << 63, "int64", math.MaxInt64, greater},
		{"uint64", 5, "int64", 5, equal},
		{"uint64", uint64(math.MaxUint64), "uint8", 255, greater},
		{"uint32", 7, "uint16", 7, equal},
		{"float32", 0.5, "float64", 0.5, equal},
		{"float32", 0.1, "float64", 0.1, greater}, // as float64, 0.1f is a little more
		{"float64", 0.0, "float64", math.Copysign(0, -1), equal},
		{"float64", math.NaN(), "float64", 1.0, unordered},
		{"float64", math.NaN(), "float64", math.NaN(), unordered},
		{"float64", math.NaN(), "int64", 1, unordered},
		{"int64", 1, "float64", math.NaN(), unordered},
		{"uint64", 1, "float32", math.NaN(), unordered},
		{"int64", big, "float64", float64(1 << 53), greater}, // equal once rounded
		{"float64", float64(1 << 53), "int64", big, less},
		{"int64", math.MaxInt64, "float64", float64(1 << 63), less},
		{"int64", math.MinInt64, "float64", -float64(1 << 63), equal},
		{"int64", math.MinInt64, "float64", math.Inf(-1), greater},
		{"int64", 3, "float64", 3.5, less},
		{"int64", -3, "float64", -3.5, greater},
		{"uint64", uint64(math.MaxUint64), "float64", float64(1<<63) * 2, less},
		{"uint64", 0, "float64", -0.5, greater},
		{"uint64", 0, "float64", math.Inf(1), less},
		{"int16", 3, "float32", 3.0, equal},
		{"utf8", "a", "utf8", "b", less},
		{"utf8", "the same long string", "large_utf8", "the same long string", equal},
		{"utf8", "the same long string", "string_view", "the same long strinG", greater},
		{"utf8", "", "utf8", "\x00", less},
		{"bool", false, "bool", true, less},
		{"bool", true, "bool", true, equal},
		{"date32", 1, "date32", 2, less},
		{"date32", 1, "date64", 86_400_000, equal},
		{"date32", 1, "timestamp[s]", 86_401, less},
		{"date64", 86_400_000, "timestamp[s]", 86_401, less},
		{"date64", 86_400_000, "timestamp[ms]", 86_400_001, less},
		{"timestamp[ms]", 86_400_001, "date64", 86_400_000, greater},
		{"timestamp[s]", -1, "timestamp[ns]", -1_000_000_000, equal},
		{"timestamp[s, tz=UTC]", 1, "timestamp[us, tz=UTC]", 1_000_001, less},
		{"time32[s]", 1, "time64[ns]", 1_000_000_000, equal},
		{"duration[ms]", -1, "duration[us]", -999, less},
		{"float16", 0.5, "float16", 0.5, equal},
		{"float16", math.Copysign(0, -1), "int8", 0, equal},
		{"float16", math.NaN(), "float16", math.NaN(), unordered},
		{"decimal128(5, 2)", optest.Decimal("1.50"), "decimal128(20, 1)", optest.Decimal("1.5"), equal},
		{"decimal128(5, 2)", optest.Decimal("-1.51"), "decimal256(50, 1)", optest.Decimal("-1.5"), less},
		{"decimal128(30, 2)", optest.Decimal("-1.00"), "decimal128(30, 2)", optest.Decimal("1.00"), less},
		{"decimal256(60, 2)", optest.Decimal("99.00"), "decimal128(30, 0)", optest.Decimal("98"), greater},
		{"decimal128(5, 2)", optest.Decimal("2.00"), "int64", 2, equal},
		{"uint64", uint64(math.MaxUint64), "decimal128(38, 10)", optest.Decimal("18446744073709551615.0000000001"), less},
		{"decimal128(5, 2)", optest.Decimal("0.10"), "double", 0.1, equal},
		{"float32", math.NaN(), "decimal128(5, 2)", optest.Decimal("0.10"), unordered},
		{"fixed_size_binary[2]", "ab", "fixed_size_binary[2]", "ac", less},
		{"fixed_size_binary[14]", "abcdefghijklmn", "binary", "abcdefghijklmn", equal},
		{"binary", "b", "utf8", "a", greater},
		{"dictionary<utf8, int8>", "a", "utf8", "b", less},
		{"dictionary<decimal128(5, 2), int8>", optest.Decimal("1.00"), "int64", 1, equal},
		{"dictionary<timestamp[s], int8>", 1, "timestamp[ms]", 999, greater},
	}
	for _, test := range tests {
		t.Run(test.typeA+" "+test.typeB, func(t *testing.T) {
			s := scope(t)
			a, b := optest.Column(t, test.typeA, test.a, nil, test.a), optest.Column(t, test.typeB, test.b, test.b, nil)
			oneA, oneB := a.Slice(0, 1), b.Slice(0, 1)
			for op, holds := range outcome {
				want := "false"
				if holds[test.order] {
					want = "true"
				}
				got, err := compute.Compare(s, op, &a, &b)
				require.NoError(t, err)
				check(t, &got, []string{want, "null", "null"})
				got, err = compute.Compare(s, op, &oneA, &b)
				require.NoError(t, err)
				check(t, &got, []string{want, want, "null"})
				got, err = compute.Compare(s, op, &a, &oneB)
				require.NoError(t, err)
				check(t, &got, []string{want, "null", want})
				none := a.Slice(0, 0)
				got, err = compute.Compare(s, op, &none, &oneB)
				require.NoError(t, err)
				check(t, &got, nil)
			}
		})
	}
}

func TestCompareNull(t *testing.T) {
	s := scope(t)
	null, number := optest.Column(t, "null", nil), optest.Column(t, "int64", 1, 2)
	got, err := compute.Compare(s, compute.Equal, &null, &number)
	require.NoError(t, err)
	check(t, &got, []string{"null", "null"})
}

func TestCompareRefuses(t *testing.T) {
	s := scope(t)
	for _, types := range [][2]string{{"int64", "utf8"}, {"bool", "int8"}, {"date32", "int32"}, {"timestamp[s]", "timestamp[s, tz=UTC]"},
		{"date32", "timestamp[s, tz=UTC]"}, {"utf8", "bool"}, {"duration[s]", "time32[s]"}, {"decimal128(5, 2)", "utf8"}, {"decimal256(76, 0)", "decimal128(38, 38)"},
		{"list<int8>", "list<int8>"}, {"struct<a: int8>", "struct<a: int8>"}, {"fixed_size_binary[2]", "int16"}, {"bool", "decimal128(5, 2)"}} {
		a, b := optest.Column(t, types[0], nil), optest.Column(t, types[1], nil)
		require.False(t, compute.CanCompare(a.Type, b.Type))
		require.False(t, compute.CanCompare(b.Type, a.Type))
		_, err := compute.Compare(s, compute.Equal, &a, &b)
		require.Equal(t, status.TypeMismatch, status.CodeOf(err))
		require.ErrorContains(t, err, types[0])
		require.ErrorContains(t, err, types[1])
	}
}

// Long columns at odd offsets, to reach the words of bits.
func TestCompareManyRows(t *testing.T) {
	s := scope(t)
	b := randomBatches(t, 300, 300)[1]
	for i := range b.Cols {
		c := b.Cols[i]
		if !compute.CanCompare(c.Type, c.Type) {
			continue
		}
		got, err := compute.Compare(s, compute.LessEqual, &c, &c)
		require.NoError(t, err)
		want := make([]string, c.Len)
		for j := range want {
			want[j] = "true"
			if c.IsNull(j) {
				want[j] = "null"
			}
		}
		check(t, &got, want)
	}
}

var logicTable = []struct{ a, b, and, or any }{
	{true, true, true, true}, {true, false, false, true}, {true, nil, nil, true},
	{false, true, false, true}, {false, false, false, false}, {false, nil, false, nil},
	{nil, true, nil, true}, {nil, false, false, nil}, {nil, nil, nil, nil},
}

func TestLogic(t *testing.T) {
	s := scope(t)
	var as, bs []any
	var ands, ors, nots []string
	words := map[any]string{true: "true", false: "false", nil: "null"}
	opposite := map[any]string{true: "false", false: "true", nil: "null"}
	for range 10 { // over 64 rows
		for _, row := range logicTable {
			as, bs = append(as, row.a), append(bs, row.b)
			ands, ors = append(ands, words[row.and]), append(ors, words[row.or])
			nots = append(nots, opposite[row.a])
		}
	}
	a, b := optest.Column(t, "bool", as...), optest.Column(t, "bool", bs...)
	for from := range 9 {
		x, y := a.Slice(from, a.Len-from), b.Slice(from, b.Len-from)
		got, err := compute.Combine(s, compute.And, &x, &y)
		require.NoError(t, err)
		check(t, &got, ands[from:])
		got, err = compute.Combine(s, compute.Or, &x, &y)
		require.NoError(t, err)
		check(t, &got, ors[from:])
		got, err = compute.Not(s, &x)
		require.NoError(t, err)
		check(t, &got, nots[from:])
	}
	three := optest.Column(t, "bool", true, false, nil)
	for value, want := range map[any][]string{true: {"true", "false", "null"}, false: {"false", "false", "false"}, nil: {"null", "false", "null"}} {
		one := optest.Column(t, "bool", value) // meets all
		got, err := compute.Combine(s, compute.And, &one, &three)
		require.NoError(t, err)
		check(t, &got, want)
		got, err = compute.Combine(s, compute.And, &three, &one)
		require.NoError(t, err)
		check(t, &got, want)
	}
	null := optest.Column(t, "null", nil, nil)
	truth := optest.Column(t, "bool", true, false)
	got, err := compute.Combine(s, compute.Or, &null, &truth)
	require.NoError(t, err)
	check(t, &got, []string{"true", "null"})
	got, err = compute.Not(s, &null)
	require.NoError(t, err)
	check(t, &got, []string{"null", "null"})
}

func TestIsMissing(t *testing.T) {
	s := scope(t)
	for typ, values := range map[string][]any{
		"int64": {1, nil, 3}, "utf8": {"a", nil, ""}, "bool": {true, nil, false},
		"float64": {1.0, math.NaN(), 2.0}, "float32": {1.0, nil, math.Inf(1)},
	} {
		c := optest.Column(t, typ, values...)
		got, err := compute.IsMissing(s, &c)
		require.NoError(t, err)
		check(t, &got, []string{"false", "true", "false"})
	}
	null := optest.Column(t, "null", nil, nil)
	got, err := compute.IsMissing(s, &null)
	require.NoError(t, err)
	check(t, &got, []string{"true", "true"})
	both := optest.Column(t, "float64", 1.0, math.NaN(), nil)
	got, err = compute.IsMissing(s, &both)
	require.NoError(t, err)
	check(t, &got, []string{"false", "true", "true"})
}

func TestSelect(t *testing.T) {
	var values []any
	var want []uint32
	for i := range 200 {
		values = append(values, []any{true, false, nil}[i%3])
		if i%3 == 0 {
			want = append(want, uint32(i))
		}
	}
	c := optest.Column(t, "bool", values...)
	require.Equal(t, want, compute.Select(&c, make([]uint32, c.Len+compute.SelectRoom)))
	s := c.Slice(3, 197)
	require.Len(t, compute.Select(&s, make([]uint32, s.Len+compute.SelectRoom)), len(want)-1)
}

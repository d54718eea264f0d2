package dist_test

import (
	"fmt"
	"testing"

	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// everyType are columns of the types that operators carry without looking into them.
const everyType = "bin binary, t32 time32[ms], t64 time64[us], du duration[ns], dict dictionary<utf8, int16>, view utf8_view, " +
	"f16 halffloat, dec decimal128(20, 3), wide decimal256(60, 2), fb fixed_size_binary[5], li list<int64>, ls large_list<utf8>, " +
	"fl fixed_size_list<double>[3], m map<utf8, int32>, st struct<a: int8, s: utf8, d: decimal256(40, 1)>, " +
	"deep list<struct<x: list<utf8>, y: bool>>"

// typedParts returns n rows of columns for each rank, a third of the values null.
func typedParts(t *testing.T, ranks, n int, columns string, seed int) []part {
	parts := make([]part, ranks)
	for r := range parts {
		rows := optest.RandomRows(t, uint64(seed*10+r), columns, n+r, 9)
		for i, row := range rows {
			for k := range row {
				if (i+k)%3 == 0 {
					row[k] = nil
				}
			}
		}
		parts[r] = part{columns, rows}
	}
	return parts
}

// What is carried comes out as it came in, on any number of ranks.
func TestLawOfEveryType(t *testing.T) {
	leak.Check(t)
	left, right := "k int64, v utf8, "+everyType, "k int64, n int32, r_li list<utf8>, r_dec decimal128(9, 1), r_st struct<a: list<int8>>"
	for name, test := range map[string]struct {
		ordered bool
		node    string
	}{
		"filter":         {false, `{"op":"filter","inputs":[0],"predicate":{"fn":"not","args":[{"fn":"is_null","args":[{"col":"k"}]}]}}`},
		"inner join":     {false, `{"op":"join","inputs":[0,1],"how":"inner","left_on":["k"],"right_on":["k"],"suffixes":["","_r"]}`},
		"left join":      {false, `{"op":"join","inputs":[0,1],"how":"left","left_on":["k"],"right_on":["n"],"suffixes":["","_r"]}`},
		"outer join":     {false, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["k"],"right_on":["k"],"suffixes":["","_r"]}`},
		"sort":           {true, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true},{"column":"v","ascending":false}],"na_position":"last"}`},
		"slice":          {true, `{"op":"slice","inputs":[0],"offset":3,"length":20}`},
		"concat":         {false, `{"op":"concat","inputs":[0,0]}`},
		"first and last": {false, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"f","fn":"first","column":"deep"},{"name":"l","fn":"last","column":"deep"},{"name":"g","fn":"first","column":"st"},{"name":"h","fn":"first","column":"deep"},{"name":"n","fn":"max","column":"dec"}],"dropna":true,"sort":true}`},
		"group":          {false, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"deep"},{"name":"d","fn":"count","column":"dec"}],"dropna":false,"sort":false}`},
	} {
		for ranks := 1; ranks <= 4; ranks++ {
			t.Run(fmt.Sprintf("%s/%d ranks", name, ranks), func(t *testing.T) {
				parts := make([][]part, ranks)
				for r := range parts {
					parts[r] = []part{typedParts(t, ranks, 30, left, 1)[r], typedParts(t, ranks, 10, right, 2)[r]}
				}
				requireLaw(t, nodes(tableA, tableB, test.node), test.ordered, parts)
			})
		}
	}
}

// wideTypes are those whose values are compared as keys of another type.
var wideTypes = []string{"halffloat", "decimal128(5, 2)", "decimal128(30, 2)", "decimal256(50, 1)", "fixed_size_binary[3]", "fixed_size_binary[20]",
	"dictionary<decimal128(20, 1), int8>", "dictionary<utf8, int8>", "binary", "time64[us]", "duration[ms]"}

// Operators compare values of every type that isn't nested, on any number of ranks.
func TestLawOfEveryKey(t *testing.T) {
	leak.Check(t)
	types := wideTypes
	if testing.Short() {
		types = types[1:4]
	}
	for _, typ := range types {
		left, right := "k "+typ+", v int64, w "+typ+", l list<utf8>", "k "+typ+", r "+typ
		for name, test := range map[string]struct {
			ordered bool
			node    string
		}{
			"join":      {false, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["k"],"right_on":["k"],"suffixes":["","_r"]}`},
			"two keys":  {false, `{"op":"join","inputs":[0,1],"how":"left","left_on":["v","k"],"right_on":["v","r"],"suffixes":["","_r"]}`},
			"semi join": {false, `{"op":"join","inputs":[0,1],"how":"semi","left_on":["k"],"right_on":["r"],"suffixes":["","_r"]}`},
			"sort":      {true, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":false},{"column":"v","ascending":true},{"column":"w","ascending":true}],"na_position":"first"}`},
			"group":     {true, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"w"},{"name":"low","fn":"min","column":"w"},{"name":"high","fn":"max","column":"w"},{"name":"u","fn":"nunique","column":"w"}],"dropna":false,"sort":true}`},
			"first":     {false, `{"op":"group","inputs":[0],"keys":["v"],"aggs":[{"name":"f","fn":"first","column":"k"},{"name":"l","fn":"last","column":"w"}],"dropna":true,"sort":false}`},
			"unique":    {false, `{"op":"unique","inputs":[0],"keys":["k"],"keep":"first"}`},
			"intersect": {false, `{"op":"setop","inputs":[2,3],"kind":"intersect","distinct":true}`},
			"shuffle":   {false, `{"op":"shuffle","inputs":[0],"keys":["k"]}`},
			"chain":     {true, `{"op":"sort","inputs":[4],"keys":[{"column":"k","ascending":true}],"na_position":"last"}`},
		} {
			for ranks := 1; ranks <= 4; ranks++ {
				t.Run(fmt.Sprintf("%s/%s/%d ranks", typ, name, ranks), func(t *testing.T) {
					parts := make([][]part, ranks)
					for r := range parts {
						parts[r] = []part{typedParts(t, ranks, 30, left, 1)[r], typedParts(t, ranks, 10, right+", v int64", 2)[r]}
					}
					list := []string{tableA, tableB,
						`{"op":"project","inputs":[0],"columns":[{"name":"k","expr":{"col":"k"}}]}`,
						`{"op":"project","inputs":[1],"columns":[{"name":"k","expr":{"col":"k"}}]}`,
						`{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"size","column":""}],"dropna":false,"sort":true}`}
					requireLaw(t, nodes(append(list, test.node)...), test.ordered, parts)
				})
			}
		}
	}
}

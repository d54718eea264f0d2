package dist_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// shapes are how many rows of the first table each rank holds.
var shapes = map[string][]int{
	"one rank":        {40},
	"two":             {50, 30},
	"three":           {20, 1, 33},
	"four":            {25, 25, 25, 25},
	"empty ranks":     {0, 37, 0, 12},
	"one row":         {0, 0, 1},
	"one row each":    {1, 1, 1, 1},
	"all empty":       {0, 0, 0},
	"all on the last": {0, 0, 0, 64},
}

const (
	leftColumns  = "k int64, s utf8, f float64, v int32, id int64, c float64"
	rightColumns = "k int64, s utf8, w float64"
)

// randomParts makes tables with nulls, duplicates, NaN, long strings, a key that half the rows hold, and floats (c) whose
// sums depend on the order of the additions unless they are exact.
func randomParts(seed uint64, rows []int) [][]part {
	r := rand.New(rand.NewPCG(seed, 7))
	key := func() any {
		switch r.IntN(10) {
		case 0:
			return nil
		case 1, 2, 3, 4:
			return 3
		}
		return r.IntN(20) - 10
	}
	text := func() any {
		switch r.IntN(6) {
		case 0:
			return nil
		case 1:
			return ""
		case 2:
			return "the long text number " + fmt.Sprint(r.IntN(4))
		}
		return strings.Repeat(string(rune('a'+r.IntN(3))), r.IntN(4))
	}
	float := func() any {
		switch r.IntN(8) {
		case 0:
			return nil
		case 1:
			return math.NaN()
		case 2:
			return math.Copysign(0, -1)
		}
		return float64(r.IntN(9)-4) / 2
	}
	var parts [][]part
	id := 0
	for _, n := range rows {
		left, right := part{columns: leftColumns}, part{columns: rightColumns}
		for range n {
			left.rows = append(left.rows, []any{key(), text(), float(), r.IntN(100), id, []float64{1e16, 1, -1e16, 1e-3, 1e-30}[r.IntN(5)]})
			id++
		}
		for range n / 2 {
			right.rows = append(right.rows, []any{key(), text(), float()})
		}
		parts = append(parts, []part{left, right})
	}
	return parts
}

func join(how, on string) string {
	return fmt.Sprintf(`{"op":"join","inputs":[0,1],"how":%q,"left_on":[%s],"right_on":[%s]}`, how, on, on)
}

// setOp is a set operation on the columns k and s of both tables.
func setOp(kind string) string {
	columns := `"columns":[{"name":"k","expr":{"col":"k"}},{"name":"s","expr":{"col":"s"}}]`
	return nodes(tableA, tableB, `{"op":"project","inputs":[0],`+columns+`}`, `{"op":"project","inputs":[1],`+columns+`}`,
		`{"op":"setop","inputs":[2,3],"kind":`+kind+`}`)
}

func bySorting(how, on string) string {
	return strings.Replace(join(how, on), `"how"`, `"algorithm":"sort","how"`, 1)
}

func inOrder(how, on string) string {
	return strings.Replace(join(how, on), `"how"`, `"maintain_order":true,"how"`, 1)
}

const aggregates = `"aggs":[{"name":"total","fn":"sum","column":"v"},{"name":"lo","fn":"min","column":"f"},{"name":"hi","fn":"max","column":"s"},{"name":"n","fn":"count","column":"f"},{"name":"m","fn":"mean","column":"v"},{"name":"c","fn":"sum","column":"c"},{"name":"cm","fn":"mean","column":"c"}]`

// mergeable are aggregates with partial results, collected those without.
const (
	mergeable = `"aggs":[{"name":"n","fn":"size"},{"name":"fs","fn":"first","column":"s"},{"name":"ls","fn":"last","column":"s"},{"name":"ff","fn":"first","column":"f"},` +
		`{"name":"li","fn":"last","column":"id"},{"name":"any","fn":"any","column":"s"},{"name":"all","fn":"all","column":"f"},{"name":"p","fn":"prod","column":"f"},` +
		`{"name":"sd","fn":"std","column":"c","ddof":1},{"name":"var","fn":"var","column":"v"},{"name":"sem","fn":"sem","column":"f","ddof":1},{"name":"r","fn":"corr","column":"v","other":"f"}]`
	collected = `"aggs":[{"name":"m","fn":"quantile","column":"f","q":0.5},{"name":"lo","fn":"quantile","column":"v","q":0.1,"interpolation":"lower"},` +
		`{"name":"ls","fn":"list","column":"s"},{"name":"lf","fn":"list","column":"f"},{"name":"us","fn":"nunique","column":"s"},{"name":"uf","fn":"nunique","column":"f"},{"name":"fs","fn":"first","column":"s"},{"name":"total","fn":"sum","column":"c"}]`
	largest = `"aggs":[{"name":"v","fn":"nlargest","column":"v","n":2}]`
)

// plans are the operators under test; ordered ones must keep the order, too.
var plans = []struct {
	name, plan string
	ordered    bool
}{
	{"table", nodes(tableA), true},
	{"filter", nodes(tableA, `{"op":"filter","inputs":[0],"predicate":{"fn":"or","args":[{"fn":"is_null","args":[{"col":"s"}]},{"fn":"lt","args":[{"col":"k"},{"col":"v"}]}]}}`), true},
	{"project", nodes(tableA, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"v"}],"type":"double"}},{"name":"s","expr":{"col":"s"}}]}`), true},
	{"slice", nodes(tableA, `{"op":"slice","inputs":[0],"offset":3,"length":9}`), true},
	{"slice to the end", nodes(tableA, `{"op":"slice","inputs":[0],"offset":2}`), true},
	{"tail", nodes(tableA, `{"op":"slice","inputs":[0],"offset":-7,"length":5}`), true},
	{"slice beyond", nodes(tableA, `{"op":"slice","inputs":[0],"offset":1000,"length":5}`), true},
	{"repartition", nodes(tableA, `{"op":"repartition","inputs":[0]}`), true},
	{"gather", nodes(tableA, `{"op":"gather","inputs":[0]}`), true},
	{"shuffle", nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["s","k"]}`), false},
	{"shuffle twice, sort", nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["s"]}`, `{"op":"shuffle","inputs":[1],"keys":["k"]}`, `{"op":"sort","inputs":[2],"keys":[{"column":"id","ascending":false}]}`), true},
	{"concat", nodes(tableA, `{"op":"concat","inputs":[0,0]}`), false},
	{"concat of other columns", nodes(tableA, tableB, `{"op":"concat","inputs":[0,1,0]}`), false},
	{"concat of common columns", nodes(tableA, tableB, `{"op":"concat","inputs":[1,0],"join":"inner"}`), false},
	{"inner", nodes(tableA, tableB, join("inner", `"k"`)), false},
	{"left", nodes(tableA, tableB, join("left", `"k"`)), false},
	{"right", nodes(tableA, tableB, join("right", `"k"`)), false},
	{"outer", nodes(tableA, tableB, join("outer", `"k"`)), false},
	{"outer on two", nodes(tableA, tableB, join("outer", `"s","k"`)), false},
	{"float keys", nodes(tableA, tableB, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["f"],"right_on":["w"]}`), false},
	{"int with float", nodes(tableA, tableB, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["v"],"right_on":["w"]}`), false},
	{"semi", nodes(tableA, tableB, join("semi", `"s","k"`)), false},
	{"anti", nodes(tableA, tableB, join("anti", `"s","k"`)), false},
	{"semi on one", nodes(tableA, tableB, join("semi", `"k"`)), false},
	{"cross", nodes(tableA, tableB, join("cross", "")), false},
	{"cross with itself", nodes(tableA, `{"op":"join","inputs":[0,0],"how":"cross"}`), false},
	{"indicator", nodes(tableA, tableB, strings.Replace(join("outer", `"k"`), `"how"`, `"indicator":"of","how"`, 1)), false},
	{"in order", nodes(tableA, tableB, inOrder("outer", `"k"`)), true},
	{"in order, left", nodes(tableA, tableB, inOrder("left", `"s","k"`)), true},
	{"in order, semi", nodes(tableA, tableB, inOrder("semi", `"k"`)), true},
	{"in order, cross", nodes(tableA, tableB, inOrder("cross", "")), true},
	{"by sorting", nodes(tableA, tableB, bySorting("outer", `"k"`)), true},
	{"by sorting, two keys", nodes(tableA, tableB, bySorting("right", `"s","k"`)), true},
	{"by sorting, anti", nodes(tableA, tableB, bySorting("anti", `"s"`)), true},
	{"by sorting, other names", nodes(tableA, tableB, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["f"],"right_on":["w"],"algorithm":"sort"}`), true},
	{"by sorting, in order", nodes(tableA, tableB, strings.Replace(bySorting("left", `"k"`), `"how"`, `"maintain_order":true,"how"`, 1)), true},
	{"asof", nodes(tableA, tableB, `{"op":"asof_join","inputs":[0,1],"left_on":"f","right_on":"w"}`), true},
	{"asof by two", nodes(tableA, tableB, `{"op":"asof_join","inputs":[0,1],"left_on":"f","right_on":"w","left_by":["s","k"],"right_by":["s","k"],"direction":"nearest"}`), true},
	{"asof with itself, then group", nodes(tableA, `{"op":"asof_join","inputs":[0,0],"left_on":"v","right_on":"v","left_by":["k"],"right_by":["k"],"strict":true,"direction":"forward"}`,
		`{"op":"group","inputs":[1],"keys":["k"],"aggs":[{"name":"n","fn":"sum","column":"id_y"}],"dropna":false,"sort":false}`), false},
	{"self join", nodes(tableA, `{"op":"join","inputs":[0,0],"left_on":["k"],"right_on":["k"]}`), false},
	{"group", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+aggregates+`,"sort":false}`), false},
	{"group with nulls", nodes(tableA, `{"op":"group","inputs":[0],"keys":["s","k"],`+aggregates+`,"dropna":false,"sort":false}`), false},
	{"group, ordered", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k","s"],`+aggregates+`,"dropna":false}`), true},
	{"group, more", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+mergeable+`,"sort":false}`), false},
	{"group, more, ordered", nodes(tableA, `{"op":"group","inputs":[0],"keys":["s"],`+mergeable+`}`), true},
	{"group, collected", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+collected+`,"dropna":false,"sort":false}`), false},
	{"group, collected, ordered", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+collected+`}`), true},
	{"group, largest", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+largest+`,"sort":false}`), false},
	{"group, largest, ordered", nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],`+largest+`}`), true},
	{"whole frame", nodes(tableA, `{"op":"group","inputs":[0],"keys":[],`+aggregates+`}`, `{"op":"repartition","inputs":[1]}`), false},
	{"whole frame, more", nodes(tableA, `{"op":"group","inputs":[0],"keys":[],`+strings.ReplaceAll(mergeable, `"prod"`, `"max"`)+`}`, `{"op":"repartition","inputs":[1]}`), false},
	{"whole frame, collected", nodes(tableA, `{"op":"group","inputs":[0],"keys":[],`+collected+`}`, `{"op":"repartition","inputs":[1]}`), false},
	{"whole frame, largest", nodes(tableA, `{"op":"group","inputs":[0],"keys":[],`+largest+`}`, `{"op":"repartition","inputs":[1]}`), false},
	{"merge, group", nodes(tableA, tableB, join("inner", `"k"`), `{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"w"}],"sort":false}`), false},
	{"merge, group, ordered", nodes(tableA, tableB, join("left", `"k"`), `{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"w"}]}`), true},
	{"sort", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`), true},
	{"sort, skewed, down", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":false}],"na_position":"first"}`), true},
	{"sort by strings and floats", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"s","ascending":false},{"column":"f","ascending":true}]}`), true},
	{"sort by floats", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"f","ascending":false}],"na_position":"first"}`), true},
	{"sort, slice", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"f","ascending":true}]}`, `{"op":"slice","inputs":[1],"offset":0,"length":5}`), true},
	{"sort, nulls first in one key", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"f","ascending":true,"na_position":"first"},{"column":"s","ascending":false}]}`), true},
	{"unique", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["k"]}`), false},
	{"unique of strings, last", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["s"],"keep":"last"}`), false},
	{"unique of two, last", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["f","k"],"keep":"last"}`), false},
	{"unique or none", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["k","s"],"keep":"none"}`), false},
	{"marked", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["k","s"],"mark":"again"}`), true},
	{"marked, last", nodes(tableA, `{"op":"unique","inputs":[0],"keys":["f"],"keep":"last","mark":"again"}`), true},
	{"unique of all", nodes(tableB, `{"op":"unique","inputs":[0]}`), false},
	{"unique, placed", nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["s"]}`, `{"op":"unique","inputs":[1],"keys":["k","s"],"keep":"none"}`), false},
	{"intersect", setOp(`"intersect"`), false},
	{"intersect all", setOp(`"intersect","distinct":false`), false},
	{"subtract", setOp(`"subtract"`), false},
	{"subtract all", setOp(`"subtract","distinct":false`), false},
	{"sort, first rows", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"s","ascending":false},{"column":"f","ascending":true}]}`, `{"op":"project","inputs":[1],"columns":[{"name":"id","expr":{"col":"id"}}]}`, `{"op":"slice","inputs":[2],"offset":2,"length":5}`), true},
	{"sort, first row", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":false,"na_position":"first"}]}`, `{"op":"slice","inputs":[1],"length":3}`), true},
	{"sample", nodes(tableA, `{"op":"sample","inputs":[0],"frac":0.3,"seed":7}`), true},
	{"sample of all", nodes(tableA, `{"op":"sample","inputs":[0],"frac":1,"seed":18446744073709551615}`), true},
	{"sample of none", nodes(tableA, `{"op":"sample","inputs":[0],"n":0}`), true},
	{"sample with replacement", nodes(tableA, `{"op":"sample","inputs":[0],"frac":1.5,"replace":true,"seed":7}`), false},
	{"sort, last of equals first", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}],"ties":"last"}`, `{"op":"slice","inputs":[1],"length":9}`), true},
	{"sort, gather", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"s","ascending":true}]}`, `{"op":"gather","inputs":[1]}`), true},
	{"window over partitions", nodes(tableA, window(`"partition":["k"],"dropna":true`)), true},
	{"window over ordered partitions", nodes(tableA, window(`"partition":["s","k"],"order":[{"column":"f","ascending":false}],"na_position":"first"`)), true},
	{"window over all rows", nodes(tableA, window(`"partition":[]`)), true},
	{"window over all rows in order", nodes(tableA, window(`"order":[{"column":"s","ascending":true},{"column":"v","ascending":true}]`)), true},
	{"window where rows lie", nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, strings.Replace(window(`"partition":["k","s"],"order":[{"column":"id","ascending":true}]`), "[0]", "[1]", 1)), false},
	{"window of sorted rows", nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"f","ascending":true}]}`, strings.Replace(window(`"partition":["k"]`), "[0]", "[1]", 1)), true},
}

// window is a node of functions of each kind.
func window(keys string) string {
	return `{"op":"window","inputs":[0],` + keys + `,"functions":[{"name":"row","fn":"row_number"},{"name":"r","fn":"rank"},
		{"name":"l","fn":"lag","column":"s","offset":2},{"name":"n","fn":"lead","column":"k","offset":1},{"name":"total","fn":"sum","column":"v","frame":{"end":0}},
		{"name":"mean","fn":"mean","column":"f","frame":{"start":-3,"end":0},"min_periods":2},{"name":"cs","fn":"sum","column":"f"},
		{"name":"top","fn":"max","column":"s","frame":{"start":-1,"end":1}},{"name":"sd","fn":"std","column":"v","ddof":1},{"name":"own","fn":"count","column":"f","skip_nulls":true}]}`
}

func TestLawOfExplode(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, l list<utf8>"
	parts := [][]part{{{columns, [][]any{{1, []any{"a", "b"}}, {2, nil}}}}, {{columns, nil}}, {{columns, [][]any{{3, []any{}}, {1, []any{"c", nil}}}}}}
	requireLaw(t, nodes(tableA, `{"op":"explode","inputs":[0],"columns":["l"]}`), true, parts)
}

func TestLaw(t *testing.T) {
	leak.Check(t)
	seed := uint64(0)
	for name, rows := range shapes {
		for _, p := range plans {
			seed++
			t.Run(name+"/"+p.name, func(t *testing.T) { requireLaw(t, p.plan, p.ordered, randomParts(seed, rows)) })
		}
	}
}

// TestReplicated checks joins in which one side is the same on all ranks: the law counts its rows once.
func TestReplicated(t *testing.T) {
	leak.Check(t)
	copyOf := func(parts [][]part, table int) [][]part {
		whole := concatenated(parts)[0][table]
		out := make([][]part, len(parts))
		for r := range parts {
			out[r] = append([]part(nil), parts[r]...)
			out[r][table] = whole
		}
		return out
	}
	placements := []string{`{"op":"table","table":0,"placement":{"kind":"partitioned"}}`, `{"op":"table","table":1,"placement":{"kind":"partitioned"}}`}
	for _, side := range []int{0, 1} {
		for _, how := range []string{"inner", "left", "right", "outer", "semi", "anti", "asof"} {
			t.Run(fmt.Sprintf("%s, table %d", how, side), func(t *testing.T) {
				parts := randomParts(uint64(side)+1, []int{20, 0, 13})
				tables := []string{placements[0], placements[1]}
				tables[side] = strings.Replace(tables[side], "partitioned", "replicated", 1)
				requireSame(t, nodes(tables[0], tables[1], inOrder(strings.Replace(how, "asof", "cross", 1), map[bool]string{true: "", false: `"k"`}[how == "asof"])), true,
					concatenated(parts), copyOf(parts, side))
				node := join(how, `"k"`)
				if how == "asof" {
					node = `{"op":"asof_join","inputs":[0,1],"left_on":"f","right_on":"w","left_by":["k"],"right_by":["k"]}`
				}
				if how == "asof" && side == 0 {
					return // every rank has all left rows, and keeps them
				}
				requireSame(t, nodes(tables[0], tables[1], node), false, concatenated(parts), copyOf(parts, side))
			})
		}
	}
	parts := randomParts(5, []int{20, 0, 13})
	replicated := strings.Replace(tableA, "partitioned", "replicated", 1)
	for _, node := range []string{`{"op":"shuffle","inputs":[0],"keys":["k"]}`, `{"op":"repartition","inputs":[0]}`, `{"op":"gather","inputs":[0]}`} {
		requireSame(t, nodes(replicated, node), !strings.Contains(node, "shuffle"), concatenated(parts), copyOf(parts, 0))
	}
}

// TestReplicate checks that every rank gets all rows, in order.
func TestReplicate(t *testing.T) {
	leak.Check(t)
	parts := randomParts(1, []int{5, 0, 9})
	plan := nodes(tableA, `{"op":"replicate","inputs":[0]}`)
	want, errs := run(t, openWorld(t, local.NewWorld(1)), plan, concatenated(parts))
	requireNone(t, errs)
	got, errs := run(t, openWorld(t, local.NewWorld(3)), plan, parts)
	requireNone(t, errs)
	for r := range got {
		requireRows(t, want[0].rows, got[r].rows)
	}
}

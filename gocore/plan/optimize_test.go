package plan

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree draws what a program does, with the columns that each step makes. What several steps read is drawn for each.
func (p *Program) tree() string {
	var b strings.Builder
	var draw func(at, depth int)
	draw = func(at, depth int) {
		s := &p.Steps[at]
		names := make([]string, s.Schema.NumFields())
		for i, f := range s.Schema.Fields() {
			names[i] = f.Name
		}
		b.WriteString(strings.Repeat(" ", depth) + p.Describe(at, func(int, int) string { return "?" }) + " [" + strings.Join(names, " ") + "]\n")
		for _, in := range s.Inputs {
			draw(in, depth+1)
		}
	}
	draw(p.Root, 0)
	return b.String()
}

// optimized binds a plan over two tables and literals, optimizes it, and checks what any optimization must keep.
func optimized(t testing.TB, rest ...string) *Program {
	t.Helper()
	program, err := bind(t, nodes(2, here, rest...), schema(t, "k int64, n int64, v double, s utf8"), schema(t, "k int64, w double, t utf8"),
		schema(t, "number int64, text utf8"))
	require.NoError(t, err)
	before := program.tree()
	out := Optimize(program)
	require.Equal(t, before, program.tree(), "the given program stays as it is")
	require.True(t, program.Steps[program.Root].Schema.Equal(out.Steps[out.Root].Schema))
	for i, s := range out.Steps {
		for _, in := range s.Inputs {
			require.Less(t, in, i)
		}
		if op, ok := s.Op.(*GroupOp); ok {
			require.True(t, op.Input.Equal(out.Steps[s.Inputs[0]].Schema))
		}
	}
	require.Equal(t, out.tree(), Optimize(out).tree(), "a second time there is nothing left to do")
	return out
}

const (
	lit     = `{"lit":[2,"number"]}`
	litText = `{"lit":[2,"text"]}`
)

func is(fn, a, b string) string { return `{"fn":"` + fn + `","args":[` + a + `,` + b + `]}` }
func col_(name string) string   { return `{"col":"` + name + `"}` }
func filterOf(in, e string) string {
	return `{"op":"filter","inputs":[` + in + `],"predicate":` + e + `}`
}
func named(name, e string) string { return `{"name":"` + name + `","expr":` + e + `}` }
func selected(in string, names ...string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = named(n, col_(n))
	}
	return projectOf(in, list...)
}
func projectOf(in string, columns ...string) string {
	return `{"op":"project","inputs":[` + in + `],"columns":[` + strings.Join(columns, ",") + `]}`
}
func joinOf(how string) string {
	return `{"op":"join","inputs":[0,1],"how":"` + how + `","left_on":["k"],"right_on":["k"]}`
}

var (
	overN    = is("gt", col_("n"), lit)
	overW    = is("gt", col_("w"), lit)
	overK    = is("gt", col_("k"), lit)
	fragile  = is("eq", `{"fn":"cast","args":[{"col":"s"}],"type":"int64"}`, lit)
	grouped  = `{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"a","fn":"sum","column":"n"},{"name":"b","fn":"max","column":"v"}],"sort":false}`
	sorted   = `{"op":"sort","inputs":[2],"keys":[{"column":"n","ascending":true}]}`
	appended = `{"op":"concat","inputs":[0,0]}`
)

func TestSift(t *testing.T) {
	for name, test := range map[string]struct {
		rest []string
		want string
	}{
		"filters become one": {[]string{filterOf("0", overN), filterOf("2", overK)},
			lines("filter ((n > ?) and (k > ?)) [k n v s]", " source table [k n v s]")},
		"what may fail sees only what passes": {[]string{filterOf("0", overN), filterOf("2", fragile), filterOf("3", overK)},
			lines("filter (cast(s, int64) = ?) [k n v s]", " filter ((n > ?) and (k > ?)) [k n v s]", "  source table [k n v s]")},
		"by renamed columns": {[]string{projectOf("0", named("x", col_("n")), named("y", is("eq", col_("v"), lit))), filterOf("2", is("gt", col_("x"), lit))},
			lines("project x = n, y = (v = ?) [x y]", " filter (n > ?) [n v]", "  project n, v [n v]", "   source table [k n v s]")},
		"by a computed column": {[]string{projectOf("0", named("x", is("gt", col_("n"), lit))), filterOf("2", col_("x"))},
			lines("filter x [x]", " project x = (n > ?) [x]", "  source table [k n v s]")},
		"inner join, either side": {[]string{joinOf("inner"), filterOf("2", is("and", overN, overW))},
			lines("join inner k = k [k n v s w t]", " filter (n > ?) [k n v s]", "  source table [k n v s]", " filter (w > ?) [k w t]", "  source table [k w t]")},
		"left join, left side": {[]string{joinOf("left"), filterOf("2", is("and", overN, overW))},
			lines("filter (w > ?) [k n v s w t]", " join left k = k [k n v s w t]", "  filter (n > ?) [k n v s]", "   source table [k n v s]", "  source table [k w t]")},
		"right join, right side": {[]string{joinOf("right"), filterOf("2", is("and", overN, overW))},
			lines("filter (n > ?) [k n v s w t]", " join right k = k [k n v s w t]", "  source table [k n v s]", "  filter (w > ?) [k w t]", "   source table [k w t]")},
		"outer join, neither": {[]string{joinOf("outer"), filterOf("2", overN)},
			lines("filter (n > ?) [k n v s w t]", " join outer k = k [k n v s w t]", "  source table [k n v s]", "  source table [k w t]")},
		"outer join, its key": {[]string{joinOf("outer"), filterOf("2", overK)},
			lines("join outer k = k [k n v s w t]", " filter (k > ?) [k n v s]", "  source table [k n v s]", " filter (k > ?) [k w t]", "  source table [k w t]")},
		"semi join": {[]string{joinOf("semi"), filterOf("2", overN)},
			lines("join semi k = k [k n v s]", " filter (n > ?) [k n v s]", "  source table [k n v s]", " project k [k]", "  source table [k w t]")},
		"join, what may fail": {[]string{joinOf("inner"), filterOf("2", fragile)},
			lines("filter (cast(s, int64) = ?) [k n v s w t]", " join inner k = k [k n v s w t]", "  source table [k n v s]", "  source table [k w t]")},
		"a condition on both sides": {[]string{joinOf("inner"), filterOf("2", is("lt", col_("v"), col_("w")))},
			lines("filter (v < w) [k n v s w t]", " join inner k = k [k n v s w t]", "  source table [k n v s]", "  source table [k w t]")},
		"one of two conditions on both sides": {[]string{joinOf("inner"), filterOf("2", is("or", is("and", overN, overW), is("and", overK, is("and", overW, is("lt", col_("n"), lit)))))},
			lines("filter (((n > ?) and (w > ?)) or ((k > ?) and ((w > ?) and (n < ?)))) [k n v s w t]", " join inner k = k [k n v s w t]",
				"  filter ((n > ?) or ((k > ?) and (n < ?))) [k n v s]", "   source table [k n v s]",
				"  filter ((w > ?) or ((k > ?) and (w > ?))) [k w t]", "   source table [k w t]")},
		"one of two conditions, the other of the other side": {[]string{joinOf("inner"), filterOf("2", is("or", overN, overW))},
			lines("filter ((n > ?) or (w > ?)) [k n v s w t]", " join inner k = k [k n v s w t]", "  source table [k n v s]", "  source table [k w t]")},
		"one of two conditions, of a side that may be missing": {[]string{joinOf("left"), filterOf("2", is("or", is("and", overN, overW), is("and", overN, is("lt", col_("w"), lit))))},
			lines("filter (((n > ?) and (w > ?)) or ((n > ?) and (w < ?))) [k n v s w t]", " join left k = k [k n v s w t]",
				"  filter (n > ?) [k n v s]", "   source table [k n v s]", "  source table [k w t]")},
		"one of two conditions that may fail": {[]string{joinOf("inner"), filterOf("2", is("or", is("and", fragile, overW), is("and", overN, overW)))},
			lines("filter (((cast(s, int64) = ?) and (w > ?)) or ((n > ?) and (w > ?))) [k n v s w t]", " join inner k = k [k n v s w t]",
				"  source table [k n v s]", "  filter (w > ?) [k w t]", "   source table [k w t]")},
		"groups by their key": {[]string{selected("0", "k", "n", "v"), grouped, filterOf("3", is("and", overK, is("gt", col_("a"), lit)))},
			lines("filter (a > ?) [k a b]", " group by k: sum(n), max(v) [k a b]", "  filter (k > ?) [k n v]", "   project k, n, v [k n v]", "    source table [k n v s]")},
		"groups, by what tells -0.0 from 0.0": {[]string{`{"op":"group","inputs":[0],"keys":["v"],"aggs":[{"name":"a","fn":"sum","column":"n"}],"sort":false}`,
			filterOf("2", is("and", is("gt", `{"fn":"truediv","args":[`+lit+`,{"col":"v"}]}`, lit), is("gt", col_("v"), lit)))},
			lines("filter (truediv(cast(?, double), v) > ?) [v a]", " group by v: sum(n) [v a]", "  filter (v > ?) [n v]", "   project n, v [n v]", "    source table [k n v s]")},
		"a side's column that is no key, by what tells -0.0 from 0.0": {[]string{joinOf("inner"), filterOf("2", is("gt", `{"fn":"truediv","args":[`+lit+`,{"col":"v"}]}`, lit))},
			lines("join inner k = k [k n v s w t]", " filter (truediv(cast(?, double), v) > ?) [k n v s]", "  source table [k n v s]", " source table [k w t]")},
		"sort": {[]string{selected("0", "k", "n"), sorted, filterOf("3", fragileOn("k"))},
			lines("sort by n [k n]", " filter (cast(k, utf8) = ?) [k n]", "  project k, n [k n]", "   source table [k n v s]")},
		"of no column": {[]string{sortedOf("0"), filterOf("2", is("gt", lit, lit))},
			lines("sort by n [k n v s]", " filter (? > ?) [k n v s]", "  source table [k n v s]")},
		"of no column, every input": {[]string{appended, filterOf("2", is("gt", lit, lit))},
			lines("concat [k n v s]", " filter (? > ?) [k n v s]", "  source table [k n v s]", " filter (? > ?) [k n v s]", "  source table [k n v s]")},
		"of no column, through a join": {[]string{joinOf("left"), filterOf("2", is("gt", lit, lit))},
			lines("filter (? > ?) [k n v s w t]", " join left k = k [k n v s w t]", "  source table [k n v s]", "  source table [k w t]")},
		"slice stays": {[]string{`{"op":"slice","inputs":[0],"length":5}`, filterOf("2", overN)},
			lines("filter (n > ?) [k n v s]", " slice 5 rows from 0 [k n v s]", "  source table [k n v s]")},
		"concat, every input": {[]string{selected("0", "k", "n"), selected("0", "k", "n"), `{"op":"concat","inputs":[2,3]}`, filterOf("4", overN)},
			lines("concat [k n]", " filter (n > ?) [k n]", "  project k, n [k n]", "   source table [k n v s]", " filter (n > ?) [k n]", "  project k, n [k n]", "   source table [k n v s]")},
		"what others read, too": {[]string{sortedOf("0"), filterOf("2", overN), `{"op":"concat","inputs":[2,3]}`},
			lines("concat [k n v s]", " sort by n [k n v s]", "  source table [k n v s]", " filter (n > ?) [k n v s]", "  sort by n [k n v s]", "   source table [k n v s]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, optimized(t, test.rest...).tree()) })
	}
}

func sortedOf(in string) string {
	return `{"op":"sort","inputs":[` + in + `],"keys":[{"column":"n","ascending":true}]}`
}

func fragileOn(column string) string {
	return is("eq", `{"fn":"cast","args":[{"col":"`+column+`"}],"type":"utf8"}`, litText)
}

func TestPrune(t *testing.T) {
	for name, test := range map[string]struct {
		rest []string
		want string
	}{
		"filter": {[]string{filterOf("0", overN), selected("2", "v", "k")},
			lines("project v, k [v k]", " filter (n > ?) [k v]", "  project k, n, v [k n v]", "   source table [k n v s]")},
		"join, few columns": {[]string{joinOf("inner"), selected("2", "t", "n")},
			lines("project t, n [t n]", " join inner k = k [n t]", "  project k, n [k n]", "   source table [k n v s]", "  project k, t [k t]", "   source table [k w t]")},
		"an aggregate that nobody reads": {[]string{selected("0", "k", "n", "v"), grouped, selected("3", "b")},
			lines("project b [b]", " group by k: max(v) [k b]", "  project k, v [k v]", "   source table [k n v s]")},
		"sort by what isn't kept": {[]string{selected("0", "k", "n", "v"), sorted, selected("3", "v")},
			lines("project v [v]", " sort by n [n v]", "  project n, v [n v]", "   source table [k n v s]")},
		"concat": {[]string{appended, selected("2", "v")},
			lines("concat [v]", " project v [v]", "  source table [k n v s]", " project v [v]", "  source table [k n v s]")},
		"slice and take": {[]string{`{"op":"slice","inputs":[0],"length":5}`, `{"op":"take","inputs":[2],"indices":2}`, selected("3", "v")},
			lines("take [v]", " slice 5 rows from 0 [v]", "  project v [v]", "   source table [k n v s]")},
		"exchange": {[]string{`{"op":"shuffle","inputs":[0],"keys":["k"]}`, selected("2", "v")},
			lines("project v [v]", " exchange by hash of k [k v]", "  project k, v [k v]", "   source table [k n v s]")},
		"asof join, few columns": {[]string{`{"op":"asof_join","inputs":[0,1],"left_on":"v","right_on":"w","left_by":["k"],"right_by":["k"]}`, selected("2", "t", "n")},
			lines("project t, n [t n]", " asof join backward v = w by k [n t]", "  project k, n, v [k n v]", "   source table [k n v s]", "  source table [k w t]")},
		"a join of counted rows keeps a column": {[]string{joinOf("inner"), projectOf("2", named("one", lit))},
			lines("project one = ? [one]", " join inner k = k [k]", "  project k [k]", "   source table [k n v s]", "  project k [k]", "   source table [k w t]")},
		"two readers of one step": {[]string{sortedOf("0"), selected("2", "k"), selected("2", "v"), `{"op":"join","inputs":[3,4],"how":"cross"}`},
			lines("join cross [k v]", " project k [k]", "  sort by n [k n v]", "   project k, n, v [k n v]", "    source table [k n v s]", " project v [v]",
				"  sort by n [k n v]", "   project k, n, v [k n v]", "    source table [k n v s]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, optimized(t, test.rest...).tree()) })
	}
}

func TestUnorder(t *testing.T) {
	const groups = `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"a","fn":"sum","column":"n"}]}`
	again := func(fn string) string {
		return `{"op":"group","inputs":[2],"keys":["v"],"aggs":[{"name":"a","fn":"` + fn + `","column":"n"}],"sort":false}`
	}
	for name, test := range map[string]struct {
		rest []string
		want int // how many sorts are left
	}{
		"of groups that are joined":          {[]string{groups, joinOfSorted("inner")}, 0},
		"of filtered groups that are joined": {[]string{groups, filterOf("2", is("gt", col_("a"), lit)), strings.Replace(joinOfSorted("left"), "2", "3", 1)}, 0},
		"of a cross join's left side":        {[]string{groups, `{"op":"join","inputs":[2,1],"how":"cross"}`}, 1},
		"of the result":                      {[]string{groups}, 1},
		"of a join that keeps the order":     {[]string{groups, strings.Replace(joinOfSorted("inner"), `"how"`, `"maintain_order":true,"how"`, 1)}, 1},
		"before a sum":                       {[]string{sortedOf("0"), again("sum")}, 0},
		"before the first":                   {[]string{sortedOf("0"), again("first")}, 1},
		"before a slice that is joined":      {[]string{groups, `{"op":"slice","inputs":[2],"length":3}`, strings.Replace(joinOfSorted("inner"), "2", "3", 1)}, 1},
		"that another reader sees":           {[]string{groups, joinOfSorted("inner"), selected("2", "a"), `{"op":"join","inputs":[4,3],"how":"cross"}`}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sorts := 0
			for _, s := range optimized(t, test.rest...).Steps {
				if _, ok := s.Op.(*SortOp); ok {
					sorts++
				}
			}
			require.Equal(t, test.want, sorts)
		})
	}
}

func joinOfSorted(how string) string {
	return `{"op":"join","inputs":[2,1],"how":"` + how + `","left_on":["k"],"right_on":["k"]}`
}

func TestFuse(t *testing.T) {
	for name, test := range map[string]struct {
		rest []string
		want string
	}{
		"projections of projections": {[]string{projectOf("0", named("a", is("gt", col_("n"), lit)), named("b", col_("v"))), projectOf("2", named("c", is("or", col_("a"), col_("a"))))},
			lines("project c = ((n > ?) or (n > ?)) [c]", " source table [k n v s]")},
		"nothing changes": {[]string{selected("0", "k", "n", "v", "s")}, lines("source table [k n v s]")},
		"another name":    {[]string{projectOf("0", named("x", col_("k")))}, lines("project x = k [x]", " source table [k n v s]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, optimized(t, test.rest...).tree()) })
	}
}

// What is written once and used twice at each of many levels would have more nodes than there are atoms.
func TestFuseStopsInTime(t *testing.T) {
	rest := []string{projectOf("0", named("x", is("gt", col_("n"), lit)))}
	for i := range 60 {
		rest = append(rest, projectOf(strconv.Itoa(i+2), named("x", is("or", col_("x"), col_("x")))))
	}
	out := optimized(t, rest...)
	require.Greater(t, len(out.Steps), 3)
	require.Less(t, len(out.Steps), 20)
}

func TestRowsOfOneRankAreStillOrderedOnce(t *testing.T) {
	text := `{"nodes":[{"op":"table","table":0,"placement":` + spread + `},` +
		`{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"a","fn":"sum","column":"n"},{"name":"b","fn":"max","column":"n"}]},` +
		filterOf("1", is("gt", col_("a"), `{"lit":[1,"number"]}`)) + `,` + selected("2", "k", "a") + `]}`
	program, err := bind(t, text, schema(t, "k int64, n int64, v double"), schema(t, "number int64"))
	require.NoError(t, err)
	program, err = Place(Optimize(program), 4)
	require.NoError(t, err)
	require.Equal(t, lines("Sort p[]", " Filter p[]", "  Final p[]", "   range! p", "    Partial p", "     Project p[]", "      Source p[]"), program.text())
}

func TestDescribe(t *testing.T) {
	program, err := bind(t, nodes(1, spread, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"a","fn":"sum","column":"n"}]}`), schema(t, "k int64, n int64"))
	require.NoError(t, err)
	program, err = Place(program, 2)
	require.NoError(t, err)
	var said []string
	for i := range program.Steps {
		said = append(said, program.Describe(i, nil))
	}
	require.Equal(t, []string{"source table", "group partial by k: sum(n)", "exchange by range of #0", "group final by k: sum(n)", "sort by k"}, said)
}

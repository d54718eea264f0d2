package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// text draws a program: a step a line, with where its rows are.
func (p *Program) text() string {
	var b strings.Builder
	var draw func(step, depth int)
	draw = func(at, depth int) {
		s := &p.Steps[at]
		what := fmt.Sprintf("%T", s.Op)
		what = strings.TrimSuffix(strings.TrimPrefix(what, "*plan."), "Op")
		switch op := s.Op.(type) {
		case *Exchange:
			what = [...]string{"hash", "range", "even", "all", "root"}[op.Kind]
			if op.Own {
				what = "own " + what
			}
			what += "!"
		case *GroupOp:
			what = [...]string{"Group", "Partial", "Final"}[op.Phase]
		}
		fmt.Fprintf(&b, "%s%s %s", strings.Repeat(" ", depth), what, s.Placement[:1])
		if s.Schema != nil {
			fmt.Fprintf(&b, "%s", p.PlacementOf(at).Keys)
		}
		b.WriteByte('\n')
		for _, in := range s.Inputs {
			draw(in, depth+1)
		}
	}
	draw(p.Root, 0)
	return b.String()
}

func lines(list ...string) string { return strings.Join(list, "\n") + "\n" }

// placed binds and places a plan over two tables, a and b, in a world of 4.
func placed(t testing.TB, a, b string, rest ...string) string {
	t.Helper()
	list := []string{`{"op":"table","table":0,"placement":` + a + `}`, `{"op":"table","table":1,"placement":` + b + `}`}
	text := `{"nodes":[` + strings.Join(append(list, rest...), ",") + `]}`
	program, err := bind(t, text, schema(t, "k int64, j int32, v int64"), schema(t, "k int64, j int64, w double"))
	require.NoError(t, err)
	program, err = Place(program, 4)
	require.NoError(t, err)
	return program.text()
}

const (
	copied = `{"kind":"replicated"}`
	byK    = `{"kind":"partitioned","keys":["k"]}`
)

func joined(how string, on ...string) string {
	list := "[]"
	if len(on) > 0 {
		list = `["` + strings.Join(on, `","`) + `"]`
	}
	return fmt.Sprintf(`{"op":"join","inputs":[0,1],"how":%q,"left_on":%s,"right_on":%s}`, how, list, list)
}

func TestPlaceJoin(t *testing.T) {
	for name, test := range map[string]struct {
		a, b, join string
		want       string
	}{
		"both apart":          {spread, spread, joined("inner", "k"), lines("Join p[k]", " hash! p[k]", "  Source p[]", " hash! p[k]", "  Source p[]")},
		"both by the key":     {byK, byK, joined("outer", "k"), lines("Join p[k]", " Source p[k]", " Source p[k]")},
		"left by the key":     {byK, spread, joined("left", "k"), lines("Join p[k]", " Source p[k]", " hash! p[k]", "  Source p[]")},
		"right by the key":    {spread, byK, joined("left", "k"), lines("Join p[k]", " hash! p[k]", "  Source p[]", " Source p[k]")},
		"right by one of two": {spread, byK, `{"op":"join","inputs":[0,1],"how":"inner","left_on":["v","k"],"right_on":["j","k"]}`, lines("Join p[k]", " hash! p[k]", "  Source p[]", " Source p[k]")},
		"local":               {here, here, joined("outer", "k"), lines("Join l[]", " Source l[]", " Source l[]")},
		"replicated":          {copied, copied, joined("outer", "k"), lines("Join r[]", " Source r[]", " Source r[]")},
		"inner, right copied": {spread, copied, joined("inner", "k"), lines("Join p[]", " Source p[]", " Source r[]")},
		"inner, left copied":  {copied, byK, joined("inner", "k"), lines("Join p[k]", " Source r[]", " Source p[k]")},
		"left, right copied":  {byK, copied, joined("left", "j"), lines("Join p[k_x]", " Project p[k]", "  Source p[k]", " Source r[]")},
		"right, left copied":  {copied, spread, joined("right", "k"), lines("Join p[]", " Source r[]", " Source p[]")},
		"right, right copied": {spread, copied, joined("right", "k"), lines("Join p[k]", " hash! p[k]", "  Source p[]", " own hash! p[k]", "  Source r[]")},
		"left, left copied":   {copied, byK, joined("left", "k"), lines("Join p[k]", " own hash! p[k]", "  Source r[]", " Source p[k]")},
		"outer, one copied":   {byK, copied, joined("outer", "k"), lines("Join p[k]", " Source p[k]", " own hash! p[k]", "  Source r[]")},
		"semi":                {spread, byK, joined("semi", "k"), lines("Join p[k]", " hash! p[k]", "  Source p[]", " Source p[k]")},
		"anti, right copied":  {byK, copied, joined("anti", "j"), lines("Join p[k]", " Project p[k]", "  Source p[k]", " Source r[]")},
		"semi, left copied":   {copied, byK, joined("semi", "k"), lines("Join p[k]", " own hash! p[k]", "  Source r[]", " Source p[k]")},
		"cross":               {byK, spread, joined("cross"), lines("Join p[k_x]", " Source p[k]", " all! r[]", "  Source p[]")},
		"cross, left copied":  {copied, byK, joined("cross"), lines("Join p[k_y]", " Source r[]", " Source p[k]")},
		"a copied side doesn't show the other's duplicates": {spread, copied, strings.Replace(joined("inner", "k"), "}", `,"unique_left":true}`, 1), lines("Join p[k]", " hash! p[k]", "  Source p[]", " own hash! p[k]", "  Source r[]")},
		"a copied side shows its own duplicates":            {spread, copied, strings.Replace(joined("left", "k"), "}", `,"unique_right":true}`, 1), lines("Join p[]", " Source p[]", " Source r[]")},
		"by sorting, local":                                 {here, here, strings.Replace(joined("left", "k"), "}", `,"algorithm":"sort"}`, 1), lines("Join l[]", " Sort l[]", "  Source l[]", " Sort l[]", "  Source l[]")},
		"by sorting":                                        {byK, spread, strings.Replace(joined("left", "k"), "}", `,"algorithm":"sort"}`, 1), lines("Project p[]", " Sort p[]", "  range! p[]", "   Join p[k]", "    Sort p[k]", "     Source p[k]", "    Sort p[k]", "     hash! p[k]", "      Source p[]")},
		"in order":                                          {spread, copied, strings.Replace(joined("left", "k"), "}", `,"maintain_order":true}`, 1), lines("Project p[]", " Sort p[]", "  range! p[]", "   Join p[]", "    Number p[]", "     Project p[]", "      Source p[]", "    Number r[]", "     Project r[]", "      Source r[]")},
		"asof":                                              {byK, spread, `{"op":"asof_join","inputs":[0,1],"left_on":"v","right_on":"j","left_by":["k"],"right_by":["k"]}`, lines("AsofJoin p[k]", " Source p[k]", " Sort r[]", "  all! r[]", "   Source p[]")},
		"asof, right copied":                                {spread, copied, `{"op":"asof_join","inputs":[0,1],"left_on":"v","right_on":"j"}`, lines("AsofJoin p[]", " Source p[]", " Sort r[]", "  Source r[]")},
		"asof, left copied":                                 {copied, spread, `{"op":"asof_join","inputs":[0,1],"left_on":"v","right_on":"j"}`, lines("AsofJoin r[]", " Source r[]", " Sort r[]", "  all! r[]", "   Source p[]")},
		"asof, local":                                       {here, here, `{"op":"asof_join","inputs":[0,1],"left_on":"v","right_on":"j"}`, lines("AsofJoin l[]", " Source l[]", " Sort l[]", "  Source l[]")},
		"widths hash alike":                                 {`{"kind":"partitioned","keys":["j"]}`, `{"kind":"partitioned","keys":["j"]}`, joined("inner", "j"), lines("Join p[j]", " Project p[j]", "  Source p[j]", " Source p[j]")},
		"int meets float":                                   {`{"kind":"partitioned","keys":["v"]}`, `{"kind":"partitioned","keys":["w"]}`, `{"op":"join","inputs":[0,1],"how":"inner","left_on":["v"],"right_on":["w"]}`, lines("Join p[w]", " hash! p[v]", "  Project p[v]", "   Source p[v]", " Source p[w]")},
		"other names, left":                                 {spread, spread, `{"op":"join","inputs":[0,1],"how":"left","left_on":["v"],"right_on":["j"]}`, lines("Join p[v]", " hash! p[v]", "  Source p[]", " hash! p[j]", "  Source p[]")},
		"other names, right":                                {spread, spread, `{"op":"join","inputs":[0,1],"how":"right","left_on":["v"],"right_on":["j"]}`, lines("Join p[j_y]", " hash! p[v]", "  Source p[]", " hash! p[j]", "  Source p[]")},
		"other names, outer":                                {spread, spread, `{"op":"join","inputs":[0,1],"how":"outer","left_on":["v"],"right_on":["j"]}`, lines("Join p[]", " hash! p[v]", "  Source p[]", " hash! p[j]", "  Source p[]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, placed(t, test.a, test.b, test.join)) })
	}
}

func TestMergeThenGroupByOneKeyIsOneShuffle(t *testing.T) {
	for _, sort := range []string{"false", "true"} {
		got := placed(t, spread, spread, joined("inner", "k"),
			`{"op":"group","inputs":[2],"keys":["k"],"aggs":[{"name":"s","fn":"sum","column":"v"}],"sort":`+sort+`}`)
		require.Equal(t, 2, strings.Count(got, "hash!"), "each side moves once:\n%s", got)
		require.Contains(t, got, "Group p[k]\n", "no second phase:\n%s", got)
	}
}

func TestPlaceOthers(t *testing.T) {
	for name, test := range map[string]struct{ a, node, want string }{
		"group":                 {spread, `{"op":"group","inputs":[0],"keys":["k","j"],"aggs":[],"sort":false}`, lines("Final p[k j]", " hash! p", "  Partial p", "   Source p[]")},
		"group, ordered":        {spread, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[]}`, lines("Sort p[]", " Final p[]", "  range! p", "   Partial p", "    Source p[]")},
		"group by the key":      {byK, `{"op":"group","inputs":[0],"keys":["j","k"],"aggs":[],"sort":false}`, lines("Group p[k]", " Source p[k]")},
		"group, key and order":  {byK, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[]}`, lines("Sort p[]", " range! p[]", "  Group p[k]", "   Source p[k]")},
		"group, other key":      {byK, `{"op":"group","inputs":[0],"keys":["j"],"aggs":[],"sort":false}`, lines("Final p[j]", " hash! p", "  Partial p", "   Source p[k]")},
		"group, copied":         {copied, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[],"sort":false}`, lines("Group r[]", " Source r[]")},
		"sort":                  {byK, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`, lines("Sort p[]", " range! p[]", "  Source p[k]")},
		"sort, local":           {here, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`, lines("Sort l[]", " Source l[]")},
		"filter keeps keys":     {byK, `{"op":"filter","inputs":[0],"predicate":{"fn":"is_null","args":[{"col":"v"}]}}`, lines("Filter p[k]", " Source p[k]")},
		"project keeps keys":    {byK, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"col":"k"}}]}`, lines("Project p[x]", " Source p[k]")},
		"project loses keys":    {byK, `{"op":"project","inputs":[0],"columns":[{"name":"k","expr":{"col":"v"}}]}`, lines("Project p[]", " Source p[k]")},
		"a wider key":           {`{"kind":"partitioned","keys":["j"]}`, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"j"}],"type":"int64"}}]}`, lines("Project p[x]", " Source p[j]")},
		"a narrower integer":    {byK, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"k"}],"type":"int32"}}]}`, lines("Project p[x]", " Source p[k]")},
		"a float of a key":      {byK, `{"op":"project","inputs":[0],"columns":[{"name":"x","expr":{"fn":"cast","args":[{"col":"k"}],"type":"double"}}]}`, lines("Project p[]", " Source p[k]")},
		"shuffle":               {spread, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, lines("hash! p[k]", " Source p[]")},
		"shuffled already":      {byK, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, lines("Source p[k]")},
		"shuffle, copied":       {copied, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, lines("own hash! p[k]", " Source r[]")},
		"shuffle, local share":  {here, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, lines("hash! p[k]", " Source p[]")},
		"repartition":           {byK, `{"op":"repartition","inputs":[0]}`, lines("even! p[]", " Source p[k]")},
		"replicate":             {byK, `{"op":"replicate","inputs":[0]}`, lines("all! r[]", " Source p[k]")},
		"replicated already":    {copied, `{"op":"replicate","inputs":[0]}`, lines("Source r[]")},
		"gather":                {spread, `{"op":"gather","inputs":[0],"root":3}`, lines("root! p[]", " Source p[]")},
		"concat":                {byK, `{"op":"concat","inputs":[0,0]}`, lines("Concat p[k]", " Source p[k]", " Source p[k]")},
		"slice of a share":      {byK, `{"op":"slice","inputs":[0],"offset":1,"length":2}`, lines("Slice p[k]", " Source p[k]")},
		"self join, moved once": {spread, `{"op":"join","inputs":[0,0],"left_on":["k"],"right_on":["k"]}`, lines("Join p[k]", " hash! p[k]", "  Source p[]", " hash! p[k]", "  Source p[]")},
	} {
		t.Run(name, func(t *testing.T) {
			b := byK
			if test.a == here {
				b = here
			}
			require.Equal(t, test.want, placed(t, test.a, b, test.node))
		})
	}
}

// Values that a narrower float holds alike may lie on several ranks.
func TestANarrowerFloatOfAKeyIsNoKey(t *testing.T) {
	text := nodes(1, `{"kind":"partitioned","keys":["w"]}`, `{"op":"project","inputs":[0],"columns":[{"name":"w","expr":{"fn":"cast","args":[{"col":"w"}],"type":"%s"}}]}`,
		`{"op":"group","inputs":[1],"keys":["w"],"aggs":[],"sort":false}`)
	for _, test := range []struct{ from, to, want string }{
		{"double", "float", lines("Final p[w]", " hash! p", "  Partial p", "   Project p[]", "    Source p[w]")},
		{"float", "double", lines("Group p[w]", " Project p[w]", "  Source p[w]")},
	} {
		program, err := bind(t, fmt.Sprintf(text, test.to), schema(t, "w "+test.from))
		require.NoError(t, err)
		program, err = Place(program, 4)
		require.NoError(t, err)
		require.Equal(t, test.want, program.text())
	}
}

func TestOneExchangeForTwoConsumers(t *testing.T) {
	program, err := bind(t, nodes(1, spread, `{"op":"join","inputs":[0,0],"left_on":["k"],"right_on":["k"]}`), schema(t, "k int64, v int64"))
	require.NoError(t, err)
	program, err = Place(program, 2)
	require.NoError(t, err)
	require.Equal(t, program.Steps[program.Root].Inputs[0], program.Steps[program.Root].Inputs[1])
}

func TestConcatOfCopiedAndApart(t *testing.T) {
	text := `{"nodes":[{"op":"table","table":0,"placement":` + copied + `},{"op":"table","table":1,"placement":` + byK + `},{"op":"concat","inputs":[0,1]}]}`
	program, err := bind(t, text, schema(t, "k int64"), schema(t, "k int64"))
	require.NoError(t, err)
	program, err = Place(program, 4)
	require.NoError(t, err)
	require.Equal(t, lines("Concat p[]", " own even! p[]", "  Source r[]", " Source p[k]"), program.text())
}

func TestNothingMovesInAWorldOfOne(t *testing.T) {
	for _, node := range []string{`{"op":"shuffle","inputs":[0],"keys":["k"]}`, `{"op":"repartition","inputs":[0]}`, `{"op":"gather","inputs":[0]}`,
		`{"op":"replicate","inputs":[0]}`, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`} {
		program, err := bind(t, nodes(1, spread, node), schema(t, "k int64"))
		require.NoError(t, err)
		program, err = Place(program, 1)
		require.NoError(t, err)
		require.NotContains(t, program.text(), "!")
	}
}

func TestPlaceRefuses(t *testing.T) {
	for node, code := range map[string]status.Code{
		`{"op":"gather","inputs":[0],"root":4}`:  status.Invalid,
		`{"op":"take","inputs":[0],"indices":0}`: status.Unsupported,
	} {
		program, err := bind(t, nodes(1, spread, node), schema(t, "k int64"))
		require.NoError(t, err)
		_, err = Place(program, 4)
		require.Equal(t, code, status.CodeOf(err))
	}
}

func TestCollective(t *testing.T) {
	for text, want := range map[string]bool{
		nodes(1, here): false, nodes(1, copied): false, nodes(1, spread): true,
		nodes(1, here, `{"op":"shuffle","inputs":[0],"keys":["k"]}`):                true,
		`{"nodes":[{"op":"scan_csv","path":"a","share":"all","options":{}}]}`:       false,
		`{"nodes":[{"op":"scan_csv","path":"a","share":"replicate","options":{}}]}`: false,
		`{"nodes":[{"op":"scan_csv","path":"a","share":"slice","options":{}}]}`:     true,
	} {
		p, err := Parse([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, p.Collective(), text)
	}
}

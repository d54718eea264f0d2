package plan

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func windowOf(keys, functions string) string {
	return fmt.Sprintf(`{"op":"window","inputs":[0],%s"functions":[%s]}`, keys, functions)
}

func TestWindowTypes(t *testing.T) {
	const functions = `{"name":"row","fn":"row_number"},{"name":"pct","fn":"percent_rank"},{"name":"before","fn":"lag","column":"s"},
		{"name":"sum","fn":"sum","column":"i"},{"name":"usum","fn":"sum","column":"u"},{"name":"fsum","fn":"sum","column":"f"},{"name":"mean","fn":"mean","column":"b"},
		{"name":"least","fn":"min","column":"when"},{"name":"n","fn":"count"},{"name":"sd","fn":"std","column":"f"}`
	program, err := bind(t, nodes(1, here, windowOf(`"partition":["s"],`, functions)), schema(t, "s utf8, i int8, u uint16, f float, b bool, when date32"))
	require.NoError(t, err)
	require.Equal(t, "s utf8, i int8, u uint16, f float, b bool, when date32, row int64, pct double, before utf8, sum int64, usum uint64, fsum double, mean double, least date32, n int64, sd double",
		columnsOf(program.Steps[program.Root].Schema))
}

func TestWindowRefuses(t *testing.T) {
	for _, test := range []struct {
		keys, functions string
		code            status.Code
		want            string
	}{
		{"", "", status.Invalid, "it has no functions"},
		{"", `{"name":"x","fn":"mode","column":"v"}`, status.Invalid, `window function "mode" isn't known: count, cume_dist`},
		{"", `{"name":"x","fn":"lag"}`, status.Invalid, "lag has no column"},
		{"", `{"name":"x","fn":"rank","column":"v"}`, status.Invalid, "rank takes no column"},
		{"", `{"name":"x","fn":"row_number","skip_nulls":true}`, status.Invalid, "row_number has no column"},
		{"", `{"name":"x","fn":"ntile"}`, status.Invalid, "ntile of 0 buckets"},
		{"", `{"name":"x","fn":"prod","column":"v","frame":{"start":-1}}`, status.Invalid, "don't begin with their partition"},
		{"", `{"name":"x","fn":"sum","column":"v","min_periods":-1}`, status.Invalid, "min_periods is -1"},
		{`"na_position":"middle",`, `{"name":"x","fn":"row_number"}`, status.Invalid, "na_position"},
		{"", `{"name":"x","fn":"sum","column":"s"}`, status.TypeMismatch, `sum of column "s", which is utf8: cast it first`},
		{"", `{"name":"x","fn":"mean","column":"when"}`, status.TypeMismatch, `mean of column "when"`},
		{"", `{"name":"v","fn":"row_number"}`, status.Invalid, `two columns are called "v"`},
		{`"partition":["vv"],`, `{"name":"x","fn":"row_number"}`, status.NotFound, `Did you mean "v"?`},
		{`"order":[{"column":"o"}],`, `{"name":"x","fn":"row_number"}`, status.NotFound, `there is no column "o"`},
		{"", `{"name":"x","fn":"max","column":"z"}`, status.NotFound, `there is no column "z"`},
	} {
		text := nodes(1, here, windowOf(test.keys, test.functions))
		_, err := Parse([]byte(text))
		if err == nil {
			_, err = bind(t, text, schema(t, "s utf8, v int64, when date32"))
		}
		require.ErrorContains(t, err, test.want)
		require.Equal(t, test.code, status.CodeOf(err), "%v", err)
	}
}

func TestPlaceWindow(t *testing.T) {
	const row = `{"name":"x","fn":"lag","column":"v"}`
	for name, test := range map[string]struct{ a, keys, want string }{
		"partitions apart": {spread, `"partition":["k"],`, lines("Restore p[]", " Source p[]", " Project p[]", "  Window p[]", "   hash! p[k]", "    Number p[]", "     Project p[]", "      Source p[]")},
		"by the key":       {byK, `"partition":["j","k"],`, lines("Window p[k]", " Source p[k]")},
		"by another key":   {byK, `"partition":["j"],`, lines("Restore p[k]", " Source p[k]", " Project p[]", "  Window p[]", "   hash! p[j]", "    Number p[]", "     Project p[]", "      Source p[k]")},
		"no partitions":    {spread, ``, lines("Restore p[]", " Source p[]", " Project p[]", "  Window p[]", "   root! p[]", "    Number p[]", "     Project p[]", "      Source p[]")},
		"local":            {here, ``, lines("Window l[]", " Source l[]")},
		"replicated":       {copied, `"partition":["k"],`, lines("Window r[]", " Source r[]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, placed(t, test.a, test.a, windowOf(test.keys, row))) })
	}
}

func TestOptimizeWindow(t *testing.T) {
	const functions = `{"name":"sum","fn":"sum","column":"n"},{"name":"before","fn":"lag","column":"s"},{"name":"row","fn":"row_number"}`
	node := windowOf(`"partition":["k"],"order":[{"column":"v","ascending":true}],`, functions)
	for name, test := range map[string]struct {
		rest []string
		want string
	}{
		"functions that nobody reads": {[]string{node, selected("2", "sum")},
			lines("project sum [sum]", " window sum by k in order of v [k n v sum]", "  project k, n, v [k n v]", "   source table [k n v s]")},
		"a filter of partitions": {[]string{node, filterOf("2", overK), selected("3", "row")},
			lines("project row [row]", " window row_number by k in order of v [k v row]", "  filter (k > ?) [k v]", "   project k, v [k v]", "    source table [k n v s]")},
		"a filter of rows stays": {[]string{node, filterOf("2", overN), selected("3", "before")},
			lines("filter (n > ?) [before]", " project n, before [n before]", "  window lag by k in order of v [k n v s before]", "   source table [k n v s]")},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, optimized(t, test.rest...).tree()) })
	}
}

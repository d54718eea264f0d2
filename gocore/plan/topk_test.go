package plan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFirstRowsOfASort(t *testing.T) {
	const sort = `{"op":"sort","inputs":[0],"keys":[{"column":"n"},{"column":"s","ascending":true}]}`
	for name, test := range map[string]struct {
		rest []string
		want string
	}{
		"head":              {[]string{sort, `{"op":"slice","inputs":[2],"offset":2,"length":5}`}, "top k 7 by n desc, s"},
		"of some columns":   {[]string{sort, selected("2", "v"), `{"op":"slice","inputs":[3],"length":5}`}, "top k 5 by n desc, s"},
		"tail":              {[]string{sort, `{"op":"slice","inputs":[2],"offset":-5}`}, ""},
		"rest":              {[]string{sort, `{"op":"slice","inputs":[2],"offset":5}`}, ""},
		"none":              {[]string{sort, `{"op":"slice","inputs":[2],"length":0}`}, ""},
		"many":              {[]string{sort, `{"op":"slice","inputs":[2],"length":1000000}`}, ""},
		"read by others":    {[]string{sort, `{"op":"slice","inputs":[2],"length":5}`, `{"op":"concat","inputs":[2,3]}`}, ""},
		"filtered between":  {[]string{sort, filterOf("2", is("gt", col_("v"), lit)), `{"op":"slice","inputs":[3],"length":5}`}, "top k 5 by n desc, s"},
		"without an order":  {[]string{`{"op":"slice","inputs":[0],"length":5}`}, ""},
		"sliced in between": {[]string{sort, `{"op":"slice","inputs":[2],"offset":5}`, `{"op":"slice","inputs":[3],"length":5}`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tree := optimized(t, test.rest...).tree()
			if test.want == "" {
				require.NotContains(t, tree, "top k")
				return
			}
			require.Contains(t, tree, test.want)
			require.Less(t, strings.Index(tree, "sort by"), strings.Index(tree, "top k"), "the sort reads it")
		})
	}
}

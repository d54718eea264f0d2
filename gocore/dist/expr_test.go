package dist_test

import (
	"testing"

	"github.com/pycylon/pycylon/gocore/internal/leak"
)

// Expressions look at a row by itself, so that rows stay where they are: keys that a projection only renames still place
// them, and values among which others are looked up are the same on all ranks.
func TestExpressionsObeyTheLaw(t *testing.T) {
	leak.Check(t)
	project := `{"op":"project","inputs":[0],"columns":[
		{"name":"key","expr":{"col":"k"}},
		{"name":"sum","expr":{"fn":"add","args":[{"fn":"mul","args":[{"col":"v"},{"lit":[1,"n"]}]},{"col":"id"}]}},
		{"name":"ratio","expr":{"fn":"truediv","args":[{"col":"f"},{"col":"v"}]}},
		{"name":"among","expr":{"fn":"is_in","args":[{"col":"s"},{"set":[1,"s"]}]}},
		{"name":"text","expr":{"fn":"str_upper","args":[{"fn":"add","args":[{"col":"s"},{"lit":[1,"s"]}]}]}},
		{"name":"chosen","expr":{"fn":"if_else","args":[{"fn":"gt","args":[{"col":"f"},{"lit":[1,"n"]}]},{"col":"f"},{"col":"c"}]}},
		{"name":"filled","expr":{"fn":"coalesce","args":[{"col":"k"},{"col":"id"}]}}]}`
	filter := `{"op":"filter","inputs":[1],"predicate":{"fn":"or","args":[
		{"fn":"is_null","args":[{"col":"ratio"}]},
		{"fn":"str_contains","args":[{"col":"text"}],"options":{"pattern":"LONG.*[12]|^B","regex":true}}]}}`
	group := `{"op":"group","inputs":[2],"keys":["key"],"aggs":[{"name":"total","fn":"sum","column":"sum"},{"name":"n","fn":"count","column":"text"}]}`
	for name, rows := range shapes {
		t.Run(name, func(t *testing.T) {
			parts := randomParts(11, rows)
			for r := range parts {
				parts[r][1] = part{"n int8, s utf8", [][]any{{2, "a"}, {nil, "the long text number 1"}, {nil, nil}, {nil, "bb"}}}
			}
			requireLaw(t, nodes(tableA, project), true, parts)
			requireLaw(t, nodes(tableA, project, filter), true, parts)
			requireLaw(t, nodes(tableA, project, filter, group), true, parts)
		})
	}
}

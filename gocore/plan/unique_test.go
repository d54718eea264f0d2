package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestRowsToldApart(t *testing.T) {
	for node, want := range map[string]string{
		`{"op":"unique","inputs":[0],"keys":[]}`:                                 `no columns to tell rows apart by`,
		`{"op":"unique","inputs":[0],"keys":["c"]}`:                              `drop_duplicates: there is no column "c"`,
		`{"op":"setop","inputs":[0,1],"kind":"intersect"}`:                       `column 1 is "b" in one and "c" in the other`,
		`{"op":"unique","inputs":[0],"keep":"any"}`:                              `keep is "any": give one of first, last, none`,
		`{"op":"setop","inputs":[0,0],"kind":"union"}`:                           `kind is "union": give one of intersect, subtract`,
		`{"op":"concat","inputs":[0,1],"join":"left"}`:                           `join is "left": give one of outer, inner`,
		`{"op":"sort","inputs":[0],"keys":[{"column":"a","na_position":"top"}]}`: `na_position is "top"`,
		`{"op":"unique","inputs":[0],"keys":["b","b"]}`:                          `key "b" is given twice`,
	} {
		text := nodes(2, here, node)
		p, err := Parse([]byte(text))
		if err == nil {
			_, err = bind(t, text, schema(t, "a int64, b utf8"), schema(t, "a int32, c utf8"))
		}
		require.ErrorContains(t, err, want)
		require.NotEqual(t, status.Internal, status.CodeOf(err), "%v", p)
	}
	program, err := bind(t, nodes(2, here, `{"op":"unique","inputs":[0],"mark":"again"}`, `{"op":"setop","inputs":[0,1],"kind":"subtract"}`),
		schema(t, "a int64, b utf8"), schema(t, "a double, b null"))
	require.NoError(t, err)
	require.Equal(t, "a double, b utf8", columnsOf(program.Steps[program.Root].Schema))
}

package plan

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestExplode(t *testing.T) {
	s := schema(t, "k int64, l list<int64>, m large_list<struct<a: utf8>>")
	program, err := bind(t, nodes(1, here, `{"op":"explode","inputs":[0],"columns":["m","l"]}`), s)
	require.NoError(t, err)
	require.Equal(t, "k int64, l int64, m struct<a: utf8>", columnsOf(program.Steps[program.Root].Schema))
	_, err = bind(t, nodes(1, here, `{"op":"explode","inputs":[0],"columns":["k"]}`), s)
	require.Equal(t, status.TypeMismatch, status.CodeOf(err))
	require.ErrorContains(t, err, `column "k" is int64, not lists`)
	_, err = bind(t, nodes(1, here, `{"op":"explode","inputs":[0],"columns":["x"]}`), s)
	require.Equal(t, status.NotFound, status.CodeOf(err))
	_, err = Parse([]byte(nodes(1, here, `{"op":"explode","inputs":[0],"columns":[]}`)))
	require.ErrorContains(t, err, "it has no columns")
}

func TestOptimizeExplode(t *testing.T) {
	s := schema(t, "k int64, n int64, l list<int64>, x double")
	for _, test := range []struct{ filter, want string }{
		{is("gt", col_("k"), col_("n")), lines("explode l [l]", " filter (k > n) [l]", "  project k, n, l [k n l]", "   source table [k n l x]")},
		{is("gt", col_("k"), col_("l")), lines("filter (k > l) [l]", " explode l [k l]", "  project k, l [k l]", "   source table [k n l x]")},
	} {
		program, err := bind(t, nodes(1, here, `{"op":"explode","inputs":[0],"columns":["l"]}`, filterOf("1", test.filter), selected("2", "l")), s)
		require.NoError(t, err)
		require.Equal(t, test.want, Optimize(program).tree())
	}
}

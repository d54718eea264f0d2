package optest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

const all = "b bool, i int16, u uint64, f float32, s utf8, t timestamp[us, tz=UTC], n null"

// What goes in comes out, in every variation.
func TestIdentity(t *testing.T) {
	views := func(q *exec.Query, in []exec.Source) (exec.Source, error) { return in[0], nil }
	rows := [][]any{{true, -5, uint64(math.MaxUint64), 1.5, "", 1, nil}, {nil, nil, nil, nil, nil, nil, nil},
		{false, 7, 3, math.NaN(), "longer than twelve characters", -1, nil}}
	for _, v := range variations {
		if v.layout != column.Views {
			continue // an operator has to make views; this one doesn't
		}
		c := Case{Inputs: []Input{{all, rows}}, Run: views, Want: rows, Ordered: true}
		c.check(t, v)
		c.Model, c.Want = func(in [][][]any) [][]any { return in[0] }, nil
		v.nulls = 2
		c.check(t, v)
	}
}

func TestRandomRows(t *testing.T) {
	require.Equal(t, RandomRows(t, 1, all, 50, 10), RandomRows(t, 1, all, 50, 10))
	require.NotEqual(t, RandomRows(t, 1, all, 50, 10), RandomRows(t, 2, all, 50, 10))
}

func TestSprinkle(t *testing.T) {
	rows := [][]any{{1, 2}, {3, 4}}
	require.Equal(t, [][]any{{nil, nil}, {nil, nil}}, sprinkle(rows, 1, 0))
	require.Equal(t, [][]any{{1, nil}, {3, nil}}, sprinkle(rows, 2, 0))
	require.Equal(t, [][]any{{1, 2}, {3, 4}}, rows, "the input stays as it is")
}

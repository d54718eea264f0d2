package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runGroup is a Case's Run for spec.
func runGroup(t *testing.T, spec GroupSpec, columns string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		g, err := NewGroup(spec, optest.Schema(t, columns))
		require.NoError(t, err)
		g.spread = groupSpread
		return q.Run(in[0], nil, g)
	}
}

var everyAgg = []AggFn{Sum, Min, Max, Count, Mean}

func aggsOf(column int, fns ...AggFn) []Agg {
	var aggs []Agg
	for _, fn := range fns {
		aggs = append(aggs, Agg{fn, column})
	}
	return aggs
}

func TestGroup(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, v int64"
	rows := [][]any{{1, 10}, {2, -5}, {1, 20}, {3, nil}, {nil, 7}, {2, 5}, {1, nil}, {nil, 1}}
	optest.Run(t,
		optest.Case{
			Name: "null keys dropped", Inputs: []optest.Input{{Columns: columns, Rows: rows}},
			Run:  runGroup(t, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, everyAgg...), DropNull: true}, columns),
			Want: [][]any{{1, 30, 10, 20, 2, 15.0}, {2, 0, -5, 5, 2, 0.0}, {3, 0, nil, nil, 0, nil}},
		},
		optest.Case{
			Name: "null keys kept", Inputs: []optest.Input{{Columns: columns, Rows: rows}},
			Run:  runGroup(t, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, everyAgg...)}, columns),
			Want: [][]any{{1, 30, 10, 20, 2, 15.0}, {2, 0, -5, 5, 2, 0.0}, {3, 0, nil, nil, 0, nil}, {nil, 8, 1, 7, 2, 4.0}},
		},
	)
}

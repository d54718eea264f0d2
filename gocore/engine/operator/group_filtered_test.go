package operator

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/expr"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// Rows that a filter has chosen reach a group-by as they lie in their batch: the groups are those of the rows alone.
func TestGroupOfFilteredRows(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, i int32, s utf8, v int64, u uint64, f float64, b bool"
	schema := optest.Schema(t, columns)
	aggs := append(aggsOf(3, Sum, Mean, Min, Count, First, Last), aggsOf(4, Sum, Max)...)
	aggs = append(append(aggs, aggsOf(5, Sum, Mean, Max, Size)...), append(aggsOf(6, Any), aggsOf(2, Min)...)...)
	same := program(t, schema, func(b *expr.Builder) []expr.Node {
		var columns []expr.Node
		for i := range schema.NumFields() - 1 {
			columns = append(columns, inputColumn(t, b, i))
		}
		return append(columns, calls(t, b, "not", calls(t, b, "not", inputColumn(t, b, schema.NumFields()-1))))
	})
	for _, limit := range []int{-100, 0, 100} {
		filter, err := NewFilter([]*expr.Program{program(t, schema, func(b *expr.Builder) []expr.Node {
			return []expr.Node{calls(t, b, "lt", inputColumn(t, b, 3), literal(t, b, "int64", limit))}
		})}, nil)
		require.NoError(t, err)
		for _, keys := range [][]int{{0}, {1}, {2, 1, 0}, {5}, nil} {
			for _, dropNull := range []bool{true, false} {
				spec := GroupSpec{Keys: keys, Aggs: aggs, DropNull: dropNull}
				states := spec // which are written, rather than rows
				states.Aggs = append(aggsOf(5, Sum, Mean), aggsOf(3, Max)...)
				model := func(spec GroupSpec) func(in [][][]any) [][]any {
					return func(in [][][]any) [][]any {
						var rows [][]any
						for _, row := range in[0] {
							if row[3] != nil && row[3].(int) < limit {
								rows = append(rows, row)
							}
						}
						return groupModel(spec, columns, rows)
					}
				}
				run := func(spec GroupSpec) func(q *exec.Query, in []exec.Source) (exec.Source, error) {
					return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
						g, err := NewSpillingGroup(spec, schema)
						require.NoError(t, err)
						return q.Run(in[0], []exec.Transform{filter, &Project{firstColumns(schema.NumFields())},
							&Compute{Program: same, NeverFails: !dropNull}}, g)
					}
				}
				for i, spec := range []GroupSpec{spec, states} {
					c := optest.Case{Name: fmt.Sprintf("below %d by %v, drop=%t, %d", limit, keys, dropNull, i),
						Inputs: []optest.Input{{Columns: columns, Rows: optest.RandomRows(t, 7, columns, 60, 12)}},
						Run:    run(spec), Model: model(spec)}
					if limit > -100 { // otherwise there is nothing to write
						c.Spilling = run(spec)
					}
					optest.Run(t, c)
				}
			}
		}
	}
}

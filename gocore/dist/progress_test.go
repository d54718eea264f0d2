package dist_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/dist"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
	"github.com/pycylon/pycylon/gocore/plan"
)

// What a step has read is counted at the beginning of its pipelines, and where rows are known beforehand, so is the
// total: the gauge shows it when the plan has ended, too.
func TestGaugeCountsWhatTheLastStepRead(t *testing.T) {
	leak.Check(t)
	const source, positive = `{"op":"table","table":0}`, `{"fn":"gt","args":[{"col":"k"},{"lit":[1,"k"]}]}`
	tests := []struct {
		name, plan string
		want       dist.Progress
	}{
		{"table", source, dist.Progress{Step: "result", Rows: 4, RowsTotal: 4}},
		{"filter", source + `,{"op":"filter","inputs":[0],"predicate":` + positive + `}`,
			dist.Progress{Step: "filter", Rows: 4, RowsTotal: 4}},
		{"sort of a filter", source + `,{"op":"filter","inputs":[0],"predicate":` + positive + `},
			{"op":"sort","inputs":[1],"keys":[{"column":"k","ascending":true}]}`,
			dist.Progress{Step: "result", Rows: 3, RowsTotal: 3}},
		{"groups", source + `,{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"k"}],"sort":false}`,
			dist.Progress{Step: "result", Rows: 3}},
		{"filter of what is read twice", source + `,{"op":"concat","inputs":[0,0]},{"op":"filter","inputs":[1],"predicate":` + positive + `}`,
			dist.Progress{Step: "result", Rows: 6, RowsTotal: 6}}, // the filter is in front of the concat
		{"projection of a join", source + `,{"op":"join","inputs":[0,0],"how":"inner","left_on":["k"],"right_on":["k"],"suffixes":["_x","_y"]},
			{"op":"project","inputs":[1],"columns":[{"name":"x","expr":{"col":"k"}}]}`,
			dist.Progress{Step: "project", Rows: 6}},
	}
	columns := "k int64"
	rows := table.New(optest.Schema(t, columns), []*table.Batch{optest.Batch(t, columns, []any{1}, []any{2}, []any{3}, []any{3})})
	defer rows.Release()
	one := table.New(optest.Schema(t, columns), []*table.Batch{optest.Batch(t, columns, []any{1})})
	defer one.Release()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := plan.Parse([]byte(nodes(test.plan)))
			require.NoError(t, err)
			var gauge dist.Gauge
			require.Zero(t, gauge.Read())
			result, err := dist.Run(context.Background(), exec.Machine{Pool: exec.NewPool(2), Budget: memory.NewBudget(0)}, dist.World{Size: 1, Gauge: &gauge},
				p, []*table.Table{rows, one})
			require.NoError(t, err)
			result.Table.Release()
			require.Equal(t, test.want, gauge.Read())
			gauge.Enter("waiting")
			require.Equal(t, dist.Progress{Step: "waiting"}, gauge.Read())
		})
	}
}

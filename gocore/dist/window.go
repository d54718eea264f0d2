package dist

import (
	"math"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

var windowFns = map[string]operator.WindowFn{"row_number": operator.WindowRowNumber, "rank": operator.WindowRank,
	"rank_max": operator.WindowRankMax, "rank_average": operator.WindowRankAverage, "dense_rank": operator.WindowDenseRank,
	"percent_rank": operator.WindowPercentRank, "cume_dist": operator.WindowCumeDist, "ntile": operator.WindowNTile,
	"lag": operator.WindowLag, "lead": operator.WindowLag, "first": operator.WindowFirst, "last": operator.WindowLast,
	"min": operator.WindowMin, "max": operator.WindowMax, "count": operator.WindowCount, "sum": operator.WindowSum,
	"mean": operator.WindowMean, "prod": operator.WindowProduct, "var": operator.WindowVar, "std": operator.WindowStd}

// window computes window functions of this rank's rows.
func (l *lowerer) window(q *exec.Query, step *plan.Step, op *plan.WindowOp, in stream) (stream, error) {
	spec := operator.WindowSpec{Partition: op.Partition, Order: sortKeys(op.Order), DropNull: op.DropNull}
	for _, f := range op.Functions {
		spec.Functions = append(spec.Functions, operator.WindowFunction{Fn: windowFns[f.Fn], Column: f.Column, Frame: frameOf(f.Frame),
			MinPeriods: f.MinPeriods, IgnoreNull: f.IgnoreNull, SkipNull: f.SkipNull, Param: windowParam(f)})
	}
	sink, err := operator.NewSpillingWindow(spec, in.schema)
	if err != nil {
		return stream{}, err
	}
	return into(q, in, sink, step.Schema)
}

func frameOf(f plan.WindowFrame) operator.WindowFrame {
	out := operator.WindowFrame{Start: operator.FromFirst, End: operator.ToLast, Range: f.Range, OpenStart: f.OpenStart, OpenEnd: f.OpenEnd}
	if f.Start != nil {
		out.Start = *f.Start
	}
	if f.End != nil {
		out.End = *f.End
	}
	return out
}

func windowParam(f plan.BoundWindowFunction) int64 {
	switch f.Fn {
	case "lag":
		return f.Offset
	case "lead":
		return -max(f.Offset, -math.MaxInt64)
	case "ntile":
		return f.Buckets
	}
	return f.DDof
}

package dist

import (
	"math"
	"slices"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

// sides runs both inputs of a join into its sinks. The one that seems much smaller goes first, and its keys then keep rows
// of the other from coming so far, where rows without a match don't matter.
func (l *lowerer) sides(q *exec.Query, step *plan.Step, spec *operator.JoinSpec, in []stream, sinks [2]exec.Sink) error {
	keys := [2][]int{spec.LeftKeys, spec.RightKeys}
	first := l.smaller(step, spec)
	if first < 0 {
		for i, sink := range sinks {
			if _, err := run(q, in[i], sink); err != nil {
				return err
			}
		}
		return nil
	}
	second := 1 - first
	kinds := make([]column.Kind, len(keys[first]))
	for i, k := range keys[first] {
		kinds[i], _ = column.KindOf(in[first].schema.Field(k).Type)
	}
	tap := operator.NewKeyTap(keys[first], kinds)
	if _, err := run(q, in[first].through(tap, in[first].schema), sinks[first]); err != nil {
		return err
	}
	rest := in[second]
	if filter := tap.Filter(q, keys[second]); filter != nil {
		defer filter.Release()
		rest = rest.through(filter, rest.schema)
	}
	_, err := run(q, rest, sinks[second])
	return err
}

// smaller returns the side of a join that is worth a filter of the other's rows; -1 for none. In a world of several ranks
// both sides are in flight already.
func (l *lowerer) smaller(step *plan.Step, spec *operator.JoinSpec) int {
	if l.world.Size > 1 || len(spec.LeftKeys) == 0 || spec.Asof != nil {
		return -1
	}
	left, right := l.estimate(step.Inputs[0]), l.estimate(step.Inputs[1])
	switch {
	case right <= left/2 && slices.Contains(dropsLeft, spec.How) && !spec.UniqueLeft:
		return 1
	case left <= right/2 && slices.Contains(dropsRight, spec.How) && !spec.UniqueRight:
		return 0
	}
	return -1
}

// The joins whose results have no rows of a side that match none of the other.
var (
	dropsLeft  = []operator.JoinHow{operator.JoinInner, operator.JoinRight, operator.JoinSemi}
	dropsRight = []operator.JoinHow{operator.JoinInner, operator.JoinLeft, operator.JoinSemi, operator.JoinAnti}
)

// estimate guesses how many rows a step makes, by what it does to how many: only to tell large inputs from small ones.
func (l *lowerer) estimate(at int) int64 {
	step := &l.program.Steps[at]
	var in []int64
	for _, i := range step.Inputs {
		in = append(in, l.estimate(i))
	}
	switch op := step.Op.(type) {
	case *plan.SourceOp:
		if op.Arg >= 0 {
			return int64(l.args[op.Arg].Rows)
		}
		return math.MaxInt32 // of a file
	case *plan.FilterOp:
		return in[0] / 4
	case *plan.GroupOp:
		if len(op.Keys) == 0 {
			return 1
		}
		return in[0] / 4
	case *plan.SliceOp:
		if op.Length >= 0 {
			return min(in[0], op.Length)
		}
	case *plan.JoinOp:
		if op.How == plan.Semi || op.How == plan.Anti {
			return in[0] / 2
		}
		return max(in[0], in[1]) / 2
	case *plan.ConcatOp:
		var sum int64
		for _, n := range in {
			sum += n
		}
		return sum
	}
	return in[0]
}

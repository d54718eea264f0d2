package dist

import (
	"math"
	"math/bits"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

var asofDirections = map[plan.AsofDirection]operator.AsofDirection{plan.AsofBackward: operator.AsofBackward,
	plan.AsofForward: operator.AsofForward, plan.AsofNearest: operator.AsofNearest}

func (l *lowerer) asofJoin(at int, op *plan.AsofJoinOp, in []stream) (stream, error) {
	spec := operator.JoinSpec{How: operator.JoinLeft, LeftKeys: op.LeftKeys, RightKeys: op.RightKeys, Output: joinColumns(op.Output)}
	spec.Asof = &operator.AsofSpec{LeftOn: op.LeftOn, RightOn: op.RightOn, Direction: asofDirections[op.Direction], Strict: op.Strict}
	if op.Tolerance != nil {
		if err := l.tolerance(op, spec.Asof); err != nil {
			return stream{}, err
		}
	}
	j, err := operator.NewJoin(spec, in[0].schema, in[1].schema)
	if err != nil {
		return stream{}, err
	}
	for i, sink := range []exec.Sink{j.Left(), j.Right()} {
		if _, err := run(l.q, in[i], sink); err != nil {
			return stream{}, err
		}
	}
	return l.joined(l.q, at, j)
}

// tolerance reads the literal that bounds an asof join.
func (l *lowerer) tolerance(op *plan.AsofJoinOp, spec *operator.AsofSpec) error {
	literal, err := l.valueOf(op.Tolerance)
	if err != nil {
		return err
	}
	spec.Limited = true
	if literal.Kind.IsFloat() {
		spec.FloatDistance = column.Of[float64](&literal)[0]
	} else {
		n := column.Of[int64](&literal)[0]
		spec.Distance, spec.FloatDistance = uint64(n), float64(n)
	}
	if literal.Nulls > 0 || !(spec.FloatDistance >= 0) {
		return status.Errorf(status.Invalid, "the tolerance is %s: give one that isn't negative", compute.Format(&literal, 0))
	}
	if op.Rate != nil {
		hi, lo := bits.Mul64(spec.Distance, op.Rate.Count)
		per := op.Rate.Seconds * 1e6
		if hi >= per {
			spec.Distance = math.MaxUint64
		} else {
			spec.Distance, _ = bits.Div64(hi, lo, per)
		}
	}
	return nil
}

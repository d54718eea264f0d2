package dist

import (
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/plan"
)

// operator returns the rows of one step, whose inputs are running or ready; a join makes them, with tests of their rows.
func (l *lowerer) operator(at int, step *plan.Step, in []stream, tests [][]test) (stream, error) {
	switch op := step.Op.(type) {
	case *plan.SourceOp:
		return l.source(step, op)
	case *plan.JoinOp:
		return l.join(at, op, tests)
	case *plan.AsofJoinOp:
		return l.asofJoin(at, op, in)
	case *plan.GroupOp:
		return l.group(l.spilling(at), step, op, in[0])
	case *plan.SortOp:
		sort := operator.NewSpillingSort(operator.SortSpec{Keys: sortKeys(op.Keys)}, step.Schema)
		return into(l.spilling(at), in[0], sort, step.Schema)
	case *plan.TopKOp:
		return in[0].through(operator.NewTopK(sortKeys(op.Keys), int(op.N), step.Schema), step.Schema), nil
	case *plan.ShuffleKeyOp:
		return l.shuffleKey(step, op, in[0])
	case *plan.FirstOp:
		return l.firstRows(step, op, in[0])
	case *plan.DrawOp:
		return l.draw(step, op, in[0])
	case *plan.UniqueOp:
		unique := operator.NewSpillingUnique(operator.UniqueSpec{Keys: op.Keys, Keep: keeps[op.Keep], Mark: op.Mark}, in[0].schema)
		return into(l.spilling(at), in[0], unique, step.Schema)
	case *plan.SetOpOp:
		return l.setOp(l.spilling(at), step, op, in)
	case *plan.ConcatOp:
		return l.concat(step, in)
	case *plan.FilterOp:
		return l.filter(step, op, in[0])
	case *plan.ProjectOp:
		return l.project(step, op, in[0])
	case *plan.TakeOp:
		return l.take(step, op, in[0])
	case *plan.SliceOp:
		return l.slice(step, op, in[0])
	case *plan.ExplodeOp:
		return in[0].through(&operator.Explode{Columns: op.Columns}, step.Schema), nil
	case *plan.WindowOp:
		return l.window(l.spilling(at), step, op, in[0])
	case *plan.NumberOp:
		return l.number(step, in[0])
	case *plan.RestoreOp:
		return l.restore(step, in, l.meters[at])
	case *plan.WriteOp:
		return l.write(step, op, in[0])
	case *plan.Exchange:
		return l.exchange(op, in[0], l.meters[at])
	}
	return stream{}, status.Errorf(status.Internal, "no operator runs a %T", step.Op)
}

// spilling returns the query for the operator of a step that may write to disk: the step's meter tells how much.
func (l *lowerer) spilling(at int) *exec.Query {
	if l.q.Spill == nil {
		return l.q
	}
	q := *l.q
	q.Spill = l.q.Spill.Within()
	l.meters[at].spilled = q.Spill
	return &q
}

var joinHows = map[plan.How]operator.JoinHow{plan.Inner: operator.JoinInner, plan.Left: operator.JoinLeft,
	plan.Right: operator.JoinRight, plan.Outer: operator.JoinOuter, plan.Semi: operator.JoinSemi, plan.Anti: operator.JoinAnti,
	plan.Cross: operator.JoinInner}

var joinSides = map[plan.Side]operator.JoinSide{plan.LeftSide: operator.FromLeft, plan.RightSide: operator.FromRight,
	plan.Coalesced: operator.Coalesced, plan.Indicator: operator.Indicator}

// joiner is a join of two inputs.
type joiner interface {
	Left() exec.Sink
	Right() exec.Sink
	Source(q *exec.Query) (exec.Source, error)
}

func (l *lowerer) join(at int, op *plan.JoinOp, tests [][]test) (stream, error) {
	spec := operator.JoinSpec{How: joinHows[op.How], LeftKeys: op.LeftKeys, RightKeys: op.RightKeys,
		UniqueLeft: op.UniqueLeft, UniqueRight: op.UniqueRight, Output: joinColumns(op.Output)}
	inputs := l.program.Steps[at].Inputs
	left, right := l.program.Steps[inputs[0]].Schema, l.program.Steps[inputs[1]].Schema
	var j joiner
	var err error
	if op.Algorithm == plan.SortJoin { // the sorts before it go to disk where they must
		spec.Algorithm = operator.JoinMerge
		j, err = operator.NewJoin(spec, left, right)
	} else {
		j, err = operator.NewSpillingJoin(spec, left, right)
	}
	if err != nil {
		return stream{}, err
	}
	q, err := l.sides(at, &spec, tests, [2]exec.Sink{j.Left(), j.Right()})
	if err != nil {
		return stream{}, err
	}
	return l.joined(q, at, j)
}

func joinColumns(output []plan.JoinColumn) []operator.JoinColumn {
	out := make([]operator.JoinColumn, len(output))
	for i, c := range output {
		out[i] = operator.JoinColumn{Side: joinSides[c.Side], Index: c.Index}
	}
	return out
}

// joined returns what a join makes of its sides.
func (l *lowerer) joined(q *exec.Query, at int, j joiner) (stream, error) {
	step := &l.program.Steps[at]
	made := stream{schema: step.Schema}
	err := alone(q, func() (err error) {
		if made.source, err = j.Source(q); err != nil {
			return err
		}
		return l.checkFits(at, made.source, step.Schema)
	})
	return made, err
}

var aggFns = map[string]operator.AggFn{"sum": operator.Sum, "min": operator.Min, "max": operator.Max, "count": operator.Count,
	"mean": operator.Mean, "size": operator.Size, "first": operator.First, "last": operator.Last, "any": operator.Any, "all": operator.All,
	"prod": operator.Product, "var": operator.Var, "std": operator.Std, "sem": operator.Sem, "cov": operator.Covariance, "corr": operator.Correlation,
	"quantile": operator.Quantile, "nunique": operator.NUnique, "list": operator.List, "nlargest": operator.Largest, "nsmallest": operator.Smallest}

var interpolations = map[plan.Interpolation]operator.Interpolation{"": operator.Linear, plan.Linear: operator.Linear,
	plan.Lower: operator.Lower, plan.Higher: operator.Higher, plan.Nearest: operator.Nearest, plan.Midpoint: operator.Midpoint}

var groupModes = map[plan.Phase]operator.GroupMode{plan.Complete: operator.Complete, plan.Partial: operator.Partial, plan.Final: operator.Final}

func (l *lowerer) group(q *exec.Query, step *plan.Step, op *plan.GroupOp, in stream) (stream, error) {
	spec := operator.GroupSpec{Keys: op.Keys, DropNull: op.DropNull, Mode: groupModes[op.Phase], Rows: op.Input}
	for _, a := range op.Aggs {
		spec.Aggs = append(spec.Aggs, operator.Agg{Fn: aggFns[a.Fn], Column: a.Column, Other: a.Other, DDof: a.DDof, Q: a.Q,
			Interpolation: interpolations[a.Interpolation], N: a.N, Decimal: a.Decimal})
	}
	if columns := nested(op); columns != nil {
		out, err := l.groupNested(q, spec, columns, in)
		if op.Phase != plan.Partial {
			out.schema = step.Schema
		}
		return out, err
	}
	schema := step.Schema
	if op.Phase == plan.Partial {
		var err error
		if schema, err = spec.StateSchema(op.Input); err != nil {
			return stream{}, err
		}
	}
	g, err := operator.NewSpillingGroup(spec, in.schema)
	if err != nil {
		return stream{}, err
	}
	return into(q, in, g, schema)
}

var keeps = map[plan.Keep]operator.Keep{plan.KeepFirst: operator.KeepFirst, plan.KeepLast: operator.KeepLast, plan.KeepNone: operator.KeepNone}

var setOpKinds = map[plan.SetKind]operator.SetOpKind{plan.Intersect: operator.Intersect, plan.Subtract: operator.Subtract}

func (l *lowerer) setOp(q *exec.Query, step *plan.Step, op *plan.SetOpOp, in []stream) (stream, error) {
	s := operator.NewSpillingSetOp(operator.SetOpSpec{Kind: setOpKinds[op.Kind], All: op.All}, step.Schema)
	for i, sink := range []exec.Sink{s.Left(), s.Right()} {
		if _, err := run(q, in[i], sink); err != nil {
			return stream{}, err
		}
	}
	source, err := s.Source(q)
	return stream{source: source, schema: step.Schema}, err
}

func sortKeys(keys []plan.BoundSortKey) []operator.SortKey {
	out := make([]operator.SortKey, len(keys))
	for i, k := range keys {
		out[i] = operator.SortKey{Column: k.Column, Descending: k.Descending, NullsFirst: k.NullsFirst}
	}
	return out
}

// concat collects its inputs, so that their batches are numbered one input after the other.
func (l *lowerer) concat(step *plan.Step, in []stream) (stream, error) {
	var all []*table.Batch
	for _, s := range in {
		batches, err := l.collect(s)
		if err != nil {
			return stream{}, err
		}
		all = append(all, batches...)
	}
	return scan(all, step.Schema), nil
}

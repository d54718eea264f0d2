package operator

import (
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// SpillingJoin is Join within a budget: see spill.go. Both sides are divided by the hash of their keys.
type SpillingJoin struct {
	join        *Join
	spec        JoinSpec // over the kept columns
	left, right *spillInput
}

// NewSpillingJoin returns the join of two inputs with the given schemas.
func NewSpillingJoin(spec JoinSpec, left, right *arrow.Schema) (*SpillingJoin, error) {
	join, err := NewJoin(spec, left, right)
	if err != nil {
		return nil, err
	}
	j := &SpillingJoin{join: join, spec: spec}
	leftColumns, rightColumns := slices.Clone(spec.LeftKeys), slices.Clone(spec.RightKeys)
	for _, c := range spec.Output {
		switch c.Side {
		case FromLeft:
			leftColumns = append(leftColumns, c.Index)
		case FromRight:
			rightColumns = append(rightColumns, c.Index)
		}
	}
	leftColumns, rightColumns = distinctInts(leftColumns), distinctInts(rightColumns)
	j.spec.LeftKeys, j.spec.RightKeys = within(leftColumns, spec.LeftKeys), within(rightColumns, spec.RightKeys)
	j.spec.Output = slices.Clone(spec.Output)
	for i, c := range spec.Output {
		switch c.Side {
		case FromLeft:
			j.spec.Output[i].Index = slices.Index(leftColumns, c.Index)
		case FromRight:
			j.spec.Output[i].Index = slices.Index(rightColumns, c.Index)
		}
	}
	j.left = newSpillInput(join.Left(), left, leftColumns, byHash(j.spec.LeftKeys))
	j.right = newSpillInput(join.Right(), right, rightColumns, byHash(j.spec.RightKeys))
	return j, nil
}

// distinctInts returns the values in ascending order, each once.
func distinctInts(values []int) []int {
	slices.Sort(values)
	return slices.Compact(values)
}

// within returns where each of some columns is among those that are kept.
func within(kept, columns []int) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = slices.Index(kept, c)
	}
	return out
}

// Left takes the left input.
func (j *SpillingJoin) Left() exec.Sink { return j.left }

// Right takes the right input.
func (j *SpillingJoin) Right() exec.Sink { return j.right }

// Source joins what both inputs were pushed, after both have finished, and returns the result. The caller holds no slot.
func (j *SpillingJoin) Source(q *exec.Query) (exec.Source, error) {
	if !spills(q) {
		return j.join.Source(q)
	}
	if !j.left.spilled() && !j.right.spilled() && fitsWhole(q, j.need()) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) {
			return j.run(part, j.spec, exec.NewScan(j.left.batches()), exec.NewScan(j.right.batches()))
		})
		if err == nil {
			j.left.release()
			j.right.release()
			return run.source, nil
		}
		if !refused(err) {
			return nil, err
		}
	}
	left, err := j.left.files(q)
	if err != nil {
		return nil, err
	}
	right, err := j.right.files(q)
	if err != nil {
		return nil, err
	}
	return newSpillSource(q, j.parts(left, right, 1, math.MaxInt64)), nil
}

// need returns about how many bytes the join in memory takes: a copy of both sides, a hash and a table's entry per row.
func (j *SpillingJoin) need() int64 {
	left, leftRows := j.left.width()
	right, rightRows := j.right.width()
	return left + right + 16*(leftRows+rightRows)
}

// partGroup is how many partitions of a part make a group: a part has less rows than an input that isn't divided.
const partGroup = 8 * minGroup

// run joins two sources in memory.
func (j *SpillingJoin) run(q *exec.Query, spec JoinSpec, left, right exec.Source) (exec.Source, error) {
	join, err := NewJoin(spec, j.left.schema, j.right.schema)
	if err != nil {
		return nil, err
	}
	join.limits.group = partGroup
	if _, err := q.Run(left, nil, join.Left()); err != nil {
		return nil, err
	}
	if _, err := q.Run(right, nil, join.Right()); err != nil {
		return nil, err
	}
	return join.Source(q)
}

// parts returns the phases that join parts pair by pair, into which so many rows have been divided for the level-th time.
func (j *SpillingJoin) parts(left, right []*spillFile, level int, rows int64) []spillPhase {
	phases := make([]spillPhase, len(left))
	for i := range left {
		l, r, level := left[i], right[i], level
		if undivided(l.Rows()+r.Rows(), rows) {
			level = spillLevels
		}
		phases[i] = func(q *exec.Query) (*spillRun, []spillPhase, error) { return j.part(q, l, r, level) }
	}
	return phases
}

// part joins two parts in memory, or divides them further; where that doesn't help, it joins pieces of them.
func (j *SpillingJoin) part(q *exec.Query, left, right *spillFile, level int) (*spillRun, []spillPhase, error) {
	if fits(q, memoryOf(left, right)) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) { return j.run(part, j.spec, left.all(), right.all()) })
		if err == nil {
			left.Close()
			right.Close()
		}
		if !refused(err) {
			return run, nil, err
		}
	}
	if level == spillLevels || len(j.spec.LeftKeys) == 0 {
		phases, err := j.pairs(q, left, right)
		return nil, phases, err
	}
	rows := left.Rows() + right.Rows()
	lefts, err := left.divide(q, &hashDivider{keys: j.spec.LeftKeys, level: level})
	if err != nil {
		return nil, nil, err
	}
	rights, err := right.divide(q, &hashDivider{keys: j.spec.RightKeys, level: level})
	return nil, j.parts(lefts, rights, level+1, rows), err
}

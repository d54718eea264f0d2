package operator

import (
	"math"

	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// phases returns the phases that make the result of what is in the parts.
func (s *SpillingGroup) phases() []spillPhase {
	rows := s.rows.Load()
	if rows == nil && s.spec.Mode != Partial {
		return groupPhases(s.merge(), s.parts.files, 1, math.MaxInt64)
	}
	phases := make([]spillPhase, len(s.parts.files))
	for i, states := range s.parts.files {
		if rows == nil {
			phases[i] = opening(func(*exec.Query) (exec.Source, error) { return states.all(), nil })
			continue
		}
		phases[i] = func(q *exec.Query) (*spillRun, []spillPhase, error) { return s.part(q, rows.files[i], states) }
	}
	return phases
}

// merge is the group-by of states.
func (s *SpillingGroup) merge() GroupSpec {
	merge := s.spec
	merge.Mode, merge.Rows = Final, s.schema
	return merge
}

// part makes the result of a part's rows and states: in memory, or else it writes states of the rows to the others, among
// which a key in many rows is a few.
func (s *SpillingGroup) part(q *exec.Query, rows, states *spillFile) (*spillRun, []spillPhase, error) {
	if fits(q, s.partNeed(rows, states)) {
		run, err := attempt(q, func(part *exec.Query) (exec.Source, error) { return s.both(part, rows, states) })
		if err == nil {
			rows.Close()
		}
		if !refused(err) {
			return run, nil, err
		}
	}
	all := newSpillParts(q, states.schema, &hashDivider{})
	passes := &SpillingGroup{spec: s.spec, schema: s.schema, states: s.states, parts: all, early: true}
	for _, move := range []struct {
		from *spillFile
		to   exec.Sink
	}{{states, all}, {rows, passes}} {
		if _, err := q.Run(move.from.all(), nil, move.to); err != nil {
			return nil, nil, err
		}
		move.from.Close()
	}
	file := all.files[0]
	if s.spec.Mode == Partial {
		return opening(func(*exec.Query) (exec.Source, error) { return file.all(), nil })(q)
	}
	return groupOnePart(q, s.merge(), file, 1)
}

// partNeed returns about how many bytes it takes to aggregate a part's rows and to merge that with its states.
func (s *SpillingGroup) partNeed(rows, states *spillFile) int64 {
	spread, record := int64(8*(1+s.states.keyWords+s.states.rowWords)), int64(8*s.states.recWords)
	return spread*rows.Rows() + 2*record*(rows.Rows()+states.Rows())
}

// both aggregates a part's rows and merges that with its states.
func (s *SpillingGroup) both(q *exec.Query, rows, states *spillFile) (exec.Source, error) {
	partial := s.spec
	partial.Mode = Partial
	aggregated, err := groupSourceOf(q, partial, s.schema, rows.all())
	if err != nil {
		return nil, err
	}
	source, err := NewConcat(aggregated, states.all())
	if err != nil || s.spec.Mode == Partial {
		return source, err
	}
	return groupSourceOf(q, s.merge(), states.schema, source)
}

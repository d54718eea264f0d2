package dist

import (
	"cmp"
	"math"
	"slices"

	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/operator"
	"github.com/pycylon/pycylon/gocore/plan"
)

// A join whose one side seems much smaller makes that side first. Its keys then keep rows of the other from coming so far,
// where rows without a match don't matter; and that where those rows come from, below other joins:
//
//	join a.k = b.k            1  b is made: its keys are noted on the way
//	 |- join a.j = c.j        2  a's rows are tested for them below the other join, by the filter there
//	 |  |- filter
//	 |  |  `- source a   ◀── keys of b
//	 |  `- ...
//	 `- filter
//	    `- source b
//
// A test goes down as filters do (plan.Sift). It isn't exact, so the join still decides. In a world of several ranks both
// sides are in flight already, and no rank has all keys.

// test is a KeyFilter on its way down, and the output columns of a step in which it looks for keys.
type test struct {
	filter *operator.KeyFilter
	at     []int
	share  float64 // a guess at which part of the rows pass
}

// sides makes the inputs of a join, with tests of their rows, and runs them into its sinks. It returns the join's query.
func (l *lowerer) sides(at int, spec *operator.JoinSpec, tests [][]test, sinks [2]exec.Sink) (*exec.Query, error) {
	step := &l.program.Steps[at]
	keys := [2][]int{spec.LeftKeys, spec.RightKeys}
	first := l.smaller(step, spec)
	if first < 0 {
		in, err := l.all(step, tests)
		if err != nil {
			return nil, err
		}
		l.begin(at, in...)
		q := l.spilling(at)
		for i, sink := range sinks {
			if _, err := run(q, in[i], sink); err != nil {
				return nil, err
			}
		}
		return q, nil
	}
	second, share := 1-first, l.estimate(step.Inputs[first]).share
	s, err := l.lower(step.Inputs[first], tests[first])
	if err != nil {
		return nil, err
	}
	// The keys of a row together, and each by itself: it goes further down.
	sets := [][]int{upTo(len(keys[first]))}
	for k := 0; k < len(keys[first]) && len(keys[first]) > 1; k++ {
		sets = append(sets, []int{k})
	}
	taps := make([]*operator.KeyTap, len(sets))
	for i, set := range sets {
		columns := pick(keys[first], set)
		kinds := make([]column.Kind, len(columns))
		for i, c := range columns {
			kinds[i], _ = column.KindOf(s.schema.Field(c).Type)
		}
		taps[i] = operator.NewKeyTap(columns, kinds)
		s = s.through(taps[i], s.schema)
	}
	l.begin(at, s)
	q := l.spilling(at)
	if _, err := run(q, s, sinks[first]); err != nil {
		return nil, err
	}
	all := slices.Clip(tests[second])
	for i, set := range sets {
		if filter := taps[i].Filter(q); filter != nil {
			defer filter.Release()
			all = append(all, test{filter, pick(keys[second], set), share})
		}
	}
	if s, err = l.lower(step.Inputs[second], all); err != nil {
		return nil, err
	}
	l.begin(at, s)
	_, err = run(q, s, sinks[second])
	return q, err
}

// passOn splits tests of the rows of a step into those of its inputs' rows and those that stay behind the step.
func (l *lowerer) passOn(at int, tests []test) (below [][]test, stay []test) {
	step := &l.program.Steps[at]
	below = make([][]test, len(step.Inputs))
	if l.uses[at] > 1 || !l.combines(at) {
		return below, tests
	}
	for _, t := range tests {
		columns, _ := plan.Sift(step.Op, t.at, len(step.Inputs))
		for k := range columns {
			if columns[k] != nil {
				below[k] = append(below[k], test{t.filter, pick(columns[k], t.at), t.share})
			}
		}
		if columns == nil {
			stay = append(stay, t)
		}
	}
	return below, stay
}

// combines tells whether there is a step that does more than filter and compute what a source has, down from one.
func (l *lowerer) combines(at int) bool {
	step := &l.program.Steps[at]
	switch step.Op.(type) {
	case *plan.FilterOp, *plan.ProjectOp:
		return l.uses[step.Inputs[0]] == 1 && l.combines(step.Inputs[0])
	}
	return len(step.Inputs) > 0
}

// tested returns a step's rows without those that fail a test, the ones that most fail first. A filter that the step ends
// with takes the tests in: rows are gathered once.
func tested(s stream, op plan.Op, tests []test) stream {
	if len(tests) == 0 {
		return s
	}
	slices.SortStableFunc(tests, func(a, b test) int { return cmp.Compare(a.share, b.share) })
	taken := &operator.Filter{}
	var output []int
	if filter, ok := op.(*plan.FilterOp); ok {
		last := len(s.transforms) - 1
		*taken, output = *s.transforms[last].(*operator.Filter), filter.Output
		s.transforms = slices.Clip(s.transforms[:last])
	}
	for _, t := range tests {
		columns := t.at
		if output != nil {
			columns = pick(output, columns)
		}
		taken.Keys = append(slices.Clip(taken.Keys), t.filter.On(columns))
	}
	return s.through(taken, s.schema)
}

// smaller returns the side of a join that is worth a filter of the other's rows; -1 for none.
func (l *lowerer) smaller(step *plan.Step, spec *operator.JoinSpec) int {
	if l.world.Size > 1 || len(spec.LeftKeys) == 0 {
		return -1
	}
	left, right := l.estimate(step.Inputs[0]).rows, l.estimate(step.Inputs[1]).rows
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

// estimate is a guess at how many rows a step makes, and which share of its keys is left in them of those that its sources
// have. It only tells large inputs from small ones.
type estimate struct{ rows, share float64 }

// times is the estimate of a part of the rows.
func (e estimate) times(share float64) estimate { return estimate{e.rows * share, e.share * share} }

// estimate guesses without looking at values.
func (l *lowerer) estimate(at int) estimate {
	if s, ok := l.kept[at]; ok {
		return estimate{float64(rowsOf(s.batches)), 1}
	}
	e, ok := l.estimates[at]
	if !ok {
		e = l.guess(&l.program.Steps[at])
		l.estimates[at] = e
	}
	return e
}

func (l *lowerer) guess(step *plan.Step) estimate {
	var in []estimate
	for _, i := range step.Inputs {
		in = append(in, l.estimate(i))
	}
	switch op := step.Op.(type) {
	case *plan.SourceOp:
		if op.Arg >= 0 {
			return estimate{float64(l.args[op.Arg].Rows), 1}
		}
		return estimate{math.MaxInt32, 1} // of a file
	case *plan.FilterOp:
		return in[0].times(op.Predicate.Share())
	case *plan.GroupOp:
		if len(op.Keys) == 0 {
			return estimate{1, 1}
		}
		return estimate{in[0].rows / 4, in[0].share}
	case *plan.SliceOp:
		if op.Length >= 0 {
			return estimate{min(in[0].rows, float64(op.Length)), in[0].share}
		}
	case *plan.JoinOp:
		switch op.How {
		case plan.Semi:
			return in[0].times(min(in[1].share, 0.5))
		case plan.Anti:
			return in[0].times(0.5)
		case plan.Inner:
			if in[0].rows < in[1].rows {
				in[0], in[1] = in[1], in[0]
			}
			return in[0].times(in[1].share)
		}
		return estimate{max(in[0].rows, in[1].rows), 1}
	case *plan.ConcatOp:
		sum := estimate{0, 1}
		for _, e := range in {
			sum.rows += e.rows
		}
		return sum
	}
	return in[0]
}

func pick(from, positions []int) []int {
	out := make([]int, len(positions))
	for i, p := range positions {
		out[i] = from[p]
	}
	return out
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

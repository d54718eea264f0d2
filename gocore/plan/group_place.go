package plan

import "slices"

// place adds a group-by in the phases that its input's placement needs:
//
//	rows lie by (some of) the keys             complete
//	every aggregate has partial results        partial, exchange by keys, final
//	one has several rows of a group            complete, exchange by keys, complete
//	one needs all rows of a group at once      exchange by keys, complete
//
// Without keys the exchange is to all ranks, each of which then has the one row; where all rows have to be in one place,
// they go to the first rank, and its row to all.
func (op *GroupOp) place(pl *placer, i int, s Step) (int, error) {
	if !pl.apart(s.Inputs[0]) {
		s.Keys = nil
		return pl.out.add(s), nil
	}
	if keys := keysAmong(pl.at(s.Inputs[0]).Keys, op.Keys); keys != nil {
		s.Keys = keys
		return pl.out.add(s), nil
	}
	if len(op.Keys) == 0 {
		return op.placeWhole(pl, s), nil
	}
	last := *op
	switch {
	case op.any(func(a aggregate) bool { return a.whole }):
	case op.any(func(a aggregate) bool { return a.ragged }):
		s.Inputs = []int{op.results(pl, s, &last)}
	default:
		s.Inputs = []int{op.partial(pl, s)}
		last.Phase = Final
	}
	keys := last.Keys
	if last.Phase == Final {
		keys = upTo(len(op.Keys))
	}
	e := &Exchange{Kind: ByHash, Keys: keys}
	s.Keys = sets(upTo(len(op.Keys)))
	sorted := pl.sortsNext(i, sortBy(upTo(len(op.Keys))))
	if sorted {
		// The ranges of the sort that follows keep equal keys together, too: rows move once.
		e = &Exchange{Kind: ByRange, Sort: sortBy(keys), Together: true}
		s.Keys = nil
	}
	s.Op, s.Inputs = &last, []int{pl.exchange(s.Inputs[0], s.Node, e)}
	at := pl.out.add(s)
	pl.ordered[at] = sorted
	return at, nil
}

// placeWhole places a group-by without keys.
func (op *GroupOp) placeWhole(pl *placer, s Step) int {
	last := *op
	s.Op = &last
	if op.any(func(a aggregate) bool { return a.whole || a.ragged }) {
		ragged := op.any(func(a aggregate) bool { return a.ragged })
		if ragged {
			s.Inputs = []int{op.results(pl, s, &last)}
		}
		s.Inputs = []int{pl.exchange(s.Inputs[0], s.Node, &Exchange{Kind: ToRoot})}
		at := pl.out.add(s)
		if !ragged { // the other ranks have made a row of no rows
			at = pl.out.add(Step{Node: s.Node, Op: &SliceOp{Length: 1, Global: true}, Inputs: []int{at}, Schema: s.Schema, Placement: Partitioned})
		}
		return pl.exchange(at, s.Node, &Exchange{Kind: ToAll})
	}
	last.Phase = Final
	s.Inputs, s.Placement = []int{pl.exchange(op.partial(pl, s), s.Node, &Exchange{Kind: ToAll})}, Replicated
	return pl.out.add(s)
}

// any tells whether some aggregate is such.
func (op *GroupOp) any(such func(a aggregate) bool) bool {
	return slices.ContainsFunc(op.Aggs, func(a BoundAgg) bool { return such(aggregates[a.Fn]) })
}

// partial adds the partial group-by of s's input.
func (op *GroupOp) partial(pl *placer, s Step) int {
	partial := *op
	partial.Phase = Partial
	return pl.out.add(Step{Node: s.Node, Op: &partial, Inputs: s.Inputs, Placement: Partitioned})
}

// results adds the group-by of this rank's rows of s's input, and has last read its results.
func (op *GroupOp) results(pl *placer, s Step, last *GroupOp) int {
	last.Input, last.Keys = s.Schema, upTo(len(op.Keys))
	last.Aggs = slices.Clone(op.Aggs)
	for i := range last.Aggs {
		last.Aggs[i].Column = len(op.Keys) + i
	}
	return pl.out.add(Step{Node: s.Node, Op: op, Inputs: s.Inputs, Schema: s.Schema, Placement: Partitioned})
}

// sortBy returns the ascending order of columns, as a group-by asks for.
func sortBy(columns []int) []BoundSortKey {
	out := make([]BoundSortKey, len(columns))
	for i, c := range columns {
		out[i].Column = c
	}
	return out
}

// sortsNext tells whether the only use of old step i is the given sort, perhaps of rows that pass a filter.
func (pl *placer) sortsNext(i int, sort []BoundSortKey) bool {
	next := -1
	for at := range pl.in.Steps {
		for _, in := range pl.in.Steps[at].Inputs {
			if in == i && next >= 0 {
				return false
			}
			if in == i {
				next = at
			}
		}
	}
	if next < 0 {
		return false
	}
	switch op := pl.in.Steps[next].Op.(type) {
	case *FilterOp:
		return pl.sortsNext(next, sort)
	case *SortOp:
		return slices.Equal(op.Keys, sort)
	}
	return false
}

package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// sifted is an Op through which filters go: rows that a filter behind it drops may as well be missing before it.
type sifted interface {
	Op
	// sift says where a filter that reads the given output columns may go, for each of n inputs: where there each output
	// column is found, by its position, or nil for an input that the filter leaves alone. Without any the filter stays.
	// Behind an op that drops or pairs rows, what goes may not fail.
	sift(reads []int, n int) (at [][]int, sameRows bool)
}

// Sift says where a filter of an op's output may go instead, as the op's sift does; nowhere, if it has none.
func Sift(op Op, reads []int, inputs int) (at [][]int, sameRows bool) {
	if op, ok := op.(sifted); ok {
		return op.sift(reads, inputs)
	}
	return nil, false
}

// conjunct is one of the conditions that a row fulfils to pass a filter.
type conjunct struct {
	*BoundExpr
	node int // whose filter it is of
}

// sifter moves the conjuncts of filters down a program.
type sifter struct {
	in, out *Program
	uses    []int
	step    map[int]int // of each old step without a filter on it: the new one
}

// sift moves filters towards the sources, each conjunct on its own:
//
//	project   a conjunct of columns that are columns of the input
//	join      of one side's columns, if no row of the result lacks that side; of keys that are one column, on both sides;
//	          of an "or" over both sides, what it demands of each, while it stays (see onInput)
//	group     of keys
//	sort, concat, exchange by hash, to all or to one rank
//
// A filter's conjuncts become one filter again where they stop. They stop in front of what several steps read.
func sift(p *Program) *Program {
	s := &sifter{in: p, out: &Program{}, uses: p.uses(), step: map[int]int{}}
	s.out.Root = s.below(p.Root, nil)
	return s.out
}

// below adds old step at with conditions on its rows, and returns the step that makes what passes.
func (s *sifter) below(at int, passes []conjunct) int {
	old := s.in.Steps[at]
	if len(passes) > 0 && s.uses[at] > 1 {
		return s.filter(s.below(at, nil), passes)
	}
	if made, ok := s.step[at]; ok {
		return made
	}
	made := 0
	if op, ok := old.Op.(*FilterOp); ok && op.Output == nil {
		made = s.throughFilter(old, op, passes)
	} else {
		made = s.through(old, passes)
	}
	if len(passes) == 0 {
		s.step[at] = made
	}
	return made
}

// throughFilter joins a filter's conditions with those that come after it. What may fail is computed only for rows that
// the filter before it passes.
func (s *sifter) throughFilter(old Step, op *FilterOp, passes []conjunct) int {
	own := conjuncts(op.Predicate, old.Node, nil)
	var later []conjunct
	for _, c := range passes {
		if c.neverFails() {
			own = append(own, c)
		} else {
			later = append(later, c)
		}
	}
	return s.filter(s.below(old.Inputs[0], own), later)
}

// through adds a step that isn't a filter, with the conditions that can go on to its inputs in front of it and the
// others behind it.
func (s *sifter) through(old Step, passes []conjunct) int {
	n := len(old.Inputs)
	onInputs := make([][]conjunct, n)
	var stay []conjunct
	for _, c := range passes {
		moved := passOn(old.Op, c, n)
		if moved == nil {
			stay = append(stay, c)
			moved = make([]*BoundExpr, n)
			for k := range moved {
				moved[k] = c.onInput(func(part conjunct) *BoundExpr {
					if at := passOn(old.Op, part, n); at != nil {
						return at[k]
					}
					return nil
				})
			}
		}
		for k, e := range moved {
			if e != nil {
				onInputs[k] = append(onInputs[k], conjunct{e, c.node})
			}
		}
	}
	made := old
	made.Inputs = make([]int, n)
	for k, in := range old.Inputs {
		made.Inputs[k] = s.below(in, onInputs[k])
	}
	return s.filter(s.out.add(made), stay)
}

// passOn returns what a condition on op's output is on each of its n inputs, nil for those that it leaves alone; nil where
// it stays behind op.
func passOn(op Op, c conjunct, n int) []*BoundExpr {
	at, sameRows := Sift(op, c.reads(nil), n)
	byKeys := !slices.ContainsFunc(at, func(columns []int) bool { return columns == nil })
	if at == nil || !sameRows && (!c.neverFails() || byKeys && c.tellsZeros()) {
		return nil
	}
	moved := make([]*BoundExpr, n)
	for k, columns := range at {
		if columns != nil {
			moved[k] = c.moved(func(i int) int { return columns[i] })
		}
	}
	return moved
}

// filter adds a filter by all of the conditions, if there are any.
func (s *sifter) filter(input int, conditions []conjunct) int {
	conditions = s.different(input, conditions)
	if len(conditions) == 0 {
		return input
	}
	var all *BoundExpr
	for _, c := range conditions {
		all = combined("and", all, c.BoundExpr)
	}
	return s.out.add(Step{Node: conditions[0].node, Op: &FilterOp{Predicate: all}, Inputs: []int{input}, Schema: s.out.Steps[input].Schema})
}

// conjuncts appends the conditions that together are e: a row that makes one of them false or null doesn't pass.
func conjuncts(e *BoundExpr, node int, all []conjunct) []conjunct {
	if e.Fn != nil && e.Fn.Name == "and" {
		return conjuncts(e.Args[1], node, conjuncts(e.Args[0], node, all))
	}
	return append(all, conjunct{e, node})
}

// neverFails tells whether e has a value for every row that there could be.
func (e *BoundExpr) neverFails() bool {
	if e.Fn == nil || len(e.reads(nil)) == 0 { // of literals alone it fails for all rows or for none
		return true
	}
	ok := e.Fn.NeverFails()
	if e.Fn.Name == "cast" {
		t, common := Common(e.Args[0].Type, e.Type)
		ok = common && arrow.TypeEqual(t, e.Type) && !isTime(t)
	}
	return ok && !slices.ContainsFunc(e.Args, func(a *BoundExpr) bool { return !a.neverFails() })
}

// tellsZeros tells whether e may be true of one of -0.0 and 0.0 alone. They are one key, of which an op that goes by keys
// shows one: a filter in front of it would see both.
func (e *BoundExpr) tellsZeros() bool {
	return e.Fn != nil && (e.Fn.TellsZeros() || slices.ContainsFunc(e.Args, (*BoundExpr).tellsZeros))
}

// everywhere is sift's answer of an op whose inputs have its output's columns. A condition that reads none goes, too.
func everywhere(reads []int, n int) [][]int {
	at := make([][]int, n)
	for k := range at {
		at[k] = upTo(slices.Max(append(reads, -1)) + 1)
	}
	return at
}

// Share guesses which share of rows a condition keeps.
func (e *BoundExpr) Share() float64 {
	if e.Fn == nil {
		return 1
	}
	switch e.Fn.Name {
	case "and":
		return e.Args[0].Share() * e.Args[1].Share()
	case "or":
		return min(e.Args[0].Share()+e.Args[1].Share(), 1)
	case "eq":
		return 0.1
	case "ne", "not":
		return 0.9
	}
	return 0.4
}

package plan

import (
	"fmt"
	"slices"
)

// placer copies a program step by step, putting Exchange steps before those that need them.
type placer struct {
	in, out *Program
	world   int
	step    []int          // of each old step: the new one that holds its result
	moved   map[string]int // exchanges by input and parameters: two consumers of one exchange share it
	ordered map[int]bool   // new steps whose rows lie in ranges of the order that the next Sort asks for
}

// Place returns the program with the exchanges that a world of that many ranks needs: rows move only where an operation
// needs them elsewhere than they are.
//
//	join   both sides by the hash of the keys; not a side that lies so already, none where the other side is
//	       replicated and every row of this side decides alone what becomes of it (inner; left with a replicated right)
//	group  partial, exchange, final; only complete where rows lie by (some of) the keys
//	sort   by ranges, then sort on each rank
//	unique each rank's own rows, then by the hash of the keys; set operations by the hash of whole rows
func Place(p *Program, world int) (*Program, error) {
	pl := &placer{in: p, out: &Program{}, world: world, step: make([]int, len(p.Steps)), moved: map[string]int{}, ordered: map[int]bool{}}
	for i := range p.Steps {
		s := p.Steps[i]
		s.Inputs = make([]int, len(s.Inputs))
		for k, in := range p.Steps[i].Inputs {
			s.Inputs[k] = pl.step[in]
		}
		at, err := pl.place(i, s)
		if err != nil {
			return nil, err
		}
		pl.step[i] = at
	}
	pl.out.Root = pl.step[p.Root]
	return pl.out, nil
}

func (pl *placer) at(step int) *Step { return &pl.out.Steps[step] }

// apart tells whether a step's rows are spread over several ranks.
func (pl *placer) apart(step int) bool { return pl.world > 1 && pl.at(step).Placement == Partitioned }

// place adds step i of the old program, whose inputs refer to new steps already, and returns its index.
func (pl *placer) place(i int, s Step) (int, error) {
	if len(s.Inputs) == 0 {
		return pl.out.add(s), nil
	}
	input := pl.at(s.Inputs[0])
	s.Placement, s.Keys = input.Placement, input.Keys
	return s.Op.place(pl, i, s)
}

// exchange adds an Exchange of input, or finds the one that is there.
func (pl *placer) exchange(input, node int, e *Exchange) int {
	from := pl.at(input)
	e.Own = from.Placement == Replicated
	key := fmt.Sprint(input, *e)
	if at, ok := pl.moved[key]; ok {
		return at
	}
	s := Step{Node: node, Op: e, Inputs: []int{input}, Schema: from.Schema, Placement: Partitioned}
	switch e.Kind {
	case ByHash:
		for _, k := range e.Keys {
			s.Keys = append(s.Keys, equals(from, k))
		}
	case ToAll:
		s.Placement = Replicated
	}
	at := pl.out.add(s)
	pl.moved[key] = at
	return at
}

// placedBy tells whether rows lie by the hash of exactly these columns.
func placedBy(have [][]int, keys []int) bool {
	return slices.EqualFunc(have, keys, func(same []int, key int) bool { return slices.Contains(same, key) })
}

// equals returns key and the columns of a step that hold values that hash like it in every row.
func equals(s *Step, key int) []int {
	for _, same := range s.Keys {
		if slices.Contains(same, key) {
			return same
		}
	}
	op, ok := s.Op.(*ProjectOp)
	if !ok {
		return []int{key}
	}
	var out []int
	origin, known := op.Columns[key].origin(s)
	for i, e := range op.Columns {
		if from, ok := e.origin(s); i == key || known && ok && from == origin {
			out = append(out, i)
		}
	}
	return out
}

// sets makes each position a set of its own.
func sets(positions []int) [][]int {
	out := make([][]int, len(positions))
	for i, p := range positions {
		out[i] = []int{p}
	}
	return out
}

// keysAmong returns where the columns by which rows lie are among those that an op keeps; none if one is lost.
func keysAmong(have [][]int, kept []int) [][]int {
	var out [][]int
	for _, same := range have {
		var at []int
		for i, c := range kept {
			if slices.Contains(same, c) {
				at = append(at, i)
			}
		}
		if at == nil {
			return nil
		}
		out = append(out, at)
	}
	return out
}

package plan

import (
	"fmt"
	"slices"

	"github.com/pycylon/pycylon/gocore/base/status"
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
	input := s.Inputs[0]
	if e, ok := s.Op.(*Exchange); ok {
		return pl.explicit(input, s.Node, e)
	}
	s.Placement, s.Keys = pl.at(input).Placement, pl.at(input).Keys
	switch op := s.Op.(type) {
	case *JoinOp:
		return pl.join(s, op), nil
	case *ConcatOp:
		return pl.concat(s), nil
	case *GroupOp:
		return pl.group(i, s, op), nil
	case *SortOp:
		if pl.apart(input) && !pl.ordered[input] {
			s.Inputs[0] = pl.exchange(input, s.Node, &Exchange{Kind: ByRange, Sort: op.Keys})
			s.Keys = nil
		}
	case *ProjectOp:
		s.Keys = op.keys(pl.at(input).Keys, pl.at(input))
	case *SliceOp:
		global := *op
		global.Global = pl.apart(input)
		s.Op = &global
	case *TakeOp:
		if pl.apart(input) {
			return 0, status.Errorf(status.Unsupported, "take of a partitioned frame isn't supported: use a filter or a slice, or take of df.local for this rank's rows")
		}
	}
	return pl.out.add(s), nil
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

// explicit places an Exchange that the plan names; rows that lie right stay.
func (pl *placer) explicit(input, node int, e *Exchange) (int, error) {
	from := pl.at(input)
	if e.Kind == ToRoot && (e.Root < 0 || e.Root >= pl.world) {
		return 0, status.Errorf(status.Invalid, "gather to rank %d of a world of %d", e.Root, pl.world)
	}
	if pl.world == 1 {
		s := Step{Node: node, Op: &ConcatOp{}, Inputs: []int{input}, Schema: from.Schema, Placement: Partitioned}
		switch e.Kind {
		case ByHash:
			s.Keys = sets(e.Keys)
		case ToAll:
			s.Placement = Replicated
		}
		return pl.out.add(s), nil
	}
	switch {
	case e.Kind == ByHash && from.Placement == Partitioned && placedBy(from.Keys, e.Keys),
		e.Kind == ToAll && from.Placement == Replicated:
		return input, nil
	}
	moved := *e
	return pl.exchange(input, node, &moved), nil
}

// placedBy tells whether rows lie by the hash of exactly these columns.
func placedBy(have [][]int, keys []int) bool {
	return slices.EqualFunc(have, keys, func(same []int, key int) bool { return slices.Contains(same, key) })
}

// group adds a group-by in the phases that its input's placement needs.
func (pl *placer) group(i int, s Step, op *GroupOp) int {
	input := s.Inputs[0]
	if !pl.apart(input) {
		s.Keys = nil
		return pl.out.add(s)
	}
	if keys := groupKeys(pl.at(input).Keys, op.Keys); keys != nil {
		s.Keys = keys
		return pl.out.add(s)
	}
	partial, final := *op, *op
	partial.Phase, final.Phase = Partial, Final
	state := pl.out.add(Step{Node: s.Node, Op: &partial, Inputs: s.Inputs, Placement: Partitioned})
	positions := make([]int, len(op.Keys))
	sort := make([]BoundSortKey, len(op.Keys))
	for k := range op.Keys {
		positions[k], sort[k].Column = k, k
	}
	e := &Exchange{Kind: ByHash, Keys: positions}
	s.Keys = sets(positions)
	sorted := pl.sortsNext(i)
	if sorted {
		// The ranges of the sort that follows keep equal keys together, too: rows move once.
		e = &Exchange{Kind: ByRange, Sort: sort, Together: true}
		s.Keys = nil
	}
	s.Op, s.Inputs = &final, []int{pl.exchange(state, s.Node, e)}
	at := pl.out.add(s)
	pl.ordered[at] = sorted
	return at
}

// sortsNext tells whether the only use of old step i is the sort by its keys that the same node asks for.
func (pl *placer) sortsNext(i int) bool {
	if i+1 >= len(pl.in.Steps) || pl.in.Steps[i+1].Node != pl.in.Steps[i].Node {
		return false
	}
	_, ok := pl.in.Steps[i+1].Op.(*SortOp)
	return ok
}

// groupKeys returns where the columns by which rows lie are in a group-by's output, nil where one isn't a key of it.
func groupKeys(have [][]int, keys []int) [][]int {
	var out [][]int
	for _, same := range have {
		var at []int
		for k, key := range keys {
			if slices.Contains(same, key) {
				at = append(at, k)
			}
		}
		if at == nil {
			return nil
		}
		out = append(out, at)
	}
	return out
}

func (pl *placer) concat(s Step) int {
	apart, same := false, true
	for _, in := range s.Inputs {
		apart = apart || pl.apart(in)
		same = same && slices.EqualFunc(pl.at(in).Keys, s.Keys, slices.Equal[[]int])
		if kind := pl.at(in).Placement; kind != s.Placement && s.Placement == Replicated {
			s.Placement = kind
		}
	}
	for i, in := range s.Inputs {
		if apart && pl.at(in).Placement == Replicated {
			s.Inputs[i] = pl.exchange(in, s.Node, &Exchange{Kind: Even})
			same = false
		}
	}
	if !same {
		s.Keys = nil
	}
	return pl.out.add(s)
}

// keys returns where the columns by which an input's rows lie are after the projection; none if one is lost.
func (op *ProjectOp) keys(have [][]int, in *Step) [][]int {
	var out [][]int
	for _, same := range have {
		var at []int
		for i, e := range op.Columns {
			if from, ok := e.origin(in); ok && slices.Contains(same, from) {
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

// origin returns the input column whose values e has, cast at most to a type in which equal values hash alike.
func (e *BoundExpr) origin(in *Step) (int, bool) {
	if e.Fn == "cast" && sameHash(e.Args[0].Type, e.Type) {
		e = e.Args[0]
	}
	return e.Column, e.Column >= 0
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

package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

func (op *JoinOp) place(pl *placer, _ int, s Step) (int, error) {
	if op.MaintainOrder {
		return op.placeInOrder(pl, s)
	}
	l, r := s.Inputs[0], s.Inputs[1]
	left, right := pl.at(l), pl.at(r)
	s.Keys = nil
	switch apartL, apartR := pl.apart(l), pl.apart(r); {
	case !apartL && !apartR:
		if right.Placement != s.Placement && s.Placement == Replicated {
			s.Placement = right.Placement
		}
		return pl.out.add(s), nil
	case apartL && right.Placement == Replicated && op.How.always(LeftSide) && !op.UniqueLeft:
		s.Keys = op.carried(left.Keys, LeftSide, op.LeftKeys)
		return pl.out.add(s), nil
	case apartR && left.Placement == Replicated && op.How.always(RightSide) && !op.UniqueRight:
		s.Placement = Partitioned
		s.Keys = op.carried(right.Keys, RightSide, op.RightKeys)
		return pl.out.add(s), nil
	case op.How == Cross: // the left rows stay, in their order
		s.Inputs[1] = pl.exchange(r, s.Node, &Exchange{Kind: ToAll})
		s.Keys = op.carried(left.Keys, LeftSide, nil)
		return pl.out.add(s), nil
	}
	s.Placement = Partitioned
	by := pl.colocate(&s, op.LeftKeys, op.RightKeys)
	s.Keys = op.placed(by, pl.at(s.Inputs[0]), pl.at(s.Inputs[1]))
	return pl.out.add(s), nil
}

// colocate moves rows of the two inputs of s so that rows of equal keys are on one rank; a side that lies by keys of
// the other's stays. It returns by which of the keys, in order, the rows lie.
func (pl *placer) colocate(s *Step, left, right []int) []int {
	l, r := s.Inputs[0], s.Inputs[1]
	byL, okL := keyPositions(pl.at(l).Keys, left)
	byR, okR := keyPositions(pl.at(r).Keys, right)
	switch {
	case okL && okR && slices.Equal(byL, byR):
	case okL:
		s.Inputs[1] = pl.exchange(r, s.Node, &Exchange{Kind: ByHash, Keys: pick(right, byL)})
	case okR:
		s.Inputs[0] = pl.exchange(l, s.Node, &Exchange{Kind: ByHash, Keys: pick(left, byR)})
		return byR
	default:
		s.Inputs[0] = pl.exchange(l, s.Node, &Exchange{Kind: ByHash, Keys: left})
		s.Inputs[1] = pl.exchange(r, s.Node, &Exchange{Kind: ByHash, Keys: right})
		all := make([]int, len(left))
		for k := range all {
			all[k] = k
		}
		return all
	}
	return byL
}

// placeInOrder numbers the rows of both sides, joins them, sorts the result by the numbers and drops these.
func (op *JoinOp) placeInOrder(pl *placer, s Step) (int, error) {
	joined, fields := *op, slices.Clone(s.Schema.Fields())
	joined.MaintainOrder, joined.Output = false, slices.Clone(op.Output)
	var order []BoundSortKey
	s.Inputs = slices.Clone(s.Inputs)
	for side, input := range s.Inputs {
		if side == int(RightSide) && op.How.leftOnly() {
			continue // a left row is there once
		}
		numbered, at := pl.number(input, s.Node, upTo(pl.at(input).Schema.NumFields()))
		s.Inputs[side] = numbered
		order = append(order, BoundSortKey{Column: len(fields)})
		joined.Output = append(joined.Output, JoinColumn{Side(side), at})
		fields = append(fields, arrow.Field{Name: "number", Type: arrow.PrimitiveTypes.Int64, Nullable: true})
	}
	s.Op, s.Schema = &joined, arrow.NewSchema(fields, nil)
	input := pl.at(s.Inputs[0])
	s.Placement, s.Keys = input.Placement, input.Keys
	at, err := joined.place(pl, 0, s)
	if err != nil {
		return 0, err
	}
	sorted := *pl.at(at)
	sorted.Op, sorted.Inputs = &SortOp{order}, []int{at}
	if at, err = sorted.Op.place(pl, 0, sorted); err != nil {
		return 0, err
	}
	return pl.pick(at, s.Node, upTo(len(op.Output))), nil
}

// keyPositions returns which of a join's keys a side's rows lie by, in order, and false where they lie otherwise.
func keyPositions(have [][]int, keys []int) ([]int, bool) {
	var by []int
	for _, same := range have {
		k := slices.IndexFunc(keys, func(key int) bool { return slices.Contains(same, key) })
		if k < 0 {
			return nil, false
		}
		by = append(by, k)
	}
	return by, len(by) > 0
}

func pick(keys, positions []int) []int {
	out := make([]int, len(positions))
	for i, p := range positions {
		out[i] = keys[p]
	}
	return out
}

// placed returns the output columns by which the rows lie when both sides lay by the hash of keys number by. A side's
// column is one of them only if no row of the other side can leave it null.
func (op *JoinOp) placed(by []int, left, right *Step) [][]int {
	var out [][]int
	for _, k := range by {
		sameL, sameR := equals(left, op.LeftKeys[k]), equals(right, op.RightKeys[k])
		var at []int
		for i, c := range op.Output {
			if c.Side == Coalesced && c.Index == k ||
				c.Side == LeftSide && op.How.always(LeftSide) && slices.Contains(sameL, c.Index) ||
				c.Side == RightSide && op.How.always(RightSide) && slices.Contains(sameR, c.Index) {
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

// carried returns the output columns that hold those by which one side's rows lay, where no row of that side moved
// and the join keeps no rows of the other side alone.
func (op *JoinOp) carried(have [][]int, side Side, keys []int) [][]int {
	var out [][]int
	for _, same := range have {
		var at []int
		for i, c := range op.Output {
			if c.Side == side && slices.Contains(same, c.Index) || c.Side == Coalesced && slices.Contains(same, keys[c.Index]) {
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

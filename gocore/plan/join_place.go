package plan

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

func (op *JoinOp) place(pl *placer, _ int, s Step) (int, error) {
	switch {
	case op.MaintainOrder:
		return op.placeInOrder(pl, s)
	case op.Algorithm == SortJoin && op.How != Cross:
		return op.placeSorted(pl, s)
	}
	op.meet(pl, &s)
	return pl.out.add(s), nil
}

// meet moves rows so that those that match are on one rank, and says where the result's are.
func (op *JoinOp) meet(pl *placer, s *Step) {
	l, r := s.Inputs[0], s.Inputs[1]
	left, right := pl.at(l), pl.at(r)
	s.Keys = nil
	switch apartL, apartR := pl.apart(l), pl.apart(r); {
	case !apartL && !apartR:
		if right.Placement != s.Placement && s.Placement == Replicated {
			s.Placement = right.Placement
		}
	case apartL && right.Placement == Replicated && op.How.always(LeftSide) && !op.UniqueLeft:
		s.Keys = op.carried(left.Keys, LeftSide, op.LeftKeys)
	case apartR && left.Placement == Replicated && op.How.always(RightSide) && !op.UniqueRight:
		s.Placement = Partitioned
		s.Keys = op.carried(right.Keys, RightSide, op.RightKeys)
	case op.How == Cross: // the left rows stay where they are
		s.Inputs[1] = pl.exchange(r, s.Node, &Exchange{Kind: ToAll})
		s.Keys = op.carried(left.Keys, LeftSide, nil)
	default:
		s.Placement = Partitioned
		by := pl.colocate(s, op.LeftKeys, op.RightKeys)
		s.Keys = op.placed(by, pl.at(s.Inputs[0]), pl.at(s.Inputs[1]))
	}
}

// placeSorted sorts both sides by their keys on each rank, and where these are several, the result as well.
func (op *JoinOp) placeSorted(pl *placer, s Step) (int, error) {
	sorted, fields := *op, slices.Clone(s.Schema.Fields())
	sorted.Output = slices.Clone(op.Output)
	s.Inputs = slices.Clone(s.Inputs)
	op.meet(pl, &s)
	for side, keys := range [2][]int{op.LeftKeys, op.RightKeys} {
		input := *pl.at(s.Inputs[side])
		input.Node, input.Op, input.Inputs = s.Node, &SortOp{Keys: ascending(keys)}, []int{s.Inputs[side]}
		s.Inputs[side] = pl.out.add(input)
	}
	s.Op = &sorted
	if s.Placement != Partitioned || pl.world == 1 {
		return pl.out.add(s), nil
	}
	var order []int
	for k, key := range op.LeftKeys {
		order = append(order, len(fields))
		by := JoinColumn{Coalesced, k}
		if op.How.leftOnly() {
			by = JoinColumn{LeftSide, key}
		}
		sorted.Output = append(sorted.Output, by)
		fields = append(fields, arrow.Field{Name: "key", Type: pl.at(s.Inputs[0]).Schema.Field(key).Type, Nullable: true})
	}
	s.Schema = arrow.NewSchema(fields, nil)
	return op.sortResult(pl, pl.out.add(s), ascending(order))
}

// sortResult adds steps that sort what step at makes, and keep the join's columns.
func (op *JoinOp) sortResult(pl *placer, at int, keys []BoundSortKey) (int, error) {
	sorted := *pl.at(at)
	sorted.Op, sorted.Inputs = &SortOp{Keys: keys}, []int{at}
	at, err := sorted.Op.place(pl, 0, sorted)
	if err != nil {
		return 0, err
	}
	return pl.pick(at, sorted.Node, upTo(len(op.Output))), nil
}

// ascending returns the order by columns.
func ascending(columns []int) []BoundSortKey {
	keys := make([]BoundSortKey, len(columns))
	for i, c := range columns {
		keys[i].Column = c
	}
	return keys
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
	return op.sortResult(pl, at, order)
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

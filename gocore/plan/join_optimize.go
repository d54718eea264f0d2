package plan

import (
	"slices"
	"strings"
)

func (op *JoinOp) describe(w words) string {
	keys := make([]string, len(op.LeftKeys))
	for i := range op.LeftKeys {
		keys[i] = w.column(0, op.LeftKeys[i]) + " = " + w.column(1, op.RightKeys[i])
	}
	return strings.TrimSpace(string(op.How) + " " + strings.Join(keys, " and "))
}

func (op *JoinOp) sift(reads []int, _ int) ([][]int, bool) {
	if op.UniqueLeft || op.UniqueRight || len(reads) == 0 {
		return nil, false
	}
	left, right := op.on(LeftSide, reads), op.on(RightSide, reads)
	onKeys := left != nil && right != nil
	if !onKeys && !op.How.always(LeftSide) {
		left = nil
	}
	if !onKeys && !op.How.always(RightSide) {
		right = nil
	}
	if left == nil && right == nil {
		return nil, false
	}
	return [][]int{left, right}, false
}

func (op *JoinOp) needs(wanted []int, _ int) [][]int {
	return joinNeeds([][]int{op.LeftKeys, op.RightKeys}, op.Output, wanted)
}

func (op *JoinOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	narrow := *op
	narrow.LeftKeys, narrow.RightKeys, narrow.Output = in[0].all(op.LeftKeys), in[1].all(op.RightKeys), narrowOutput(op.Output, wanted, in)
	return &narrow, wanted
}

func (op *AsofJoinOp) needs(wanted []int, _ int) [][]int {
	return joinNeeds(op.compares(), op.Output, wanted)
}

func (op *AsofJoinOp) narrow(wanted []int, in []narrowed) (Op, []int) {
	narrow := *op
	narrow.LeftKeys, narrow.RightKeys, narrow.Output = in[0].all(op.LeftKeys), in[1].all(op.RightKeys), narrowOutput(op.Output, wanted, in)
	narrow.LeftOn, narrow.RightOn = in[0].at(op.LeftOn), in[1].at(op.RightOn)
	return &narrow, wanted
}

// joinNeeds returns the columns of both sides that are compared, and those that wanted output columns hold.
func joinNeeds(compared [][]int, output []JoinColumn, wanted []int) [][]int {
	left, right := slices.Clone(compared[0]), slices.Clone(compared[1])
	for _, i := range wanted {
		switch c := output[i]; c.Side {
		case LeftSide:
			left = append(left, c.Index)
		case RightSide:
			right = append(right, c.Index)
		}
	}
	return [][]int{union(left, nil), union(right, nil)}
}

// narrowOutput returns the wanted ones of a join's output columns, of inputs of which some columns are gone.
func narrowOutput(output []JoinColumn, wanted []int, in []narrowed) []JoinColumn {
	out := make([]JoinColumn, len(wanted))
	for k, i := range wanted {
		out[k] = output[i]
		switch out[k].Side {
		case LeftSide:
			out[k].Index = in[0].at(out[k].Index)
		case RightSide:
			out[k].Index = in[1].at(out[k].Index)
		}
	}
	return out
}

// on returns where a side has each output column, nil if one of those that are read is not the side's.
func (op *JoinOp) on(side Side, reads []int) []int {
	keys := map[Side][]int{LeftSide: op.LeftKeys, RightSide: op.RightKeys}[side]
	at := make([]int, len(op.Output))
	for i, c := range op.Output {
		switch c.Side {
		case side:
			at[i] = c.Index
		case Coalesced:
			at[i] = keys[c.Index]
		default:
			at[i] = -1
		}
	}
	if slices.ContainsFunc(reads, func(c int) bool { return at[c] < 0 }) {
		return nil
	}
	return at
}

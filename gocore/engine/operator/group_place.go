package operator

import "math"

// updatePlaces keeps the first or the last value: the operands are seq and row of a row, then the words of its value, and
// so are the words of the state.
func updatePlaces(op groupOp, cells groupCells, ids []uint32, in *groupOperands, heap *groupHeap) error {
	last := op >= opLast
	float, text := op == opFirstFloat || op == opLastFloat, op == opFirstString || op == opLastString
	for i, g := range ids {
		s := cells.atFour(g)
		seq, row := in[0].at(i), in[1].at(i)
		if seq == noRow || g == 0 {
			continue
		}
		if s[0] != noRow && (seq < s[0] || seq == s[0] && row < s[1]) == last {
			continue
		}
		x := [2]uint64{in[2].at(i)}
		if text {
			x[1] = in[3].at(i)
			if err := heap.replace((*[2]uint64)(s[2:]), &x, s[0] != noRow); err != nil {
				return err
			}
		} else if v := math.Float64frombits(x[0]); float && v != v {
			continue
		}
		*s = [4]uint64{seq, row, x[0], x[1]}
	}
	return nil
}

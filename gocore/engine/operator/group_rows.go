package operator

import (
	"math"
	"math/bits"
	"unsafe"
)

// The values of rows that lie in a column, as a filter leaves them, are added from there: a loop of its own for the few
// operations that most often follow one, for which every look through a number would be paid by all others. Rows lie
// irregularly, so that the processor doesn't foresee which lines of memory it will need; where there is an instruction
// for it, the loops ask for them some rows ahead.

// reads tells whether op has an updateRows.
func (op groupOp) reads() bool { return op <= opSumFloat }

// updateRows is update for the values of rows in the column at v.
func (op groupOp) updateRows(cells groupCells, ids []uint32, v groupVec, rows []uint32, heap *groupHeap) error {
	rows = rows[:len(ids)]
	switch op {
	case opSumInt:
		if fastAdd {
			sumIntRows(cells.base, ids, rows, v.p)
			return nil
		}
		for i, g := range ids {
			s, x := cells.at(g), v.atRow(rows[i])
			lo, carry := bits.Add64(s[0], x, 0)
			s[0] = lo
			s[1], _ = bits.Add64(s[1], uint64(int64(x)>>63), carry)
		}
	case opSumUint:
		for i, g := range ids {
			s := cells.at(g)
			lo, carry := bits.Add64(s[0], v.atRow(rows[i]), 0)
			s[0] = lo
			s[1] += carry
		}
	case opSumFloat:
		for i := 0; i < len(ids); i++ {
			if fastAdd {
				if i += sumFloatRows(cells.base, ids[i:], rows[i:], v.p); i == len(ids) {
					return nil
				}
			}
			if err := updateFloat(cells, ids[i], math.Float64frombits(v.atRow(rows[i])), heap); err != nil {
				return err
			}
		}
	}
	return nil
}

// atRow returns the word of a row of a column without gaps.
func (v groupVec) atRow(row uint32) uint64 { return *(*uint64)(unsafe.Add(v.p, 8*uintptr(row))) }

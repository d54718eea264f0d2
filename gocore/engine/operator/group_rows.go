package operator

import (
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
		if fastRows {
			addIntRows(cells.base, ids, rows, v.p)
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
			if fastRows {
				if i += addFloatRows(cells.base, ids[i:], rows[i:], v.p); i == len(ids) {
					return nil
				}
			}
			x := *(*float64)(unsafe.Add(v.p, 8*uintptr(rows[i])))
			s := cells.floats(ids[i])
			hi, lo, exact := addWords(s[0], s[1], x)
			if exact {
				s[0], s[1] = hi, lo
			} else if x == x {
				if err := addExact(cells.at(ids[i]), x, heap); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// atRow returns the word of a row of a column without gaps.
func (v groupVec) atRow(row uint32) uint64 { return *(*uint64)(unsafe.Add(v.p, 8*uintptr(row))) }

package operator

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// TestAdd adds the same values with the processor's instructions and without, of rows that lie in a column and one after the
// other: the states are the same, to the bit.
func TestAdd(t *testing.T) {
	draws := map[string]func(r *rand.Rand) float64{
		"usual":       func(r *rand.Rand) float64 { return math.Round(r.Float64()*1e5) / 100 },
		"of integers": func(r *rand.Rand) float64 { return math.Float64frombits(uint64(r.Int64N(7) - 3)) },
	}
	for name, draw := range cancellingFloats {
		draws[name] = draw
	}
	const groups, lying = 5, 1000
	for name, draw := range draws {
		for _, n := range []int{0, 1, 2, 31, 300, groupChunkRows} {
			r := rand.New(rand.NewPCG(9, uint64(n)))
			values := make([]uint64, lying)
			for i := range values {
				values[i] = math.Float64bits(draw(r))
			}
			ids, rows := make([]uint32, n), make([]uint32, n)
			for i := range ids {
				ids[i], rows[i] = 2*uint32(r.IntN(groups)), uint32(i*lying/n)
			}
			dense := make([]uint64, n)
			for i, row := range rows {
				dense[i] = values[row]
			}
			for _, op := range []groupOp{opSumInt, opSumUint, opSumFloat} {
				run := func(inRows bool) (words [2 * groups]uint64, sums [groups]uint64) {
					scope := memory.NewScope(memory.NewBudget(0), "states")
					defer scope.Close()
					heap, cells := groupHeap{scope: scope}, groupCells{unsafe.Pointer(&words)}
					if inRows {
						require.NoError(t, op.updateRows(cells, ids, vecOf(values), rows, &heap))
					} else {
						require.NoError(t, op.update(cells, ids, &groupOperands{vecOf(dense)}, &heap))
					}
					for g := range sums {
						if op == opSumFloat {
							sums[g] = math.Float64bits(roundFloat(words[2*g], words[2*g+1]))
						}
						if words[2*g] == exactMark {
							words[2*g+1] = 0 // an address
						}
					}
					return words, sums
				}
				have := fastAdd
				setFastAdd(false)
				words, sums := run(false)
				setFastAdd(have)
				for _, inRows := range []bool{false, true} {
					fastWords, fastSums := run(inRows)
					require.Equal(t, words, fastWords, "%s, %d rows", name, n)
					require.Equal(t, sums, fastSums, "%s, %d rows", name, n)
				}
			}
		}
	}
}

package operator

import (
	"cmp"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// TestSortCells compares every two of values that are listed in their order, missing ones behind them.
func TestSortCells(t *testing.T) {
	leak.Check(t)
	nan := math.NaN()
	for _, test := range []struct {
		typ     string
		values  []any
		missing int // of values, at the end: they stay there whatever the direction
	}{
		{"bool", []any{false, true, nil}, 1},
		{"int8", []any{-128, -1, 0, 127, nil}, 1},
		{"int64", []any{math.MinInt64, -1, 0, 1, math.MaxInt64, nil}, 1},
		{"uint64", []any{0, 1, uint64(math.MaxUint64), nil}, 1},
		{"float32", []any{math.Inf(-1), -1.5, 0.0, 0.5, math.Inf(1), nan, nil}, 2},
		{"float64", []any{math.Inf(-1), -math.MaxFloat64, -1.5, 0.0, 5e-324, math.Inf(1), nan, nil}, 2},
		{"utf8", []any{"", "\x00", "a", "a\x00", "abcdef", "abcdefg", "abcdefgh", "abcdefghijklmnop", "abcdefghijklmnopq", "b", "é", nil}, 1},
		{"null", []any{nil}, 1},
	} {
		for _, key := range []SortKey{{}, {Descending: true}, {NullsFirst: true}, {Descending: true, NullsFirst: true}} {
			t.Run(fmt.Sprintf("%s %v", test.typ, key), func(t *testing.T) {
				scope := memory.NewScope(memory.NewBudget(0), "test")
				defer scope.Close()
				c := optest.Column(t, test.typ, test.values...)
				defer c.Release()
				cells, err := NewSortCells(scope, c, key)
				require.NoError(t, err)
				defer cells.Release()
				place := func(i int) int { // in the wanted order
					switch isMissing := i >= len(test.values)-test.missing; {
					case isMissing && key.NullsFirst:
						return -i - len(test.values)
					case !isMissing && key.Descending:
						return -i
					}
					return i
				}
				for i := range test.values {
					for j := range test.values {
						want := cmp.Compare(place(i), place(j))
						require.Equal(t, want, cells.Compare(i, cells, j), "%v, %v", test.values[i], test.values[j])
						if a, b := cells.word(i), cells.word(j); a != b {
							require.Equal(t, want, cmp.Compare(a, b), "words of %v, %v", test.values[i], test.values[j])
						}
					}
				}
			})
		}
	}
	zeros := optest.Column(t, "float64", math.Copysign(0, -1), 0.0)
	defer zeros.Release()
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	cells, err := NewSortCells(scope, zeros, SortKey{})
	require.NoError(t, err)
	defer cells.Release()
	require.Zero(t, cells.Compare(0, cells, 1), "zeros")
}

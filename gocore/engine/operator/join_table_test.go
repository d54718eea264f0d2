package operator

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// TestJoinTableFind finds keys in tables addressed by keys and by hashes, at the ends of what integers hold.
func TestJoinTableFind(t *testing.T) {
	signed := func(values ...int64) []uint64 {
		out := make([]uint64, len(values))
		for i, v := range values {
			out[i] = uint64(v)
		}
		return out
	}
	far := signed(1, 1<<40, -1<<50)
	for name, test := range map[string]struct {
		keys           []uint64
		signed         bool
		direct, unique bool
	}{
		"around zero":          {signed(-2, 3, 0, -1), true, true, true},
		"the least":            {signed(math.MinInt64, math.MinInt64+9), true, true, true},
		"the greatest":         {signed(math.MaxInt64, math.MaxInt64-9), true, true, true},
		"unsigned":             {signed(-1, -5), false, true, true},
		"the middle, unsigned": {signed(math.MinInt64, math.MaxInt64), false, true, true},
		"far apart":            {far, true, false, true},
		"from end to end":      {signed(math.MinInt64, math.MaxInt64), true, false, true},
		"repeated":             {signed(5, 6, 5), true, true, false},
		"far apart, repeated":  {append(far, 1), true, false, false},
		"one":                  {signed(7), true, true, true},
		"none":                 {nil, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			scope := memory.NewScope(memory.NewBudget(0), "test")
			defer scope.Close()
			q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
			var table joinTable
			require.NoError(t, q.For(1, func(w *exec.Worker, _ int) error {
				direct, err := table.buildDirect(w, test.keys, test.signed)
				require.NoError(t, err)
				require.Equal(t, test.direct, direct)
				if !direct {
					require.NoError(t, table.build(w, test.keys, 0, 2))
					table.unique = table.isUnique()
				}
				return nil
			}))
			require.NoError(t, q.Wait())
			require.Equal(t, test.unique, table.unique)
			probes := append([]uint64{0, 1, 42, math.MaxUint64, 1 << 63, 1<<63 - 1}, test.keys...)
			found, rows, chain := make([]uint32, len(probes)), make([]uint32, len(probes)), make([]uint32, len(probes))
			if test.unique {
				table.find(probes, found)
				for i, p := range probes {
					want := compute.Missing
					for row, k := range test.keys {
						if k == p {
							want = uint32(row)
						}
					}
					require.Equal(t, want, found[i], "key %d", int64(p))
				}
			}
			pairs := 0
			for n := table.first(probes, 0, rows, chain); n > 0; {
				var m int
				n, m = table.step(probes, rows, chain, n, found, make([]uint32, len(probes)), 0)
				pairs += m
			}
			want := 0
			for _, p := range probes {
				for _, k := range test.keys {
					if p == k {
						want++
					}
				}
			}
			require.Equal(t, want, pairs)
			table.free()
		})
	}
}

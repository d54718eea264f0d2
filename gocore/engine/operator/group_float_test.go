package operator

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// cancellingFloats draw values whose sums in two floats depend on the order of the additions.
var cancellingFloats = map[string]func(r *rand.Rand) float64{
	"cancelling": func(r *rand.Rand) float64 {
		return []float64{1e16, 1, -1e16, 1e-3, 1e-30, -1e-3, math.Pi}[r.IntN(7)]
	},
	"all magnitudes": func(r *rand.Rand) float64 {
		return math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1000)
	},
	"smallest": func(r *rand.Rand) float64 {
		return []float64{math.SmallestNonzeroFloat64, -1e-310, 1e-300, 1e-290, -1e-290}[r.IntN(5)]
	},
	"overflowing in between": func(r *rand.Rand) float64 {
		return []float64{math.MaxFloat64, -math.MaxFloat64, 1e308, -1e308, 1}[r.IntN(5)]
	},
	"infinite": func(r *rand.Rand) float64 {
		return []float64{math.MaxFloat64, math.Inf(1), 1e-3, -1e16}[r.IntN(4)]
	},
	"of both infinities": func(r *rand.Rand) float64 {
		return []float64{math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN()}[r.IntN(4)]
	},
}

func TestGroupFloatSums(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		values []any
		want   float64
	}{
		{[]any{1e300, 1.0, -1e300}, 1},
		{[]any{1.0, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17}, 1 + 12e-17},
		{[]any{inf, 1.0}, inf},
		{[]any{inf, -inf}, math.NaN()},
		{[]any{math.NaN(), nil}, 0},
		{[]any{math.NaN(), 2.0, nil}, 2},
	} {
		var rows [][]any
		for _, v := range c.values {
			rows = append(rows, []any{1, v})
		}
		for _, run := range []func(*testing.T, GroupSpec, string) func(*exec.Query, []exec.Source) (exec.Source, error){runGroup, runSplitGroup} {
			spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}}, DropNull: true}
			batches := cut(optest.Batch(t, "k int64, v float64", rows...), 1)
			got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 2, batches, firstSpread, run(t, spec, "k int64, v float64"))
			require.NoError(t, err)
			require.Equal(t, []string{optest.RowText([]any{1, c.want})}, got, "%v", c.values)
		}
	}
}

// TestGroupFloatOrder wants the bits of the exact sum's nearest float, whatever the threads, the order of rows, the
// shares of partial results and the paths taken.
func TestGroupFloatOrder(t *testing.T) {
	leak.Check(t)
	const columns = "k int32, v float64"
	spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: Sum, Column: 1}, {Fn: Mean, Column: 1}, {Fn: Count, Column: 1}}, DropNull: true}
	for name, draw := range cancellingFloats {
		for _, groups := range []int{1, 3000} {
			t.Run(fmt.Sprintf("%s/%d", name, groups), func(t *testing.T) {
				r := rand.New(rand.NewPCG(5, uint64(groups)))
				var rows [][]any
				for range 12_000 {
					rows = append(rows, []any{r.IntN(groups), draw(r)})
				}
				want := exactSums(rows)
				for i, threads := range []int{1, 2, 8, 8, 1} {
					batches := cut(optest.Batch(t, columns, rows...), 100+300*i)
					for _, run := range []func(*exec.Query, []exec.Source) (exec.Source, error){runGroup(t, spec, columns), runSplitGroup(t, spec, columns)} {
						got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, batches, firstSpread>>(i*4), run)
						require.NoError(t, err)
						slices.Sort(got)
						require.Equal(t, want, got, "threads=%d", threads)
					}
					r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
				}
			})
		}
	}
}

// exactSums returns the sorted output rows: key, sum, mean and count.
func exactSums(rows [][]any) []string {
	sums, infinities, counts := map[int]*big.Float{}, map[int]float64{}, map[int]int{}
	for _, row := range rows {
		k, v := row[0].(int), row[1].(float64)
		if sums[k] == nil {
			sums[k] = new(big.Float).SetPrec(4000)
		}
		if math.IsNaN(v) {
			continue
		}
		counts[k]++
		if math.IsInf(v, 0) {
			infinities[k] += v
		} else {
			sums[k].Add(sums[k], big.NewFloat(v))
		}
	}
	var out []string
	for k, exact := range sums {
		sum, _ := exact.Float64()
		if infinities[k] != 0 { // NaN, too
			sum = infinities[k]
		}
		var mean any
		if counts[k] > 0 {
			mean = sum / float64(counts[k])
		}
		out = append(out, optest.RowText([]any{k, sum, mean, counts[k]}))
	}
	slices.Sort(out)
	return out
}

// TestExactSum compares sums of floats of all magnitudes, taken apart and put together, with big.Float's.
func TestExactSum(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "sums")
	defer scope.Close()
	heap := &groupHeap{scope: scope}
	r := rand.New(rand.NewPCG(6, 6))
	bounds := []float64{math.MaxFloat64, math.MaxFloat64, math.Ldexp(1, 970), 1, math.Ldexp(1, -53), -math.Ldexp(1, -53), math.SmallestNonzeroFloat64, 0}
	for range 3000 {
		var parts [3]*exactSum
		for i := range parts {
			e, err := newExactSum(heap)
			require.NoError(t, err)
			parts[i] = e
		}
		exact := new(big.Float).SetPrec(4000)
		for range 1 + r.IntN(20) {
			x := math.Float64frombits(r.Uint64())
			if r.IntN(3) == 0 || math.IsInf(x, 0) || x != x {
				x = bounds[r.IntN(len(bounds))]
			}
			if r.IntN(4) == 0 {
				x = -x
			}
			exact.Add(exact, big.NewFloat(x))
			require.NoError(t, parts[r.IntN(len(parts))].add(x, heap))
		}
		text := parts[2].appendText(nil)
		require.Len(t, text, parts[2].textBytes())
		read, err := parseExactSum(text, heap)
		require.NoError(t, err)
		read.hi, read.lo = parts[2].hi, parts[2].lo
		require.NoError(t, parts[1].merge(read, heap))
		require.NoError(t, parts[0].merge(parts[1], heap))
		want, _ := exact.Float64()
		require.Equal(t, want, parts[0].round(), "%v", exact)
	}
}

func TestParseExactSumRefuses(t *testing.T) {
	valid := "00000000000000000300000000000000"
	for _, text := range []string{"0", "zz", valid[:16], valid[:31] + "z", valid + valid[:16], "0400" + valid[4:], valid[:16] + "ff" + valid[18:]} {
		_, err := parseExactSum([]byte(text), nil)
		require.ErrorContains(t, err, "the state of a sum of floats", text)
	}
}

// TestGroupSingleFloats sums all rows of tables that no two floats hold, some beside infinities and NaN, without keys.
func TestGroupSingleFloats(t *testing.T) {
	leak.Check(t)
	const columns = "v float64"
	spec := GroupSpec{Aggs: []Agg{{Fn: Sum, Column: 0}, {Fn: Count, Column: 0}, {Fn: Size}}}
	draws := maps.Clone(cancellingFloats)
	draws["uniform"] = (*rand.Rand).Float64
	draws["of both signs"] = func(r *rand.Rand) float64 { return 100 * r.NormFloat64() }
	draws["zero"] = func(*rand.Rand) float64 { return math.Copysign(0, -1) }
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 1))
			var rows, keyed [][]any
			for range 5000 {
				v := draw(r)
				rows, keyed = append(rows, []any{v}), append(keyed, []any{0, v})
			}
			want := strings.Split(exactSums(keyed)[0], " | ") // key, sum, mean and count
			for _, threads := range []int{1, 2} {
				for _, run := range []func(*exec.Query, []exec.Source) (exec.Source, error){runGroup(t, spec, columns), runSplitGroup(t, spec, columns)} {
					got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, cut(optest.Batch(t, columns, rows...), 1700), firstSpread, run)
					require.NoError(t, err)
					require.Equal(t, []string{strings.Join([]string{want[1], want[3], "5000"}, " | ")}, got)
				}
			}
		})
	}
}

// TestGroupSingleFloatsFarApart sums values of which the small ones vanish where the largest is scaled to an integer.
func TestGroupSingleFloatsFarApart(t *testing.T) {
	spec := GroupSpec{Aggs: []Agg{{Fn: Sum, Column: 0}}}
	for _, small := range []float64{math.Ldexp(3, -235), math.Ldexp(3, -300), math.Ldexp(3, -1000), math.SmallestNonzeroFloat64} {
		large := math.Ldexp(1, 880)
		batch := optest.Batch(t, "v float64", []any{large}, []any{small}, []any{-large}, []any{small})
		got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 1, cut(batch, 4), firstSpread, runGroup(t, spec, "v float64"))
		require.NoError(t, err)
		require.Equal(t, []string{optest.RowText([]any{2 * small})}, got)
	}
}

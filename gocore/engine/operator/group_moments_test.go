package operator

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// hardMoments draw pairs of values whose moments are lost where sums of squares are rounded.
var hardMoments = map[string]func(r *rand.Rand) (float64, float64){
	"small":    func(r *rand.Rand) (float64, float64) { return float64(r.IntN(5)), float64(r.IntN(15)) },
	"uniform":  func(r *rand.Rand) (float64, float64) { x := r.Float64(); return x, x + r.Float64() },
	"far":      func(r *rand.Rand) (float64, float64) { return 1e9 + r.Float64(), -1e12 + r.Float64() },
	"very far": func(r *rand.Rand) (float64, float64) { return 1e15 + float64(r.IntN(3)), float64(r.IntN(3)) },
	"scales": func(r *rand.Rand) (float64, float64) {
		return math.Exp(40 * r.NormFloat64()), math.Exp(9 * r.NormFloat64())
	},
	"one value": func(*rand.Rand) (float64, float64) { return 0.1, 0.3 },
}

// TestGroupMoments compares variances and correlations with those of 2000-bit numbers, and wants the same bits for any
// order, number of threads and shares.
func TestGroupMoments(t *testing.T) {
	leak.Check(t)
	const columns = "k int32, x float64, y float64"
	spec := GroupSpec{Keys: []int{0}, DropNull: true, Aggs: []Agg{{Fn: Var, Column: 1, DDof: 1}, {Fn: Std, Column: 1}, {Fn: Sem, Column: 1, DDof: 1},
		{Fn: Correlation, Column: 1, Other: 2}, {Fn: Covariance, Column: 1, Other: 2, DDof: 1},
		{Fn: Covariance, Column: 1, Other: 1, DDof: 1}, {Fn: Correlation, Column: 1, Other: 1}, {Fn: Size}}}
	for name, draw := range hardMoments {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(6, 1))
			var rows [][]any
			for i := range 3000 {
				x, y := draw(r)
				row := []any{r.IntN(7), x, y}
				if i%50 == 0 {
					row[1+r.IntN(2)] = []any{nil, math.NaN()}[r.IntN(2)]
				}
				rows = append(rows, row)
			}
			rows = append(rows, []any{100, 1.5, nil}, []any{101, nil, nil})
			var first []string
			for i, threads := range []int{1, 2, 8} {
				batches := cut(optest.Batch(t, columns, rows...), 100+300*i)
				for _, run := range []func(*exec.Query, []exec.Source) (exec.Source, error){runGroup(t, spec, columns), runSplitGroup(t, spec, columns)} {
					got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, batches, firstSpread, run)
					require.NoError(t, err)
					slices.Sort(got)
					if first == nil {
						first = got
					}
					require.Equal(t, first, got, "threads=%d", threads)
				}
				r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			}
			for _, line := range first {
				requireMoments(t, strings.Split(line, " | "), rows)
			}
		})
	}
}

// requireMoments compares a row of results with what big numbers make of the rows of its key.
func requireMoments(t *testing.T, cells []string, rows [][]any) {
	t.Helper()
	zero := func() *big.Float { return new(big.Float).SetPrec(2000) }
	valid := func(v any) bool { f, ok := v.(float64); return ok && f == f }
	var xs, paired, ys []*big.Float
	for _, row := range rows {
		if strconv.Itoa(row[0].(int)) != cells[0] || !valid(row[1]) {
			continue
		}
		xs = append(xs, zero().SetFloat64(row[1].(float64)))
		if valid(row[2]) {
			paired, ys = append(paired, xs[len(xs)-1]), append(ys, zero().SetFloat64(row[2].(float64)))
		}
	}
	center := func(values []*big.Float) []*big.Float {
		mean := zero()
		for _, v := range values {
			mean.Add(mean, v)
		}
		mean.Quo(mean, zero().SetInt64(int64(max(len(values), 1))))
		out := make([]*big.Float, len(values))
		for i, v := range values {
			out[i] = zero().Sub(v, mean)
		}
		return out
	}
	dot := func(a, b []*big.Float) *big.Float {
		sum := zero()
		for i := range a {
			sum.Add(sum, zero().Mul(a[i], b[i]))
		}
		return sum
	}
	ratio := func(a *big.Float, n int) float64 {
		f, _ := zero().Quo(a, zero().SetInt64(int64(n))).Float64()
		return f
	}
	require.Equal(t, 8, len(cells)-1)
	n, square := len(xs), dot(center(xs), center(xs))
	want := []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	if n > 1 {
		want[0], want[2] = ratio(square, n-1), math.Sqrt(ratio(square, n-1)/float64(n))
		want[5] = want[0]
	}
	if n > 0 {
		want[1] = math.Sqrt(ratio(square, n))
	}
	if square.Cmp(big.NewFloat(1e-30)) > 0 {
		want[6] = 1
	}
	x, y := center(paired), center(ys)
	if scale := zero().Sqrt(zero().Mul(dot(x, x), dot(y, y))); scale.Cmp(big.NewFloat(1e-30)) > 0 {
		want[3], _ = zero().Quo(dot(x, y), scale).Float64()
	}
	slack := 0.0 // of the covariance
	if n := len(ys); n > 1 {
		want[4] = ratio(dot(x, y), n-1)
		slack = 1e-15 * ratio(zero().Sqrt(zero().Mul(dot(x, x), dot(y, y))), n-1) // what cancels in the sum of products
	}
	for i, w := range want {
		if math.IsNaN(w) {
			require.Equal(t, "null", cells[1+i], "%v: column %d", cells, i)
			continue
		}
		got, err := strconv.ParseFloat(cells[1+i], 64)
		require.NoError(t, err)
		allowed := 4e-15*math.Abs(w) + 1e-40
		if i == 4 {
			allowed += slack
		}
		require.InDelta(t, w, got, allowed, "%v: column %d", cells, i)
	}
}

// TestGroupLargest compares the greatest and least values of groups of all sizes with those of sorted lists.
func TestGroupLargest(t *testing.T) {
	leak.Check(t)
	const columns = "k int64, v float64"
	r := rand.New(rand.NewPCG(8, 1))
	var rows [][]any
	values := map[int][]float64{}
	for i := range 300_000 {
		k := min(int(math.Exp(12*r.Float64()))%5000, i)
		v := float64(r.IntN(1000)) - 500
		if i%100 == 0 {
			rows = append(rows, []any{k, nil})
			continue
		}
		values[k] = append(values[k], v)
		rows = append(rows, []any{k, v})
	}
	batches := cut(optest.Batch(t, columns, rows...), 10_000)
	for _, n := range []int{1, 2, 8, 40} {
		for _, fn := range []AggFn{Largest, Smallest} {
			var want []string
			for k, all := range values {
				slices.Sort(all)
				for i := range min(n, len(all)) {
					v := all[i]
					if fn == Largest {
						v = all[len(all)-1-i]
					}
					want = append(want, optest.RowText([]any{k, v}))
				}
			}
			spec := GroupSpec{Keys: []int{0}, Aggs: []Agg{{Fn: fn, Column: 1, N: n}}, DropNull: true}
			for _, threads := range []int{1, 2} {
				got, err := groupBatches(t, context.Background(), memory.NewBudget(0), threads, batches, firstSpread, runGroup(t, spec, columns))
				require.NoError(t, err)
				slices.Sort(got)
				slices.Sort(want)
				require.Equal(t, want, got)
			}
		}
	}
	// One large group: selecting in it takes several units of work.
	spec := GroupSpec{Aggs: []Agg{{Fn: Quantile, Column: 1, Q: 0.5}, {Fn: Quantile, Column: 1, Q: 0.999}, {Fn: NUnique, Column: 1}}}
	var all []float64
	for _, vs := range values {
		all = append(all, vs...)
	}
	slices.Sort(all)
	at := func(q float64) float64 {
		place := q * float64(len(all)-1)
		low := all[int(place)]
		return low + (all[min(int(place)+1, len(all)-1)]-low)*(place-math.Trunc(place))
	}
	got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 2, batches, firstSpread, runGroup(t, spec, columns))
	require.NoError(t, err)
	require.Equal(t, []string{optest.RowText([]any{at(0.5), at(0.999), 1000})}, got)
}

// TestGroupLargestTypes has few values of each order that words have, nulls, and a group without keys.
func TestGroupLargestTypes(t *testing.T) {
	leak.Check(t)
	for _, c := range []struct {
		typ           string
		values        []any
		greatest, all []any // two greatest; all from the least on
	}{
		{"int64", []any{-5, 3, nil, math.MinInt64, math.MaxInt64}, []any{math.MaxInt64, 3}, []any{math.MinInt64, -5, 3, math.MaxInt64}},
		{"uint64", []any{uint64(0), uint64(1<<63 + 1), nil, uint64(3)}, []any{uint64(1<<63 + 1), uint64(3)}, []any{uint64(0), uint64(3), uint64(1<<63 + 1)}},
		{"int8", []any{-1, 1, -128}, []any{1, -1}, []any{-128, -1, 1}},
		{"float32", []any{-0.5, math.NaN(), math.Inf(-1), 0.25}, []any{0.25, -0.5}, []any{math.Inf(-1), -0.5, 0.25}},
		{"bool", []any{true, false, true}, []any{true, true}, []any{false, true, true}},
		{"int64", []any{nil, nil}, nil, nil},
	} {
		columns := "k int64, v " + c.typ
		var rows [][]any
		for _, v := range c.values {
			rows = append(rows, []any{1, v})
		}
		batches := cut(optest.Batch(t, columns, rows...), 1)
		for _, keys := range [][]int{{0}, {}} {
			for _, agg := range []Agg{{Fn: Largest, Column: 1, N: 2}, {Fn: Smallest, Column: 1, N: 8}} {
				values := c.greatest
				if agg.Fn == Smallest {
					values = c.all
				}
				want := []string{}
				for _, v := range values {
					row := []any{v}
					if len(keys) > 0 {
						row = []any{1, v}
					}
					want = append(want, optest.RowText(row))
				}
				got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 2, batches, firstSpread,
					runGroup(t, GroupSpec{Keys: keys, Aggs: []Agg{agg}, DropNull: true}, columns))
				require.NoError(t, err)
				require.ElementsMatch(t, want, got, "%s %s, keys %v", c.typ, agg.Fn, keys)
				if len(keys) > 0 {
					require.Equal(t, want, append([]string{}, got...), "their order")
				}
			}
		}
	}
}

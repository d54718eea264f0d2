package operator

import (
	"cmp"
	"context"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runSort returns the Run of a case that sorts its only input.
func runSort(t *testing.T, columns string, keys ...SortKey) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], nil, NewSort(SortSpec{keys}, optest.Schema(t, columns)))
	}
}

// sortModel sorts literal rows.
func sortModel(keys ...SortKey) func([][][]any) [][]any {
	return func(inputs [][][]any) [][]any {
		rows := slices.Clone(inputs[0])
		slices.SortStableFunc(rows, func(a, b []any) int {
			for _, k := range keys {
				if order := orderLiterals(a[k.Column], b[k.Column], k); order != 0 {
					return order
				}
			}
			return 0
		})
		return rows
	}
}

func orderLiterals(a, b any, k SortKey) int {
	rank := func(v any) int { // nulls beyond NaN beyond values
		f, float := v.(float64)
		switch {
		case v == nil:
			return 2
		case float && f != f:
			return 1
		}
		return 0
	}
	if ra, rb := rank(a), rank(b); ra+rb > 0 {
		if k.NullsFirst {
			return rb - ra
		}
		return ra - rb
	}
	order := 0
	switch a := a.(type) {
	case int:
		order = cmp.Compare(a, b.(int))
	case uint64:
		order = cmp.Compare(a, b.(uint64))
	case float64:
		order = cmp.Compare(a, b.(float64))
	case string:
		order = strings.Compare(a, b.(string))
	case optest.Decimal:
		x, _ := new(big.Rat).SetString(string(a))
		y, _ := new(big.Rat).SetString(string(b.(optest.Decimal)))
		order = x.Cmp(y)
	case bool:
		if a != b.(bool) {
			order = 1
			if !a {
				order = -1
			}
		}
	}
	if k.Descending {
		return -order
	}
	return order
}

func directions(column int) []SortKey {
	var all []SortKey
	for _, descending := range []bool{false, true} {
		for _, nullsFirst := range []bool{false, true} {
			all = append(all, SortKey{column, descending, nullsFirst})
		}
	}
	return all
}

func TestSortByEachType(t *testing.T) {
	leak.Check(t)
	values := map[string][]any{
		"null":                  {nil, nil, nil},
		"bool":                  {true, false, true, false, false},
		"int8":                  {-128, 127, 0, -1, 127},
		"int16":                 {math.MinInt16, math.MaxInt16, 5, 5},
		"int32":                 {math.MinInt32, math.MaxInt32, 5, 5},
		"int64":                 {math.MinInt64, math.MaxInt64, -1, 0, -1},
		"uint8":                 {255, 0, 3, 3},
		"uint16":                {65535, 0, 3, 3},
		"uint32":                {math.MaxUint32, 0, 3, 3},
		"uint64":                {uint64(math.MaxUint64), uint64(0), uint64(1) << 63, uint64(3), uint64(3)},
		"float32":               {1.5, -1.5, math.Inf(1), math.Inf(-1), 0.0, math.Copysign(0, -1), math.NaN(), math.NaN()},
		"float64":               {math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), 0.0, math.Copysign(0, -1), math.NaN(), 1e-300},
		"date32":                {-1, 0, 20000},
		"timestamp[us, tz=UTC]": {-1, 0, 1 << 60},
		"utf8": {"", "a", "a\x00", "abcdefg", "abcdefgh", "abcdefg\x00", "abcdefghijklmn", "abcdefghijklmo", "abcdefghijklm", "ab", "\xff\xff\xff\xff\xff\xff\xff\xff",
			"Zürich", "a long string that goes on for several words", "a long string that goes on for several word", "a long string that goes on for several words"},
	}
	for typ, list := range values {
		columns := "k " + typ + ", n int32"
		rows := make([][]any, 0, 2*len(list))
		for i, v := range append(list, list...) {
			rows = append(rows, []any{v, i})
		}
		for _, key := range directions(0) {
			optest.Run(t, optest.Case{
				Name: typ, Inputs: []optest.Input{{Columns: columns, Rows: rows}}, Ordered: true,
				Run: runSort(t, columns, key), Spilling: spillingSort(t, columns, key), Operator: "sort", Keys: []int{0}, Model: sortModel(key),
			})
		}
	}
}

func TestSortBySeveralKeys(t *testing.T) {
	leak.Check(t)
	const columns = "a int8, s utf8, f float64, b bool, w int64, n null"
	rows := optest.RandomRows(t, 1, columns, 100, 5)
	for _, keys := range [][]SortKey{
		{},
		{{Column: 0}, {Column: 3}},
		{{Column: 0}, {Column: 1}, {Column: 2}},
		{{Column: 1, Descending: true}, {Column: 0, NullsFirst: true}},
		{{Column: 2, Descending: true, NullsFirst: true}, {Column: 1}, {Column: 4}},
		{{Column: 5}, {Column: 4, Descending: true}, {Column: 3}},
		{{Column: 1}, {Column: 1, Descending: true}},
	} {
		optest.Run(t, optest.Case{
			Name: "keys", Inputs: []optest.Input{{Columns: columns, Rows: rows}}, Ordered: true,
			Run: runSort(t, columns, keys...), Spilling: spillingSort(t, columns, keys...), Model: sortModel(keys...),
		})
	}
}

func TestSortSmallTables(t *testing.T) {
	for _, n := range []int{0, 1, 2, 24, 25} {
		optest.Run(t, optest.Case{
			Name: "rows", Inputs: []optest.Input{{Columns: "k int64", Rows: optest.RandomRows(t, 2, "k int64", n, 10)}}, Ordered: true,
			Run: runSort(t, "k int64", SortKey{}), Spilling: spillingSort(t, "k int64", SortKey{}), Model: sortModel(SortKey{}),
		})
	}
}

// Words of all widths, to reach each way in which a range is sorted.
func TestSortRanges(t *testing.T) {
	for _, n := range []int{24, 25, 2047, 2048, 30000} {
		for _, width := range []int{0, 1, 3, 8, 12, 20, 40, 63, 64} {
			for _, clustered := range []bool{false, true} {
				entries := make([]entry, n)
				for i := range entries {
					word := uint64(i) * 0x9E3779B97F4A7C15
					if clustered && i%3 > 0 {
						word = uint64(i % 5)
					}
					entries[i] = entry{word >> 1 & (1<<width - 1), uint64(i)}
				}
				want := slices.Clone(entries)
				slices.SortStableFunc(want, func(a, b entry) int { return cmp.Compare(a.word, b.word) })
				s := &rangeSorter{scratch: make([]entry, n)}
				s.byWord(entries)
				require.Equal(t, want, entries, "n=%d width=%d clustered=%t", n, width, clustered)
			}
		}
	}
}

// Input and output in a thousand batches.
func TestSortThousandBatches(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	const n = 1_000_000
	schema, batches := keysAndRows(t, scope, n, distributions[1].key, true)
	var small []*table.Batch
	for _, b := range batches {
		small = append(small, cut(b, n/1000)...)
	}
	require.GreaterOrEqual(t, len(small), 1000)
	requireSorted(t, sortAll(t, scope, 2, SortSpec{[]SortKey{{Column: 2}}}, schema, small), n)
}

// Whoever reads the first batch only doesn't wait until the rest is sorted, and all is given back in the end.
func TestSortOnlyTheFirstRows(t *testing.T) {
	leak.Check(t)
	const n = 20 * cacheRows
	input := memory.NewScope(memory.NewBudget(0), "input")
	defer input.Close()
	schema, batches := keysAndRows(t, input, n, distributions[6].key, false)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	src, err := q.Run(exec.NewScan(batches), nil, NewSort(SortSpec{[]SortKey{{Column: 0}}}, schema))
	require.NoError(t, err)
	last := src.(*sortSource).parts.entries[n-cacheRows:]
	before := slices.Clone(last)
	require.NoError(t, q.For(1, func(w *exec.Worker, _ int) error {
		b, err := src.Next(w)
		require.NoError(t, err)
		require.Equal(t, int64(1-n), column.Of[int64](&b.Cols[0])[0])
		b.Release()
		return nil
	}))
	require.Equal(t, before, last)
	require.False(t, slices.IsSortedFunc(last, func(a, b entry) int { return cmp.Compare(a.word, b.word) }))
	require.NoError(t, q.Wait())
}

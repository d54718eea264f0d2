package operator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// TestGroupCodes groups by keys whose codes widen, are given up, and are never there, also where the table overflows.
func TestGroupCodes(t *testing.T) {
	const rows = 20_000
	texts := func(i int) any { return []any{"", "a", "ab", "twelve bytes", "one"}[i%5] }
	for _, c := range []struct {
		name    string
		columns string
		key     func(i int) []any
	}{
		{"a range", "k int64, v int64", func(i int) []any { return []any{i*7919%300 - 150} }},
		{"ascending", "k int32, v int64", func(i int) []any { return []any{i - rows/2} }},
		{"ever farther", "k int64, v int64", func(i int) []any { return []any{i % 3 << (i / 400)} }},
		{"the ends", "k int64, v int64", func(i int) []any { return []any{[]int{math.MinInt64, math.MaxInt64, 0}[i%3]} }},
		{"the last ones", "k uint64, v int64", func(i int) []any { return []any{uint64(math.MaxUint64 - uint64(i*31%97))} }},
		{"texts", "k utf8, v int64", func(i int) []any { return []any{texts(i)} }},
		{"ever more texts", "k utf8, v int64", func(i int) []any { return []any{fmt.Sprint(i % (1 + i/10))} }},
		{"a long text, late", "k utf8, v int64", func(i int) []any {
			if i > rows/2 && i%100 == 0 {
				return []any{strings.Repeat("long", 5)}
			}
			return []any{texts(i)}
		}},
		{"three keys", "k utf8, l int8, m bool, v int64", func(i int) []any { return []any{texts(i), i%200 - 100, i%7 == 0} }},
		{"nulls, at times", "k utf8, l int16, v int64", func(i int) []any {
			if i/2000%2 == 0 {
				return []any{texts(i), i / 5 * 7919 % 100}
			}
			if i%9 == 0 {
				return []any{nil, i % 900}
			}
			return []any{texts(i), i / 5 * 7919 % 600}
		}},
	} {
		keys := strings.Count(c.columns, ",")
		var all [][]any
		for i := range rows {
			all = append(all, append(c.key(i), i))
		}
		var batches []*table.Batch
		for part := range slices.Chunk(all, 1700) {
			batches = append(batches, optest.Batch(t, c.columns, part...))
		}
		for _, drop := range []bool{false, true} {
			spec := GroupSpec{Keys: []int{0, 1, 2}[:keys], Aggs: []Agg{{Fn: Sum, Column: keys}, {Fn: Size}}, DropNull: drop}
			var want []string
			for _, row := range groupModel(spec, c.columns, all) {
				want = append(want, optest.RowText(row))
			}
			slices.Sort(want)
			for _, budget := range []int64{0, 16 << 20} { // the small one has tables overflow
				got, err := groupBatches(t, context.Background(), memory.NewBudget(budget), 2, batches, 3000, runGroup(t, spec, c.columns))
				require.NoError(t, err)
				slices.Sort(got)
				require.Equal(t, want, got, "%s, DropNull %t, budget %d", c.name, drop, budget)
			}
		}
	}
}

// TestGroupCodesOfTextsAlike groups by texts of which one lies where the other is looked for, and whose words differ by bits
// that the other has.
func TestGroupCodesOfTextsAlike(t *testing.T) {
	const columns = "k utf8, v int64"
	scope := memory.NewScope(memory.NewBudget(0), "codes")
	defer scope.Close()
	codes, first := stringCodes{}, "abcdefghijkl"
	w0, w1 := stringWords([]byte(first))
	require.NoError(t, codes.insert(scope, w0, w1))
	var other string
	for i := 0; other == ""; i++ {
		s := []byte(first)
		for at := range 4 { // what the first word has more or less, the second has in the same place
			bit := byte(i >> (5 * at) & 31)
			s[at] ^= bit
			s[at+8] |= bit
		}
		x0, x1 := stringWords(s)
		if x0 != w0 && codes.slot(x0, x1) == codes.slot(w0, w1) {
			other = string(s)
		}
	}
	var rows [][]any
	for i := range 4 * groupChunkRows {
		rows = append(rows, []any{[]string{first, other}[i/(2*groupChunkRows)], 1})
	}
	spec := GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, Sum), DropNull: true}
	got, err := groupBatches(t, context.Background(), memory.NewBudget(0), 1, cut(optest.Batch(t, columns, rows...), len(rows)), firstSpread, runGroup(t, spec, columns))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{optest.RowText([]any{first, 2 * groupChunkRows}), optest.RowText([]any{other, 2 * groupChunkRows})}, got)
}

package operator

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

var joinHows = map[string]JoinHow{"inner": JoinInner, "left": JoinLeft, "right": JoinRight, "outer": JoinOuter, "semi": JoinSemi, "anti": JoinAnti}

// joinWays makes small inputs take every way through the join.
var joinWays = map[string]joinLimits{
	"one table":          joinDefaults,
	"partitions":         {small: -1, large: math.MaxInt, output: math.MaxInt},
	"divided partitions": {small: -1, large: 2, output: 1},
}

// runJoin returns the Run of a case that joins its two inputs.
func runJoin(t *testing.T, spec JoinSpec, left, right string, limits joinLimits) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		j, err := NewJoin(spec, optest.Schema(t, left), optest.Schema(t, right))
		require.NoError(t, err)
		j.limits = limits
		if _, err := q.Run(in[1], nil, j.Right()); err != nil {
			return nil, err
		}
		if _, err := q.Run(in[0], nil, j.Left()); err != nil {
			return nil, err
		}
		return j.Source(q)
	}
}

// joinModel joins by comparing each row with each.
func joinModel(spec JoinSpec) func([][][]any) [][]any {
	return func(in [][][]any) [][]any {
		var out [][]any
		emit := func(l, r []any) {
			row := make([]any, len(spec.Output))
			for i, c := range spec.Output {
				switch {
				case c.Side == FromLeft && l != nil:
					row[i] = l[c.Index]
				case c.Side == FromRight && r != nil:
					row[i] = r[c.Index]
				case c.Side == Indicator:
					row[i] = map[[2]bool]string{{true, true}: "both", {true, false}: "left_only", {false, true}: "right_only"}[[2]bool{l != nil, r != nil}]
				case c.Side == Coalesced && l != nil:
					row[i] = l[spec.LeftKeys[c.Index]]
				case c.Side == Coalesced:
					row[i] = r[spec.RightKeys[c.Index]]
				}
			}
			out = append(out, row)
		}
		matched := make([]bool, len(in[1]))
		for _, l := range in[0] {
			hit := false
			for i, r := range in[1] {
				if keysEqual(spec, l, r) {
					hit, matched[i] = true, true
					if spec.pairs() {
						emit(l, r)
					}
				}
			}
			if spec.keeps(true) && hit == (spec.How == JoinSemi) {
				emit(l, nil)
			}
		}
		for i, r := range in[1] {
			if !matched[i] && spec.keeps(false) {
				emit(nil, r)
			}
		}
		return out
	}
}

func keysEqual(spec JoinSpec, l, r []any) bool {
	for i := range spec.LeftKeys {
		a, b := l[spec.LeftKeys[i]], r[spec.RightKeys[i]]
		x, _ := a.(float64)
		y, _ := b.(float64)
		if a != b && !(x != x && y != y) {
			return false
		}
	}
	return true
}

// joinCase is two inputs and the keys by which they are joined.
type joinCase struct {
	name, left, right   string
	leftRows, rightRows [][]any
	leftKeys, rightKeys []int
}

// spec returns a join of the case with every column.
func (c *joinCase) spec(t *testing.T, how JoinHow) JoinSpec {
	spec := JoinSpec{How: how, LeftKeys: c.leftKeys, RightKeys: c.rightKeys}
	spec.Output = allColumns(&spec, optest.Schema(t, c.left).NumFields(), optest.Schema(t, c.right).NumFields())
	return spec
}

// joinCases has every kind of key and of column.
func joinCases(t *testing.T) []joinCase {
	cases := []joinCase{
		{name: "int64", left: "k int64, a int64", right: "k int64, b utf8"},
		{name: "uint64", left: "k uint64, a utf8", right: "k uint64, b bool"},
		{name: "int8", left: "k int8, a int16", right: "k int8, b float32"},
		{name: "int16", left: "k int16, a null", right: "k int16, b uint8"},
		{name: "int32", left: "k int32, a large_utf8", right: "k int32, b string_view"},
		{name: "uint8", left: "k uint8", right: "k uint8"},
		{name: "uint16", left: "k uint16", right: "k uint16"},
		{name: "uint32", left: "k uint32, a bool", right: "k uint32, b bool"},
		{name: "float32", left: "k float32, a int64", right: "k float32, b int64"},
		{name: "float64", left: "k float64, a int64", right: "k float64, b int64"},
		{name: "bool", left: "k bool, a int64", right: "k bool, b int64"},
		{name: "utf8", left: "k utf8, a int64", right: "k large_utf8, b int64"},
		{name: "null", left: "k null, a int64", right: "k null, b int64"},
		{name: "int64, utf8", left: "a int64, k int64, s utf8", right: "s utf8, k int64, b int64", leftKeys: []int{1, 2}, rightKeys: []int{1, 0}},
		{name: "float64, bool, null", left: "f float64, b bool, n null, a utf8", right: "f float64, b bool, n null, b utf8", leftKeys: []int{0, 1, 2}, rightKeys: []int{0, 1, 2}},
		{name: "float32, int8", left: "f float32, i int8", right: "f float32, i int8, b int32", leftKeys: []int{0, 1}, rightKeys: []int{0, 1}},
		{name: "NaN and -0", left: "k float64, a int64", right: "k float64, b int64",
			leftRows:  [][]any{{math.NaN(), 1}, {math.Copysign(0, -1), 2}, {0.0, 3}, {1.5, 4}},
			rightRows: [][]any{{math.NaN(), 5}, {0.0, 6}, {math.Copysign(0, -1), 7}, {2.5, 8}}},
		{name: "NaN and -0, two keys", left: "k float64, l float32", right: "k float64, l float32", leftKeys: []int{0, 1}, rightKeys: []int{0, 1},
			leftRows:  [][]any{{math.NaN(), 1.0}, {math.Copysign(0, -1), math.NaN()}, {0.0, math.Copysign(0, -1)}},
			rightRows: [][]any{{math.NaN(), 1.0}, {0.0, math.NaN()}, {math.Copysign(0, -1), 0.0}}},
		{name: "carried", left: "k int64, h halffloat, d decimal128(20, 3), w decimal256(60, -2), f fixed_size_binary[5], li list<int64>, z decimal128(5, 0)",
			right: "k int64, ls large_list<utf8>, m map<utf8, int32>, st struct<a: int8, s: utf8>, fl fixed_size_list<double>[3], x dictionary<utf8, int16>, bin binary, t time64[us]"},
		{name: "carried, two keys", left: "k utf8, l int32, li list<utf8>, d decimal256(60, -2)", right: "k utf8, l int32, st struct<a: int8, s: utf8>, e struct<>",
			leftKeys: []int{0, 1}, rightKeys: []int{0, 1}},
		{name: "nothing on the left", left: "k int64, a utf8", right: "k int64, b utf8", leftRows: [][]any{}},
		{name: "nothing on the right", left: "k int64, a utf8", right: "k int64, b utf8", rightRows: [][]any{}},
		{name: "nothing", left: "k int64, a utf8", right: "k int64, b utf8", leftRows: [][]any{}, rightRows: [][]any{}},
	}
	for i := range cases {
		c := &cases[i]
		if c.leftRows == nil {
			c.leftRows = optest.RandomRows(t, 1, c.left, 23, 12)
		}
		if c.rightRows == nil {
			c.rightRows = optest.RandomRows(t, 2, c.right, 17, 9)
		}
		if c.leftKeys == nil {
			c.leftKeys, c.rightKeys = []int{0}, []int{0}
		}
	}
	return cases
}

// TestJoin compares every kind of key and of join with the model, in every way and all of optest's variations.
func TestJoin(t *testing.T) {
	for _, c := range joinCases(t) {
		for how, value := range joinHows {
			spec := c.spec(t, value)
			for way, limits := range joinWays {
				if testing.Short() && value != JoinOuter && value != JoinSemi && limits != joinDefaults {
					continue // an outer join makes all that those with pairs do, a semi join what an anti join does
				}
				spilling := spillingJoin(t, spec, c.left, c.right)
				if limits != joinDefaults {
					spilling = nil
				}
				optest.Run(t, optest.Case{
					Name:     fmt.Sprintf("%s/%s/%s", c.name, how, way),
					Inputs:   []optest.Input{{Columns: c.left, Rows: c.leftRows}, {Columns: c.right, Rows: c.rightRows}},
					Run:      runJoin(t, spec, c.left, c.right, limits),
					Spilling: spilling,
					Operator: "join", Keys: c.leftKeys,
					Model: joinModel(spec),
				})
			}
		}
	}
}

// allColumns is every column that a join may have in its output.
func allColumns(spec *JoinSpec, left, right int) []JoinColumn {
	var out []JoinColumn
	for i := range spec.LeftKeys {
		out = append(out, JoinColumn{Coalesced, i})
	}
	for i := range left {
		out = append(out, JoinColumn{FromLeft, i})
	}
	if !spec.pairs() {
		return out
	}
	for i := range right {
		out = append(out, JoinColumn{FromRight, i})
	}
	return append(out, JoinColumn{Side: Indicator})
}

// TestCrossJoin joins without keys: every row with every, in every way.
func TestCrossJoin(t *testing.T) {
	const left, right = "a int64, s utf8", "b float64, c bool"
	spec := JoinSpec{How: JoinInner}
	spec.Output = allColumns(&spec, 2, 2)
	for way, limits := range joinWays {
		for name, rows := range map[string][2]int{"many": {40, 30}, "none on the left": {0, 3}, "none on the right": {3, 0}} {
			optest.Run(t, optest.Case{
				Name:     way + "/" + name,
				Inputs:   []optest.Input{{Columns: left, Rows: optest.RandomRows(t, 3, left, rows[0], 9)}, {Columns: right, Rows: optest.RandomRows(t, 4, right, rows[1], 9)}},
				Run:      runJoin(t, spec, left, right, limits),
				Spilling: spillingJoin(t, spec, left, right),
				Model:    joinModel(spec),
			})
		}
	}
}

// TestJoinUnique checks that a side said to have unique keys is refused where it hasn't, whatever the other side holds.
func TestJoinUnique(t *testing.T) {
	const columns = "k int64, s utf8, a int64"
	once := [][]any{{1, "a", 1}, {2, "a", 2}, {1, "b", 3}, {nil, "a", 4}, {1, nil, 5}, {0, "a", 6}}
	for name, test := range map[string]struct {
		left, right [][]any
		keys        []int
		spec        JoinSpec
		side        string // refused
	}{
		"both unique":             {once, once, []int{0, 1}, JoinSpec{UniqueLeft: true, UniqueRight: true}, ""},
		"one column of two":       {once, once, []int{0}, JoinSpec{UniqueLeft: true}, "left"},
		"the right isn't asked":   {once[:2], append(once[:2:2], once[0]), []int{0, 1}, JoinSpec{UniqueLeft: true}, ""},
		"the right":               {once[:2], append(once[:2:2], once[0]), []int{0, 1}, JoinSpec{UniqueLeft: true, UniqueRight: true}, "right"},
		"without a match":         {nil, [][]any{{7, "x", 1}, {7, "x", 2}}, []int{0}, JoinSpec{UniqueRight: true}, "right"},
		"nulls":                   {[][]any{{nil, "x", 1}, {nil, "x", 2}}, once, []int{0}, JoinSpec{UniqueLeft: true}, "left"},
		"nulls beside a zero":     {[][]any{{nil, "x", 1}, {0, "x", 2}}, once, []int{0}, JoinSpec{UniqueLeft: true}, ""},
		"nulls among two columns": {[][]any{{1, nil, 1}, {1, nil, 2}}, once, []int{0, 1}, JoinSpec{UniqueLeft: true}, "left"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := test.spec
			spec.How, spec.LeftKeys, spec.RightKeys = JoinOuter, test.keys, test.keys
			spec.Output = allColumns(&spec, 3, 3)
			run := runJoin(t, spec, columns, columns, joinDefaults)
			optest.Run(t, optest.Case{
				Name:   "join",
				Inputs: []optest.Input{{Columns: columns, Rows: test.left}, {Columns: columns, Rows: test.right}},
				Run: func(q *exec.Query, in []exec.Source) (exec.Source, error) {
					src, err := run(q, in)
					if test.side == "" || err == nil || status.CodeOf(err) != status.Invalid {
						return src, err
					}
					require.ErrorContains(t, err, "the "+test.side+" side has several rows with the same keys")
					return exec.NewScan(nil), nil
				},
				Want: uniqueWant(spec, test.side, test.left, test.right),
			})
		})
	}
}

// uniqueWant is no rows where the join is refused.
func uniqueWant(spec JoinSpec, refused string, left, right [][]any) [][]any {
	if refused != "" {
		return nil
	}
	return joinModel(spec)([][][]any{left, right})
}

// TestSemiJoinOfOneKey checks that a semi or anti join of rows with one key takes time by their number, not its square.
func TestSemiJoinOfOneKey(t *testing.T) {
	const rows = 300_000
	for _, how := range []JoinHow{JoinSemi, JoinAnti} {
		for name, sizes := range map[string][2]int{"left": {rows, 2 * rows}, "right": {2 * rows, rows}, "one table": {1000, rows}} {
			t.Run(fmt.Sprint(how, " built on the ", name), func(t *testing.T) {
				scope := memory.NewScope(memory.NewBudget(0), "inputs")
				defer scope.Close()
				seven := func() int64 { return 7 }
				spec := JoinSpec{How: how, LeftKeys: []int{0}, RightKeys: []int{0}, Output: []JoinColumn{{FromLeft, 0}, {FromLeft, 1}}}
				want := sizes[0]
				if how == JoinAnti {
					want = 0
				}
				got, _ := joinOnce(t, spec, paperInput(t, scope, sizes[0], seven), paperInput(t, scope, sizes[1], seven), 2)
				require.Equal(t, want, got)
			})
		}
	}
}

// TestKeepStrings compares strings that differ in one character only, at any place, of the lengths around every limit.
func TestKeepStrings(t *testing.T) {
	var texts []string
	for _, n := range []int{0, 1, 4, 5, 11, 12, 13, 19, 20, 21, 28, 29, 60} {
		text := strings.Repeat("abc", 20)[:n]
		texts = append(texts, text)
		for i := range n {
			texts = append(texts, text[:i]+"!"+text[i+1:])
		}
	}
	values := make([]any, len(texts))
	for i := range texts {
		values[i] = texts[i]
	}
	a, b := optest.Column(t, "string_view", values...), optest.Column(t, "string_view", values...)
	for i := range b.Views {
		if !b.Views[i].IsInline() {
			b.Views[i].Heap = 1
		}
	}
	heaps := [][]byte{a.Heaps[0], b.Heaps[0]}
	for i := range texts {
		aRows, bRows := make([]uint32, len(texts)), make([]uint32, len(texts))
		for j := range texts {
			aRows[j], bRows[j] = uint32(i), uint32(j)
		}
		aRows, bRows = keepStrings(a.Views, b.Views, heaps, heaps, aRows, bRows)
		require.Equal(t, []uint32{uint32(i)}, aRows, texts[i])
		require.Equal(t, []uint32{uint32(i)}, bRows, texts[i])
	}
}

// TestJoinKeepsTypes checks that dates and timestamps are joined as the integers they are and stay what they are.
func TestJoinKeepsTypes(t *testing.T) {
	leak.Check(t)
	const left, right = "k timestamp[us, tz=UTC], d date32, a int64", "d date32, k timestamp[us, tz=UTC], b int64"
	spec := JoinSpec{How: JoinOuter, LeftKeys: []int{0, 1}, RightKeys: []int{1, 0},
		Output: []JoinColumn{{Coalesced, 0}, {Coalesced, 1}, {FromLeft, 0}, {FromRight, 2}}}
	for way, limits := range joinWays {
		t.Run(way, func(t *testing.T) {
			scope := memory.NewScope(memory.NewBudget(0), "join")
			defer scope.Close()
			q := exec.NewQuery(context.Background(), exec.NewPool(2), scope)
			l := optest.Batch(t, left, []any{5, 6, 1}, []any{7, 8, 2})
			r := optest.Batch(t, right, []any{6, 5, 3})
			defer l.Release()
			defer r.Release()
			src, err := runJoin(t, spec, left, right, limits)(q, []exec.Source{exec.NewScan([]*table.Batch{l}), exec.NewScan([]*table.Batch{r})})
			require.NoError(t, err)
			sink := &exec.Collect{}
			_, err = q.Run(src, nil, sink)
			require.NoError(t, err)
			require.NoError(t, q.Wait())
			rows := map[int64]int32{}
			for _, b := range sink.Take() {
				for i, typ := range []string{"timestamp[us, tz=UTC]", "date32", "timestamp[us, tz=UTC]", "int64"} {
					require.Equal(t, typ, b.Cols[i].Type.String())
				}
				for i, k := range column.Of[int64](&b.Cols[0]) {
					rows[k] = column.Of[int32](&b.Cols[1])[i]
				}
				b.Release()
			}
			require.Equal(t, map[int64]int32{5: 6, 7: 8}, rows)
		})
	}
}

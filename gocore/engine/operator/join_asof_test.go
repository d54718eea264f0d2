package operator

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runAsof returns the Run of a case that sorts the right side, as the operator asks, and joins.
func runAsof(t *testing.T, spec JoinSpec, left, right string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		var keys []SortKey
		for _, k := range append(spec.RightKeys[:len(spec.RightKeys):len(spec.RightKeys)], spec.Asof.RightOn) {
			keys = append(keys, SortKey{Column: k})
		}
		schema := optest.Schema(t, right)
		sorted, err := q.Run(in[1], nil, NewSort(SortSpec{Keys: keys}, schema))
		if err != nil {
			return nil, err
		}
		return runJoin(t, spec, left, right, joinDefaults)(q, []exec.Source{in[0], sorted})
	}
}

// asofModel compares each row with each.
func asofModel(spec JoinSpec, columns int) func([][][]any) [][]any {
	return func(in [][][]any) [][]any {
		var out [][]any
		for _, l := range in[0] {
			var best []any
			for _, r := range in[1] {
				if keysEqual(spec, l, r) && asofBetter(spec.Asof, asofValue(l[spec.Asof.LeftOn]), asofValue(r[spec.Asof.RightOn]), best) {
					best = r
				}
			}
			row := append([]any(nil), l...)
			for i := range columns {
				if best == nil {
					row = append(row, nil)
				} else {
					row = append(row, best[i])
				}
			}
			out = append(out, row)
		}
		return out
	}
}

// asofValue is a value as a float, NaN where there is none to match.
func asofValue(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

// asofBetter tells whether the right value r is a better match of l than the best so far.
func asofBetter(spec *AsofSpec, l, r float64, best []any) bool {
	far := l - r
	if far != far || spec.Limited && math.Abs(far) > max(spec.FloatDistance, float64(spec.Distance)) || spec.Strict && far == 0 {
		return false
	}
	before := far >= 0
	if spec.Direction == AsofBackward && !before || spec.Direction == AsofForward && far > 0 {
		return false
	}
	if best == nil {
		return true
	}
	was := l - asofValue(best[spec.RightOn])
	switch {
	case math.Abs(far) != math.Abs(was):
		return math.Abs(far) < math.Abs(was)
	case spec.Direction == AsofForward:
		return false // the first of equals
	case before != (was >= 0):
		return before
	}
	return before // the last of equals, and of those after the first
}

// TestAsofJoin compares with the model: every direction, strict or not, limited or not, with keys and without.
func TestAsofJoin(t *testing.T) {
	for _, c := range []struct {
		name, left, right string
		keys              []int
		on                int
	}{
		{"int64", "t int64, a utf8", "t int64, b utf8", nil, 0},
		{"uint8", "t uint8", "t uint8, b bool", nil, 0},
		{"float64", "t float64, a int8", "t float64, b int64", nil, 0},
		{"date32", "t date32, a int8", "t date32, b utf8", nil, 0},
		{"by an integer", "k int64, t int32", "k int64, t int32, b utf8, c int16", []int{0}, 1},
		{"by a string", "k utf8, t float32, a large_utf8", "k utf8, t float32, b float64", []int{0}, 1},
		{"by two", "k utf8, l bool, t int16", "k utf8, l bool, t int16, b int64", []int{0, 1}, 2},
	} {
		for _, direction := range []AsofDirection{AsofBackward, AsofForward, AsofNearest} {
			for _, limited := range []bool{false, true} {
				for _, strict := range []bool{false, true} {
					right := optest.Schema(t, c.right).NumFields()
					spec := JoinSpec{How: JoinLeft, LeftKeys: c.keys, RightKeys: c.keys,
						Asof: &AsofSpec{LeftOn: c.on, RightOn: c.on, Direction: direction, Strict: strict, Limited: limited, Distance: 2, FloatDistance: 2}}
					for i := range optest.Schema(t, c.left).NumFields() {
						spec.Output = append(spec.Output, JoinColumn{FromLeft, i})
					}
					for i := range right {
						spec.Output = append(spec.Output, JoinColumn{FromRight, i})
					}
					optest.Run(t, optest.Case{
						Name:    fmt.Sprintf("%s/%d/limited=%t/strict=%t", c.name, direction, limited, strict),
						Inputs:  []optest.Input{{Columns: c.left, Rows: optest.RandomRows(t, 5, c.left, 30, 12)}, {Columns: c.right, Rows: optest.RandomRows(t, 6, c.right, 25, 12)}},
						Run:     runAsof(t, spec, c.left, c.right),
						Model:   asofModel(spec, right),
						Ordered: true,
					})
				}
			}
		}
	}
}

// TestAsofEnds checks the ends of what the types hold, and that a null, NaN or a side without rows match nothing.
func TestAsofEnds(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, c := range map[string]struct {
		typ               string
		direction         AsofDirection
		strict            bool
		left, right, want []any
	}{
		"greatest":          {"int64", AsofBackward, false, []any{math.MaxInt64, math.MinInt64}, []any{math.MaxInt64, math.MaxInt64, 0}, []any{1, nil}},
		"greatest, strict":  {"int64", AsofBackward, true, []any{math.MaxInt64, math.MinInt64}, []any{math.MaxInt64, 0, math.MinInt64}, []any{1, nil}},
		"least, forward":    {"int64", AsofForward, false, []any{math.MinInt64, math.MaxInt64}, []any{math.MinInt64, math.MinInt64}, []any{0, nil}},
		"far apart":         {"int64", AsofNearest, false, []any{-1, 0}, []any{math.MinInt64, math.MaxInt64}, []any{0, 1}},
		"infinities":        {"float64", AsofNearest, false, []any{inf, -inf, 0.0, nan}, []any{-inf, inf, nan, nil}, []any{1, 0, 0, nil}},
		"zeros are equal":   {"float64", AsofBackward, true, []any{0.0, math.Copysign(0, -1)}, []any{math.Copysign(0, -1), 0.0, -1.0}, []any{2, 2}},
		"only nulls":        {"float32", AsofForward, false, []any{1.0, nil}, []any{nil, nan}, []any{nil, nil}},
		"none on the right": {"int8", AsofNearest, false, []any{1, 2}, []any{}, []any{nil, nil}},
		"none on the left":  {"int8", AsofNearest, false, []any{}, []any{1}, []any{}},
	} {
		left, right := "t "+c.typ, "t "+c.typ+", row int64"
		rows := func(values []any, numbered bool) [][]any {
			out := [][]any{}
			for i, v := range values {
				if numbered {
					out = append(out, []any{v, i})
				} else {
					out = append(out, []any{v})
				}
			}
			return out
		}
		spec := JoinSpec{How: JoinLeft, Output: []JoinColumn{{FromRight, 1}},
			Asof: &AsofSpec{Direction: c.direction, Strict: c.strict}}
		optest.Run(t, optest.Case{
			Name:    name,
			Inputs:  []optest.Input{{Columns: left, Rows: rows(c.left, false)}, {Columns: right, Rows: rows(c.right, true)}},
			Run:     runAsof(t, spec, left, right),
			Want:    rows(c.want, false),
			Ordered: true,
		})
	}
}

func TestAsofRefuses(t *testing.T) {
	for columns, text := range map[string]string{"t utf8": "not on utf8", "t bool": "not on bool"} {
		_, err := NewJoin(JoinSpec{How: JoinLeft, Asof: &AsofSpec{}}, optest.Schema(t, columns), optest.Schema(t, columns))
		require.Equal(t, status.TypeMismatch, status.CodeOf(err))
		require.ErrorContains(t, err, text)
	}
	_, err := NewJoin(JoinSpec{How: JoinInner, Asof: &AsofSpec{}}, optest.Schema(t, "t int64"), optest.Schema(t, "t int64"))
	require.Equal(t, status.Invalid, status.CodeOf(err))
}

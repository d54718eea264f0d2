package operator

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// groupModel computes what spec makes of literal rows, with Go's maps and exact sums.
func groupModel(spec GroupSpec, columns string, rows [][]any) [][]any {
	groups := map[string][][]any{}
	var order []string
	if len(spec.Keys) == 0 {
		order = append(order, "[]interface {}(nil)")
		groups[order[0]] = [][]any{}
	}
	for _, row := range rows {
		var key []any
		dropped := false
		for _, k := range spec.Keys {
			key = append(key, canonical(row[k]))
			dropped = dropped || spec.DropNull && row[k] == nil
		}
		if dropped {
			continue
		}
		name := fmt.Sprintf("%#v", key)
		if groups[name] == nil {
			order = append(order, name)
		}
		groups[name] = append(groups[name], row)
	}
	var out [][]any
	for _, name := range order {
		var result []any
		for _, k := range spec.Keys {
			result = append(result, canonical(groups[name][0][k]))
		}
		for _, a := range spec.Aggs {
			result = append(result, modelAgg(a, groups[name], strings.Split(columns, ", ")[a.Column]))
		}
		out = append(out, result)
	}
	return out
}

func canonical(v any) any {
	if f, ok := v.(float64); ok {
		return f + 0 // -0.0 is 0.0
	}
	return v
}

func modelAgg(a Agg, rows [][]any, declared string) any {
	var values []any
	for _, row := range rows {
		v := row[a.Column]
		if f, ok := v.(float64); v != nil && (!ok || f == f) {
			values = append(values, canonical(v))
		}
	}
	switch a.Fn {
	case Size:
		return len(rows)
	case Count:
		return len(values)
	case Any, All:
		for _, v := range values {
			if truth(v) == (a.Fn == Any) {
				return a.Fn == Any
			}
		}
		return a.Fn == All
	case NUnique:
		different := map[any]bool{}
		for _, v := range values {
			different[v] = true
		}
		return len(different)
	case Product:
		product := new(big.Float).SetPrec(4000).SetInt64(1)
		for _, v := range values {
			product.Mul(product, exact(v))
		}
		return number(product, declared)
	}
	if len(values) == 0 && a.Fn != Sum {
		return nil
	}
	switch a.Fn {
	case First:
		return values[0]
	case Last:
		return values[len(values)-1]
	case Min, Max:
		best := values[0]
		for _, v := range values {
			if a.Fn == Min && before(v, best) || a.Fn == Max && before(best, v) {
				best = v
			}
		}
		return best
	case Quantile:
		return modelQuantile(values, a)
	}
	sum := new(big.Float).SetPrec(4000)
	for _, v := range values {
		sum.Add(sum, exact(v))
	}
	if a.Fn == Mean {
		f, _ := sum.Float64()
		return f / float64(len(values))
	}
	return number(sum, declared)
}

func truth(v any) bool {
	if s, ok := v.(string); ok {
		return s != ""
	}
	return exact(v).Sign() != 0
}

// number returns v as the type of the sum of a declared column.
func number(v *big.Float, declared string) any {
	if strings.Contains(declared, "float") || strings.Contains(declared, "double") {
		f, _ := v.Float64()
		return f
	}
	n, _ := v.Int(nil)
	return n
}

func modelQuantile(values []any, a Agg) any {
	slices.SortFunc(values, func(x, y any) int { return exact(x).Cmp(exact(y)) })
	place := a.Q * float64(len(values)-1)
	at, rest := int(place), place-math.Trunc(place)
	low, high := values[at], values[min(at+1, len(values)-1)]
	switch a.Interpolation {
	case Lower:
		return low
	case Higher:
		if rest == 0 {
			return low
		}
		return high
	case Nearest:
		return values[int(math.RoundToEven(place))]
	case Midpoint:
		if rest > 0 {
			rest = 0.5
		}
	}
	l, _ := exact(low).Float64()
	h, _ := exact(high).Float64()
	return l + (h-l)*rest
}

func exact(v any) *big.Float {
	switch v := v.(type) {
	case int:
		return new(big.Float).SetInt64(int64(v))
	case uint64:
		return new(big.Float).SetUint64(v)
	case bool:
		if v {
			return big.NewFloat(1)
		}
		return big.NewFloat(0)
	}
	return new(big.Float).SetFloat64(v.(float64))
}

func before(a, b any) bool {
	switch a := a.(type) {
	case string:
		return a < b.(string)
	case bool:
		return !a && b.(bool)
	}
	return exact(a).Cmp(exact(b)) < 0
}

// runSplitGroup is a Case's Run that groups in three parts and merges their states.
func runSplitGroup(t *testing.T, spec GroupSpec, columns string) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		schema := optest.Schema(t, columns)
		input := &exec.Collect{}
		if _, err := q.Run(in[0], nil, input); err != nil {
			return nil, err
		}
		batches := input.Batches()
		states, err := spec.StateSchema(schema)
		require.NoError(t, err)
		var partial []*table.Batch
		for part := range 3 {
			var share []*table.Batch
			share = append(share, batches[len(batches)*part/3:len(batches)*(part+1)/3]...)
			s := spec
			s.Mode = Partial
			g, err := NewGroup(s, schema)
			require.NoError(t, err)
			g.spread, g.bytes = groupSpread, 1<<20
			src, err := q.Run(exec.NewScan(share), nil, g)
			if err != nil {
				return nil, err
			}
			out := &exec.Collect{}
			if _, err = q.Run(src, nil, out); err != nil {
				return nil, err
			}
			partial = append(partial, out.Batches()...)
		}
		spec.Mode, spec.Rows = Final, schema
		final, err := NewGroup(spec, states)
		require.NoError(t, err)
		return q.Run(exec.NewScan(partial), nil, final)
	}
}

// groupCases are Complete and Partial, Final of one spec over rows, compared with the model.
func groupCases(t *testing.T, name string, spec GroupSpec, columns string, rows [][]any) []optest.Case {
	var cases []optest.Case
	for _, drop := range []bool{true, false} {
		spec := spec
		spec.DropNull = drop
		model := func(inputs [][][]any) [][]any { return groupModel(spec, columns, inputs[0]) }
		input := []optest.Input{{Columns: columns, Rows: rows}}
		cases = append(cases, optest.Case{Name: fmt.Sprintf("%s/drop=%t/complete", name, spec.DropNull), Inputs: input,
			Run: runGroup(t, spec, columns), Spilling: spillingGroup(t, spec, columns), Operator: "group", Keys: spec.Keys, Model: model})
		if !slices.ContainsFunc(spec.Aggs, func(a Agg) bool { return a.Fn >= Quantile }) {
			cases = append(cases, optest.Case{Name: fmt.Sprintf("%s/drop=%t/split", name, spec.DropNull), Inputs: input,
				Run: runSplitGroup(t, spec, columns), Model: model})
		}
	}
	return cases
}

func TestGroupTypes(t *testing.T) {
	for _, typ := range []string{"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
		"float64", "utf8", "large_utf8", "date32", "timestamp[us, tz=UTC]"} {
		var fns []AggFn
		for _, fn := range everyAgg {
			if fn.takes(optest.Schema(t, "v "+typ).Field(0).Type) && !(fn == Mean && strings.HasPrefix(typ, "timestamp")) {
				fns = append(fns, fn)
			}
		}
		columns := "a int32, v " + typ
		rows := optest.RandomRows(t, 1, columns, 40, 17)
		for i := range rows {
			rows[i][0] = i % 5
		}
		optest.Run(t, groupCases(t, "value/"+typ, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, fns...)}, columns, rows)...)
		optest.Run(t, groupCases(t, "no keys/"+typ, GroupSpec{Aggs: aggsOf(1, slices.DeleteFunc(slices.Clone(fns), func(f AggFn) bool { return f == Product })...)}, columns, rows)...)
		collected := []Agg{{Fn: NUnique, Column: 1}, {Fn: First, Column: 1}}
		if Quantile.takes(optest.Schema(t, "v "+typ).Field(0).Type) {
			for i, q := range []float64{0, 0.3, 0.5, 0.75, 1} {
				collected = append(collected, Agg{Fn: Quantile, Column: 1, Q: q, Interpolation: []Interpolation{Higher, Nearest, Lower}[i%3]})
				if !isTime(optest.Schema(t, "v "+typ).Field(0).Type) {
					collected = append(collected, Agg{Fn: Quantile, Column: 1, Q: q}, Agg{Fn: Quantile, Column: 1, Q: q, Interpolation: Midpoint})
				}
			}
		}
		optest.Run(t, groupCases(t, "all at once/"+typ, GroupSpec{Keys: []int{0}, Aggs: collected}, columns, rows)...)
		columns = "k " + typ + ", v int64"
		rows = optest.RandomRows(t, 2, columns, 40, 17)
		optest.Run(t, groupCases(t, "key/"+typ, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, Sum, Min)}, columns, rows)...)
	}
}

func TestGroupKeys(t *testing.T) {
	columns := "a int32, s utf8, f float64, b bool, v float64, w int16, x utf8"
	rows := optest.RandomRows(t, 3, columns, 60, 3)
	for i := range rows {
		if i%7 == 0 {
			rows[i][2] = math.NaN()
		}
		if i%5 == 0 {
			rows[i][2] = math.Copysign(0, -1)
		}
		if i%11 == 0 {
			rows[i][2], rows[i][4] = 0.0, math.NaN()
		}
	}
	aggs := []Agg{{Fn: Mean, Column: 4}, {Fn: Sum, Column: 5}, {Fn: Max, Column: 6}, {Fn: Count, Column: 4}, {Fn: Count, Column: 5}, {Fn: Mean, Column: 5}, {Fn: Min, Column: 6}, {Fn: Count, Column: 6}}
	optest.Run(t, groupCases(t, "two", GroupSpec{Keys: []int{0, 3}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "float", GroupSpec{Keys: []int{2}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "four", GroupSpec{Keys: []int{1, 2, 3, 0}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "none aggregated", GroupSpec{Keys: []int{1}}, columns, rows)...)
	optest.Run(t, groupCases(t, "no rows", GroupSpec{Keys: []int{1}, Aggs: aggs}, columns, nil)...)
}

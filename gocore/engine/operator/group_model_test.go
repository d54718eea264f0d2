package operator

import (
	"fmt"
	"math"
	"math/big"
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
			result = append(result, modelAgg(a.Fn, groups[name], a.Column, strings.Split(columns, ", ")[a.Column]))
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

func modelAgg(fn AggFn, rows [][]any, col int, declared string) any {
	var values []any
	for _, row := range rows {
		if f, ok := row[col].(float64); row[col] != nil && (!ok || f == f) {
			values = append(values, canonical(row[col]))
		}
	}
	if fn == Count {
		return len(values)
	}
	if len(values) == 0 && fn != Sum {
		return nil
	}
	if fn == Min || fn == Max {
		best := values[0]
		for _, v := range values {
			if fn == Min && before(v, best) || fn == Max && before(best, v) {
				best = v
			}
		}
		return best
	}
	sum := new(big.Float).SetPrec(4000)
	for _, v := range values {
		sum.Add(sum, exact(v))
	}
	if fn == Mean {
		f, _ := sum.Float64()
		return f / float64(len(values))
	}
	if strings.Contains(declared, "float") || strings.Contains(declared, "double") {
		f, _ := sum.Float64()
		return f
	}
	n, _ := sum.Int(nil)
	return n
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
			for i := part; i < len(batches); i += 3 {
				share = append(share, batches[i])
			}
			s := spec
			s.Mode = Partial
			g, err := NewGroup(s, schema)
			require.NoError(t, err)
			g.spread = groupSpread
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
		spec.Mode = Final
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
		cases = append(cases,
			optest.Case{Name: fmt.Sprintf("%s/drop=%t/complete", name, spec.DropNull), Inputs: input, Run: runGroup(t, spec, columns), Model: model},
			optest.Case{Name: fmt.Sprintf("%s/drop=%t/split", name, spec.DropNull), Inputs: input, Run: runSplitGroup(t, spec, columns), Model: model})
	}
	return cases
}

func TestGroupTypes(t *testing.T) {
	for _, typ := range []string{"null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
		"float64", "utf8", "large_utf8", "date32", "timestamp[us, tz=UTC]"} {
		fns := everyAgg
		if !summable(optest.Schema(t, "v "+typ).Field(0).Type) {
			fns = []AggFn{Min, Max, Count}
		}
		columns := "a int32, v " + typ
		rows := optest.RandomRows(t, 1, columns, 40, 17)
		for i := range rows {
			rows[i][0] = i % 5
		}
		optest.Run(t, groupCases(t, "value/"+typ, GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, fns...)}, columns, rows)...)
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
	aggs := []Agg{{Mean, 4}, {Sum, 5}, {Max, 6}, {Count, 4}, {Count, 5}, {Mean, 5}, {Min, 6}, {Count, 6}}
	optest.Run(t, groupCases(t, "two", GroupSpec{Keys: []int{0, 3}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "float", GroupSpec{Keys: []int{2}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "four", GroupSpec{Keys: []int{1, 2, 3, 0}, Aggs: aggs}, columns, rows)...)
	optest.Run(t, groupCases(t, "none aggregated", GroupSpec{Keys: []int{1}}, columns, rows)...)
	optest.Run(t, groupCases(t, "no rows", GroupSpec{Keys: []int{1}, Aggs: aggs}, columns, nil)...)
}

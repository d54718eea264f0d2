package operator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// otherKeyTypes are values, with repeats, of the types of keys that operators see as keys of another type or that are
// another type's integers or characters.
var otherKeyTypes = []struct {
	typ    string
	values []any
}{
	{"halffloat", []any{1.5, -1.5, math.Inf(1), 0.0, math.Copysign(0, -1), math.NaN(), math.NaN(), 65504.0}},
	{"decimal128(10, 2)", []any{optest.Decimal("-1.25"), optest.Decimal("99999999.99"), optest.Decimal("-99999999.99"), optest.Decimal("0.00"), optest.Decimal("-1.25")}},
	{"decimal128(38, 3)", []any{optest.Decimal("-0.001"), optest.Decimal(strings.Repeat("9", 35) + ".999"), optest.Decimal("-" + strings.Repeat("9", 35) + ".999"),
		optest.Decimal("0.000"), optest.Decimal("18446744073709551.616"), optest.Decimal("-0.001")}},
	{"decimal256(60, 5)", []any{optest.Decimal("-0.00001"), optest.Decimal(strings.Repeat("9", 55) + ".00000"), optest.Decimal("-" + strings.Repeat("9", 55) + ".00000"),
		optest.Decimal("3402823669209384634633746074317682114.56000"), optest.Decimal("-0.00001")}},
	{"large_utf8", []any{"", "a", "a\x00", "abcdefghijklm", "Zürich", "a", "a long string that goes on"}},
	{"utf8_view", []any{"", "a", "a\x00", "abcdefghijklm", "Zürich", "a", "a long string that goes on"}},
	{"dictionary<utf8, int16>", []any{"", "a", "abcdefghijklm", "Zürich", "a", "a long string that goes on"}},
	{"binary", []any{"", "\x00", "\xff", "\x00\x00", "\xff", "\xffabcdefghijklm"}},
	{"large_binary", []any{"", "\x00", "\xff", "\x00\x00", "\xff", "\xffabcdefghijklm"}},
	{"binary_view", []any{"", "\x00", "\xff", "\x00\x00", "\xff", "\xffabcdefghijklm"}},
	{"fixed_size_binary[3]", []any{"abc", "\x00\x00\x00", "\xff\x00a", "abc"}},
	{"date32", []any{-1, 0, 20000, 0}},
	{"date64", []any{-86400000, 0, 86400000 * 20000, 0}},
	{"time32[s]", []any{0, 86399, 1, 0}},
	{"time64[us]", []any{0, 86400000000 - 1, 1, 0}},
	{"timestamp[us, tz=UTC]", []any{-1, 0, 1 << 60, 0}},
	{"duration[ns]", []any{math.MinInt64, math.MaxInt64, -1, 0, 0}},
}

// runFunc is the Run of a case, and runOver makes it for inputs of the given columns.
type (
	runFunc = func(*exec.Query, []exec.Source) (exec.Source, error)
	runOver func(columns ...string) runFunc
)

// throughKeys has an operator run as plan has it run (plan/keys.go): what it sees are keys, and those among the first
// columns of its output are made what they were.
func throughKeys(t *testing.T, run runOver, outputs []arrow.DataType, columns ...string) runFunc {
	keyed := make([]string, len(columns))
	for i := range columns {
		var fields []string
		for _, f := range optest.Schema(t, columns[i]).Fields() {
			key, ok := compute.KeyType(f.Type)
			require.True(t, ok)
			fields = append(fields, f.Name+" "+column.TypeName(key))
		}
		keyed[i] = strings.Join(fields, ", ")
	}
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		in = slices.Clone(in)
		for i := range in {
			in[i] = &converted{in[i], func(scope *memory.Scope, _ int, c *column.Column) (column.Column, error) {
				return compute.AsKey(scope, c)
			}}
		}
		source, err := run(keyed...)(q, in)
		return &converted{source, func(scope *memory.Scope, i int, c *column.Column) (column.Column, error) {
			if i < len(outputs) {
				return compute.FromKey(scope, c, outputs[i])
			}
			c.Retain()
			return *c, nil
		}}, err
	}
}

// converted is a source whose columns are converted.
type converted struct {
	source  exec.Source
	convert func(scope *memory.Scope, i int, c *column.Column) (column.Column, error)
}

func (s *converted) Next(w *exec.Worker) (*table.Batch, error) {
	b, err := s.source.Next(w)
	if b == nil || err != nil {
		return nil, err
	}
	defer b.Release()
	out := &table.Batch{Len: b.Len, Seq: b.Seq}
	for i := range b.Cols {
		c, err := s.convert(w.Scope(), i, &b.Cols[i])
		if err != nil {
			out.Release()
			return nil, err
		}
		out.Cols = append(out.Cols, c)
	}
	return out, nil
}

// TestKeysOfOtherTypes runs every operator by keys of every type that isn't compared as it is, and by those that are
// another's integers or characters.
func TestKeysOfOtherTypes(t *testing.T) {
	leak.Check(t)
	for _, c := range otherKeyTypes {
		t.Run(c.typ, func(t *testing.T) {
			columns := "k " + c.typ + ", n int32"
			var rows [][]any
			for i, v := range append(c.values, c.values[:2]...) {
				rows = append(rows, []any{v, i})
			}
			optest.Run(t, keyTypeCases(t, columns, rows)...)
			optest.Run(t, setOpsThroughKeys(t, "k "+c.typ, rows)...)
			optest.Run(t, joinsThroughKeys(t, columns, rows)...)
		})
	}
}

// keyTypeCases are those of the operators that have one input, by its first column.
func keyTypeCases(t *testing.T, columns string, rows [][]any) []optest.Case {
	key := []arrow.DataType{optest.Schema(t, columns).Field(0).Type}
	through := func(run runOver) runFunc { return throughKeys(t, run, key, columns) }
	var cases []optest.Case
	for _, k := range directions(0) {
		model := sortModel(k)
		cases = append(cases,
			optest.Case{Name: fmt.Sprintf("sort %+v", k), Ordered: true, Operator: "sort", Model: model,
				Run:      through(func(columns ...string) runFunc { return runSort(t, columns[0], k) }),
				Spilling: through(func(columns ...string) runFunc { return spillingSort(t, columns[0], k) })},
			optest.Case{Name: fmt.Sprintf("top k %+v", k), Ordered: true, Operator: "top k",
				Model: func(in [][][]any) [][]any { return model(in)[:3] },
				Run:   through(func(columns ...string) runFunc { return runTopK(t, columns[0], 3, k) })})
	}
	for _, keep := range []Keep{KeepFirst, KeepNone} {
		spec := UniqueSpec{Keys: []int{0}, Keep: keep}
		cases = append(cases, optest.Case{Name: fmt.Sprint("unique ", keep), Ordered: true, Operator: "unique", Model: uniqueModel(spec),
			Run:      through(func(columns ...string) runFunc { return runUnique(t, columns[0], spec) }),
			Spilling: through(func(columns ...string) runFunc { return spillingUnique(t, columns[0], spec) })})
	}
	for name, spec := range windowsByKey {
		cases = append(cases, optest.Case{Name: name, Ordered: true, Operator: "window", Model: windowModel(spec),
			Run:      through(func(columns ...string) runFunc { return runWindow(t, columns[0], spec) }),
			Spilling: through(func(columns ...string) runFunc { return spillingWindow(t, columns[0], spec) })})
	}
	group := GroupSpec{Keys: []int{0}, Aggs: aggsOf(1, Sum, Max)}
	cases = append(cases, optest.Case{Name: "group", Operator: "group", Model: func(in [][][]any) [][]any { return groupModel(group, columns, in[0]) },
		Run:      through(func(columns ...string) runFunc { return runGroup(t, group, columns[0]) }),
		Spilling: through(func(columns ...string) runFunc { return spillingGroup(t, group, columns[0]) })})
	for i := range cases {
		cases[i].Keys, cases[i].Inputs = []int{0}, []optest.Input{{Columns: columns, Rows: rows}}
	}
	return cases
}

// setOpsThroughKeys are set operations of the first values of rows, all on the left and every other one on the right.
func setOpsThroughKeys(t *testing.T, columns string, rows [][]any) []optest.Case {
	key := optest.Schema(t, columns).Field(0).Type
	keyed, _ := compute.KeyType(key)
	var left, right [][]any
	for i, row := range rows {
		left = append(left, row[:1])
		if i%2 == 0 {
			right = append(right, row[:1])
		}
	}
	cases := setOpCases(t, "set operation", "k "+column.TypeName(keyed), left, right)
	for i := range cases {
		c := &cases[i]
		for k := range c.Inputs {
			c.Inputs[k].Columns = columns
		}
		run, spilling := c.Run, c.Spilling
		c.Run = throughKeys(t, func(...string) runFunc { return run }, []arrow.DataType{key}, columns, columns)
		c.Spilling = throughKeys(t, func(...string) runFunc { return spilling }, []arrow.DataType{key}, columns, columns)
	}
	return cases
}

// joinsThroughKeys are joins of rows with most of them, by the first column.
func joinsThroughKeys(t *testing.T, columns string, rows [][]any) []optest.Case {
	key := optest.Schema(t, columns).Field(0).Type
	var cases []optest.Case
	for _, how := range []JoinHow{JoinOuter, JoinSemi} {
		join := joinCase{left: columns, right: columns, leftKeys: []int{0}, rightKeys: []int{0}}
		spec := join.spec(t, how)
		outputs := []arrow.DataType{key, key, arrow.PrimitiveTypes.Int32} // coalesced, the left ones
		if spec.pairs() {
			outputs = append(outputs, key)
		}
		cases = append(cases, optest.Case{Name: fmt.Sprint("join ", how), Operator: "join", Keys: join.leftKeys, Model: joinModel(spec),
			Inputs:   []optest.Input{{Columns: columns, Rows: rows}, {Columns: columns, Rows: rows[1 : len(rows)-1]}},
			Run:      throughKeys(t, func(c ...string) runFunc { return runJoin(t, spec, c[0], c[1], joinDefaults) }, outputs, columns, columns),
			Spilling: throughKeys(t, func(c ...string) runFunc { return spillingJoin(t, spec, c[0], c[1]) }, outputs, columns, columns)})
	}
	return cases
}

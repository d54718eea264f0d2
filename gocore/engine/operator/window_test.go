package operator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// runWindow returns the Run of a case that computes window functions of its only input.
func runWindow(t *testing.T, columns string, spec WindowSpec) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		s, err := NewWindow(spec, optest.Schema(t, columns))
		require.NoError(t, err)
		return q.Run(in[0], nil, s)
	}
}

// windowModel computes window functions of literal rows: each frame by itself.
func windowModel(spec WindowSpec) func([][][]any) [][]any {
	return func(inputs [][][]any) [][]any {
		rows := inputs[0]
		parts := map[string][]int{}
		for i, row := range rows {
			key := ""
			for _, k := range spec.Partition {
				key += fmt.Sprintf("%T%v|", row[k], canonical(row[k]))
			}
			parts[key] = append(parts[key], i)
		}
		out := make([][]any, len(rows))
		for i := range rows {
			out[i] = slices.Clone(rows[i])
		}
		for _, part := range parts {
			slices.SortStableFunc(part, func(a, b int) int { return orderRows(rows[a], rows[b], spec.Order) })
			for _, f := range spec.Functions {
				for at := range part {
					var result any
					if !droppedByModel(rows[part[at]], spec) && !(f.SkipNull && isMissing(rows[part[at]][f.Column])) {
						result = modelFunction(rows, part, at, f, spec)
					}
					out[part[at]] = append(out[part[at]], result)
				}
			}
		}
		return out
	}
}

func orderRows(a, b []any, keys []SortKey) int {
	for _, k := range keys {
		if order := orderLiterals(a[k.Column], b[k.Column], k); order != 0 {
			return order
		}
	}
	return 0
}

func droppedByModel(row []any, spec WindowSpec) bool {
	return spec.DropNull && slices.ContainsFunc(spec.Partition, func(k int) bool { return row[k] == nil })
}

func isMissing(v any) bool {
	f, float := v.(float64)
	return v == nil || float && f != f
}

// modelFunction computes f for row part[at].
func modelFunction(rows [][]any, part []int, at int, f WindowFunction, spec WindowSpec) any {
	first, last := at, at // peers
	for first > 0 && orderRows(rows[part[first-1]], rows[part[at]], spec.Order) == 0 {
		first--
	}
	for last+1 < len(part) && orderRows(rows[part[last+1]], rows[part[at]], spec.Order) == 0 {
		last++
	}
	n := len(part)
	switch f.Fn {
	case WindowRowNumber:
		return at + 1
	case WindowRank:
		return first + 1
	case WindowRankMax:
		return last + 1
	case WindowRankAverage:
		return float64(first+last+2) / 2
	case WindowPercentRank:
		return float64(first) / float64(max(n-1, 1))
	case WindowCumeDist:
		return float64(last+1) / float64(n)
	case WindowDenseRank:
		dense := 1
		for i := 1; i <= at; i++ {
			if orderRows(rows[part[i-1]], rows[part[i]], spec.Order) != 0 {
				dense++
			}
		}
		return dense
	case WindowNTile:
		bucket := 0
		for i, size := 0, 0; i <= at; i += size {
			size = n / int(f.Param)
			if bucket < n%int(f.Param) {
				size++
			}
			bucket++
		}
		return bucket
	case WindowLag:
		if from := at - int(f.Param); from >= 0 && from < n {
			return rows[part[from]][f.Column]
		}
		return nil
	}
	return modelFrame(rows, frameRows(rows, part, at, f.Frame, spec), f)
}

// frameRows returns the rows of a frame.
func frameRows(rows [][]any, part []int, at int, frame WindowFrame, spec WindowSpec) []int {
	var in []int
	for j, row := range part {
		distance := int64(j - at)
		from := distance
		if frame.Range {
			k := spec.Order[0].Column
			from = int64(rows[row][k].(int) - rows[part[at]][k].(int))
		}
		if from < frame.Start || distance > frame.End || frame.OpenStart && from == frame.Start || frame.OpenEnd && from >= 0 {
			continue
		}
		in = append(in, row)
	}
	return in
}

func modelFrame(rows [][]any, in []int, f WindowFunction) any {
	var values []any
	for _, row := range in {
		if f.Column < 0 {
			values = append(values, true)
		} else if (f.Fn == WindowFirst || f.Fn == WindowLast) && !f.IgnoreNull || !isMissing(rows[row][f.Column]) {
			values = append(values, rows[row][f.Column])
		}
	}
	if len(values) < f.MinPeriods {
		return nil
	}
	n := float64(len(values))
	switch f.Fn {
	case WindowCount:
		return len(values)
	case WindowSum:
		return total(values)
	case WindowProduct:
		product := any(1)
		for _, v := range values {
			product = times(product, v)
		}
		return product
	}
	if len(values) == 0 {
		return nil
	}
	switch f.Fn {
	case WindowFirst:
		return values[0]
	case WindowLast:
		return values[len(values)-1]
	case WindowMin:
		return slices.MinFunc(values, func(a, b any) int { return orderLiterals(a, b, SortKey{}) })
	case WindowMax:
		return slices.MaxFunc(values, func(a, b any) int { return orderLiterals(a, b, SortKey{}) })
	case WindowMean:
		return asFloat(total(values)) / n
	}
	if len(values) <= int(f.Param) {
		return nil
	}
	mean, squares := asFloat(total(values))/n, 0.0
	for _, v := range values {
		squares += (asFloat(v) - mean) * (asFloat(v) - mean)
	}
	if f.Fn == WindowVar {
		return squares / (n - float64(f.Param))
	}
	return math.Sqrt(squares / (n - float64(f.Param)))
}

func asFloat(v any) float64 {
	f, _ := exact(v).Float64()
	return f
}

func total(values []any) any {
	sum := any(0)
	for _, v := range values {
		if f, ok := v.(float64); ok {
			sum = asFloat(sum) + f
		} else {
			sum = sum.(int) + int(asFloat(v))
		}
	}
	return sum
}

func times(a, b any) any {
	if f, ok := b.(float64); ok {
		return asFloat(a) * f
	}
	return int(asFloat(a) * asFloat(b))
}

const windowColumns = "k int8, s utf8, f float64, i int32, u uint8, b bool, d date32"

// Fractions of a quarter, whose sums and means are exact: so the model's answers are those of any order of additions.
func windowRows(t *testing.T, seed uint64, n, distinct int) [][]any {
	rows := optest.RandomRows(t, seed, windowColumns, n, distinct)
	for i := range rows {
		if i%7 == 3 {
			rows[i][2] = math.NaN()
		}
	}
	return rows
}

// windowKeysOf returns the columns of all keys.
func windowKeysOf(spec WindowSpec) []int {
	keys := slices.Clone(spec.Partition)
	for _, o := range spec.Order {
		keys = append(keys, o.Column)
	}
	return keys
}

func checkWindow(t *testing.T, name string, spec WindowSpec) {
	t.Helper()
	for _, n := range []int{0, 1, 40} {
		optest.Run(t, optest.Case{
			Name: fmt.Sprintf("%s of %d rows", name, n), Ordered: true,
			Inputs: []optest.Input{{Columns: windowColumns, Rows: windowRows(t, uint64(n), n, 6)}},
			Run:    runWindow(t, windowColumns, spec), Spilling: spillingWindow(t, windowColumns, spec), Operator: "window", Keys: windowKeysOf(spec), Model: windowModel(spec),
		})
	}
}

// partitions and orders of the cases.
var windowKeys = []WindowSpec{
	{},
	{Partition: []int{0}},
	{Partition: []int{1, 0}, DropNull: true},
	{Order: []SortKey{{Column: 2}}},
	{Partition: []int{0}, Order: []SortKey{{Column: 3, Descending: true, NullsFirst: true}}},
	{Partition: []int{5}, Order: []SortKey{{Column: 1}, {Column: 2}}, DropNull: true},
}

func TestWindowRanks(t *testing.T) {
	leak.Check(t)
	functions := []WindowFunction{{Fn: WindowRowNumber, Column: -1}, {Fn: WindowRank, Column: -1}, {Fn: WindowRankMax, Column: -1},
		{Fn: WindowRankAverage, Column: -1}, {Fn: WindowDenseRank, Column: -1}, {Fn: WindowPercentRank, Column: -1},
		{Fn: WindowCumeDist, Column: -1}, {Fn: WindowNTile, Column: -1, Param: 3}, {Fn: WindowNTile, Column: -1, Param: 100},
		{Fn: WindowRank, Column: 2, SkipNull: true}}
	for i, keys := range windowKeys {
		keys.Functions = functions
		checkWindow(t, fmt.Sprint("keys ", i), keys)
	}
}

// windowsByKey have the first column as a key: of partitions, and of an order with peers.
var windowsByKey = map[string]WindowSpec{
	"window, partitions": {Partition: []int{0}, Order: []SortKey{{Column: 1, Descending: true}},
		Functions: []WindowFunction{{Fn: WindowRowNumber, Column: -1}, {Fn: WindowSum, Column: 1, Frame: WindowFrame{Start: FromFirst}}}},
	"window, order": {Order: []SortKey{{Column: 0, Descending: true, NullsFirst: true}},
		Functions: []WindowFunction{{Fn: WindowRank, Column: -1}, {Fn: WindowDenseRank, Column: -1}, {Fn: WindowLag, Column: 1, Param: 1}}},
}

func TestWindowKeysOfEachType(t *testing.T) {
	leak.Check(t)
	for typ, list := range distinctValues {
		columns := "k " + typ + ", n int32"
		rows := [][]any{{nil, -1}}
		for i, v := range append(list, list[:2]...) {
			rows = append(rows, []any{v, i})
		}
		for name, spec := range windowsByKey {
			optest.Run(t, optest.Case{
				Name: name + " of " + typ, Ordered: true, Inputs: []optest.Input{{Columns: columns, Rows: rows}}, Operator: "window", Keys: []int{0},
				Run: runWindow(t, columns, spec), Spilling: spillingWindow(t, columns, spec), Model: windowModel(spec),
			})
		}
	}
}

func TestWindowRowsOfEachType(t *testing.T) {
	leak.Check(t)
	var functions []WindowFunction
	for column := range 7 {
		functions = append(functions, WindowFunction{Fn: WindowLag, Column: column, Param: int64(column - 3)},
			WindowFunction{Fn: WindowFirst, Column: column, Frame: WindowFrame{Start: -2, End: 1}, IgnoreNull: column%2 == 0},
			WindowFunction{Fn: WindowLast, Column: column, Frame: WindowFrame{Start: FromFirst, End: -1}, IgnoreNull: column%2 == 1, SkipNull: true})
	}
	functions = append(functions, WindowFunction{Fn: WindowLag, Column: 1, Param: math.MaxInt64}, WindowFunction{Fn: WindowLag, Column: 1, Param: math.MinInt64})
	for i, keys := range windowKeys {
		keys.Functions = functions
		checkWindow(t, fmt.Sprint("keys ", i), keys)
	}
}

// frames of the aggregates: cumulative, whole, rolling, centered, before, behind, empty, reversed.
var windowFrames = []WindowFrame{{Start: FromFirst}, {Start: FromFirst, End: ToLast}, {Start: -2}, {Start: -3, End: 3}, {Start: -5, End: -4},
	{Start: 1, End: 2}, {Start: 2, End: 1}, {End: ToLast}, {Start: -1 << 62, End: 1 << 62}, {Start: -1, End: ToLast - 1}}

func TestWindowAggregates(t *testing.T) {
	leak.Check(t)
	for i, keys := range windowKeys {
		for j, frame := range windowFrames {
			keys.Functions = nil
			for column := range 7 {
				minPeriods := (j + column) % 4
				keys.Functions = append(keys.Functions, WindowFunction{Fn: WindowMin, Column: column, Frame: frame, MinPeriods: minPeriods},
					WindowFunction{Fn: WindowMax, Column: column, Frame: frame, SkipNull: true},
					WindowFunction{Fn: WindowCount, Column: column, Frame: frame, MinPeriods: minPeriods})
			}
			for column := 2; column < 6; column++ {
				keys.Functions = append(keys.Functions, WindowFunction{Fn: WindowSum, Column: column, Frame: frame, MinPeriods: j % 3},
					WindowFunction{Fn: WindowMean, Column: column, Frame: frame})
			}
			keys.Functions = append(keys.Functions, WindowFunction{Fn: WindowCount, Column: -1, Frame: frame})
			if frame.Start == FromFirst {
				keys.Functions = append(keys.Functions, WindowFunction{Fn: WindowProduct, Column: 2, Frame: frame},
					WindowFunction{Fn: WindowProduct, Column: 3, Frame: WindowFrame{Start: FromFirst, End: -30}})
			}
			checkWindow(t, fmt.Sprint("keys ", i, " frame ", j), keys)
		}
	}
}

// Variances differ from the model's in the last digits.
func TestWindowVariance(t *testing.T) {
	leak.Check(t)
	const columns = "k int8, f float64"
	rows := optest.RandomRows(t, 5, columns, 60, 20)
	for i := range rows {
		rows[i][1] = rows[i][1].(float64) + 1e6
	}
	for _, frame := range windowFrames {
		for _, ddof := range []int64{0, 1} {
			spec := WindowSpec{Partition: []int{0}, Functions: []WindowFunction{{Fn: WindowVar, Column: 1, Frame: frame, Param: ddof}, {Fn: WindowStd, Column: 1, Frame: frame, Param: ddof}}}
			want := windowModel(spec)([][][]any{rows})
			got := windowResults(t, columns, rows, spec)
			for i := range want {
				for _, c := range []int{2, 3} {
					if want[i][c] == nil {
						require.Nil(t, got[i][c])
						continue
					}
					require.InDelta(t, want[i][c], got[i][c], 1e-9, "row %d", i)
				}
			}
		}
	}
}

func TestWindowRanges(t *testing.T) {
	leak.Check(t)
	const columns = "k int8, t timestamp[us, tz=UTC], v int32"
	rows := optest.RandomRows(t, 3, columns, 50, 12)
	for _, frame := range []WindowFrame{{Start: -3, Range: true}, {Start: -3, Range: true, OpenStart: true}, {Start: -2, End: 2, Range: true},
		{Start: FromFirst, Range: true}, {End: ToLast, Range: true}, {Start: 1, End: 2, Range: true}, {Start: -2, Range: true, OpenStart: true, OpenEnd: true}, {Start: FromFirst, Range: true, OpenEnd: true}} {
		for _, partition := range [][]int{nil, {0}} {
			spec := WindowSpec{Partition: partition, Order: []SortKey{{Column: 1}}, Functions: []WindowFunction{{Fn: WindowSum, Column: 2, Frame: frame},
				{Fn: WindowMax, Column: 2, Frame: frame}, {Fn: WindowMean, Column: 2, Frame: frame}}}
			optest.Run(t, optest.Case{Name: "range", Ordered: true, Inputs: []optest.Input{{Columns: columns, Rows: rows}},
				Run: runWindow(t, columns, spec), Want: windowModel(spec)([][][]any{rows})})
		}
	}
}

// What is far larger than what follows it leaves no trace once it has left the frame.
func TestWindowSumsDoNotDrift(t *testing.T) {
	const columns = "f float64"
	rows := [][]any{{1e300}, {1.5}, {math.Inf(1)}, {0.25}, {-1e-300}, {2.0}, {1e-300}}
	got := windowResults(t, columns, rows, WindowSpec{Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Start: -1}}, {Fn: WindowVar, Frame: WindowFrame{Start: -1}, Param: 1}}})
	var sums []any
	for _, row := range got {
		sums = append(sums, row[1])
	}
	require.Equal(t, []any{1e300, 1e300, math.Inf(1), math.Inf(1), 0.25, 2.0, 2.0}, sums)
	require.Equal(t, 2.0, got[6][2])
	many := make([][]any, 100_000)
	for i := range many {
		many[i] = []any{0.1}
	}
	got = windowResults(t, columns, many, WindowSpec{Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Start: FromFirst}}, {Fn: WindowSum, Frame: WindowFrame{Start: -9}}}})
	require.Equal(t, 10000.0, got[len(got)-1][1])
	require.Equal(t, 1.0, got[len(got)-1][2])
}

func TestWindowOverflow(t *testing.T) {
	for _, test := range []struct {
		columns  string
		rows     [][]any
		function WindowFunction
		code     status.Code
	}{
		{"v int64", [][]any{{math.MaxInt64}, {1}}, WindowFunction{Fn: WindowSum, Frame: WindowFrame{Start: FromFirst}}, status.Overflow},
		{"v int64", [][]any{{math.MinInt64}, {-1}}, WindowFunction{Fn: WindowSum, Frame: WindowFrame{Start: FromFirst}}, status.Overflow},
		{"v uint64", [][]any{{uint64(math.MaxUint64)}, {uint64(1)}}, WindowFunction{Fn: WindowSum, Frame: WindowFrame{Start: FromFirst}}, status.Overflow},
		{"v uint64", [][]any{{uint64(math.MaxUint64)}, {uint64(1)}}, WindowFunction{Fn: WindowMean, Frame: WindowFrame{Start: FromFirst}}, status.OK},
		{"v int64", [][]any{{math.MaxInt64}, {1}, {-5}}, WindowFunction{Fn: WindowSum, Frame: WindowFrame{}}, status.OK},
		{"v int64", [][]any{{math.MinInt64}, {-1}}, WindowFunction{Fn: WindowProduct, Frame: WindowFrame{Start: FromFirst}}, status.Overflow},
		{"v int64", [][]any{{1 << 32}, {-1 << 31}}, WindowFunction{Fn: WindowProduct, Frame: WindowFrame{Start: FromFirst}}, status.OK},
		{"v uint64", [][]any{{1 << 32}, {1 << 32}}, WindowFunction{Fn: WindowProduct, Frame: WindowFrame{Start: FromFirst}}, status.Overflow},
	} {
		err := windowError(t, test.columns, test.rows, WindowSpec{Functions: []WindowFunction{test.function}})
		require.Equal(t, test.code, status.CodeOf(err), "%v: %v", test.rows, err)
	}
}

// windowResults runs spec once, on one thread, and returns the rows: floats, and everything else as it prints.
func windowResults(t *testing.T, columns string, rows [][]any, spec WindowSpec) [][]any {
	t.Helper()
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	src, err := runWindow(t, columns, spec)(q, []exec.Source{exec.NewScan([]*table.Batch{optest.Batch(t, columns, rows...)})})
	require.NoError(t, err)
	sink := &exec.Collect{}
	_, err = q.Run(src, nil, sink)
	require.NoError(t, err)
	require.NoError(t, q.Wait())
	var out [][]any
	for _, b := range sink.Batches() {
		for i := range b.Len {
			row := make([]any, len(b.Cols))
			for k := range b.Cols {
				c := &b.Cols[k]
				switch {
				case c.IsNull(i):
				case c.Kind == column.Float64:
					row[k] = column.Of[float64](c)[i]
				default:
					row[k] = compute.Format(c, i)
				}
			}
			out = append(out, row)
		}
	}
	return out
}

// windowError runs spec and returns how it ends.
func windowError(t *testing.T, columns string, rows [][]any, spec WindowSpec) error {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
	_, err := runWindow(t, columns, spec)(q, []exec.Source{exec.NewScan([]*table.Batch{optest.Batch(t, columns, rows...)})})
	require.NoError(t, q.Wait())
	return err
}

func TestWindowRefusals(t *testing.T) {
	err := windowError(t, "i int32", [][]any{{1}, {nil}}, WindowSpec{Order: []SortKey{{Column: 0}}, Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Range: true}}}})
	require.ErrorContains(t, err, "an order without nulls")
	schema := optest.Schema(t, "v float64, i int32")
	for _, spec := range []WindowSpec{
		{Functions: []WindowFunction{{Fn: WindowSum, Column: -1}}},
		{Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Range: true}}}},
		{Order: []SortKey{{Column: 0}}, Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Range: true}}}},
		{Order: []SortKey{{Column: 1, Descending: true}}, Functions: []WindowFunction{{Fn: WindowSum, Frame: WindowFrame{Range: true}}}},
	} {
		_, err := NewWindow(spec, schema)
		require.Error(t, err, "%+v", spec)
	}
}

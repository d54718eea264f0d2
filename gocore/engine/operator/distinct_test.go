package operator

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/hashing"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// keyText is what tells literal rows apart: -0.0 is 0.0, all NaN are one.
func keyText(row []any, keys []int) string {
	cells := make([]string, len(keys))
	for i, key := range keys {
		v := row[key]
		if f, ok := v.(float64); ok && f == 0 {
			v = 0.0
		}
		cells[i] = fmt.Sprintf("%T %v", v, v)
	}
	return strings.Join(cells, "|")
}

// uniqueModel is Unique of literal rows.
func uniqueModel(spec UniqueSpec) func([][][]any) [][]any {
	return func(inputs [][][]any) [][]any {
		rows := inputs[0]
		count, seen := map[string]int{}, map[string]int{}
		for _, row := range rows {
			count[keyText(row, spec.Keys)]++
		}
		var out [][]any
		for _, row := range rows {
			key := keyText(row, spec.Keys)
			seen[key]++
			stays := [...]bool{KeepFirst: seen[key] == 1, KeepLast: seen[key] == count[key], KeepNone: count[key] == 1}[spec.Keep]
			switch {
			case spec.Mark:
				out = append(out, append(slices.Clone(row), !stays))
			case stays:
				out = append(out, row)
			}
		}
		return out
	}
}

func runUnique(t *testing.T, columns string, spec UniqueSpec) func(*exec.Query, []exec.Source) (exec.Source, error) {
	return func(q *exec.Query, in []exec.Source) (exec.Source, error) {
		return q.Run(in[0], nil, NewUnique(spec, optest.Schema(t, columns)))
	}
}

// distinctValues are some values of each type, few and far apart, with repeats.
var distinctValues = map[string][]any{
	"null":                  {nil, nil, nil},
	"bool":                  {true, false, true},
	"int8":                  {-128, 127, 0, 127},
	"int16":                 {math.MinInt16, math.MaxInt16, 5, 5},
	"int32":                 {math.MinInt32, math.MaxInt32, 5, 5},
	"int64":                 {math.MinInt64, math.MaxInt64, -1, 0, -1},
	"uint8":                 {255, 0, 3, 3},
	"uint16":                {65535, 0, 3, 3},
	"uint32":                {math.MaxUint32, 0, 3, 3},
	"uint64":                {uint64(math.MaxUint64), uint64(0), uint64(1) << 63, uint64(3), uint64(3)},
	"float32":               {1.5, -1.5, math.Inf(1), 0.0, math.Copysign(0, -1), math.NaN(), math.NaN()},
	"float64":               {math.MaxFloat64, math.Inf(-1), 0.0, math.Copysign(0, -1), math.NaN(), 1e-300, math.NaN()},
	"date32":                {-1, 0, 20000, 0},
	"timestamp[us, tz=UTC]": {-1, 0, 1 << 60, 0},
	"utf8":                  {"", "a", "a\x00", "abcdefghijklm", "abcdefghijklmn", "a", "abcdefghijklm", "a long string that goes on", "a long string that goes on"},
}

func TestUniqueOfEachType(t *testing.T) {
	leak.Check(t)
	for typ, list := range distinctValues {
		columns := "k " + typ + ", n int32"
		var rows [][]any
		for i, v := range append(list, list[:2]...) {
			rows = append(rows, []any{v, i})
		}
		for _, keep := range []Keep{KeepFirst, KeepLast, KeepNone} {
			for _, mark := range []bool{false, true} {
				spec := UniqueSpec{Keys: []int{0}, Keep: keep, Mark: mark}
				optest.Run(t, optest.Case{
					Name: fmt.Sprintf("%s keep=%d mark=%t", typ, keep, mark), Inputs: []optest.Input{{Columns: columns, Rows: rows}},
					Run: runUnique(t, columns, spec), Spilling: spillingUnique(t, columns, spec), Operator: "unique", Keys: spec.Keys, Model: uniqueModel(spec), Ordered: true,
				})
			}
		}
	}
}

func TestUniqueOfSeveralKeys(t *testing.T) {
	leak.Check(t)
	for name, columns := range map[string]string{
		"packed":  "a int32, b float32, s utf8",
		"hashed":  "a int64, b float64, s utf8",
		"strings": "s utf8, b float64, a int64",
	} {
		r := rand.New(rand.NewPCG(1, 1))
		var rows [][]any
		for range 60 {
			row := []any{[]int{math.MinInt32, 3, math.MaxInt32}[r.IntN(3)], []float64{-1e30, 0, math.NaN()}[r.IntN(3)], fmt.Sprint("a text of some length ", r.IntN(2))}
			if name == "strings" {
				row[0], row[2] = row[2], row[0]
			}
			rows = append(rows, row)
		}
		keys := []int{0, 1}
		for _, keep := range []Keep{KeepFirst, KeepLast, KeepNone} {
			spec := UniqueSpec{Keys: keys, Keep: keep}
			optest.Run(t, optest.Case{Name: fmt.Sprintf("%s keep=%d", name, keep), Inputs: []optest.Input{{Columns: columns, Rows: rows}},
				Run: runUnique(t, columns, spec), Spilling: spillingUnique(t, columns, spec), Operator: "unique", Keys: spec.Keys, Model: uniqueModel(spec), Ordered: true})
		}
	}
}

// setOpModel is SetOp of literal rows.
func setOpModel(spec SetOpSpec) func([][][]any) [][]any {
	return func(inputs [][][]any) [][]any {
		var keys []int
		for i := range slices.Concat(inputs...)[0] {
			keys = append(keys, i)
		}
		other, seen := map[string]int{}, map[string]int{}
		for _, row := range inputs[1] {
			other[keyText(row, keys)]++
		}
		var out [][]any
		for _, row := range inputs[0] {
			key := keyText(row, keys)
			seen[key]++
			stays := seen[key] == 1 && (other[key] > 0) == (spec.Kind == Intersect)
			if spec.All {
				stays = (seen[key] <= other[key]) == (spec.Kind == Intersect)
			}
			if stays {
				out = append(out, row)
			}
		}
		return out
	}
}

func setOpCases(t *testing.T, name, columns string, left, right [][]any) []optest.Case {
	var cases []optest.Case
	for _, kind := range []SetOpKind{Intersect, Subtract} {
		for _, all := range []bool{false, true} {
			spec := SetOpSpec{kind, all}
			cases = append(cases, optest.Case{
				Name: fmt.Sprintf("%s kind=%d all=%t", name, kind, all),
				Run: func(q *exec.Query, in []exec.Source) (exec.Source, error) {
					s := NewSetOp(spec, optest.Schema(t, columns))
					for i, sink := range []exec.Sink{s.Left(), s.Right()} {
						if _, err := q.Run(in[i], nil, sink); err != nil {
							return nil, err
						}
					}
					return s.Source(q)
				},
				Inputs:   []optest.Input{{Columns: columns, Rows: left}, {Columns: columns, Rows: right}},
				Spilling: spillingSetOp(t, columns, spec),
				Operator: "set operation", Keys: firstColumns(optest.Schema(t, columns).NumFields()),
				Model: setOpModel(spec), Ordered: true,
			})
		}
	}
	return cases
}

func TestSetOpOfEachType(t *testing.T) {
	leak.Check(t)
	for typ, list := range distinctValues {
		var rows [][]any
		for _, v := range append(list, list...) {
			rows = append(rows, []any{v})
		}
		optest.Run(t, setOpCases(t, typ, "k "+typ, rows, rows[1:len(list)-1])...)
	}
}

func TestSetOpOfSeveralColumns(t *testing.T) {
	leak.Check(t)
	r := rand.New(rand.NewPCG(2, 2))
	random := func(n int) (rows [][]any) {
		for range n {
			rows = append(rows, []any{r.IntN(3), fmt.Sprint("some text that is long ", r.IntN(3)), []float64{0, math.Copysign(0, -1), math.NaN(), 2}[r.IntN(4)]})
		}
		return rows
	}
	columns := "a int64, s utf8, f float64"
	optest.Run(t, setOpCases(t, "mixed", columns, random(50), random(30))...)
	optest.Run(t, setOpCases(t, "left empty", columns, nil, random(3))...)
	optest.Run(t, setOpCases(t, "right empty", columns, random(20), nil)...)
}

// TestDistinctManyRows holds each rule, on each path, against a model: enough rows for chunks, partitions that grow
// and stripes.
func TestDistinctManyRows(t *testing.T) {
	leak.Check(t)
	rows := 700_000
	if testing.Short() {
		rows = 150_000
	}
	r := rand.New(rand.NewPCG(3, 3))
	for name, draw := range map[string]func() int64{
		"dense":           func() int64 { return r.Int64N(int64(rows)) },
		"dense, repeated": func() int64 { return r.Int64N(50) },
		"sparse":          func() int64 { return r.Int64N(int64(rows)) * 0x1234567891 },
		"few, far apart":  func() int64 { return r.Int64N(20) << 55 },
		"one in half":     func() int64 { return max(0, r.Int64N(int64(rows))-int64(rows)/2) * 0x1234567891 },
	} {
		left, right := make([]int64, rows), make([]int64, rows/3)
		for i := range left {
			left[i] = draw()
		}
		for i := range right {
			right[i] = draw()
		}
		for rule := firstOfKey; rule <= eachNotOther; rule++ {
			for _, threads := range []int{1, 3} {
				t.Run(fmt.Sprintf("%s rule=%d threads=%d", name, rule, threads), func(t *testing.T) {
					other := right
					if rule <= onlyOfKey {
						other = nil
					}
					require.True(t, slices.Equal(modelRule(rule, other, left), runRule(t, rule, threads, other, left)))
				})
			}
		}
	}
}

func modelRule(rule distinctRule, other, own []int64) []int64 {
	counts, seen, others := map[int64]int{}, map[int64]int{}, map[int64]int{}
	for _, v := range own {
		counts[v]++
	}
	for _, v := range other {
		others[v]++
	}
	var out []int64
	for _, v := range own {
		seen[v]++
		if [...]bool{firstOfKey: seen[v] == 1, lastOfKey: seen[v] == counts[v], onlyOfKey: counts[v] == 1,
			firstInOther: seen[v] == 1 && others[v] > 0, firstNotOther: seen[v] == 1 && others[v] == 0,
			eachInOther: seen[v] <= others[v], eachNotOther: seen[v] > others[v]}[rule] {
			out = append(out, v)
		}
	}
	return out
}

func runRule(t *testing.T, rule distinctRule, threads int, other, own []int64) []int64 {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	q := exec.NewQuery(t.Context(), exec.NewPool(threads), scope)
	schema := optest.Schema(t, "k int64")
	var inputs [2]rangedInput
	for i, values := range [][]int64{other, own} {
		inputs[i].keys = []int{0}
		_, err := q.Run(exec.NewScan(cut(int64Batch(values), 9_999)), nil, &setOpSide{&inputs[i]})
		require.NoError(t, err)
	}
	otherBatches, _ := inputs[0].batches()
	ownBatches, _ := inputs[1].batches()
	ranges := inputs[1].merged()
	mergeRanges(ranges, inputs[0].merged())
	d, err := newDistinct(q, rule, []int{0}, ranges, otherBatches, ownBatches)
	require.NoError(t, err)
	require.NoError(t, d.run())
	collect := &exec.Collect{}
	_, err = q.Run(newDistinctSource(d, schema, &inputs[0], &inputs[1]), nil, collect)
	require.NoError(t, err)
	var out []int64
	for _, b := range collect.Batches() {
		out = append(out, int64sOf(b)...)
	}
	require.NoError(t, q.Wait())
	return out
}

// int64Batch is a batch of one column that lends values.
func int64Batch(values []int64) *table.Batch {
	return &table.Batch{Len: len(values), Cols: []column.Column{{Type: arrow.PrimitiveTypes.Int64, Kind: column.Int64,
		Len: len(values), Values: memory.BytesOf(values)}}}
}

func int64sOf(b *table.Batch) []int64 { return column.Of[int64](&b.Cols[0]) }

// TestUniqueOfCollidingStrings takes strings of one hash: the first eight characters undo the length's part of it.
func TestUniqueOfCollidingStrings(t *testing.T) {
	leak.Check(t)
	const k1, k2, size = 0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 12
	length := uint64(size)
	prefix := string(binary.LittleEndian.AppendUint64(nil, length*k2^k1))
	var rows [][]any
	for i := range 60 {
		rows = append(rows, []any{prefix + fmt.Sprintf("%04d", i*7%40)})
	}
	c := optest.Column(t, "utf8", rows[0][0], rows[1][0])
	views, err := c.AsViews(memory.NewScope(memory.NewBudget(0), "test"))
	require.NoError(t, err)
	hashes := make([]uint64, 2)
	hashing.Columns([]*column.Column{&views}, hashes)
	require.Equal(t, hashes[0], hashes[1], "the strings collide")
	for _, keep := range []Keep{KeepFirst, KeepLast, KeepNone} {
		spec := UniqueSpec{Keys: []int{0}, Keep: keep}
		optest.Run(t, optest.Case{Name: fmt.Sprintf("keep=%d", keep), Inputs: []optest.Input{{Columns: "k utf8", Rows: rows}},
			Run: runUnique(t, "k utf8", spec), Model: uniqueModel(spec), Ordered: true})
	}
	optest.Run(t, setOpCases(t, "set operation", "k utf8", rows, rows[20:45])...)
}

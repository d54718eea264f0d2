package operator

import (
	"fmt"
	"math"
	"math/rand/v2"
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

const streamColumns = "k int64, o int64, i int64, f float64, s utf8, number uint64"

// streamRows are partitions of many sizes, in their order, one of many times the rows that a stream holds.
func streamRows(t *testing.T) []*table.Batch {
	rng := rand.New(rand.NewPCG(3, 3))
	var rows [][]any
	for k, size := range []int{1, 2, 100, 5000, 1, 30_000, 3, 9000} {
		o := 0
		for range size {
			o += rng.IntN(2) * rng.IntN(3)
			key, i, f, s := any(k), any(rng.IntN(1000)-500), any(float64(rng.IntN(1000))/8), any(fmt.Sprintf("a text that is long: %d", rng.IntN(100)))
			if rng.IntN(5) == 0 {
				i, s = nil, nil
			}
			if rng.IntN(5) == 0 {
				f = math.NaN()
			}
			if size == 5000 {
				key = nil
			}
			rows = append(rows, []any{key, o, i, f, s, len(rows)})
		}
	}
	b := optest.Batch(t, streamColumns, rows...)
	t.Cleanup(b.Release)
	return cut(b, 3000)
}

// textsOfRows returns the last columns of rows as text, by the number in column 0 or the rows' order.
func textsOfRows(batches []*table.Batch, from int, numbered bool) []string {
	rows := 0
	for _, b := range batches {
		rows += b.Len
	}
	texts, at := make([]string, rows), 0
	for _, b := range batches {
		for i := range b.Len {
			row := at
			if numbered {
				row = int(column.Of[uint64](&b.Cols[0])[i])
			}
			for c := from; c < len(b.Cols); c++ {
				texts[row] += compute.Format(&b.Cols[c], i) + "|"
			}
			at++
		}
	}
	return texts
}

// TestWindowStream compares a stream that holds few rows with a window that holds all of them.
func TestWindowStream(t *testing.T) {
	leak.Check(t)
	batches := streamRows(t)
	upToRow, around := WindowFrame{Start: FromFirst}, WindowFrame{Start: -70, End: 30}
	tests := map[string][]WindowFunction{
		"ranks":          {{Fn: WindowRowNumber, Column: -1}, {Fn: WindowRank, Column: -1}, {Fn: WindowRankMax, Column: -1}, {Fn: WindowRankAverage, Column: -1}, {Fn: WindowDenseRank, Column: -1}},
		"lags":           {{Fn: WindowLag, Column: 2, Param: 1}, {Fn: WindowLag, Column: 4, Param: -500}, {Fn: WindowLag, Column: 3, Param: 2000, SkipNull: true}},
		"growing":        {{Fn: WindowSum, Column: 2, Frame: upToRow}, {Fn: WindowSum, Column: 3, Frame: upToRow, SkipNull: true}, {Fn: WindowMean, Column: 2, Frame: upToRow}, {Fn: WindowStd, Column: 3, Param: 1, Frame: upToRow}, {Fn: WindowCount, Column: 2, Frame: upToRow, MinPeriods: 3}},
		"growing, ahead": {{Fn: WindowCount, Column: -1, Frame: WindowFrame{Start: FromFirst, End: 7}}, {Fn: WindowSum, Column: 2, Frame: WindowFrame{Start: FromFirst, End: -9}}, {Fn: WindowMin, Column: 3, Frame: WindowFrame{Start: FromFirst, End: 100}}},
		"extremes":       {{Fn: WindowMin, Column: 2, Frame: upToRow}, {Fn: WindowMax, Column: 3, Frame: upToRow}, {Fn: WindowMax, Column: 2, Frame: around}, {Fn: WindowMin, Column: 3, Frame: around, MinPeriods: 60}},
		"rolling":        {{Fn: WindowSum, Column: 2, Frame: around}, {Fn: WindowSum, Column: 3, Frame: around}, {Fn: WindowVar, Column: 3, Param: 1, Frame: around}, {Fn: WindowCount, Column: 2, Frame: WindowFrame{Start: 5, End: 10}}, {Fn: WindowCount, Column: -1, Frame: around}},
		"ends":           {{Fn: WindowFirst, Column: 2, Frame: upToRow}, {Fn: WindowLast, Column: 2, Frame: around}, {Fn: WindowFirst, Column: 4, Frame: around}, {Fn: WindowLast, Column: 4, Frame: WindowFrame{Start: FromFirst, End: -3}}},
		"present ends":   {{Fn: WindowFirst, Column: 2, Frame: upToRow, IgnoreNull: true}, {Fn: WindowLast, Column: 2, Frame: upToRow, IgnoreNull: true}, {Fn: WindowFirst, Column: 4, Frame: around, IgnoreNull: true}, {Fn: WindowLast, Column: 3, Frame: WindowFrame{Start: -2, End: -1}, IgnoreNull: true}},
		"by range":       {{Fn: WindowSum, Column: 2, Frame: WindowFrame{Start: -20, Range: true}}, {Fn: WindowMax, Column: 3, Frame: WindowFrame{Start: -10, Range: true, OpenEnd: true, OpenStart: true}}},
	}
	for name, functions := range tests {
		for _, dropNull := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", name, dropNull), func(t *testing.T) {
				scope := memory.NewScope(memory.NewBudget(0), "test")
				defer scope.Close()
				spec := WindowSpec{Partition: []int{0}, Order: []SortKey{{Column: 1}}, DropNull: dropNull, Functions: functions}
				whole, err := runWindow(t, streamColumns, spec)(query(t, scope), []exec.Source{exec.NewScan(batches)})
				require.NoError(t, err)
				want := &exec.Collect{}
				_, err = query(t, scope).Run(whole, nil, want)
				require.NoError(t, err)

				got, err := runStream(t, spec, batches)
				require.NoError(t, err)
				require.Equal(t, textsOfRows(want.Batches(), 6, false), got)
			})
		}
	}
}

func query(t *testing.T, scope *memory.Scope) *exec.Query {
	return exec.NewQuery(t.Context(), exec.NewPool(1), scope)
}

// runStream pushes rows through a stream that holds as few as it can, and returns the results as text.
func runStream(t *testing.T, spec WindowSpec, batches []*table.Batch) ([]string, error) {
	window, err := NewWindow(spec, optest.Schema(t, streamColumns))
	require.NoError(t, err)
	scope := memory.NewScope(memory.NewBudget(4<<20), "stream")
	defer scope.Close()
	q, results := query(t, scope), &exec.Collect{Result: true}
	stream, err := newWindowStream(q, window, 5, results)
	if err != nil {
		return nil, err
	}
	require.Less(t, len(stream.flags), 25_000, "rows that are held: fewer than the largest partition has")
	_, err = q.Run(exec.NewScan(batches), nil, stream)
	return textsOfRows(results.Batches(), 1, true), err
}

func TestWindowStreamRefuses(t *testing.T) {
	batches := streamRows(t)
	for name, f := range map[string]WindowFunction{
		"a frame to the end":  {Fn: WindowSum, Column: 2, Frame: WindowFrame{Start: FromFirst, End: ToLast}},
		"a length":            {Fn: WindowPercentRank, Column: -1},
		"a long frame":        {Fn: WindowSum, Column: 2, Frame: WindowFrame{Start: -25_000}},
		"the greatest string": {Fn: WindowMax, Column: 4, Frame: WindowFrame{Start: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runStream(t, WindowSpec{Partition: []int{0}, Order: []SortKey{{Column: 1}}, Functions: []WindowFunction{f}}, batches)
			require.Equal(t, status.OutOfMemory, status.CodeOf(err), "%v", err)
		})
	}
}

package operator

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/exec"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// A filter by keys changes nothing about a semi join behind it.
func TestKeyFilter(t *testing.T) {
	leak.Check(t)
	for _, test := range []struct {
		columns string
		keys    []int
	}{
		{"k int64, v utf8", []int{0}},
		{"k int8, v utf8", []int{0}},
		{"k uint16, v utf8", []int{0}},
		{"k date32, v utf8", []int{0}},
		{"k bool, v utf8", []int{0}},
		{"k double, v utf8", []int{0}},
		{"k utf8, v int64", []int{0}},
		{"k int64, v utf8", []int{1, 0}},
		{"k null, v utf8", []int{0}},
	} {
		schema := optest.Schema(t, test.columns)
		kinds := make([]column.Kind, len(test.keys))
		for i, k := range test.keys {
			kinds[i], _ = column.KindOf(schema.Field(k).Type)
		}
		optest.Run(t, optest.Case{
			Name: fmt.Sprint(test.columns, test.keys),
			Inputs: []optest.Input{{Columns: test.columns, Rows: optest.RandomRows(t, 5, test.columns, 60, 40)},
				{Columns: test.columns, Rows: optest.RandomRows(t, 6, test.columns, 9, 40)}},
			Run: func(q *exec.Query, in []exec.Source) (exec.Source, error) {
				join, err := NewJoin(JoinSpec{How: JoinSemi, LeftKeys: test.keys, RightKeys: test.keys,
					Output: []JoinColumn{{FromLeft, 0}, {FromLeft, 1}}}, schema, schema)
				require.NoError(t, err)
				tap := NewKeyTap(test.keys, kinds)
				if _, err := q.Run(in[1], []exec.Transform{tap}, join.Right()); err != nil {
					return nil, err
				}
				var transforms []exec.Transform
				if filter := tap.Filter(q); filter != nil {
					defer filter.Release()
					transforms = append(transforms, &Filter{Keys: []*KeyFilter{filter.On(test.keys)}})
				}
				if _, err := q.Run(in[0], transforms, join.Left()); err != nil {
					return nil, err
				}
				return join.Source(q)
			},
			Model: func(in [][][]any) [][]any {
				key := func(row []any) (text string) {
					for _, k := range test.keys {
						text += optest.RowText(row[k:k+1]) + "|"
					}
					return text
				}
				known := map[string]bool{}
				for _, row := range in[1] {
					known[key(row)] = true
				}
				var out [][]any
				for _, row := range in[0] {
					if known[key(row)] {
						out = append(out, row)
					}
				}
				return out
			},
		})
	}
}

// A filter lets batches be of which most rows match, and drops what doesn't of the others.
func TestKeyFilterLooksAtTheFirstRows(t *testing.T) {
	leak.Check(t)
	rows := func(n int, f func(i int) int) [][]any {
		out := make([][]any, n)
		for i := range out {
			out[i] = []any{f(i)}
		}
		return out
	}
	known := rows(2000, func(i int) int { return 2 * i })
	for name, test := range map[string]struct {
		every, passed int
	}{"most match": {2, 4000}, "half match": {1, 2000}} {
		t.Run(name, func(t *testing.T) {
			scope := memory.NewScope(memory.NewBudget(0), name)
			q := exec.NewQuery(context.Background(), exec.NewPool(1), scope)
			defer func() {
				require.NoError(t, q.Wait())
				scope.Close()
			}()
			tap := NewKeyTap([]int{0}, []column.Kind{column.Int64})
			known, b := optest.Batch(t, "k int64", known...), optest.Batch(t, "k int64", rows(4000, func(i int) int { return i * test.every % 4000 })...)
			defer known.Release()
			defer b.Release()
			_, err := q.Run(exec.NewScan([]*table.Batch{known}), []exec.Transform{tap}, &exec.Collect{})
			require.NoError(t, err)
			filter := tap.Filter(q).On([]int{0})
			defer filter.Release()
			sink := &exec.Collect{}
			_, err = q.Run(exec.NewScan([]*table.Batch{b}), []exec.Transform{&Filter{Keys: []*KeyFilter{filter}}}, sink)
			require.NoError(t, err)
			passed := 0
			for _, kept := range sink.Batches() {
				passed += kept.Len
			}
			require.Equal(t, test.passed, passed)
		})
	}
}

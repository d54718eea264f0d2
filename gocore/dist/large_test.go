package dist_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/comm/channel/local"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
	"github.com/pycylon/pycylon/gocore/session"
)

// integers makes a table of int64 columns from what value returns for each row.
func integers(t testing.TB, columns string, rows int, value func(row int) []int64) *table.Table {
	schema := optest.Schema(t, columns)
	data := make([][]int64, schema.NumFields())
	for i := range rows {
		for k, v := range value(i) {
			data[k] = append(data[k], v)
		}
	}
	b := &table.Batch{Len: rows}
	for _, values := range data {
		b.Cols = append(b.Cols, column.Column{Type: arrow.PrimitiveTypes.Int64, Kind: column.Int64, Len: rows, Values: memory.BytesOf(values)})
	}
	return table.New(schema, []*table.Batch{b})
}

// valuesOf returns a column of a result.
func valuesOf(t *table.Table, k int) []int64 {
	var all []int64
	for _, b := range t.Batches {
		all = append(all, column.Of[int64](&b.Cols[k])...)
	}
	return all
}

// runLarge runs a plan over one table per rank and returns the ranks' columns.
func runLarge(t *testing.T, envs []*session.Env, text string, value func(rank, row int) []int64, rows int) [][][]int64 {
	t.Helper()
	got := make([][][]int64, len(envs))
	requireNone(t, each(envs, func(ctx context.Context, env *session.Env) error {
		arg := integers(t, "k int64, id int64", rows, func(row int) []int64 { return value(env.Rank(), row) })
		result, err := env.Run(ctx, []byte(text), []*table.Table{arg}, "here")
		if err != nil {
			return err
		}
		defer result.Table.Release()
		for k := range result.Table.Schema.NumFields() {
			got[env.Rank()] = append(got[env.Rank()], valuesOf(result.Table, k))
		}
		return nil
	}))
	return got
}

// TestManyBatches moves more rows than a batch holds, with one key in half of them.
func TestManyBatches(t *testing.T) {
	leak.Check(t)
	const (
		ranks = 3
		rows  = 2*table.MaxRows + 5000
	)
	envs := openWorld(t, local.NewWorld(ranks))
	skewed := func(rank, row int) []int64 {
		r := rand.New(rand.NewPCG(uint64(rank), uint64(row)))
		key := int64(500)
		if r.IntN(2) == 0 {
			key = int64(r.IntN(1000))
		}
		return []int64{key, int64(rank)<<32 | int64(row)}
	}
	t.Run("sort", func(t *testing.T) {
		got := runLarge(t, envs, nodes(tableA, `{"op":"sort","inputs":[0],"keys":[{"column":"k","ascending":true}]}`), skewed, rows)
		lastKey, lastID, total := int64(-1), int64(-1), 0
		for r := range got {
			require.InDelta(t, rows, len(got[r][0]), rows/8, "rank %d has %d rows of %d", r, len(got[r][0]), ranks*rows)
			total += len(got[r][0])
			for i, key := range got[r][0] {
				id := got[r][1][i]
				if key < lastKey || key == lastKey && id <= lastID {
					t.Fatalf("row %d of rank %d, (%d, %#x), follows (%d, %#x)", i, r, key, id, lastKey, lastID)
				}
				lastKey, lastID = key, id
			}
		}
		require.Equal(t, ranks*rows, total)
	})
	t.Run("repartition after a shuffle of all to one", func(t *testing.T) {
		one := func(rank, row int) []int64 { return []int64{7, int64(rank)<<32 | int64(row)} }
		got := runLarge(t, envs, nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["k"]}`, `{"op":"repartition","inputs":[1]}`), one, rows)
		last := int64(-1)
		for r := range got {
			require.Len(t, got[r][0], rows)
			for _, id := range got[r][1] { // the exchange keeps the order of the rank concatenation
				require.Greater(t, id, last)
				last = id
			}
		}
	})
	t.Run("group", func(t *testing.T) {
		got := runLarge(t, envs, nodes(tableA, `{"op":"group","inputs":[0],"keys":["k"],"aggs":[{"name":"n","fn":"count","column":"id"}]}`), skewed, rows)
		keys, total, last := 0, int64(0), int64(-1)
		for r := range got {
			for i, key := range got[r][0] {
				require.Greater(t, key, last)
				last = key
				total += got[r][1][i]
				keys++
			}
		}
		require.Equal(t, 1000, keys)
		require.EqualValues(t, ranks*rows, total)
	})
}

// BenchmarkShuffle moves two int64 columns between two ranks of one process.
func BenchmarkShuffle(b *testing.B) {
	const rows = 2_000_000
	envs := openWorld(b, local.NewWorld(2))
	args := make([]*table.Table, 2)
	for r := range args {
		args[r] = integers(b, "k int64, id int64", rows, func(row int) []int64 { return []int64{int64(row * 7919), int64(row)} })
	}
	text := []byte(nodes(tableA, `{"op":"shuffle","inputs":[0],"keys":["k"]}`))
	b.SetBytes(2 * rows * 16)
	for b.Loop() {
		for _, err := range each(envs, func(ctx context.Context, env *session.Env) error {
			result, err := env.Run(ctx, text, args[env.Rank():env.Rank()+1], "here")
			if err == nil {
				result.Table.Release()
			}
			return err
		}) {
			require.NoError(b, err)
		}
	}
}

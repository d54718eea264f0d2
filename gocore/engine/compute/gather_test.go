package compute_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/engine/table"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

const everyType = "n null, b bool, i8 int8, i16 int16, i32 int32, i64 int64, u8 uint8, u16 uint16, u32 uint32, u64 uint64, " +
	"f32 float32, f64 float64, s utf8, l large_utf8, v string_view, d date32, e date64, t timestamp[us], z timestamp[ns, tz=UTC], " +
	"bin binary, lbin large_binary, t32 time32[ms], t64 time64[us], du duration[ns], dict dictionary<utf8, int16>, " +
	"f16 halffloat, dec decimal128(20, 3), wide decimal256(60, -2), fb fixed_size_binary[5], li list<int64>, ls large_list<utf8>, " +
	"fl fixed_size_list<double>[3], m map<utf8, int32>, st struct<a: int8, s: utf8, n: null, d: decimal256(40, 1)>, " +
	"deep list<struct<x: list<utf8>, y: bool>>, empty struct<>"

// randomBatches returns batches of every type, with nulls in all but the first and at odd bit offsets.
func randomBatches(t *testing.T, sizes ...int) []*table.Batch {
	var batches []*table.Batch
	for i, n := range sizes {
		rows := optest.RandomRows(t, uint64(i), everyType, n+i, 1000)
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		for _, row := range rows {
			for j := range row {
				if i > 0 && rng.IntN(4) == 0 {
					row[j] = nil
				}
			}
		}
		batches = append(batches, optest.Batch(t, everyType, rows...).Slice(i, n))
	}
	return batches
}

// scope returns a scope that must be empty once the test's columns are released.
func scope(t *testing.T) *memory.Scope {
	s := memory.NewScope(memory.NewBudget(0), "test")
	t.Cleanup(func() {
		require.Zero(t, s.Held())
		s.Close()
	})
	return s
}

func text(c *column.Column, i int) string {
	if i < 0 {
		return "null"
	}
	return compute.Format(c, i)
}

// check compares c with want and releases it.
func check(t *testing.T, c *column.Column, want []string) {
	t.Helper()
	optest.Rows(t, &table.Batch{Cols: []column.Column{*c}, Len: c.Len})
	require.Equal(t, len(want), c.Len)
	for i := range want {
		require.Equal(t, want[i], compute.Format(c, i), "row %d of %s", i, c.Type)
	}
	c.Release()
}

// TestGatherFromOffsets gathers strings whose views don't exist yet: none are made of other rows.
func TestGatherFromOffsets(t *testing.T) {
	leak.Check(t)
	for _, layout := range []column.Layout{column.Offsets32, column.Offsets64} {
		s := scope(t)
		views := optest.Column(t, "utf8", "", "short", nil, "a string longer than a view", "twelve chars", "the last")
		lent, err := views.WithLayout(layout, s)
		require.NoError(t, err)
		src := lent.Slice(1, 5)
		c, err := compute.Gather(s, &src, []uint32{4, 0, compute.Missing, 1, 2, 2, 3})
		require.NoError(t, err)
		lent.Release()
		views.Release()
		check(t, &c, []string{`"the last"`, `"short"`, "null", "null", `"a string longer than a view"`, `"a string longer than a view"`, `"twelve chars"`})
	}
}

func TestGather(t *testing.T) {
	leak.Check(t)
	for _, missing := range []bool{false, true} {
		for _, n := range []int{0, 1, 63, 64, 65, 1000} {
			for piece, b := range randomBatches(t, 300, 300, 1) {
				t.Run(fmt.Sprintf("missing=%t,n=%d,piece=%d", missing, n, piece), func(t *testing.T) {
					s := scope(t)
					ids, rows := make([]uint32, n), make([]int, n)
					for i := range ids {
						rows[i] = rand.IntN(b.Len)
						ids[i] = uint32(rows[i])
						if missing && i%5 == 4 {
							rows[i], ids[i] = -1, compute.Missing
						}
					}
					for i := range b.Cols {
						c := &b.Cols[i]
						want := make([]string, n)
						for j, row := range rows {
							want[j] = text(c, row)
						}
						got, err := compute.Gather(s, c, ids)
						require.NoError(t, err)
						check(t, &got, want)
					}
				})
			}
		}
	}
}

func TestGatherFromNoRows(t *testing.T) {
	s := scope(t)
	b := optest.Batch(t, everyType)
	for i := range b.Cols {
		got, err := compute.Gather(s, &b.Cols[i], []uint32{compute.Missing, compute.Missing})
		require.NoError(t, err)
		check(t, &got, []string{"null", "null"})
	}
}

func TestPieces(t *testing.T) {
	leak.Check(t)
	batches := randomBatches(t, 300, 0, 65, 1, 200)
	batches = append(batches, batches[4].Slice(3, 100)) // shares its heaps
	s := scope(t)
	for i := range batches[0].Cols {
		cols := make([]*column.Column, len(batches))
		for j := range batches {
			cols[j] = &batches[j].Cols[i]
		}
		pieces := compute.NewPieces(cols[0].Type, cols)
		for _, missing := range []bool{false, true} {
			var addresses []uint64
			var want []string
			for j := range 500 {
				piece := []int{0, 2, 3, 4, 5}[rand.IntN(5)]
				row := rand.IntN(batches[piece].Len)
				if missing && j%7 == 0 {
					addresses, want = append(addresses, compute.MissingRow), append(want, "null")
					continue
				}
				addresses, want = append(addresses, compute.RowAddress(piece, row)), append(want, text(cols[piece], row))
			}
			got, err := pieces.Gather(s, addresses)
			require.NoError(t, err)
			require.LessOrEqual(t, len(got.Heaps), 5, "a heap is listed once")
			check(t, &got, want)
		}
	}
}

func TestConcat(t *testing.T) {
	leak.Check(t)
	batches := randomBatches(t, 3, 0, 65, 1, 200)
	batches = append(batches, batches[4].Slice(3, 100))
	s := scope(t)
	for i := range batches[0].Cols {
		var cols []*column.Column
		var want []string
		for _, b := range batches {
			cols = append(cols, &b.Cols[i])
			for row := range b.Len {
				want = append(want, text(&b.Cols[i], row))
			}
		}
		got, err := compute.Concat(s, cols[0].Type, cols)
		require.NoError(t, err)
		check(t, &got, want)
		none, err := compute.Concat(s, cols[0].Type, nil)
		require.NoError(t, err)
		check(t, &none, nil)
	}
}

// A result keeps alive exactly what it points into.
func TestGatherOwnsHeaps(t *testing.T) {
	s := scope(t)
	b := optest.Batch(t, "s utf8", []any{"a string of more than twelve characters"}, []any{nil})
	views := b.Cols[0].Owners
	got, err := compute.Gather(s, &b.Cols[0], []uint32{0, 1})
	require.NoError(t, err)
	require.Len(t, got.Owners, 3, "views and validity of its own, the characters of the source")
	b.Release()
	require.Nil(t, views[0].Bytes(), "the source's validity is freed")
	check(t, &got, []string{`"a string of more than twelve characters"`, "null"})
	require.Nil(t, views[1].Bytes(), "the source's characters are freed with the result")
}

func TestOutOfMemory(t *testing.T) {
	b := randomBatches(t, 10, 300)[1]
	ids := make([]uint32, 300)
	for limit := int64(1); limit < 1<<14; limit += 200 {
		budget := memory.NewBudget(limit)
		s := memory.NewScope(budget, "test")
		for i := range b.Cols {
			c := &b.Cols[i]
			if got, err := compute.Gather(s, c, ids); err == nil {
				got.Release()
			}
			if got, err := compute.Concat(s, c.Type, []*column.Column{c, c}); err == nil {
				got.Release()
			}
			if got, err := compute.Compare(s, compute.Less, c, c); err == nil {
				got.Release()
			}
			require.Zero(t, s.Held(), "column %d, budget %d", i, limit)
		}
		s.Close()
	}
}

package main

import (
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/table"
)

const longText = "longer than twelve bytes"

// textColumn returns values (nil: null) in a layout; the slice [1, n-1) of a longer column if sliced.
func textColumn(t *testing.T, scope *memory.Scope, values []*string, layout column.Layout, sliced bool) column.Column {
	t.Helper()
	padded := values
	if sliced {
		other := "padding, also longer than that"
		padded = append(append([]*string{&other}, values...), &other)
	}
	ends, endsOwner, err := memory.Make[int32](scope, len(padded)+1)
	require.NoError(t, err)
	bits, err := scope.Zeroed(column.BitmapBytes(len(padded)))
	require.NoError(t, err)
	var text []byte
	ends[0] = 0
	nulls := 0
	valid := column.Bitmap{Bits: bits.Bytes()}
	for i, v := range padded {
		if v == nil {
			nulls++
			text = append(text, "under a null"...)
		} else {
			valid.Set(i)
			text = append(text, *v...)
		}
		ends[i+1] = int32(len(text))
	}
	heap, err := scope.Alloc(len(text))
	require.NoError(t, err)
	copy(heap.Bytes(), text)
	c := column.Column{
		Type: arrow.BinaryTypes.String, Kind: column.String, Layout: column.Offsets32, Len: len(padded), Nulls: nulls, Valid: valid,
		Offsets: endsOwner.Bytes(), Heaps: [][]byte{heap.Bytes()}, Owners: []*memory.Buffer{endsOwner, bits, heap},
	}
	if nulls == 0 {
		c.Valid = column.Bitmap{}
	}
	made, err := c.WithLayout(layout, scope)
	require.NoError(t, err)
	c.Release()
	if sliced {
		cut := made.Slice(1, len(values))
		made = cut
	}
	return made
}

func texts(c *column.Column) []string {
	var out []string
	for i := range c.Len {
		switch {
		case c.IsNull(i):
			out = append(out, "<null>")
		case c.Layout == column.Views:
			out = append(out, string(c.Views[i].Bytes(c.Heaps)))
		case c.Layout == column.Offsets64:
			ends := memory.As[int64](c.Offsets)
			out = append(out, string(c.Heaps[0][ends[i]:ends[i+1]]))
		default:
			ends := memory.As[int32](c.Offsets)
			out = append(out, string(c.Heaps[0][ends[i]:ends[i+1]]))
		}
	}
	return out
}

func TestEveryLayoutBecomesEveryOther(t *testing.T) {
	short, empty, long := "ä", "", longText
	cases := map[string][]*string{
		"mixed": {&short, nil, &long, &empty, nil, &long}, "no nulls": {&long, &short}, "all null": {nil, nil}, "one": {&long},
	}
	layouts := []column.Layout{column.Views, column.Offsets32, column.Offsets64}
	for name, values := range cases {
		for _, from := range layouts {
			for _, to := range layouts {
				for _, sliced := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%d to %d/sliced %v", name, from, to, sliced), func(t *testing.T) {
						scope := memory.NewScope(unlimited, "test")
						defer scope.Close()
						c := textColumn(t, scope, values, from, sliced)
						made, err := c.WithLayout(to, scope)
						require.NoError(t, err)
						require.Equal(t, to, made.Layout)
						require.Equal(t, texts(&c), texts(&made))
						copied, err := copyColumn(&made, scope)
						require.NoError(t, err)
						c.Release()
						require.Len(t, texts(&copied), len(values))
						copied.Release()
						require.Zero(t, scope.Held())
					})
				}
			}
		}
	}
}

func TestLendingKeepsWhatLeavesAlone(t *testing.T) {
	before := handles.live()
	scope := memory.NewScope(unlimited, "test")
	text := longText
	c := textColumn(t, scope, []*string{&text, nil, &text}, column.Offsets32, false)
	bits, err := scope.Zeroed(8)
	require.NoError(t, err)
	flag := column.Column{Type: arrow.FixedWidthTypes.Boolean, Kind: column.Bool, Len: 3, Values: bits.Bytes(), Offset: 5, Owners: []*memory.Buffer{bits}}
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: c.Type}, {Name: "b", Type: flag.Type}}, nil)
	tab := table.New(schema, []*table.Batch{{Cols: []column.Column{c, flag}, Len: 3}, {Cols: make([]column.Column, 2)}})
	scope.Close()

	s, err := lend(tab)
	require.NoError(t, err)
	require.Len(t, s.batches, 1, "a batch without rows stays at home")
	require.Same(t, &c.Offsets[0], &s.batches[0].Cols[0].Offsets[0])
	require.NotSame(t, &flag.Values[0], &s.batches[0].Cols[1].Values[0], "bits are moved to the start of a byte")
	require.Zero(t, s.batches[0].Cols[1].Offset)
	s.drop()
	require.Equal(t, longText, texts(&tab.Batches[0].Cols[0])[0], "the table is still whole")
	tab.Release()
	require.Equal(t, before, handles.live())
}

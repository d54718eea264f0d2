package column

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// samples are strings of 0 to 20 characters that share prefixes, contain zeros or differ in their last character.
func samples() []string {
	var all []string
	for n := range 21 {
		all = append(all, strings.Repeat("a", n), strings.Repeat("a", n)+"\x00", strings.Repeat("\x00", n))
		if n > 0 {
			all = append(all, strings.Repeat("a", n-1)+"b", "b"+strings.Repeat("a", n-1), strings.Repeat("a", n-1)+"\xff")
		}
	}
	return all
}

func TestViewsAgainstStrings(t *testing.T) {
	var heap, other []byte
	other = append(other, "elsewhere"...)
	type pair struct{ here, there View }
	views := map[string]pair{}
	for _, s := range samples() {
		at, from := len(heap), len(other)
		heap, other = append(heap, s...), append(other, s...)
		views[s] = pair{MakeView(heap[at:], 0, at), MakeView(other[from:], 1, from)}
	}
	heaps, others := [][]byte{heap}, [][]byte{nil, other}
	for a, x := range views {
		require.Equal(t, a, string(x.here.Bytes(heaps)))
		require.Equal(t, a, string(x.there.Bytes(others)))
		require.Equal(t, len(a) <= 12, x.here.IsInline())
		for b, y := range views {
			if got := EqualViews(&x.here, heaps, &y.there, others); got != (a == b) {
				require.Fail(t, "EqualViews", "%q and %q: %t", a, b, got)
			}
			if got := CompareViews(&x.here, heaps, &y.there, others); got != strings.Compare(a, b) {
				require.Fail(t, "CompareViews", "%q and %q: %d", a, b, got)
			}
		}
	}
}

func TestInlineViewsArePadded(t *testing.T) {
	v := MakeView([]byte("abcdef"), 7, 7)
	require.Equal(t, View{6, [4]byte{'a', 'b', 'c', 'd'}, 'e' | 'f'<<8, 0}, v)
}

func TestViewsWithoutTheirPaddingAreRefused(t *testing.T) {
	for n := range InlineSize + 1 {
		for at := range InlineSize {
			c := Column{Type: arrow.BinaryTypes.StringView, Kind: String, Len: 1, Views: []View{MakeView(bytes.Repeat([]byte("x"), n), 0, 0)}}
			require.NoError(t, c.Check())
			memory.BytesOf(c.Views)[4+at] = 'y'
			if at < n {
				require.NoError(t, c.Check())
				continue
			}
			require.ErrorContains(t, c.Check(), "the view of row 0 has bytes other than 0")
			c.Valid, c.Nulls = Bitmap{Bits: []byte{0}}, 1 // whatever a null has
			require.NoError(t, c.Check())
		}
	}
}

// offsetsColumn returns strings in one of the offset layouts, over characters that begin with others.
func offsetsColumn(layout Layout, values []string) Column {
	heap := []byte("unused")
	starts := []int64{int64(len(heap))}
	for _, s := range values {
		heap = append(heap, s...)
		starts = append(starts, int64(len(heap)))
	}
	c := Column{Kind: String, Layout: layout, Len: len(values), Heaps: [][]byte{heap}, Offsets: memory.BytesOf(starts)}
	if layout == Offsets32 {
		narrow := make([]int32, len(starts))
		for i, at := range starts {
			narrow[i] = int32(at)
		}
		c.Offsets = memory.BytesOf(narrow)
	}
	return c
}

func TestAsViews(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	values := samples()
	for _, layout := range []Layout{Offsets32, Offsets64} {
		c := offsetsColumn(layout, values)
		s := c.Slice(5, len(values)-7)
		v, err := s.AsViews(scope)
		require.NoError(t, err)
		require.Equal(t, Views, v.Layout)
		require.Len(t, v.Views, s.Len)
		for i := range v.Views {
			require.Equal(t, values[5+i], string(v.Views[i].Bytes(v.Heaps)))
		}
		three := c.Slice(5, 3)
		require.Equal(t, len(values[5])+len(values[6])+len(values[7])+4*c.OffsetWidth(), int(three.Bytes()))
		again, err := v.AsViews(scope)
		require.NoError(t, err)
		require.Equal(t, &v.Views[0], &again.Views[0], "views stay as they are")
		again.Release()
		v.Release()
	}
	require.Zero(t, scope.Held())
	empty := offsetsColumn(Offsets32, nil)
	v, err := empty.AsViews(scope)
	require.NoError(t, err)
	require.Empty(t, v.Views)
	v.Release()
}

func TestViewRows(t *testing.T) {
	values := samples()
	for _, layout := range []Layout{Offsets32, Offsets64} {
		c := offsetsColumn(layout, values)
		s := c.Slice(5, len(values)-5) // up to the end of the heap
		ids := []uint32{0, ^uint32(0), 3, 3}
		for i := s.Len; i > 0; i-- {
			ids = append(ids, uint32(i-1))
		}
		views := make([]View, len(ids))
		heap, ok := s.ViewRows(views, ids)
		require.True(t, ok)
		for i, id := range ids {
			if id == ^uint32(0) {
				require.Zero(t, views[i])
				continue
			}
			want := values[5+id]
			require.Equal(t, want, string(views[i].Bytes([][]byte{heap})))
			require.True(t, EqualViews(&views[i], [][]byte{heap}, new(MakeView([]byte(want), 0, 0)), [][]byte{[]byte(want)}), "%q is padded", want)
		}
	}
	_, ok := viewRows(make([]View, 1), []uint32{0}, []int64{5, 40}, make([]byte, 40), 34)
	require.False(t, ok)
}

func TestAsViewsOutOfMemory(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(100), "test")
	defer scope.Close()
	c := offsetsColumn(Offsets32, samples())
	_, err := c.AsViews(scope)
	require.Error(t, err)
	require.Zero(t, scope.Held())
}

// Heaps over the largest offset of a view are cut into pieces that each hold whole strings.
func TestViewOffsetsSplit(t *testing.T) {
	const limit = 30
	values := []string{strings.Repeat("a", 30), strings.Repeat("b", 14), "", strings.Repeat("c", 16), strings.Repeat("d", 17), "e", strings.Repeat("f", 13)}
	c := offsetsColumn(Offsets64, values)
	views := make([]View, len(values))
	heaps := viewOffsets(views, memory.As[int64](c.Offsets), c.Heaps[0], int(memory.As[int64](c.Offsets)[0]), limit)
	require.Len(t, heaps, 4, "a, b+c, d, e+f and what follows d in its piece")
	for i := range views {
		require.Equal(t, values[i], string(views[i].Bytes(heaps)))
	}
	for _, heap := range heaps {
		require.LessOrEqual(t, len(heap), limit)
	}
	require.True(t, bytes.HasPrefix(heaps[0], []byte("aaa")), "what lies before the first string is left out")
}

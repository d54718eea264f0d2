package compute_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
	"github.com/pycylon/pycylon/gocore/internal/leak"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

// wordsOf draws strings that begin alike, end alike, or are another's beginning, of ASCII or not.
func wordsOf(r *rand.Rand, n int, ascii bool) []any {
	parts := []string{"", "a", "b", "customer.", "0017", "@example.org", "\x00", "ab"}
	if !ascii {
		parts = append(parts, "é", "日本", "\xff")
	}
	values := make([]any, n)
	for i := range values {
		if r.IntN(9) == 0 {
			continue
		}
		s := ""
		for range r.IntN(5) {
			s += parts[r.IntN(len(parts))]
		}
		values[i] = s
	}
	return values
}

// number makes strings longer, and most of them different.
func number(r *rand.Rand, values []any) {
	for i, v := range values {
		if v != nil {
			values[i] = fmt.Sprintf("%02d-%s", r.IntN(30), v)
		}
	}
}

// layouts returns strings as slices of columns in each layout, the last rows at the end of their heap.
func layouts(t *testing.T, values []any) map[string]column.Column {
	lead := append([]any{"front", nil, "é"}, values...)
	columns := map[string]column.Column{}
	for name, layout := range map[string]column.Layout{"offsets": column.Offsets32, "wide offsets": column.Offsets64, "views": column.Views} {
		c := optest.Strings(t, layout, lead...)
		columns[name] = c.Slice(3, len(values))
	}
	return columns
}

// TestTextsInEachLayout compares what is told of eight characters at a time with Go's own functions.
func TestTextsInEachLayout(t *testing.T) {
	leak.Check(t)
	scope := memory.NewScope(memory.NewBudget(0), "test")
	defer scope.Close()
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{0, 1, 2, 7, 63, 64, 65, 200} {
		for round := range 20 {
			values := wordsOf(r, n, round%2 == 0)
			wanted := wordsOf(r, 12, round%4 < 3)
			wanted[0] = "x" // not null
			if round%3 == 0 {
				number(r, values)
				number(r, wanted)
			}
			for layout, c := range layouts(t, values) {
				for _, w := range wanted {
					if w == nil {
						continue
					}
					text := w.(string)
					one := optest.Column(t, "utf8", text)
					check := func(what string, got column.Column, err error, want func(s []byte) string) {
						require.NoError(t, err)
						for i, v := range values {
							expected := "null"
							if v != nil {
								expected = want([]byte(v.(string)))
							}
							require.Equal(t, expected, compute.Format(&got, i), "%s %q of %q, %s", what, text, v, layout)
						}
						got.Release()
					}
					equal, err := compute.Compare(scope, compute.Equal, &c, &one)
					check("equal", equal, err, func(s []byte) string { return fmt.Sprint(string(s) == text) })
					other, err := compute.Compare(scope, compute.NotEqual, &one, &c)
					check("not equal", other, err, func(s []byte) string { return fmt.Sprint(string(s) != text) })
					starts, err := compute.HasAffix(scope, &c, compute.Left, text)
					check("starts with", starts, err, func(s []byte) string { return fmt.Sprint(bytes.HasPrefix(s, []byte(text))) })
				}
				lengths, err := compute.TextLength(scope, &c)
				require.NoError(t, err)
				set, err := compute.NewSet(scope, c.Type, ptr(optest.Column(t, "string_view", wanted...)))
				require.NoError(t, err)
				among, err := set.Contains(scope, &c)
				require.NoError(t, err)
				start, stop := r.IntN(9)-4, r.IntN(20)-5
				piece, err := compute.SliceText(scope, &c, compute.Bounds{Start: &start, Stop: &stop})
				require.NoError(t, err)
				missing := false
				for _, w := range wanted {
					missing = missing || w == nil
				}
				for i, v := range values {
					if v == nil {
						require.Equal(t, fmt.Sprint(missing), compute.Format(&among, i))
						require.True(t, lengths.IsNull(i) && piece.IsNull(i))
						continue
					}
					s, isIn := v.(string), false
					for _, w := range wanted {
						isIn = isIn || w == v
					}
					require.Equal(t, fmt.Sprint(isIn), compute.Format(&among, i), "%q among %q, %s", v, wanted, layout)
					if !utf8.ValidString(s) {
						continue // what a code point is isn't said
					}
					points := []rune(s)
					require.Equal(t, fmt.Sprint(len(points)), compute.Format(&lengths, i), "%q, %s", v, layout)
					from, to := within(start, len(points)), within(stop, len(points))
					require.Equal(t, fmt.Sprintf("%q", string(points[from:max(from, to)])), compute.Format(&piece, i), "%q[%d:%d], %s", v, start, stop, layout)
				}
				for _, c := range []column.Column{lengths, among, piece} {
					c.Release()
				}
			}
		}
	}
}

func within(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}

func ptr(c column.Column) *column.Column { return &c }

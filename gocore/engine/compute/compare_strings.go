package compute

import (
	"unsafe"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// compareStrings sets the bits of the rows that op holds for; those of null rows mean nothing.
func compareStrings(dst []byte, n int, op Comparison, x, y *column.Column) {
	if op <= NotEqual {
		if x.Len == 1 {
			x, y = y, x
		}
		if y.Len == 1 && x.Len == n && !y.IsNull(0) {
			if x.Layout == column.Views && y.Layout == column.Views {
				equalString(dst, x, &y.Views[0], y.Heaps)
			} else {
				equalText(dst, x, y)
			}
			if op == NotEqual {
				invert(dst, n)
			}
			return
		}
	}
	sx, sy := stride(x), stride(y)
	for i := range n {
		if x.IsNull(i&sx) || y.IsNull(i&sy) { // a foreign view of a null row may point nowhere
			continue
		}
		a, b := &x.Views[i&sx], &y.Views[i&sy]
		var is bool
		if op <= NotEqual {
			is = column.EqualViews(a, x.Heaps, b, y.Heaps) == (op == Equal)
		} else {
			is = op.holds(column.CompareViews(a, x.Heaps, b, y.Heaps))
		}
		if is {
			dst[i>>3] |= 1 << (i & 7)
		}
	}
}

// equalText sets the bits of x's rows that equal the only string of y, in any layout.
func equalText(dst []byte, x, y *column.Column) {
	rows, one := newTextReader(x), newTextReader(y)
	want := head{one.at(0), true}
	if withOffsets(x, func(o []int32) { matchHeads(dst, o, x.Heaps[0], want) }, func(o []int64) { matchHeads(dst, o, x.Heaps[0], want) }) {
		return
	}
	for i := range x.Len {
		if !x.IsNull(i) && string(rows.at(i)) == string(want.text) {
			dst[i>>3] |= 1 << (i & 7)
		}
	}
}

// viewWords are the two words of a view: the first has the size and the first four characters, and of a short string the
// second has the others.
func viewWords(v *column.View) *[2]uint64 { return (*[2]uint64)(unsafe.Pointer(v)) }

// equalString sets the bits of c's rows that equal v: by the words of short strings without a branch, of others where the
// first word is the same.
func equalString(dst []byte, c *column.Column, v *column.View, heaps [][]byte) {
	want := *viewWords(v)
	if v.IsInline() {
		equalWords(dst, c.Views[:c.Len], want)
		return
	}
	for i := range c.Views[:c.Len] {
		if viewWords(&c.Views[i])[0] == want[0] && !c.IsNull(i) && column.EqualViews(&c.Views[i], c.Heaps, v, heaps) {
			dst[i>>3] |= 1 << (i & 7)
		}
	}
}

// equalWords sets the bits of the rows whose views are want, eight at a time, beside those that are set already.
func equalWords(dst []byte, rows []column.View, want [2]uint64) {
	words := memory.As[[2]uint64](memory.BytesOf(rows))
	a, b := want[0], want[1]
	for ; len(words) >= 8; words, dst = words[8:], dst[1:] {
		v := (*[8][2]uint64)(words)
		dst[0] |= bits4((v[0][0]^a)|(v[0][1]^b) == 0, (v[1][0]^a)|(v[1][1]^b) == 0, (v[2][0]^a)|(v[2][1]^b) == 0, (v[3][0]^a)|(v[3][1]^b) == 0) |
			bits4((v[4][0]^a)|(v[4][1]^b) == 0, (v[5][0]^a)|(v[5][1]^b) == 0, (v[6][0]^a)|(v[6][1]^b) == 0, (v[7][0]^a)|(v[7][1]^b) == 0)<<4
	}
	for i := range words {
		dst[0] |= byte(oneBit(words[i] == want)) << i
	}
}

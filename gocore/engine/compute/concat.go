package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Concat returns the rows of cols, which are all of type t, one after the other. String columns must be in the Views
// layout; the characters stay where they are, each heap listed once.
func Concat(scope *memory.Scope, t arrow.DataType, cols []*column.Column) (column.Column, error) {
	rows, nulls := 0, 0
	for _, c := range cols {
		rows, nulls = rows+c.Len, nulls+c.Nulls
	}
	dst, err := New(scope, t, rows)
	if err != nil || dst.Kind == column.Null {
		return dst, err
	}
	if nulls > 0 {
		b, err := scope.Zeroed(column.BitmapBytes(rows))
		if err != nil {
			dst.Release()
			return column.Column{}, err
		}
		SetValid(&dst, b, nulls)
	}
	var merger HeapMerger
	at, width := 0, dst.Width()
	for _, c := range cols {
		switch dst.Kind {
		case column.Bool:
			copyBits(dst.Values, at, column.Bitmap{Bits: c.Values, Offset: c.Offset}, c.Len)
		case column.String:
			concatViews(dst.Views[at:at+c.Len], c, merger.Add(c))
		case column.List, column.Struct:
		default:
			copy(dst.Values[at*width:], c.Values[:c.Len*width])
		}
		if nulls > 0 {
			copyBits(dst.Valid.Bits, at, c.Valid, c.Len)
		}
		at += c.Len
	}
	switch {
	case dst.Kind == column.String:
		clearNulls(&dst)
		merger.Attach(&dst)
	case column.IsNested(dst.Kind):
		if err := concatChildren(scope, &dst, cols); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	return dst, nil
}

func concatViews(dst []column.View, c *column.Column, moved []uint32) {
	copy(dst, c.Views)
	if moved == nil {
		return
	}
	for i := range dst {
		if !dst[i].IsInline() && !c.IsNull(i) {
			dst[i].Heap = moved[dst[i].Heap]
		}
	}
}

// copyBits writes the first n bits of src, ones where it has no bits, to bits [at, at+n) of dst, which are 0.
func copyBits(dst []byte, at int, src column.Bitmap, n int) {
	for i := 0; i < n; i += 32 {
		size := min(32, n-i)
		w := uint64(1)<<size - 1
		if src.Bits != nil {
			w = word(src, i, size)
		}
		w <<= (at + i) & 7
		for j := (at + i) >> 3; w != 0; j, w = j+1, w>>8 {
			dst[j] |= byte(w)
		}
	}
}

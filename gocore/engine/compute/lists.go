package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// ListLength returns the number of elements of each list.
func ListLength(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, arrow.PrimitiveTypes.Int64, a)
	if err != nil {
		return column.Column{}, err
	}
	out := column.Of[int64](&dst)
	for i := range out {
		from, to := a.Elements(i)
		out[i] = int64(to - from)
	}
	return dst, nil
}

// ListElement returns the element at a position of each list, counted from the end if it is negative; null where there
// is none.
func ListElement(scope *memory.Scope, a *column.Column, at int) (column.Column, error) {
	ids, owner, err := memory.Make[uint32](scope, a.Len)
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	elements, first := elementRows(a)
	for i := range a.Len {
		from, to := a.Elements(i)
		e := from + at
		if at < 0 {
			e = to + at
		}
		ids[i] = Missing
		if !a.IsNull(i) && e >= from && e < to {
			ids[i] = uint32(e - first)
		}
	}
	return Gather(scope, &elements, ids[:a.Len])
}

// JoinElements returns the strings of each list, one behind the other with separator between them; null where one of
// them is.
func JoinElements(scope *memory.Scope, a *column.Column, separator string) (column.Column, error) {
	texts := &a.Children[0]
	var lost []int
	dst, err := writeTexts(scope, texts.Type, []*column.Column{a}, func(dst []byte, row int) []byte {
		from, to := a.Elements(row)
		for e := from; e < to; e++ {
			if texts.IsNull(e) {
				lost = append(lost, row)
				return dst[:0]
			}
			if e > from {
				dst = append(dst, separator...)
			}
			dst = append(dst, texts.Views[e].Bytes(texts.Heaps)...)
		}
		return dst
	})
	if err == nil {
		if err = setNull(scope, &dst, lost); err != nil {
			dst.Release()
		}
	}
	return dst, err
}

package compute

import (
	"slices"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Missing is the row id that gathers a null.
const Missing = ^uint32(0)

// Gather returns rows ids of src, in their order; Missing gives null. Strings become views, whatever their layout. Of a
// list the elements are copied, those of the rows that are asked for.
func Gather(scope *memory.Scope, src *column.Column, ids []uint32) (column.Column, error) {
	return gatherRows(scope, src, ids, slices.Contains(ids, Missing))
}

// GatherPresent is Gather for ids none of which is Missing.
func GatherPresent(scope *memory.Scope, src *column.Column, ids []uint32) (column.Column, error) {
	return gatherRows(scope, src, ids, false)
}

func gatherRows(scope *memory.Scope, src *column.Column, ids []uint32, missing bool) (column.Column, error) {
	dst, err := New(scope, src.Type, len(ids))
	if err != nil || src.Kind == column.Null {
		return dst, err
	}
	if src.Len == 0 { // every id is Missing
		dst.Release()
		return AllNull(scope, src.Type, len(ids))
	}
	if missing || src.Nulls > 0 {
		if err := gatherValid(scope, &dst, src, ids); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	switch {
	case column.IsNested(src.Kind):
		if err := gatherChildren(scope, &dst, src, ids); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	case src.Kind == column.Bool:
		gatherBits(dst.Values, column.Bitmap{Bits: src.Values, Offset: src.Offset}, ids)
	case src.Kind == column.String:
		if err := gatherStrings(scope, &dst, src, ids, missing); err != nil {
			dst.Release()
			return column.Column{}, err
		}
	case src.Kind == column.FixedBinary:
		gatherBytes(dst.Values, src.Values, src.Width(), ids)
	case src.Kind.Width() == 1:
		gather(dst.Values, src.Values, ids, missing)
	case src.Kind.Width() == 2:
		gather(column.Of[uint16](&dst), column.Of[uint16](src), ids, missing)
	case src.Kind.Width() == 4:
		gather(column.Of[uint32](&dst), column.Of[uint32](src), ids, missing)
	case src.Kind.Width() == 16:
		gather(column.Of[[2]uint64](&dst), column.Of[[2]uint64](src), ids, missing)
	case src.Kind.Width() == 32:
		gather(column.Of[column.Decimal](&dst), column.Of[column.Decimal](src), ids, missing)
	default:
		gather(column.Of[uint64](&dst), column.Of[uint64](src), ids, missing)
	}
	return dst, nil
}

// element is what a gather moves: values of a fixed width.
type element interface {
	uint8 | uint16 | uint32 | uint64 | [2]uint64 | column.Decimal | column.View
}

func gather[T element](dst, src []T, ids []uint32, missing bool) {
	dst = dst[:len(ids)]
	if !missing {
		for i, id := range ids {
			dst[i] = src[id]
		}
		return
	}
	for i, id := range ids {
		var v T
		if id != Missing {
			v = src[id]
		}
		dst[i] = v
	}
}

// gatherBytes gathers elements of any width.
func gatherBytes(dst, src []byte, width int, ids []uint32) {
	for i, id := range ids {
		d := dst[i*width : (i+1)*width]
		if id == Missing {
			clear(d)
			continue
		}
		copy(d, src[int(id)*width:])
	}
}

// gatherStrings makes views of the rows that are asked for only, where src has offsets.
func gatherStrings(scope *memory.Scope, dst, src *column.Column, ids []uint32, missing bool) error {
	if src.Layout != column.Views {
		if heap, ok := src.ViewRows(dst.Views, ids); ok {
			clearNulls(dst)
			dst.Heaps = [][]byte{heap}
			dst.Owners = addHeapOwners(dst.Owners, &column.Column{Heaps: dst.Heaps, Owners: src.Owners})
			return nil
		}
		views, err := src.AsViews(scope)
		if err != nil {
			return err
		}
		defer views.Release()
		src = &views
	}
	gather(dst.Views, src.Views, ids, missing)
	clearNulls(dst)
	dst.Heaps = src.Heaps
	dst.Owners = addHeapOwners(dst.Owners, src)
	return nil
}

func gatherBits(dst []byte, src column.Bitmap, ids []uint32) {
	for i := 0; i < len(ids); i += 64 {
		n, w := min(64, len(ids)-i), uint64(0)
		for j, id := range ids[i : i+n] {
			if id != Missing {
				w |= bit(src, int(id)) << j
			}
		}
		putWord(dst, i, n, w)
	}
}

func gatherValid(scope *memory.Scope, dst, src *column.Column, ids []uint32) error {
	b, err := scope.Zeroed(column.BitmapBytes(len(ids)))
	if err != nil {
		return err
	}
	if src.Valid.Bits != nil {
		gatherBits(b.Bytes(), src.Valid, ids)
	} else {
		for i := 0; i < len(ids); i += 64 {
			n, w := min(64, len(ids)-i), uint64(0)
			for j, id := range ids[i : i+n] {
				w |= oneBit(id != Missing) << j
			}
			putWord(b.Bytes(), i, n, w)
		}
	}
	SetValid(dst, b, len(ids)-column.Bitmap{Bits: b.Bytes()}.Count(len(ids)))
	return nil
}

// clearNulls zeroes the views of null rows: a foreign one may point nowhere.
func clearNulls(c *column.Column) {
	if c.Nulls == 0 {
		return
	}
	for i := range c.Views {
		if !c.Valid.Get(i) {
			c.Views[i] = column.View{}
		}
	}
}

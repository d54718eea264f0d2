package compute

import (
	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Choose returns a where the Bool column is is true, and b where it is false or null. a and b are of one type; each of
// the three may have a single row that stands for all.
func Choose(scope *memory.Scope, is, a, b *column.Column) (column.Column, error) {
	if a.Kind > column.String {
		return chooseRows(scope, is, a, b)
	}
	dst, err := New(scope, a.Type, Rows(is, a, b))
	if err != nil || dst.Kind == column.Null {
		return dst, err
	}
	if err := chooseValid(scope, &dst, is, a, b); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	switch dst.Kind {
	case column.Bool:
		for i := 0; i < dst.Len; i += 64 {
			size := min(64, dst.Len-i)
			pick, _ := truth(is, i, size)
			trueA, _ := truth(a, i, size)
			trueB, _ := truth(b, i, size)
			putWord(dst.Values, i, size, trueA&pick|trueB&^pick)
		}
		return dst, nil
	case column.String:
		chooseViews(&dst, is, a, b)
		return dst, nil
	}
	switch dst.Kind.Width() {
	case 1:
		choose[uint8](&dst, is, a, b)
	case 2:
		choose[uint16](&dst, is, a, b)
	case 4:
		choose[uint32](&dst, is, a, b)
	case 8:
		choose[uint64](&dst, is, a, b)
	}
	return dst, nil
}

// choose picks elements without a branch.
func choose[T uint8 | uint16 | uint32 | uint64](dst, is, a, b *column.Column) {
	out, x, y := column.Of[T](dst), operandOf[T](a, dst.Len), operandOf[T](b, dst.Len)
	defer x.release()
	defer y.release()
	for i := 0; i < len(out); i += 64 {
		n := min(64, len(out)-i)
		pick, _ := truth(is, i, n)
		to, from, other := out[i:i+n], x.near(i, n), y.near(i, n)
		for j := range to {
			to[j] = other[j] ^ (from[j]^other[j])&-T(pick>>j&1)
		}
	}
}

// near returns rows [i, i+n) cut so that the compiler knows their number.
func (o *operand[T]) near(i, n int) []T { return o.rows(i, n)[:n:n] }

func chooseViews(dst, is, a, b *column.Column) {
	var merger HeapMerger
	movedA, movedB := merger.Add(a), merger.Add(b)
	merger.Attach(dst)
	sa, sb := stride(a), stride(b)
	for i := 0; i < dst.Len; i += 64 {
		size := min(64, dst.Len-i)
		pick, _ := truth(is, i, size)
		for j := range size {
			from, moved, at := b, movedB, (i+j)&sb
			if pick>>j&1 != 0 {
				from, moved, at = a, movedA, (i+j)&sa
			}
			v := from.Views[at]
			if !v.IsInline() && moved != nil && !from.IsNull(at) {
				v.Heap = moved[v.Heap]
			}
			dst.Views[i+j] = v
		}
	}
	clearNulls(dst)
}

// chooseRows is Choose for wide and nested kinds: it gathers from both columns, one behind the other.
func chooseRows(scope *memory.Scope, is, a, b *column.Column) (column.Column, error) {
	both, err := Concat(scope, a.Type, []*column.Column{a, b})
	if err != nil {
		return column.Column{}, err
	}
	defer both.Release()
	ids, owner, err := memory.Make[uint32](scope, Rows(is, a, b))
	if err != nil {
		return column.Column{}, err
	}
	defer owner.Release()
	sa, sb := stride(a), stride(b)
	for i := 0; i < len(ids); i += 64 {
		size := min(64, len(ids)-i)
		pick, _ := truth(is, i, size)
		for j := range size {
			id := a.Len + (i+j)&sb
			if pick>>j&1 != 0 {
				id = (i + j) & sa
			}
			ids[i+j] = uint32(id)
		}
	}
	return Gather(scope, &both, ids)
}

// chooseValid gives dst the validity of what is chosen.
func chooseValid(scope *memory.Scope, dst, is, a, b *column.Column) error {
	if a.Nulls == 0 && b.Nulls == 0 || dst.Len == 0 {
		return nil
	}
	bits, err := scope.Zeroed(column.BitmapBytes(dst.Len))
	if err != nil {
		return err
	}
	for i := 0; i < dst.Len; i += 64 {
		size := min(64, dst.Len-i)
		pick, _ := truth(is, i, size)
		putWord(bits.Bytes(), i, size, present(a, i, size)&pick|present(b, i, size)&^pick)
	}
	SetValid(dst, bits, dst.Len-column.Bitmap{Bits: bits.Bytes()}.Count(dst.Len))
	return nil
}

// Coalesce returns the first value of each row that isn't missing (null or NaN), of columns of one type; what the last
// column has where there is none.
func Coalesce(scope *memory.Scope, columns []*column.Column) (column.Column, error) {
	result := *columns[0]
	result.Retain()
	for _, next := range columns[1:] {
		if result.Nulls == 0 && !result.Kind.IsFloat() && result.Len != 1 {
			return result, nil
		}
		missing, err := IsMissing(scope, &result)
		if err == nil {
			var filled column.Column
			filled, err = Choose(scope, &missing, next, &result)
			missing.Release()
			result.Release()
			result = filled
		} else {
			result.Release()
		}
		if err != nil {
			return column.Column{}, err
		}
	}
	return result, nil
}

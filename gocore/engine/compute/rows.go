package compute

import (
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Rows returns the number of rows of a result of columns that have as many each, or one that stands for all.
func Rows(columns ...*column.Column) int {
	for _, c := range columns {
		if c.Len != 1 {
			return c.Len
		}
	}
	return 1
}

// newResult returns a column for the values of a function of columns: null where one of them is.
func newResult(scope *memory.Scope, t arrow.DataType, columns ...*column.Column) (column.Column, error) {
	dst, err := New(scope, t, Rows(columns...))
	if err != nil || dst.Kind == column.Null {
		return dst, err
	}
	if err := allValid(scope, &dst, columns...); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// allValid gives dst the validity of rows that are present in every column.
func allValid(scope *memory.Scope, dst *column.Column, columns ...*column.Column) error {
	var with []*column.Column
	for _, c := range columns {
		if c.Nulls > 0 {
			with = append(with, c)
		}
	}
	switch {
	case len(with) == 0 || dst.Len == 0:
		return nil
	case len(with) == 1 && with[0].Len == dst.Len && with[0].Kind != column.Null:
		shareValid(dst, with[0])
		return nil
	}
	bits, err := scope.Zeroed(column.BitmapBytes(dst.Len))
	if err != nil {
		return err
	}
	for i := 0; i < dst.Len; i += 64 {
		size := min(64, dst.Len-i)
		w := ^uint64(0)
		for _, c := range with {
			w &= present(c, i, size)
		}
		putWord(bits.Bytes(), i, size, w&(1<<size-1))
	}
	SetValid(dst, bits, dst.Len-column.Bitmap{Bits: bits.Bytes()}.Count(dst.Len))
	return nil
}

// chunk is how many rows a loop takes at once. A constant is spread over that many, which stay in the L1 cache, so
// that an operation is one loop over slices of one length, whether it meets a column or a constant.
const chunk = 1024

// operand is a column of numbers as a loop over chunks reads it.
type operand[T any] struct {
	values []T
	spread *[chunk]uint64 // of a constant: where values are
}

// spreads are those of calculations that are over.
var spreads = sync.Pool{New: func() any { return new([chunk]uint64) }}

// operandOf returns c, whose elements have at most 8 bytes, as an operand of a result of rows rows. It is to be released.
func operandOf[T any](c *column.Column, rows int) operand[T] {
	values := column.Of[T](c)
	if c.Len == rows {
		return operand[T]{values: values}
	}
	spread := spreads.Get().(*[chunk]uint64)
	o := operand[T]{unsafe.Slice((*T)(unsafe.Pointer(spread)), min(chunk, rows)), spread}
	for i := range o.values {
		o.values[i] = values[0]
	}
	return o
}

func (o *operand[T]) release() {
	if o.spread != nil {
		spreads.Put(o.spread)
	}
}

// rows returns rows [i, i+n), n <= chunk.
func (o *operand[T]) rows(i, n int) []T {
	if o.spread != nil {
		return o.values[:n]
	}
	return o.values[i : i+n]
}

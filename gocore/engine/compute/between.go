package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Range is what lies between two bounds, each of which belongs to it or doesn't.
type Range struct {
	WithLow, WithHigh bool
}

// Between returns the Bool column of x > low and x < high, or >= and <= where a bound belongs to the range, with the
// lengths, types and nulls of Compare and Combine. Integers between constants take one test of each value.
func Between(scope *memory.Scope, r Range, x, low, high *column.Column) (column.Column, error) {
	if from, ok := boundFor(x, low); ok {
		if to, ok := boundFor(x, high); ok {
			return r.integers(scope, x, &from, &to)
		}
	}
	above, below := Greater, Less
	if r.WithLow {
		above = GreaterEqual
	}
	if r.WithHigh {
		below = LessEqual
	}
	a, err := Compare(scope, above, x, low)
	if err != nil {
		return column.Column{}, err
	}
	defer a.Release()
	b, err := Compare(scope, below, x, high)
	if err != nil {
		return column.Column{}, err
	}
	defer b.Release()
	return Combine(scope, And, &a, &b)
}

// boundFor returns the integer that bounds those in x in their type, and false where it isn't a constant of it.
func boundFor(x, bound *column.Column) (column.Column, bool) {
	if !x.Kind.IsInteger() || !bound.Kind.IsInteger() {
		return column.Column{}, false
	}
	t, other := column.ValueType(x.Type), column.ValueType(bound.Type)
	if (isTime(t) || isTime(other)) && !arrow.TypeEqual(t, other) {
		return column.Column{}, false
	}
	return constantAs(bound, x)
}

func (r Range) integers(scope *memory.Scope, x, low, high *column.Column) (column.Column, error) {
	dst, err := newResult(scope, arrow.FixedWidthTypes.Boolean, x)
	if err != nil {
		return dst, err
	}
	switch x.Kind {
	case column.Int8:
		between[int8](dst.Values, r, x, low, high)
	case column.Int16:
		between[int16](dst.Values, r, x, low, high)
	case column.Int32:
		between[int32](dst.Values, r, x, low, high)
	case column.Int64:
		between[int64](dst.Values, r, x, low, high)
	case column.Uint8:
		between[uint8](dst.Values, r, x, low, high)
	case column.Uint16:
		between[uint16](dst.Values, r, x, low, high)
	case column.Uint32:
		between[uint32](dst.Values, r, x, low, high)
	case column.Uint64:
		between[uint64](dst.Values, r, x, low, high)
	}
	return dst, nil
}

func between[T integer](dst []byte, r Range, x, low, high *column.Column) {
	from, to := column.Of[T](low)[0], column.Of[T](high)[0]
	empty := from > to
	if !r.WithLow {
		empty = empty || from == least[T]()-1
		from++
	}
	if !r.WithHigh {
		empty = empty || to == least[T]()
		to--
	}
	within(dst, column.Of[T](x)[:x.Len], from, to, empty || from > to)
}

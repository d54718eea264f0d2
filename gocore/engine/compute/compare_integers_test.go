package compute_test

import (
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/stretchr/testify/require"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// TestCompareEveryInteger compares all 8-bit integers with every constant, from both sides.
func TestCompareEveryInteger(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "compare")
	defer scope.Close()
	compareEvery(t, scope, arrow.PrimitiveTypes.Int8, -128)
	compareEvery(t, scope, arrow.PrimitiveTypes.Uint8, 0)
	compareEvery(t, scope, arrow.PrimitiveTypes.Int16, -128)
}

// compareEvery compares the 256 integers from least on.
func compareEvery(t *testing.T, scope *memory.Scope, typ arrow.DataType, least int) {
	holds := map[compute.Comparison]func(a, b int) bool{
		compute.Equal:        func(a, b int) bool { return a == b },
		compute.NotEqual:     func(a, b int) bool { return a != b },
		compute.Less:         func(a, b int) bool { return a < b },
		compute.LessEqual:    func(a, b int) bool { return a <= b },
		compute.Greater:      func(a, b int) bool { return a > b },
		compute.GreaterEqual: func(a, b int) bool { return a >= b },
	}
	const n = 256 - 3 // the last byte of bits isn't full
	all := integers(t, scope, typ, least, n)
	for constant := least; constant < least+256; constant++ {
		one := integers(t, scope, typ, constant, 1)
		for op, want := range holds {
			right, err := compute.Compare(scope, op, &all, &one)
			require.NoError(t, err)
			left, err := compute.Compare(scope, op, &one, &all)
			require.NoError(t, err)
			for i := range n {
				bitOf := func(c *column.Column) bool { return column.Bitmap{Bits: c.Values}.Get(i) }
				if bitOf(&right) != want(least+i, constant) || bitOf(&left) != want(constant, least+i) {
					t.Fatalf("%s: comparison %d of %d and %d", typ, op, least+i, constant)
				}
			}
			left.Release()
			right.Release()
		}
		one.Release()
	}
}

// TestBetweenEveryInteger takes all pairs of bounds from the ends and the middle of a type.
func TestBetweenEveryInteger(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "between")
	defer scope.Close()
	for _, c := range []struct {
		typ   arrow.DataType
		least int
	}{{arrow.PrimitiveTypes.Int8, -128}, {arrow.PrimitiveTypes.Uint8, 0}, {arrow.PrimitiveTypes.Int16, -128}} {
		all := integers(t, scope, c.typ, c.least, 256-3)
		bounds := []int{0, 1, 2, 100, 127, 128, 129, 253, 254, 255}
		for _, low := range bounds {
			for _, high := range bounds {
				for at, r := range []compute.Range{{}, {WithLow: true}, {WithHigh: true}, {WithLow: true, WithHigh: true}} {
					from, to := integers(t, scope, c.typ, c.least+low, 1), integers(t, scope, c.typ, c.least+high, 1)
					got, err := compute.Between(scope, r, &all, &from, &to)
					require.NoError(t, err)
					for i := range all.Len {
						want := (i > low || i == low && r.WithLow) && (i < high || i == high && r.WithHigh)
						if (column.Bitmap{Bits: got.Values}).Get(i) != want {
							t.Fatalf("%s: %d from %d to %d, range %d", c.typ, c.least+i, c.least+low, c.least+high, at)
						}
					}
					got.Release()
					from.Release()
					to.Release()
				}
			}
		}
	}
}

// TestCompareWideIntegers compares integers of 32 and 64 bits, many at a time, with those from the ends and the middle of
// their type.
func TestCompareWideIntegers(t *testing.T) {
	scope := memory.NewScope(memory.NewBudget(0), "compare")
	defer scope.Close()
	compareWide[int32](t, scope, arrow.PrimitiveTypes.Int32)
	compareWide[uint32](t, scope, arrow.PrimitiveTypes.Uint32)
	compareWide[int64](t, scope, arrow.PrimitiveTypes.Int64)
	compareWide[uint64](t, scope, arrow.PrimitiveTypes.Uint64)
}

func compareWide[T int32 | uint32 | int64 | uint64](t *testing.T, scope *memory.Scope, typ arrow.DataType) {
	var edges []T
	top := T(1) << (8*unsafe.Sizeof(T(0)) - 1)
	for _, middle := range []T{0, top, top / 2} {
		edges = append(edges, middle-2, middle-1, middle, middle+1, middle+2)
	}
	const n = 3*32 + 13
	all, err := compute.New(scope, typ, n)
	require.NoError(t, err)
	values := column.Of[T](&all)
	for i := range values {
		values[i] = edges[i*7%len(edges)]
	}
	constant := func(v T) column.Column {
		c, err := compute.New(scope, typ, 1)
		require.NoError(t, err)
		column.Of[T](&c)[0] = v
		return c
	}
	for _, low := range edges {
		from := constant(low)
		less, err := compute.Compare(scope, compute.Less, &all, &from)
		require.NoError(t, err)
		equal, err := compute.Compare(scope, compute.Equal, &all, &from)
		require.NoError(t, err)
		for i, v := range values {
			if (column.Bitmap{Bits: less.Values}).Get(i) != (v < low) || (column.Bitmap{Bits: equal.Values}).Get(i) != (v == low) {
				t.Fatalf("%s: %d in row %d and %d", typ, v, i, low)
			}
		}
		for _, high := range edges {
			to := constant(high)
			between, err := compute.Between(scope, compute.Range{WithLow: true}, &all, &from, &to)
			require.NoError(t, err)
			for i, v := range values {
				if (column.Bitmap{Bits: between.Values}).Get(i) != (v >= low && v < high) {
					t.Fatalf("%s: %d in row %d from %d to %d", typ, v, i, low, high)
				}
			}
			between.Release()
			to.Release()
		}
		less.Release()
		equal.Release()
		from.Release()
	}
}

// integers returns n integers from least on.
func integers(t *testing.T, scope *memory.Scope, typ arrow.DataType, least, n int) column.Column {
	c, err := compute.New(scope, typ, n)
	require.NoError(t, err)
	for i := range n {
		if c.Kind == column.Int16 {
			column.Of[int16](&c)[i] = int16(least + i)
		} else {
			c.Values[i] = byte(least + i)
		}
	}
	return c
}

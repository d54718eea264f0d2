package comm

import "github.com/pycylon/pycylon/gocore/base/memory"

// ReduceOp is how two elements are combined.
type ReduceOp uint8

// The reductions. Integers wrap around; a NaN makes min and max NaN. For logical ones, what isn't zero is true, and the
// result is 0 or 1. Bitwise ones take integers. Elements of MinLoc and MaxLoc are pairs, a value and an int64 (Located):
// the least or greatest value and, of equal ones, the lowest location.
const (
	Sum ReduceOp = iota
	Min
	Max
	Prod
	LogicalAnd
	LogicalOr
	LogicalXor
	BitAnd
	BitOr
	BitXor
	MinLoc
	MaxLoc
	reduceOps
)

// ElemType is the type of elements.
type ElemType uint8

// The element types.
const (
	Int8 ElemType = iota
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Int64At   // Located[int64]
	Float64At // Located[float64]
)

// Located is an element of MinLoc and MaxLoc.
type Located[T int64 | float64] struct {
	Value T
	At    int64
}

// kernel combines acc with other, element by element, into acc.
type kernel func(acc, other []byte)

// elemType is what the library knows of an element type: its size and a kernel per ReduceOp that it has.
type elemType struct {
	size    int
	kernels [reduceOps]kernel
}

var elemTypes = [...]elemType{
	Int8: integer[int8](1), Int16: integer[int16](2), Int32: integer[int32](4), Int64: integer[int64](8),
	Uint8: integer[uint8](1), Uint16: integer[uint16](2), Uint32: integer[uint32](4), Uint64: integer[uint64](8),
	Float32: number[float32](4), Float64: number[float64](8), Int64At: located[int64](), Float64At: located[float64](),
}

// CanReduce tells whether op combines elements of type t.
func CanReduce(op ReduceOp, t ElemType) bool {
	return int(t) < len(elemTypes) && op < reduceOps && elemTypes[t].kernels[op] != nil
}

type integers interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type numbers interface {
	integers | ~float32 | ~float64
}

// elementwise makes a kernel of a function of two elements: for reductions whose speed hardly matters, since each element
// costs a call.
func elementwise[T any](f func(a, b T) T) kernel {
	return func(acc, other []byte) {
		a, b := memory.As[T](acc), memory.As[T](other)
		for i, v := range b {
			a[i] = f(a[i], v)
		}
	}
}

func number[T numbers](size int) elemType {
	truth := func(is bool) T {
		if is {
			return 1
		}
		return 0
	}
	t := elemType{size: size}
	t.kernels[Sum] = func(acc, other []byte) {
		a, b := memory.As[T](acc), memory.As[T](other)
		for i, v := range b {
			a[i] += v
		}
	}
	t.kernels[Min] = func(acc, other []byte) {
		a, b := memory.As[T](acc), memory.As[T](other)
		for i, v := range b {
			a[i] = min(a[i], v)
		}
	}
	t.kernels[Max] = func(acc, other []byte) {
		a, b := memory.As[T](acc), memory.As[T](other)
		for i, v := range b {
			a[i] = max(a[i], v)
		}
	}
	t.kernels[Prod] = func(acc, other []byte) {
		a, b := memory.As[T](acc), memory.As[T](other)
		for i, v := range b {
			a[i] *= v
		}
	}
	t.kernels[LogicalAnd] = elementwise(func(a, b T) T { return truth(a != 0 && b != 0) })
	t.kernels[LogicalOr] = elementwise(func(a, b T) T { return truth(a != 0 || b != 0) })
	t.kernels[LogicalXor] = elementwise(func(a, b T) T { return truth((a != 0) != (b != 0)) })
	return t
}

func integer[T integers](size int) elemType {
	t := number[T](size)
	t.kernels[BitAnd] = elementwise(func(a, b T) T { return a & b })
	t.kernels[BitOr] = elementwise(func(a, b T) T { return a | b })
	t.kernels[BitXor] = elementwise(func(a, b T) T { return a ^ b })
	return t
}

// located has the reductions of pairs. A NaN is neither less nor greater than another value, and gives way to one.
func located[T int64 | float64]() elemType {
	t := elemType{size: 16}
	choose := func(better func(a, b T) bool) kernel {
		return elementwise(func(a, b Located[T]) Located[T] {
			switch {
			case better(b.Value, a.Value), a.Value != a.Value && b.Value == b.Value:
				return b
			case better(a.Value, b.Value), b.Value != b.Value && a.Value == a.Value:
				return a
			}
			return Located[T]{a.Value, min(a.At, b.At)}
		})
	}
	t.kernels[MinLoc] = choose(func(a, b T) bool { return a < b })
	t.kernels[MaxLoc] = choose(func(a, b T) bool { return a > b })
	return t
}

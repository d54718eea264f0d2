package comm

import (
	"cmp"

	"github.com/pycylon/pycylon/gocore/base/memory"
)

// ReduceOp is how Allreduce combines two elements.
type ReduceOp uint8

// The reductions. Integers wrap around; a NaN makes min and max NaN.
const (
	Sum ReduceOp = iota
	Min
	Max
	Prod
)

// ElemType is the type of Allreduce's elements.
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
)

// kernel combines acc with other, element by element, into acc.
type kernel func(acc, other []byte)

// elemType is what the library knows of an element type: its size and a kernel per ReduceOp.
type elemType struct {
	size    int
	kernels [4]kernel
}

var elemTypes = [...]elemType{
	Int8: elemTypeOf[int8](1), Int16: elemTypeOf[int16](2), Int32: elemTypeOf[int32](4), Int64: elemTypeOf[int64](8),
	Uint8: elemTypeOf[uint8](1), Uint16: elemTypeOf[uint16](2), Uint32: elemTypeOf[uint32](4), Uint64: elemTypeOf[uint64](8),
	Float32: elemTypeOf[float32](4), Float64: elemTypeOf[float64](8),
}

type number interface {
	cmp.Ordered
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func elemTypeOf[T number](size int) elemType {
	return elemType{size: size, kernels: [...]kernel{
		Sum: func(acc, other []byte) {
			a, b := memory.As[T](acc), memory.As[T](other)
			for i, v := range b {
				a[i] += v
			}
		},
		Min: func(acc, other []byte) {
			a, b := memory.As[T](acc), memory.As[T](other)
			for i, v := range b {
				a[i] = min(a[i], v)
			}
		},
		Max: func(acc, other []byte) {
			a, b := memory.As[T](acc), memory.As[T](other)
			for i, v := range b {
				a[i] = max(a[i], v)
			}
		},
		Prod: func(acc, other []byte) {
			a, b := memory.As[T](acc), memory.As[T](other)
			for i, v := range b {
				a[i] *= v
			}
		},
	}}
}

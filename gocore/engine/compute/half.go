package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/column"
)

// halfFloat returns the value of a float16:  1 bit sign | 5 bits exponent + 15 | 10 bits fraction.
func halfFloat(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3FF)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		return math.Float32frombits(sign | 0x7F800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// half returns the float16 that is nearest to v, the even one of two: infinity from 65520 on.
func half(v float64) uint16 {
	if v != v {
		return 0x7E00
	}
	sign := uint16(math.Float64bits(v)>>48) & 0x8000
	v = math.Abs(v)
	if v >= 65520 {
		return sign | 0x7C00
	}
	exponent := -14
	if v >= 0x1p-14 {
		exponent = math.Ilogb(v)
	}
	// In units of the last place of its binade; a carry moves into the exponent by itself.
	units := uint16(math.RoundToEven(math.Ldexp(v, 10-exponent)))
	return sign | (uint16(exponent+14)<<10 + units)
}

// scaleOf returns the scale of a decimal type, 0 of another.
func scaleOf(t arrow.DataType) int {
	if d, ok := column.ValueType(t).(arrow.DecimalType); ok {
		return int(d.GetScale())
	}
	return 0
}

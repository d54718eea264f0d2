package function_test

import (
	"math"
	"testing"

	"github.com/pycylon/pycylon/gocore/base/status"
)

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

func TestArithmetic(t *testing.T) {
	run(t,
		example{fn: "add", args: []arg{col("int64", 1, nil, -3), col("int64", 10, 20, nil)}, typ: "int64", want: []any{11, nil, nil}},
		example{fn: "add", args: []arg{col("int8", 1, nil, 127), lit("int64", -1)}, typ: "int8", want: []any{0, nil, 126}},
		example{fn: "add", args: []arg{col("int8", 1, 2), col("int64", 300, 400)}, typ: "int64", want: []any{301, 402}},
		example{fn: "add", args: []arg{col("uint8", 255), col("int8", 1)}, typ: "int16", want: []any{256}},
		example{fn: "add", args: []arg{col("uint32", 4294967295), col("int32", 1)}, typ: "int64", want: []any{4294967296}},
		example{fn: "add", args: []arg{col("uint64", 1), col("int64", -1)}, typ: "float64", want: []any{0.0}},
		example{fn: "add", args: []arg{col("float32", 0.5, nil), lit("float64", 0.25)}, typ: "float32", want: []any{0.75, nil}},
		example{fn: "add", args: []arg{col("int16", 1), col("float32", 0.5)}, typ: "float32", want: []any{1.5}},
		example{fn: "add", args: []arg{col("int32", 1), col("float32", 0.5)}, typ: "float64", want: []any{1.5}},
		example{fn: "add", args: []arg{col("int32", 1), lit("float64", 0.5)}, typ: "float64", want: []any{1.5}},
		example{fn: "add", args: []arg{col("int8", 1, 2), col("bool", true, nil)}, typ: "int8", want: []any{2, nil}},
		example{fn: "add", args: []arg{col("int8", 1, 2), lit("null", nil)}, typ: "int8", want: []any{nil, nil}},
		example{fn: "add", args: []arg{col("null", nil, nil), lit("null", nil)}, typ: "null", want: []any{nil, nil}},
		example{fn: "sub", args: []arg{lit("int64", 1), col("float64", 0.25, nil, inf)}, typ: "float64", want: []any{0.75, nil, -inf}},
		example{fn: "sub", args: []arg{col("uint16", 5, 7), col("uint16", 5, 6)}, typ: "uint16", want: []any{0, 1}},
		example{fn: "mul", args: []arg{col("int64", -3, 1<<31), col("int64", 5, 1<<31)}, typ: "int64", want: []any{-15, 1 << 62}},
		example{fn: "mul", args: []arg{col("uint64", 1<<32), col("uint64", 1<<31)}, typ: "uint64", want: []any{uint64(1 << 63)}},
		example{fn: "truediv", args: []arg{col("int64", 1, -1, 0, nil), col("int64", 0, 0, 0, 1)}, typ: "float64", want: []any{inf, -inf, nan, nil}},
		example{fn: "truediv", args: []arg{col("float32", 1, 3), lit("int64", 2)}, typ: "float32", want: []any{0.5, 1.5}},
		example{fn: "floordiv", args: []arg{col("int64", 7, -7, 7, -7, 6, 5, nil), col("int64", 2, 2, -2, -2, -2, 0, 0)}, typ: "int64", want: []any{3, -4, -4, 3, -3, nil, nil}},
		example{fn: "floordiv", args: []arg{col("int64", 7, -7, nil), lit("int64", 0)}, typ: "int64", want: []any{nil, nil, nil}},
		example{fn: "floordiv", args: []arg{col("float64", 7, -7, 1, -1, 0, 1, 0.3), col("float64", 2, 2, 0, 0, 0, 0.1, 0.1)}, typ: "float64", want: []any{3, -4, inf, -inf, nan, 9, 2}},
		example{fn: "mod", args: []arg{col("int8", 7, -7, 7, -7, -128, 1), col("int8", 3, 3, -3, -3, -1, 0)}, typ: "int8", want: []any{1, 2, -2, -1, 0, nil}},
		example{fn: "mod", args: []arg{col("uint8", 200, 7), col("uint8", 7, 0)}, typ: "uint8", want: []any{4, nil}},
		example{fn: "mod", args: []arg{col("float64", 5.5, -5.5, 5.5, 1, inf, 1, -1), col("float64", 2, 2, -2, 0, 2, inf, inf)}, typ: "float64", want: []any{1.5, 0.5, -0.5, nan, nan, 1, inf}},
		example{fn: "pow", args: []arg{col("int64", 2, -3, 0, 7, nil), col("int64", 62, 3, 0, 0, -1)}, typ: "int64", want: []any{1 << 62, -27, 1, 1, nil}},
		example{fn: "pow", args: []arg{col("float64", 2, 9, nil, -3), lit("int64", 2)}, typ: "float64", want: []any{4, 81, nil, 9}},
		example{fn: "pow", args: []arg{col("int64", 9, 2), lit("float64", 0.5)}, typ: "float64", want: []any{3, math.Sqrt2}},
		example{fn: "pow", args: []arg{col("float64", math.Copysign(0, -1), math.Inf(-1), -1), lit("float64", 0.5)}, typ: "float64", want: []any{0, math.Inf(1), math.NaN()}},
		example{fn: "pow", args: []arg{col("float32", 0.1, 0.7, 1.1, 3.3), lit("float32", 3)}, typ: "float32", want: []any{cube(0.1), cube(0.7), cube(1.1), cube(3.3)}},
		example{fn: "pow", args: []arg{col("int64", 9, 2), lit("float64", -1)}, typ: "float64", want: []any{1. / 9, 0.5}},
		example{fn: "negative", args: []arg{col("int8", 1, -127, nil)}, typ: "int8", want: []any{-1, 127, nil}},
		example{fn: "negative", args: []arg{col("float64", 0, -2, nan)}, typ: "float64", want: []any{math.Copysign(0, -1), 2, nan}},
		example{fn: "abs", args: []arg{col("int64", -5, 5, nil)}, typ: "int64", want: []any{5, 5, nil}},
		example{fn: "abs", args: []arg{col("float64", -5, math.Copysign(0, -1), -inf)}, typ: "float64", want: []any{5, 0, inf}},
		example{fn: "abs", args: []arg{col("uint8", 5, 255)}, typ: "uint8", want: []any{5, 255}},
	)
}

func TestArithmeticOverflows(t *testing.T) {
	overflow := func(fn, typ string, a, b any, text string) example {
		return example{fn: fn, args: []arg{col(typ, 0, nil, a), col(typ, 0, nil, b)}, err: text, code: status.Overflow}
	}
	run(t,
		overflow("add", "int8", 100, 28, "100 + 28 doesn't fit int8: cast to a wider type"),
		overflow("add", "int8", -100, -29, "-100 + -29"),
		overflow("add", "uint8", 200, 56, "200 + 56 doesn't fit uint8"),
		overflow("add", "int64", math.MaxInt64, 1, "9223372036854775807 + 1"),
		overflow("sub", "int64", math.MinInt64, 1, "-9223372036854775808 - 1"),
		overflow("sub", "int32", 1, math.MinInt32, "1 - -2147483648"),
		overflow("sub", "uint64", 0, 1, "0 - 1 doesn't fit uint64"),
		overflow("mul", "int16", 182, 182, "182 * 182"),
		overflow("mul", "uint32", 1<<16, 1<<16, "65536 * 65536"),
		overflow("mul", "int64", math.MinInt64, -1, "-9223372036854775808 * -1"),
		overflow("mul", "int64", 1<<32, 1<<31, "4294967296 * 2147483648"),
		overflow("mul", "uint64", 1<<32, 1<<32, "4294967296 * 4294967296"),
		overflow("floordiv", "int8", -128, -1, "-128 // -1"),
		overflow("pow", "int64", 2, 63, "2 ** 63"),
		overflow("pow", "int8", -2, 8, "-2 ** 8"),
		example{fn: "pow", args: []arg{col("int64", 2), col("int64", -1)}, err: "2 ** -1 is no integer: cast to double", code: status.Invalid},
		example{fn: "negative", args: []arg{col("int8", -128)}, err: "0 - -128", code: status.Overflow},
		example{fn: "negative", args: []arg{col("uint8", 1)}, err: "0 - 1 doesn't fit uint8", code: status.Overflow},
		example{fn: "abs", args: []arg{col("int16", 1, -32768)}, err: "the absolute value of -32768", code: status.Overflow},
		example{fn: "add", args: []arg{col("int8", 1), lit("int64", 300)}, err: "300 of type int64 doesn't fit int8", code: status.Overflow},
	)
}

func TestArithmeticRefusesTypes(t *testing.T) {
	run(t,
		example{fn: "add", args: []arg{col("int8", 1), col("utf8", "x")}, err: "add takes numbers, and argument 1 is utf8", code: status.TypeMismatch},
		example{fn: "mul", args: []arg{col("bool", true), col("bool", true)}, err: "combined with & | ^", code: status.TypeMismatch},
		example{fn: "negative", args: []arg{col("bool", true)}, err: "negative takes numbers", code: status.TypeMismatch},
		example{fn: "abs", args: []arg{col("date32", 1)}, err: "abs takes numbers", code: status.TypeMismatch},
		example{fn: "add", args: []arg{col("int8", 1)}, err: "add takes 2 arguments, not 1", code: status.Invalid},
		example{fn: "teleport", args: []arg{col("int8", 1)}, err: `function "teleport" isn't known`, code: status.Invalid},
		example{fn: "round", options: `{"digits": 1}`, args: []arg{col("int8", 1)}, err: `unknown field "digits"`, code: status.Invalid},
		example{fn: "round", options: `{"decimals": "x"}`, args: []arg{col("int8", 1)}, err: `the options of round`, code: status.Invalid},
		example{fn: "cast", args: []arg{col("int8", 1)}, err: `cast needs the type`, code: status.Invalid},
	)
}

// cube is rounded once.
func cube(v float32) float32 { return float32(math.Pow(float64(v), 3)) }

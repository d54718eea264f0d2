package function_test

import (
	"math"
	"testing"

	"github.com/pycylon/pycylon/gocore/base/status"
)

func TestNumericFunctions(t *testing.T) {
	run(t,
		example{fn: "round", args: []arg{col("float64", 0.5, 1.5, 2.5, -0.5, nil, nan, inf)}, typ: "float64", want: []any{0, 2, 2, math.Copysign(0, -1), nil, nan, inf}},
		example{fn: "round", options: `{"decimals": 2}`, args: []arg{col("float64", 1.005, 2.675, 1e300, nil)}, typ: "float64", want: []any{1, 2.68, 1e300, nil}},
		example{fn: "round", options: `{"decimals": -2}`, args: []arg{col("float64", 150, 250, 249)}, typ: "float64", want: []any{200, 200, 200}},
		example{fn: "round", options: `{"decimals": 400}`, args: []arg{col("float64", 1.5)}, typ: "float64", want: []any{1.5}},
		example{fn: "round", options: `{"decimals": -400}`, args: []arg{col("float64", 1.5, -math.MaxFloat64, inf, nan)}, typ: "float64", want: []any{0, math.Copysign(0, -1), inf, nan}},
		example{fn: "round", options: `{"decimals": 3}`, args: []arg{col("int64", 1, nil)}, typ: "int64", want: []any{1, nil}},
		example{fn: "round", options: `{"decimals": -1}`, args: []arg{col("int64", 15, 25, -15, -25, 14, -16, nil)}, typ: "int64", want: []any{20, 20, -20, -20, 10, -20, nil}},
		example{fn: "round", options: `{"decimals": -1}`, args: []arg{col("int64", math.MinInt64+1)}, err: "rounded to -1 digits", code: status.Overflow},
		example{fn: "round", options: `{"decimals": -1}`, args: []arg{col("int8", 127)}, err: "doesn't fit int8", code: status.Overflow},
		example{fn: "round", options: `{"decimals": -1}`, args: []arg{col("int64", math.MaxInt64)}, err: "rounded to -1 digits", code: status.Overflow},
		example{fn: "round", options: `{"decimals": -30}`, args: []arg{col("int64", math.MaxInt64)}, typ: "int64", want: []any{0}},
		example{fn: "floor", args: []arg{col("float64", 1.5, -1.5, nil)}, typ: "float64", want: []any{1, -2, nil}},
		example{fn: "ceil", args: []arg{col("float32", 1.5, -1.5, nil)}, typ: "float32", want: []any{2, -1, nil}},
		example{fn: "trunc", args: []arg{col("float64", 1.5, -1.5)}, typ: "float64", want: []any{1, -1}},
		example{fn: "floor", args: []arg{col("int8", 1, nil)}, typ: "int8", want: []any{1, nil}},
		example{fn: "sqrt", args: []arg{col("int64", 4, -1, nil)}, typ: "float64", want: []any{2, nan, nil}},
		example{fn: "sqrt", args: []arg{col("float32", 4, 0.25)}, typ: "float32", want: []any{2, 0.5}},
		example{fn: "log", args: []arg{col("float64", 1, 0, -1, nil)}, typ: "float64", want: []any{0, -inf, nan, nil}},
		example{fn: "log2", args: []arg{col("float64", 8)}, typ: "float64", want: []any{3}},
		example{fn: "log10", args: []arg{col("float64", 1000)}, typ: "float64", want: []any{math.Log10(1000)}},
		example{fn: "exp", args: []arg{col("float64", 0, -inf, 1)}, typ: "float64", want: []any{1, 0, math.E}},
		example{fn: "log1p", args: []arg{col("float64", 0)}, typ: "float64", want: []any{0}},
		example{fn: "sign", args: []arg{col("float64", -2.5, 0, 7, nan, nil)}, typ: "float64", want: []any{-1, 0, 1, nan, nil}},
		example{fn: "sign", args: []arg{col("int8", -5, 0, 5)}, typ: "int8", want: []any{-1, 0, 1}},
		example{fn: "sign", args: []arg{col("uint8", 5, 0)}, typ: "uint8", want: []any{1, 0}},
		example{fn: "is_nan", args: []arg{col("float64", nan, 1, inf, nil)}, typ: "bool", want: []any{true, false, false, nil}},
		example{fn: "is_inf", args: []arg{col("float64", nan, 1, -inf, nil)}, typ: "bool", want: []any{false, false, true, nil}},
		example{fn: "is_finite", args: []arg{col("float32", nan, 1, -inf, nil)}, typ: "bool", want: []any{false, true, false, nil}},
		example{fn: "is_finite", args: []arg{col("int8", 1, nil)}, typ: "bool", want: []any{true, nil}},
		example{fn: "sqrt", args: []arg{col("utf8", "x")}, err: "sqrt takes numbers", code: status.TypeMismatch},
	)
}

func TestLogic(t *testing.T) {
	a := col("bool", true, true, true, false, false, false, nil, nil, nil)
	b := col("bool", true, false, nil, true, false, nil, true, false, nil)
	run(t,
		example{fn: "and", args: []arg{a, b}, typ: "bool", want: []any{true, false, nil, false, false, false, nil, false, nil}},
		example{fn: "or", args: []arg{a, b}, typ: "bool", want: []any{true, true, true, true, false, nil, true, nil, nil}},
		example{fn: "xor", args: []arg{a, b}, typ: "bool", want: []any{false, true, nil, true, false, nil, nil, nil, nil}},
		example{fn: "xor", args: []arg{a, lit("null", nil)}, typ: "bool", want: []any{nil, nil, nil, nil, nil, nil, nil, nil, nil}},
		example{fn: "not", args: []arg{a}, typ: "bool", want: []any{false, false, false, true, true, true, nil, nil, nil}},
		example{fn: "is_null", args: []arg{col("float64", 1, nil, nan)}, typ: "bool", want: []any{false, true, true}},
		example{fn: "eq", args: []arg{col("float64", 1, nil, nan), lit("float64", nan)}, typ: "bool", want: []any{false, nil, false}},
		example{fn: "xor", args: []arg{a, col("int8", 1)}, err: "xor takes bool, and argument 1 is int8", code: status.TypeMismatch},
	)
}

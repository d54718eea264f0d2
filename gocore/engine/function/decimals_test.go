package function_test

import (
	"testing"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/internal/optest"
)

func dec(text string) optest.Decimal { return optest.Decimal(text) }

func TestDecimals(t *testing.T) {
	prices := col("decimal128(15, 2)", dec("10.50"), dec("-0.01"), nil)
	run(t,
		example{fn: "add", args: []arg{prices, col("decimal128(10, 3)", dec("1.005"), dec("0.001"), dec("1.000"))}, typ: "decimal(17, 3)", text: []string{"11.505", "-0.009", "null"}},
		example{fn: "sub", args: []arg{lit("int64", 1), prices}, typ: "decimal(22, 2)", text: []string{"-9.50", "1.01", "null"}},
		example{fn: "mul", args: []arg{prices, col("decimal128(15, 2)", dec("0.10"), dec("3.00"), dec("1.00"))}, typ: "decimal(30, 4)", text: []string{"1.0500", "-0.0300", "null"}},
		example{fn: "mul", args: []arg{prices, col("int8", 2, 2, 2)}, typ: "decimal(18, 2)", text: []string{"21.00", "-0.02", "null"}},
		example{fn: "mul", args: []arg{prices, lit("float64", 2)}, typ: "float64", want: []any{21, -0.02, nil}},
		example{fn: "truediv", args: []arg{prices, lit("int64", 2)}, typ: "float64", want: []any{5.25, -0.005, nil}},
		example{fn: "add", args: []arg{prices, lit("null", nil)}, typ: "decimal(16, 2)", text: []string{"null", "null", "null"}},
		example{fn: "negative", args: []arg{prices}, typ: "decimal(15, 2)", text: []string{"-10.50", "0.01", "null"}},
		example{fn: "abs", args: []arg{prices}, typ: "decimal(15, 2)", text: []string{"10.50", "0.01", "null"}},
		example{fn: "mul", args: []arg{col("decimal128(38, 0)", dec("99999999999999999999")), col("decimal128(38, 0)", dec("9999999999999999999"))}, err: "has more than the 38 digits", code: status.Overflow},
		example{fn: "mul", args: []arg{col("decimal256(76, 0)", dec("99999999999999999999")), col("decimal128(38, 0)", dec("-9999999999999999999"))}, typ: "decimal256(76, 0)", text: []string{"-999999999999999999890000000000000000001"}},
		example{fn: "add", args: []arg{col("decimal128(38, 0)", dec("99999999999999999999999999999999999999")), lit("int64", 1)}, err: "has more than the 38 digits", code: status.Overflow},
		example{fn: "add", args: []arg{prices, col("utf8", "x", "y", "z")}, err: "add takes numbers, and argument 1 is utf8", code: status.TypeMismatch},
		example{fn: "if_else", args: []arg{col("bool", true, false, true), prices, col("decimal128(15, 2)", dec("1.00"), dec("2.00"), dec("3.00"))}, typ: "decimal(15, 2)", text: []string{"10.50", "2.00", "null"}},
	)
}

package function_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/pycylon/pycylon/gocore/base/status"
)

const long = "a text that is longer than its view"

func set(typ string, values ...any) arg {
	return arg{typ: typ, values: values, literal: true, set: true}
}

func TestIfElse(t *testing.T) {
	is := col("bool", true, false, nil)
	run(t,
		example{fn: "if_else", args: []arg{is, col("int64", 1, 2, 3), col("int64", 10, 20, 30)}, typ: "int64", want: []any{1, 20, 30}},
		example{fn: "if_else", args: []arg{is, col("int64", nil, 2, 3), col("int64", 10, 20, nil)}, typ: "int64", want: []any{nil, 20, nil}},
		example{fn: "if_else", args: []arg{is, col("int8", 1, 2, 3), lit("int64", 7)}, typ: "int8", want: []any{1, 7, 7}},
		example{fn: "if_else", args: []arg{is, lit("int64", 7), col("uint16", 1, 2, 3)}, typ: "uint16", want: []any{7, 2, 3}},
		example{fn: "if_else", args: []arg{is, col("int32", 1, 2, 3), lit("float64", 0.5)}, typ: "float64", want: []any{1, 0.5, 0.5}},
		example{fn: "if_else", args: []arg{is, col("float32", 1, 2, 3), lit("null", nil)}, typ: "float32", want: []any{1, nil, nil}},
		example{fn: "if_else", args: []arg{is, col("bool", false, true, true), col("bool", true, nil, true)}, typ: "bool", want: []any{false, nil, true}},
		example{fn: "if_else", args: []arg{is, col("utf8", "x", long, nil), col("utf8", "y", long+"!", "z")}, typ: "utf8", want: []any{"x", long + "!", "z"}},
		example{fn: "if_else", args: []arg{is, lit("utf8", long), col("large_utf8", "y", nil, long+"?")}, typ: "large_utf8", want: []any{long, nil, long + "?"}},
		example{fn: "if_else", args: []arg{is, col("utf8", long, "", ""), lit("utf8", long+"?")}, typ: "utf8", want: []any{long, long + "?", long + "?"}},
		example{fn: "if_else", args: []arg{is, lit("int64", 1), lit("int64", 2)}, typ: "int64", want: []any{1, 2, 2}},
		example{fn: "if_else", args: []arg{is, col("date32", 1, 2, 3), col("date32", 4, 5, 6)}, typ: "date32", want: []any{1, 5, 6}},
		example{fn: "if_else", args: []arg{is, col("timestamp[s]", 1, 2, 3), col("timestamp[ms]", 4, 5, 6)}, typ: "timestamp[ms]", want: []any{1000, 5, 6}},
		example{fn: "if_else", args: []arg{col("null", nil, nil), col("int8", 1, 2), col("int8", 3, 4)}, typ: "int8", want: []any{3, 4}},
		example{fn: "if_else", args: []arg{is, col("null", nil, nil, nil), lit("null", nil)}, typ: "null", want: []any{nil, nil, nil}},
		example{fn: "if_else", args: []arg{is, col("utf8", "x", "y", "z"), col("int8", 1, 2, 3)}, err: "can't return both argument 1 (utf8) and argument 2 (int8)", code: status.TypeMismatch},
		example{fn: "if_else", args: []arg{is, col("bool", true, true, true), col("int8", 1, 2, 3)}, err: "cast one of them", code: status.TypeMismatch},
		example{fn: "if_else", args: []arg{col("int8", 1), col("bool", true), col("bool", true)}, err: "takes bool first", code: status.TypeMismatch},
	)
}

func TestCoalesce(t *testing.T) {
	run(t,
		example{fn: "coalesce", args: []arg{col("int64", 1, nil, nil), col("int64", 10, 20, nil)}, typ: "int64", want: []any{1, 20, nil}},
		example{fn: "coalesce", args: []arg{col("float64", 1, nil, nan), lit("int64", 0)}, typ: "float64", want: []any{1, 0, 0}},
		example{fn: "coalesce", args: []arg{col("float64", nan, nil), col("float64", nil, nan)}, typ: "float64", want: []any{nil, nan}},
		example{fn: "coalesce", args: []arg{col("utf8", nil, "x", nil), col("utf8", "y", "y", nil), lit("utf8", long)}, typ: "utf8", want: []any{"y", "x", long}},
		example{fn: "coalesce", args: []arg{col("null", nil, nil), col("int8", 5, nil)}, typ: "int8", want: []any{5, nil}},
		example{fn: "coalesce", args: []arg{col("int8", 5, nil)}, typ: "int8", want: []any{5, nil}},
		example{fn: "coalesce", args: []arg{col("bool", true, nil), lit("bool", false)}, typ: "bool", want: []any{true, false}},
		example{fn: "coalesce", args: nil, err: "coalesce takes 1 to 1000 arguments, not 0", code: status.Invalid},
	)
}

func TestIsIn(t *testing.T) {
	var many, texts []any
	for i := range 3000 {
		many = append(many, i*1_000_003)
		texts = append(texts, fmt.Sprintf("%dth value of many", i))
	}
	run(t,
		example{fn: "is_in", args: []arg{col("int64", 1, 2, nil, -3), set("int64", 1, -3)}, typ: "bool", want: []any{true, false, false, true}},
		example{fn: "is_in", args: []arg{col("int64", 1, 2, nil), set("int64", 1, nil)}, typ: "bool", want: []any{true, false, true}},
		example{fn: "is_in", args: []arg{col("int64", 0, 1_000_003, 1_000_004, 2999*1_000_003, -1, math.MinInt64), set("int64", many...)}, typ: "bool", want: []any{true, true, false, true, false, false}},
		example{fn: "is_in", args: []arg{col("int8", 1, 44, -1), set("int64", 300, 44, -1, 255)}, typ: "bool", want: []any{false, true, true}},
		example{fn: "is_in", args: []arg{col("uint64", 1, uint64(math.MaxUint64)), set("int64", -1, 1)}, typ: "bool", want: []any{true, false}},
		example{fn: "is_in", args: []arg{col("uint64", 1, uint64(math.MaxUint64)), set("uint64", uint64(math.MaxUint64))}, typ: "bool", want: []any{false, true}},
		example{fn: "is_in", args: []arg{col("int64", 1, 2, 3), set("float64", 1.0, 2.5, inf, 3.0)}, typ: "bool", want: []any{true, false, true}},
		example{fn: "is_in", args: []arg{col("float64", 1, 2.5, math.Copysign(0, -1), nan, nil), set("int64", 1, 0)}, typ: "bool", want: []any{true, false, true, false, false}},
		example{fn: "is_in", args: []arg{col("float64", 1, nan, nil), set("float64", nan)}, typ: "bool", want: []any{false, true, true}},
		example{fn: "is_in", args: []arg{col("float64", 9007199254740992), set("int64", 9007199254740993)}, typ: "bool", want: []any{false}},
		example{fn: "is_in", args: []arg{col("float32", 0.5, 0.25), set("float64", 0.5, 0.1)}, typ: "bool", want: []any{true, false}},
		example{fn: "is_in", args: []arg{col("bool", true, false, nil), set("bool", false)}, typ: "bool", want: []any{false, true, false}},
		example{fn: "is_in", args: []arg{col("utf8", "x", "", nil, long), set("utf8", long, "")}, typ: "bool", want: []any{false, true, false, true}},
		example{fn: "is_in", args: []arg{col("large_utf8", "7th value of many", "3000th value of many", nil), set("utf8", append(texts, nil)...)}, typ: "bool", want: []any{true, false, true}},
		example{fn: "is_in", args: []arg{col("int64", 1, nil), set("null", nil, nil)}, typ: "bool", want: []any{false, true}},
		example{fn: "is_in", args: []arg{col("int64", 1, nil), set("int64")}, typ: "bool", want: []any{false, false}},
		example{fn: "is_in", args: []arg{col("null", nil), set("int64", 1, nil)}, typ: "bool", want: []any{true}},
		example{fn: "is_in", args: []arg{col("date32", 1, 2), set("timestamp[s]", 86400)}, typ: "bool", want: []any{true, false}},
		example{fn: "is_in", args: []arg{col("int64", 1), set("utf8", "1")}, err: "can't be among values of type utf8", code: status.TypeMismatch},
		example{fn: "is_in", args: []arg{col("int64", 1), lit("int64", 1)}, err: "the last argument of is_in, and the last two of lookup, are sets", code: status.Invalid},
		example{fn: "add", args: []arg{col("int64", 1), set("int64", 1)}, err: "the last argument of is_in, and the last two of lookup, are sets", code: status.Invalid},
	)
}

func TestLookup(t *testing.T) {
	none := lit("null", nil)
	var many, texts, numbers []any
	for i := range 3000 {
		many = append(many, i*1_000_003)
		texts = append(texts, fmt.Sprintf("%dth value of many", i))
		numbers = append(numbers, i)
	}
	run(t,
		example{fn: "lookup", args: []arg{col("int64", 1, 2, nil, -3), none, set("int64", 1, -3), set("utf8", "x", long)}, typ: "utf8", want: []any{"x", nil, nil, long}},
		example{fn: "lookup", args: []arg{col("int64", 0, 2, nil), none, set("int64", nil, 0), set("int64", 7, 8)}, typ: "int64", want: []any{8, nil, 7}},
		example{fn: "lookup", args: []arg{col("int64", 0, 1_000_003, 5, 2999*1_000_003), none, set("int64", many...), set("int64", numbers...)}, typ: "int64", want: []any{0, 1, nil, 2999}},
		example{fn: "lookup", args: []arg{col("utf8", "7th value of many", "", nil, long), none, set("utf8", texts...), set("int64", numbers...)}, typ: "int64", want: []any{7, nil, nil, nil}},
		example{fn: "lookup", args: []arg{col("int8", 1, 44, -1), col("int8", 1, 44, -1), set("int64", 300, 44), set("int64", 1, 2)}, typ: "int8", want: []any{1, 2, -1}},
		example{fn: "lookup", args: []arg{col("int8", 1, 2, nil), col("int8", 1, 2, nil), set("int64", 2, nil), set("float64", 0.5, 1.5)}, typ: "float64", want: []any{1, 0.5, 1.5}},
		example{fn: "lookup", args: []arg{col("utf8", "x", "y", nil), col("utf8", "x", "y", nil), set("utf8", "y"), set("utf8", nil)}, typ: "utf8", want: []any{"x", nil, nil}},
		example{fn: "lookup", args: []arg{col("float64", 1, nan, nil, math.Copysign(0, -1)), none, set("float64", nan, 0.0), set("bool", true, false)}, typ: "bool", want: []any{nil, true, true, false}},
		example{fn: "lookup", args: []arg{col("bool", true, false, nil), lit("int64", 9), set("bool", false), set("int64", 1)}, typ: "int64", want: []any{9, 1, 9}},
		example{fn: "lookup", args: []arg{col("int64", 1, 1), none, set("int64", 1, 1), set("int64", 5, 6)}, typ: "int64", want: []any{5, 5}},
		example{fn: "lookup", args: []arg{col("utf8", "x", "y"), none, set("utf8", "x", "x"), set("int64", 5, 6)}, typ: "int64", want: []any{5, nil}},
		example{fn: "lookup", args: []arg{col("uint64", 0, uint64(math.MaxUint64)), none, set("int64", -1, 0), set("int64", 5, 6)}, typ: "int64", want: []any{6, nil}},
		example{fn: "lookup", args: []arg{col("date32", 1, 2), none, set("timestamp[s]", 86400), set("int64", 5)}, typ: "int64", want: []any{5, nil}},
		example{fn: "lookup", args: []arg{col("null", nil), none, set("int64", nil), set("int64", 5)}, typ: "int64", want: []any{5}},
		example{fn: "lookup", args: []arg{col("int64", 1, nil), none, set("int64"), set("int64")}, typ: "int64", want: []any{nil, nil}},
		example{fn: "lookup", args: []arg{col("int64", 1), none, set("utf8", "1"), set("int64", 1)}, err: "can't be among values of type utf8", code: status.TypeMismatch},
		example{fn: "lookup", args: []arg{col("int64", 1), lit("utf8", "x"), set("int64", 1), set("int64", 1)}, err: "cast one of them", code: status.TypeMismatch},
		example{fn: "lookup", args: []arg{col("int64", 1), none, set("int64", 1), lit("int64", 1)}, err: "the last two of lookup", code: status.Invalid},
	)
}

func TestBetween(t *testing.T) {
	const withLow, withBoth = `{"with_low":true}`, `{"with_low":true,"with_high":true}`
	between := func(options string, want []any, args ...arg) example {
		return example{fn: "between", options: options, args: args, typ: "bool", want: want}
	}
	run(t,
		between("", []any{false, true, false, nil}, col("int64", 3, 4, 9, nil), lit("int64", 3), lit("int64", 9)),
		between(withLow, []any{true, true, false, nil}, col("int32", 3, 4, 9, nil), lit("int64", 3), lit("int64", 9)),
		between(withBoth, []any{true, true, true, false}, col("uint8", 3, 4, 9, 10), lit("int64", 3), lit("int64", 9)),
		between(withBoth, []any{false, false, false, nil}, col("int8", 3, 4, 9, nil), lit("int64", 9), lit("int64", 3)),
		between(withBoth, []any{false, true, true, nil}, col("int8", -128, 0, 127, nil), lit("int64", 0), lit("int64", 300)), // no int8
		between(withLow, []any{true, true}, col("uint64", 0, uint64(math.MaxUint64)), lit("int64", -1), lit("double", 1e20)),
		between(withLow, []any{false, true, nil}, col("int64", 2, 3, nil), lit("double", 2.5), lit("double", 3.5)),
		between(withBoth, []any{false, nil, nil}, col("int64", 2, 3, nil), lit("int64", 3), lit("int64", nil)),
		between(withBoth, []any{false, true, true, false}, col("int64", 2, 3, 4, 5), col("int64", 3, 3, 3, 3), col("int64", 4, 4, 4, 4)),
		between(withLow, []any{false, true, false, nil}, col("double", math.NaN(), 3.5, 4, nil), lit("double", 3.5), lit("double", 4)),
		between(withLow, []any{true, false}, col("utf8", "b", "c"), lit("utf8", "b"), lit("utf8", "c")),
		example{fn: "between", args: []arg{col("int64", 1), lit("int64", 1), lit("utf8", "b")}, code: status.TypeMismatch, err: "can't be compared"},
	)
}

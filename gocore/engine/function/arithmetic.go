package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// arithmetic are the operators of numbers, and what they mean for other types.
var arithmetic = map[string]entry{
	"add":      {least: 2, bind: calculation(compute.Add)},
	"sub":      {least: 2, bind: calculation(compute.Subtract)},
	"mul":      {least: 2, bind: calculation(compute.Multiply)},
	"truediv":  {least: 2, bind: calculation(compute.Divide)},
	"floordiv": {least: 2, bind: calculation(compute.FloorDivide)},
	"mod":      {least: 2, bind: calculation(compute.Modulo)},
	"pow":      {least: 2, bind: calculation(compute.Power)},
	"negative": {least: 1, bind: negative},
	"abs":      {least: 1, bind: absolute},
}

func calculation(op compute.Operation) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		a, b := c.Args[0].Type, c.Args[1].Type
		if isNull(a) && isNull(b) {
			return Bound{Type: arrow.Null, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
				return compute.New(scope, arrow.Null, compute.Rows(args...))
			}}, nil
		}
		if op == compute.Add && (isText(a) || isNull(a)) && (isText(b) || isNull(b)) {
			return concat(c)
		}
		if isTime(a) || isTime(b) {
			return c.temporal(op)
		}
		if isDecimal(a) || isDecimal(b) {
			return c.decimal(op)
		}
		t, ok := promote(c.Args[0], c.Args[1])
		if !ok {
			arg := 0
			if isNumber(a) || isBool(a) {
				arg = 1
			}
			if isBool(a) && isBool(b) {
				return Bound{}, c.refuse(arg, "numbers (bools are combined with & | ^, or cast to int64)")
			}
			return Bound{}, c.refuse(arg, "numbers")
		}
		if op == compute.Divide {
			t = floating(t)
		}
		return Bound{Type: t, Args: []arrow.DataType{t, t}, Eval: binary(func(scope *memory.Scope, x, y *column.Column) (column.Column, error) {
			return compute.Arithmetic(scope, op, t, x, y)
		})}, nil
	}
}

// number refuses an argument that isn't a number.
func (c *Call) number(arg int) error {
	if isNumber(c.Args[arg].Type) {
		return nil
	}
	return c.refuse(arg, "numbers")
}

func negative(c *Call) (Bound, error) {
	if isDecimal(c.Args[0].Type) {
		return Bound{Type: c.Args[0].Type, Eval: unary(compute.NegativeDecimals)}, nil
	}
	return Bound{Type: c.Args[0].Type, Eval: unary(compute.Negative)}, c.amount()
}

func absolute(c *Call) (Bound, error) {
	if isDecimal(c.Args[0].Type) {
		return Bound{Type: c.Args[0].Type, Eval: unary(compute.AbsoluteDecimals)}, nil
	}
	return Bound{Type: c.Args[0].Type, Eval: unary(compute.Absolute)}, c.amount()
}

// amount refuses an argument that is neither a number nor a duration.
func (c *Call) amount() error {
	if compute.TimeClassOf(c.Args[0].Type) == compute.Duration {
		return nil
	}
	return c.number(0)
}

// decimal is arithmetic with a decimal: exact sums, differences and products of decimals and integers; everything else,
// and what has a float in it, is computed as float64.
func (c *Call) decimal(op compute.Operation) (Bound, error) {
	a, b := c.Args[0].Type, c.Args[1].Type
	for i, t := range []arrow.DataType{a, b} {
		if !isDecimal(t) && !isNumber(t) && !isNull(t) {
			return Bound{}, c.refuse(i, "numbers")
		}
	}
	if isNull(a) {
		a = b
	}
	if isNull(b) {
		b = a
	}
	t, ok := compute.DecimalType(op, a, b)
	if !ok || op != compute.Add && op != compute.Subtract && op != compute.Multiply {
		return calculated(op, float64Type, float64Type, float64Type), nil
	}
	args := []arrow.DataType{compute.WithScale(t), compute.WithScale(t)}
	if op == compute.Multiply {
		args = []arrow.DataType{a, b}
		for i, arg := range args {
			if !isDecimal(arg) {
				args[i], _ = compute.CommonDecimal(arg, arg)
			}
		}
	}
	return Bound{Type: t, Args: args, Eval: binary(func(scope *memory.Scope, x, y *column.Column) (column.Column, error) {
		return compute.Decimals(scope, op, t, x, y)
	})}, nil
}

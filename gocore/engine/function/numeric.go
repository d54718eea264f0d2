package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// numeric are the functions of one number.
var numeric = func() map[string]entry {
	table := map[string]entry{
		"round":     {least: 1, bind: round},
		"floor":     {least: 1, bind: whole(compute.Floor)},
		"ceil":      {least: 1, bind: whole(compute.Ceil)},
		"trunc":     {least: 1, bind: whole(compute.Trunc)},
		"sign":      {least: 1, bind: sign},
		"is_nan":    {least: 1, bind: class(compute.NaN)},
		"is_inf":    {least: 1, bind: class(compute.Infinite)},
		"is_finite": {least: 1, bind: class(compute.Finite)},
	}
	for name, f := range compute.Reals {
		table[name] = entry{least: 1, bind: real(f)}
	}
	return table
}()

// real is a function of real numbers: integers are taken as float64, float32 stays.
func real(f compute.Real) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		t := floating(c.Args[0].Type)
		return Bound{Type: t, Args: []arrow.DataType{t}, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
			return compute.MapReal(scope, f, x)
		})}, c.number(0)
	}
}

// whole is a function whose value of an integer is the integer itself.
func whole(f compute.Real) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		if arrow.IsInteger(c.Args[0].Type.ID()) {
			return castBound(c.Args[0].Type), nil
		}
		return real(f)(c)
	}
}

func round(c *Call) (Bound, error) {
	o := struct {
		Decimals int `json:"decimals"`
	}{}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	return Bound{Type: c.Args[0].Type, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
		return compute.Round(scope, x, o.Decimals)
	})}, c.number(0)
}

func sign(c *Call) (Bound, error) {
	return Bound{Type: c.Args[0].Type, Eval: unary(compute.Sign)}, c.number(0)
}

func class(of compute.Class) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		return Bound{Type: boolean, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
			return compute.IsClass(scope, of, x)
		})}, c.number(0)
	}
}

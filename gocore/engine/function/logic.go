package function

import (
	"cmp"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

var boolean = arrow.FixedWidthTypes.Boolean

// comparisons are the functions that hold two values side by side.
var comparisons = map[string]entry{
	"eq": {least: 2, bind: comparison(compute.Equal)},
	"ne": {least: 2, bind: comparison(compute.NotEqual)},
	"lt": {least: 2, bind: comparison(compute.Less)},
	"le": {least: 2, bind: comparison(compute.LessEqual)},
	"gt": {least: 2, bind: comparison(compute.Greater)},
	"ge": {least: 2, bind: comparison(compute.GreaterEqual)},
	// options: with_low, with_high, whether a bound is in the range
	"between": {least: 3, bind: between},
}

func comparison(op compute.Comparison) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		return Bound{Type: boolean, AnyLayout: true, Eval: binary(func(scope *memory.Scope, x, y *column.Column) (column.Column, error) {
			return compute.Compare(scope, op, x, y)
		})}, c.comparable(1)
	}
}

func between(c *Call) (Bound, error) {
	var options struct {
		WithLow  bool `json:"with_low"`
		WithHigh bool `json:"with_high"`
	}
	if err := c.options(&options); err != nil {
		return Bound{}, err
	}
	r := compute.Range(options)
	return Bound{Type: boolean, AnyLayout: true, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return compute.Between(scope, r, args[0], args[1], args[2])
	}}, cmp.Or(c.comparable(1), c.comparable(2))
}

// comparable refuses an argument that can't be compared with the first.
func (c *Call) comparable(arg int) error {
	a, b := c.Args[0], c.Args[arg]
	if compute.CanCompare(a.Type, b.Type) {
		return nil
	}
	return status.Errorf(status.TypeMismatch, "%s (%s) can't be compared with %s (%s): cast one of them",
		a.Text, column.DisplayName(a.Type), b.Text, column.DisplayName(b.Type))
}

// logic are the functions of three-valued logic, and those that ask for missing values.
var logic = map[string]entry{
	"and":     {least: 2, bind: connective(compute.And)},
	"or":      {least: 2, bind: connective(compute.Or)},
	"xor":     {least: 2, bind: connective(compute.Xor)},
	"not":     {least: 1, bind: negation},
	"is_null": {least: 1, bind: missing},
}

// truths refuses arguments whose values aren't true, false or null.
func (c *Call) truths() error {
	for i, a := range c.Args {
		if a.Type.ID() != arrow.BOOL && a.Type.ID() != arrow.NULL {
			return c.refuse(i, "bool")
		}
	}
	return nil
}

func connective(op compute.Logic) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		return Bound{Type: boolean, Eval: binary(func(scope *memory.Scope, x, y *column.Column) (column.Column, error) {
			return compute.Combine(scope, op, x, y)
		})}, c.truths()
	}
}

func negation(c *Call) (Bound, error) {
	return Bound{Type: boolean, Eval: unary(compute.Not)}, c.truths()
}

func missing(*Call) (Bound, error) { return Bound{Type: boolean, Eval: unary(compute.IsMissing)}, nil }

package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// conditional are the functions that pick one of several values, or look for a value among many (among.go).
var conditional = map[string]entry{
	"if_else":  {least: 3, bind: ifElse},
	"coalesce": {least: 1, most: many, bind: coalesce},
	"is_in":    {least: 2, sets: 1, bind: isIn},
	"lookup":   {least: 4, sets: 2, bind: lookup}, // x, what else, keys, and what each stands for
}

// alike returns the type to which values are cast that stand in one column: literals take on a column's.
func (c *Call) alike(args ...int) (arrow.DataType, error) {
	whole := c.Args[args[0]]
	for _, i := range args[1:] {
		next := c.Args[i]
		t, ok := common(whole, next)
		if !ok {
			return nil, status.Errorf(status.TypeMismatch, "%s can't return both %s (%s) and %s (%s): cast one of them",
				c.Name, whole.Text, column.DisplayName(whole.Type), next.Text, column.DisplayName(next.Type))
		}
		whole = Argument{Type: t, Literal: whole.Literal && next.Literal, Text: whole.Text}
	}
	return whole.Type, nil
}

// common returns the type that holds the values of both.
func common(a, b Argument) (arrow.DataType, bool) {
	switch {
	case arrow.TypeEqual(a.Type, b.Type) || isNull(b.Type):
		return a.Type, true
	case isNull(a.Type):
		return b.Type, true
	case isBool(a.Type) || isBool(b.Type):
		return nil, false
	case isText(a.Type) && isText(b.Type):
		if a.Literal {
			return b.Type, true
		}
		if b.Literal {
			return a.Type, true
		}
		return arrow.BinaryTypes.LargeString, true
	case isBytes(a.Type) && isBytes(b.Type):
		return commonBytes(a, b)
	case isDecimal(a.Type) || isDecimal(b.Type):
		return commonDecimal(a, b)
	}
	if t, ok := promote(a, b); ok {
		return t, true
	}
	return compute.CommonTime(a.Type, b.Type)
}

// commonBytes is common for binaries.
func commonBytes(a, b Argument) (arrow.DataType, bool) {
	switch {
	case a.Literal:
		return b.Type, true
	case b.Literal:
		return a.Type, true
	}
	return arrow.BinaryTypes.LargeBinary, true
}

func isBytes(t arrow.DataType) bool {
	return compute.IsBinary(t) || t.ID() == arrow.FIXED_SIZE_BINARY
}

// commonDecimal is common for decimals, with each other or with numbers.
func commonDecimal(a, b Argument) (arrow.DataType, bool) {
	switch {
	case isFloat(a.Type) || isFloat(b.Type):
		return float64Type, true
	case isDecimal(a.Type) && b.Literal && isNumber(b.Type):
		return a.Type, true
	case isDecimal(b.Type) && a.Literal && isNumber(a.Type):
		return b.Type, true
	}
	return compute.CommonDecimal(a.Type, b.Type)
}

func isDecimal(t arrow.DataType) bool {
	_, ok := t.(arrow.DecimalType)
	return ok
}

func isText(t arrow.DataType) bool {
	return t.ID() == arrow.STRING || t.ID() == arrow.LARGE_STRING || t.ID() == arrow.STRING_VIEW
}

func ifElse(c *Call) (Bound, error) {
	if is := c.Args[0].Type; !isBool(is) && !isNull(is) {
		return Bound{}, c.refuse(0, "bool first")
	}
	t, err := c.alike(1, 2)
	return Bound{Type: t, Args: []arrow.DataType{boolean, t, t}, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return compute.Choose(scope, args[0], args[1], args[2])
	}}, err
}

func coalesce(c *Call) (Bound, error) {
	b := Bound{Eval: compute.Coalesce}
	all := make([]int, len(c.Args))
	for i := range all {
		all[i] = i
	}
	var err error
	b.Type, err = c.alike(all...)
	for range c.Args {
		b.Args = append(b.Args, b.Type)
	}
	return b, err
}

package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// casts are the functions that return the same values in another type.
var casts = map[string]entry{
	"cast": {least: 1, bind: cast},
}

func cast(c *Call) (Bound, error) {
	from, to := c.Args[0].Type, c.To
	if to == nil {
		return Bound{}, status.Errorf(status.Invalid, "cast needs the type to cast to")
	}
	if !compute.CanCast(from, to) {
		return Bound{}, status.Errorf(status.TypeMismatch, "%s of type %s can't be cast to %s", c.Args[0].Text, column.DisplayName(from), column.DisplayName(to))
	}
	o := struct {
		Errors string `json:"errors"`
	}{Errors: "raise"}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	coerce, err := c.coerce(o.Errors)
	if err != nil || !coerce || !isText(from) || !isNumber(to) && !isBool(to) {
		return castBound(to), err
	}
	return Bound{Type: to, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
		return compute.ReadOrNull(scope, x, to)
	})}, nil
}

// Cast returns the cast of one type to another, which compute.CanCast allows.
func Cast(from, to arrow.DataType) *Bound {
	b := castBound(to)
	b.Args = []arrow.DataType{from}
	return b.named("cast", nil)
}

// AsKey returns the function that makes keys of type to, the compute.KeyType of from.
func AsKey(from, to arrow.DataType) *Bound {
	return Bound{Type: to, Args: []arrow.DataType{from}, Eval: unary(compute.AsKey)}.named("as_key", nil)
}

// FromKey returns the function that makes values of type to of keys.
func FromKey(from, to arrow.DataType) *Bound {
	return Bound{Type: to, Args: []arrow.DataType{from}, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
		return compute.FromKey(scope, x, to)
	})}.named("from_key", nil)
}

func castBound(to arrow.DataType) Bound {
	return Bound{Type: to, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
		return compute.Cast(scope, x, to)
	})}
}

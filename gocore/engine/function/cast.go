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
		return Bound{}, status.Errorf(status.TypeMismatch, "%s of type %s can't be cast to %s", c.Args[0].Text, from, to)
	}
	return castBound(to), nil
}

// Cast returns the cast of one type to another, which compute.CanCast allows.
func Cast(from, to arrow.DataType) *Bound {
	b := castBound(to)
	b.Args = []arrow.DataType{from}
	return b.named("cast", nil)
}

func castBound(to arrow.DataType) Bound {
	return Bound{Type: to, Eval: unary(func(scope *memory.Scope, x *column.Column) (column.Column, error) {
		return compute.Cast(scope, x, to)
	})}
}

package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

func isTime(t arrow.DataType) bool { return compute.TimeClassOf(t) != compute.NoTime }

func isDuration(t arrow.DataType) bool { return compute.TimeClassOf(t) == compute.Duration }

// isPoint tells whether t is a date or a timestamp.
func isPoint(t arrow.DataType) bool {
	class := compute.TimeClassOf(t)
	return class == compute.Local || class == compute.Instant
}

// temporal is arithmetic with dates, timestamps and durations:
//
//	point - point            duration, of the finer unit; of dates in seconds
//	timestamp +- duration    timestamp, of the finer unit, in its zone
//	date +- duration         date, moved by whole days
//	duration +- duration     duration, of the finer unit
//	duration * number        duration, rounded towards zero
//	duration / number        duration, rounded towards zero; // with an integer rounds down
//	duration / duration      double; // int64, % duration
func (c *Call) temporal(op compute.Operation) (Bound, error) {
	a, b := c.Args[0].Type, c.Args[1].Type
	switch {
	case isNull(a):
		return c.withNull(op, b)
	case isNull(b):
		return c.withNull(op, a)
	case op == compute.Subtract && isPoint(a) && isPoint(b):
		return c.difference(a, b)
	case (op == compute.Add || op == compute.Subtract) && isPoint(a) && isDuration(b):
		return moved(a, b, op, 0), nil
	case op == compute.Add && isDuration(a) && isPoint(b):
		return moved(b, a, op, 1), nil
	case isDuration(a) && isDuration(b):
		return c.ofDurations(op)
	case isDuration(a) && isNumber(b) && (op == compute.Multiply || op == compute.Divide || op == compute.FloorDivide):
		return scaled(a, b, op, 0), nil
	case isNumber(a) && isDuration(b) && op == compute.Multiply:
		return scaled(b, a, op, 1), nil
	}
	return c.unfit()
}

func (c *Call) unfit() (Bound, error) {
	return Bound{}, status.Errorf(status.TypeMismatch, "%s doesn't take %s (%s) with %s (%s): durations are added to dates and timestamps, "+
		"and multiplied with numbers", c.Name, c.Args[0].Text, c.Args[0].Type, c.Args[1].Text, c.Args[1].Type)
}

// withNull is an operation whose other side is null in every row, and so its result.
func (c *Call) withNull(op compute.Operation, t arrow.DataType) (Bound, error) {
	if isPoint(t) && op == compute.Subtract {
		t = &arrow.DurationType{Unit: arrow.Microsecond}
	}
	return Bound{Type: t, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return compute.AllNull(scope, t, compute.Rows(args...))
	}}, nil
}

// difference is what lies between two points: both as timestamps of one unit.
func (c *Call) difference(a, b arrow.DataType) (Bound, error) {
	if compute.TimeClassOf(a) != compute.TimeClassOf(b) {
		return Bound{}, status.Errorf(status.TypeMismatch, "%s (%s) has a zone or %s (%s) has, not both: use tz_localize or tz_convert",
			c.Args[0].Text, a, c.Args[1].Text, b)
	}
	unit := max(unitOf(a), unitOf(b))
	zone := ""
	if t, ok := a.(*arrow.TimestampType); ok {
		zone = t.TimeZone
	}
	t := &arrow.TimestampType{Unit: unit, TimeZone: zone}
	return calculated(compute.Subtract, &arrow.DurationType{Unit: unit}, t, t), nil
}

// unitOf returns the unit of a time's ticks; of a date32, seconds.
func unitOf(t arrow.DataType) arrow.TimeUnit {
	switch t := t.(type) {
	case arrow.TemporalWithUnit:
		return t.TimeUnit()
	case *arrow.Date64Type:
		return arrow.Millisecond
	}
	return arrow.Second
}

// calculated is an operation on the integers that times are kept as.
func calculated(op compute.Operation, typ arrow.DataType, args ...arrow.DataType) Bound {
	return Bound{Type: typ, Args: args, Eval: binary(func(scope *memory.Scope, x, y *column.Column) (column.Column, error) {
		return compute.Arithmetic(scope, op, typ, x, y)
	})}
}

// moved is a point that a duration moves: argument number at is the point.
func moved(point, duration arrow.DataType, op compute.Operation, at int) Bound {
	if point.ID() == arrow.DATE32 || point.ID() == arrow.DATE64 {
		args := []arrow.DataType{duration, duration}
		args[at] = arrow.FixedWidthTypes.Date32
		return Bound{Type: arrow.FixedWidthTypes.Date32, Args: args, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
			return compute.AddDays(scope, args[at], args[1-at], op == compute.Add)
		}}
	}
	unit := max(unitOf(point), unitOf(duration))
	t := &arrow.TimestampType{Unit: unit, TimeZone: point.(*arrow.TimestampType).TimeZone}
	args := []arrow.DataType{&arrow.DurationType{Unit: unit}, &arrow.DurationType{Unit: unit}}
	args[at] = t
	return calculated(op, t, args...)
}

func (c *Call) ofDurations(op compute.Operation) (Bound, error) {
	unit := max(unitOf(c.Args[0].Type), unitOf(c.Args[1].Type))
	d := &arrow.DurationType{Unit: unit}
	switch op {
	case compute.Add, compute.Subtract, compute.Modulo:
		return calculated(op, d, d, d), nil
	case compute.FloorDivide:
		return calculated(op, int64Type, d, d), nil
	case compute.Divide:
		return Bound{Type: float64Type, Args: []arrow.DataType{d, d}, Eval: binary(compute.DurationRatio)}, nil
	}
	return c.unfit()
}

// scaled is a duration times a number or divided by one: argument number at is the duration.
func scaled(duration, number arrow.DataType, op compute.Operation, at int) Bound {
	args := []arrow.DataType{duration, duration}
	if arrow.IsInteger(number.ID()) && op != compute.Divide {
		args[1-at] = int64Type
		return calculated(op, duration, args...)
	}
	args[1-at] = float64Type
	return Bound{Type: duration, Args: args, Eval: func(scope *memory.Scope, args []*column.Column) (column.Column, error) {
		return compute.ScaleDuration(scope, args[at], args[1-at], op != compute.Multiply)
	}}
}

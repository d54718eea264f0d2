package compute

import (
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// AddDays returns date32 values moved by durations of whole days, rounded down as Python's date does.
func AddDays(scope *memory.Scope, dates, durations *column.Column, forward bool) (column.Column, error) {
	dst, err := newResult(scope, arrow.FixedWidthTypes.Date32, dates, durations)
	if err != nil {
		return column.Column{}, err
	}
	perDay := nanosPerDay / TickNanos(durations.Type)
	out, sd, sn := column.Of[int32](&dst), stride(dates), stride(durations)
	from, by := column.Of[int32](dates), column.Of[int64](durations)
	for i := range out {
		days := floorDiv(by[i&sn], perDay)
		if !forward {
			days = -days
		}
		sum := int64(from[i&sd]) + days
		out[i] = int32(sum)
		if sum != int64(out[i]) && !dst.IsNull(i) {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s moved by %d days is out of the range of date32", FormatTime(dates, i&sd), days)
		}
	}
	return dst, nil
}

// ScaleDuration returns durations times, or divided by, floats: rounded towards zero, as NumPy does. A NaN makes a null.
func ScaleDuration(scope *memory.Scope, durations, by *column.Column, divide bool) (column.Column, error) {
	dst, err := newResult(scope, durations.Type, durations, by)
	if err != nil {
		return column.Column{}, err
	}
	out, sd, sb := column.Of[int64](&dst), stride(durations), stride(by)
	values, factors := column.Of[int64](durations), column.Of[float64](by)
	var lost []int
	for i := range out {
		v := float64(values[i&sd]) * factors[i&sb]
		if divide {
			v = float64(values[i&sd]) / factors[i&sb]
		}
		out[i] = int64(v)
		switch {
		case dst.IsNull(i):
		case v != v:
			lost, out[i] = append(lost, i), 0
		case math.Trunc(v) >= 1<<63 || v < -1<<63:
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s of %s scaled by %s doesn't fit", Format(durations, i&sd), durations.Type, Format(by, i&sb))
		}
	}
	if err := setNull(scope, &dst, lost); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// TotalSeconds returns durations in seconds.
func TotalSeconds(scope *memory.Scope, a *column.Column) (column.Column, error) {
	dst, err := newResult(scope, arrow.PrimitiveTypes.Float64, a)
	if err != nil {
		return column.Column{}, err
	}
	perSecond := 1e9 / float64(TickNanos(a.Type))
	out := column.Of[float64](&dst)
	for i, v := range column.Of[int64](a) {
		out[i] = float64(v) / perSecond
	}
	return dst, nil
}

// DurationField is a part of a duration, as Python's timedelta has it: days, rounded down, and what remains.
type DurationField uint8

// The fields.
const (
	Days         DurationField = iota
	Seconds                    // of the day
	Microseconds               // of the second
	Nanoseconds                // of the microsecond
)

// DurationPart returns a field of durations as int64.
func DurationPart(scope *memory.Scope, a *column.Column, f DurationField) (column.Column, error) {
	dst, err := newResult(scope, arrow.PrimitiveTypes.Int64, a)
	if err != nil {
		return column.Column{}, err
	}
	tick := TickNanos(a.Type)
	perDay := nanosPerDay / tick
	out := column.Of[int64](&dst)
	for i, v := range column.Of[int64](a) {
		nanos := mod(v, perDay) * tick
		switch f {
		case Days:
			out[i] = floorDiv(v, perDay)
		case Seconds:
			out[i] = nanos / 1_000_000_000
		case Microseconds:
			out[i] = nanos / 1_000 % 1_000_000
		case Nanoseconds:
			out[i] = nanos % 1_000
		}
	}
	return dst, nil
}

// DurationRatio returns durations of one unit divided by each other.
func DurationRatio(scope *memory.Scope, a, b *column.Column) (column.Column, error) {
	x, err := Cast(scope, retyped(a, arrow.PrimitiveTypes.Int64), arrow.PrimitiveTypes.Float64)
	if err != nil {
		return column.Column{}, err
	}
	defer x.Release()
	y, err := Cast(scope, retyped(b, arrow.PrimitiveTypes.Int64), arrow.PrimitiveTypes.Float64)
	if err != nil {
		return column.Column{}, err
	}
	defer y.Release()
	return Arithmetic(scope, Divide, arrow.PrimitiveTypes.Float64, &x, &y)
}

// retyped returns c, lent, as a type of the same kind.
func retyped(c *column.Column, t arrow.DataType) *column.Column {
	same := *c
	same.Type = t
	return &same
}

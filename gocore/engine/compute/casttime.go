package compute

import (
	"math/bits"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

const nanosPerDay = 24 * 60 * 60 * 1_000_000_000

// TickNanos returns the nanoseconds of one step of a type of a TimeClass: a finer type has the fewer.
func TickNanos(t arrow.DataType) int64 {
	switch t = column.ValueType(t); t.ID() {
	case arrow.DATE32:
		return nanosPerDay
	case arrow.DATE64:
		return 1_000_000
	}
	return int64(t.(arrow.TemporalWithUnit).TimeUnit().Multiplier())
}

// castTime rescales dates, times and durations of one class: to coarser steps by rounding down, to finer ones with an Overflow error
// where the value leaves the type's range. A date is its midnight; a time of a timestamp is that of its day.
func castTime(scope *memory.Scope, c *column.Column, to arrow.DataType) (column.Column, error) {
	from, step := TickNanos(c.Type), TickNanos(to)
	day := isTimestamp(c.Type) && TimeClassOf(to) == DayTime // the time of the day
	midnight := to.ID() == arrow.DATE64 && c.Type.ID() != arrow.DATE32 && c.Type.ID() != arrow.DATE64
	kind, _ := column.KindOf(to)
	if from == step && kind == c.Kind && !midnight && !day {
		c.Retain()
		same := *c
		same.Type = to
		return same, nil
	}
	dst, err := New(scope, to, c.Len)
	if err != nil {
		return column.Column{}, err
	}
	for i := range c.Len {
		var v int64
		if c.Kind == column.Int32 {
			v = int64(column.Of[int32](c)[i])
		} else {
			v = column.Of[int64](c)[i]
		}
		if day {
			v = mod(v, nanosPerDay/from)
		}
		scaled, ok := rescale(v, from, step)
		if midnight {
			down := scaled - mod(scaled, nanosPerDay/step)
			scaled, ok = down, ok && down <= scaled
		}
		if kind == column.Int32 {
			column.Of[int32](&dst)[i] = int32(scaled)
			ok = ok && int64(int32(scaled)) == scaled
		} else {
			column.Of[int64](&dst)[i] = scaled
		}
		if !ok && !c.IsNull(i) {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s of type %s is out of the range of %s: cast to a coarser unit",
				Format(c, i), c.Type, to)
		}
	}
	shareValid(&dst, c)
	return dst, nil
}

// rescale converts v steps of from nanoseconds to steps of to nanoseconds, one of which divides the other.
func rescale(v, from, to int64) (int64, bool) {
	if to >= from {
		n := to / from
		return floorDiv(v, n), true
	}
	n := uint64(from / to)
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, n)
	if v < 0 {
		return -int64(lo), hi == 0 && lo <= 1<<63
	}
	return int64(lo), hi == 0 && lo < 1<<63
}

// mod is v modulo n, never negative.
func mod(v, n int64) int64 {
	rest := v % n
	return rest + rest>>63&n
}

// CommonTime returns the type that holds two dates, times or durations of one TimeClass, and false where there is none: a
// date is no timestamp. It has the finer unit, and the zone of a.
func CommonTime(a, b arrow.DataType) (arrow.DataType, bool) {
	class := TimeClassOf(a)
	if class == NoTime || class != TimeClassOf(b) {
		return nil, false
	}
	ta, okA := a.(*arrow.TimestampType)
	tb, okB := b.(*arrow.TimestampType)
	switch {
	case okA && okB:
		return &arrow.TimestampType{Unit: max(ta.Unit, tb.Unit), TimeZone: ta.TimeZone}, true
	case okA || okB:
		return nil, false
	case TickNanos(b) < TickNanos(a):
		return b, true
	}
	return a, true
}

package compute

import (
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// Step is a length of time that timestamps are rounded to: some nanoseconds, or months or weeks of the calendar.
type Step struct{ nanos, months, weeks int64 }

var stepUnits = map[string]Step{
	"ns": {nanos: 1}, "us": {nanos: 1_000}, "ms": {nanos: 1_000_000}, "s": {nanos: 1_000_000_000},
	"min": {nanos: 60_000_000_000}, "h": {nanos: 3_600_000_000_000}, "D": {nanos: nanosPerDay},
	"W": {weeks: 1}, "M": {months: 1}, "MS": {months: 1}, "Q": {months: 3}, "QS": {months: 3}, "Y": {months: 12}, "YS": {months: 12},
}

// NewStep reads a step as pandas writes it: "15min", "h", "D", "W" (from Monday on), "M", "Q", "Y".
func NewStep(text string) (Step, error) {
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	times, unit := int64(1), text[digits:]
	if digits > 0 {
		times, _ = strconv.ParseInt(text[:digits], 10, 64)
	}
	s, ok := stepUnits[unit]
	if s.nanos = s.nanos * times; !ok || times < 1 || times > 1_000_000_000 || s.nanos < 0 || s.nanos/times != stepUnits[unit].nanos {
		return Step{}, status.Errorf(status.Invalid, "%q is no step of time: give a number (or none for 1) and one of ns, us, ms, s, min, h, D, W, M, Q, Y", text)
	}
	s.months, s.weeks = s.months*times, s.weeks*times
	return s, nil
}

// IsCalendar tells whether steps have different lengths, so that there is no nearest one: they round down only.
func (s Step) IsCalendar() bool { return s.nanos == 0 }

// Rounding is a direction.
type Rounding uint8

// The directions.
const (
	RoundDown Rounding = iota
	RoundUp
	RoundNearest // half to an even multiple
)

// RoundTimes rounds dates, timestamps and durations to multiples of a step since 1970, by the clock of their zone; weeks
// begin on Monday.
func RoundTimes(scope *memory.Scope, a *column.Column, s Step, how Rounding) (column.Column, error) {
	if HasZone(a.Type) {
		return roundInstants(scope, a, s, how)
	}
	if a.Kind == column.Int32 {
		return throughTimestamps(scope, a, func(wide *column.Column) (column.Column, error) { return RoundTimes(scope, wide, s, how) })
	}
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	out, tick := column.Of[int64](&dst), TickNanos(a.Type)
	for i, v := range column.Of[int64](a) {
		var ok bool
		if out[i], ok = s.round(v, tick, how); !ok && !a.IsNull(i) {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s rounded is out of the range of %s", Format(a, i), a.Type)
		}
	}
	return dst, nil
}

// throughTimestamps applies f to a date32 column as timestamps of seconds.
func throughTimestamps(scope *memory.Scope, a *column.Column, f func(*column.Column) (column.Column, error)) (column.Column, error) {
	wide, err := Cast(scope, a, &arrow.TimestampType{Unit: arrow.Second})
	if err != nil {
		return column.Column{}, err
	}
	defer wide.Release()
	rounded, err := f(&wide)
	if err != nil {
		return column.Column{}, err
	}
	defer rounded.Release()
	return Cast(scope, &rounded, a.Type)
}

// round returns the multiple of s for v ticks, and whether it fits.
func (s Step) round(v, tick int64, how Rounding) (int64, bool) {
	perDay := int64(nanosPerDay) / tick
	switch {
	case s.months > 0:
		days := floorDiv(v, perDay)
		if days != int64(int32(days)) {
			return 0, false
		}
		d := dateOf(days)
		months := (d.year-1970)*12 + d.month - 1
		months -= mod(months, s.months)
		return scale(daysOf(1970+floorDiv(months, 12), mod(months, 12)+1, 1), perDay)
	case s.weeks > 0:
		days := floorDiv(v, perDay)
		return scale(days-mod(days+3, 7*s.weeks), perDay)
	case s.nanos%tick != 0:
		if tick%s.nanos == 0 { // all values are multiples
			return v, true
		}
		return 0, false
	}
	unit := s.nanos / tick
	rest, multiple := mod(v, unit), floorDiv(v, unit)
	up := how == RoundUp && rest > 0 || how == RoundNearest && (rest > unit-rest || rest == unit-rest && multiple&1 != 0)
	down := v - rest
	if up {
		return down + unit, down+unit > v
	}
	return down, down <= v
}

// scale returns v * by, and whether it fits.
func scale(v, by int64) (int64, bool) {
	product, over := multiply(v, by)
	return product, over == 0
}

// roundInstants rounds by the local clock. Where that shows the result twice, it is the one with the instant's own offset.
func roundInstants(scope *memory.Scope, a *column.Column, s Step, how Rounding) (column.Column, error) {
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, a.Type, a)
	if err != nil {
		return column.Column{}, err
	}
	out, perSecond := column.Of[int64](&dst), 1_000_000_000/m.tick
	for i, v := range column.Of[int64](a) {
		local, ok := s.round(m.local(v), m.tick, how)
		if !ok && !a.IsNull(i) {
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s rounded is out of the range of %s", Format(a, i), a.Type)
		}
		out[i] = local - m.zone.offset(floorDiv(v, perSecond))*perSecond
		if m.local(out[i]) != local {
			first, _, _ := m.zone.instants(floorDiv(local, perSecond))
			out[i] = first*perSecond + mod(local, perSecond)
		}
	}
	return dst, nil
}

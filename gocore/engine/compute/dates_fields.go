package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// DateField is a part of a date or of a time of the day.
type DateField uint8

// The fields: numbers, then answers.
const (
	Year DateField = iota
	Quarter
	Month
	Day
	DayOfWeek // Monday is 0
	DayOfYear
	ISOYear
	ISOWeek
	DaysInMonth
	Hour
	Minute
	Second
	Microsecond // of the second
	Nanosecond  // of the microsecond
	IsMonthStart
	IsMonthEnd
	IsQuarterStart
	IsQuarterEnd
	IsYearStart
	IsYearEnd
	IsLeapYear
)

// OfTime tells whether a field is one of the time of the day.
func (f DateField) OfTime() bool { return f >= Hour && f <= Nanosecond }

// IsAnswer tells whether a field is true or false.
func (f DateField) IsAnswer() bool { return f >= IsMonthStart }

// Field returns a field of dates, times or timestamps, by the clock of their zone: int32, or bool.
func Field(scope *memory.Scope, a *column.Column, f DateField) (column.Column, error) {
	typ := arrow.DataType(arrow.PrimitiveTypes.Int32)
	if f.IsAnswer() {
		typ = arrow.FixedWidthTypes.Boolean
	}
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, typ, a)
	if err != nil {
		return column.Column{}, err
	}
	for i := 0; i < a.Len; i += chunk {
		n := min(chunk, a.Len-i)
		if err := m.read(i, n, f.OfTime()); err != nil {
			dst.Release()
			return column.Column{}, err
		}
		switch {
		case f.IsAnswer():
			for j := 0; j < n; j += 64 {
				size := min(64, n-j)
				putWord(dst.Values, i+j, size, m.answers(f, j, size))
			}
		case f.OfTime():
			m.times(f, column.Of[int32](&dst)[i:i+n])
		default:
			m.dates(f, column.Of[int32](&dst)[i:i+n])
		}
	}
	return dst, nil
}

// dates writes a field of the chunk's days.
func (m *moments) dates(f DateField, dst []int32) {
	days := m.days[:len(dst)]
	switch f {
	case Year:
		for j, d := range days {
			dst[j] = int32(yearOf(d))
		}
	case Month:
		for j, d := range days {
			dst[j] = int32(dateOf(d).month)
		}
	case Quarter:
		for j, d := range days {
			dst[j] = int32(dateOf(d).month+2) / 3
		}
	case Day:
		for j, d := range days {
			dst[j] = int32(dateOf(d).day)
		}
	case DayOfWeek:
		for j, d := range days {
			dst[j] = int32(weekday(d))
		}
	case DayOfYear:
		for j, d := range days {
			dst[j] = int32(dateOf(d).dayOfYear())
		}
	case ISOYear:
		for j, d := range days {
			year, _ := isoWeek(d)
			dst[j] = int32(year)
		}
	case ISOWeek:
		for j, d := range days {
			_, week := isoWeek(d)
			dst[j] = int32(week)
		}
	case DaysInMonth:
		for j, d := range days {
			date := dateOf(d)
			dst[j] = int32(daysIn(date.year, date.month))
		}
	}
}

// times writes a field of the chunk's times of the day.
func (m *moments) times(f DateField, dst []int32) {
	nanos := m.nanos[:len(dst)]
	switch f {
	case Hour:
		for j, n := range nanos {
			dst[j] = int32(n / 3_600_000_000_000)
		}
	case Minute:
		for j, n := range nanos {
			dst[j] = int32(n / 60_000_000_000 % 60)
		}
	case Second:
		for j, n := range nanos {
			dst[j] = int32(n / 1_000_000_000 % 60)
		}
	case Microsecond:
		for j, n := range nanos {
			dst[j] = int32(n / 1_000 % 1_000_000)
		}
	case Nanosecond:
		for j, n := range nanos {
			dst[j] = int32(n % 1_000)
		}
	}
}

// answers returns which of days [j, j+n) of the chunk are as f asks.
func (m *moments) answers(f DateField, j, n int) uint64 {
	w := uint64(0)
	for k, days := range m.days[j : j+n] {
		d := dateOf(days)
		is := false
		switch f {
		case IsMonthStart:
			is = d.day == 1
		case IsMonthEnd:
			is = d.day == daysIn(d.year, d.month)
		case IsQuarterStart:
			is = d.day == 1 && d.month%3 == 1
		case IsQuarterEnd:
			is = d.month%3 == 0 && d.day == daysIn(d.year, d.month)
		case IsYearStart:
			is = d.day == 1 && d.month == 1
		case IsYearEnd:
			is = d.day == 31 && d.month == 12
		case IsLeapYear:
			is = isLeap(d.year)
		}
		w |= oneBit(is) << k
	}
	return w
}

// DateOf returns the days of timestamps, by the clock of their zone, as date32.
func DateOf(scope *memory.Scope, a *column.Column) (column.Column, error) {
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, arrow.FixedWidthTypes.Date32, a)
	if err != nil {
		return column.Column{}, err
	}
	out := column.Of[int32](&dst)
	for i := 0; i < a.Len; i += chunk {
		n := min(chunk, a.Len-i)
		if err := m.read(i, n, false); err != nil {
			dst.Release()
			return column.Column{}, err
		}
		for j, d := range m.days[:n] {
			out[i+j] = int32(d)
		}
	}
	return dst, nil
}

// TimeOf returns the times of the day of timestamps, by the clock of their zone, as time64 of type t.
func TimeOf(scope *memory.Scope, a *column.Column, t arrow.DataType) (column.Column, error) {
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, t, a)
	if err != nil {
		return column.Column{}, err
	}
	out, tick := column.Of[int64](&dst), TickNanos(t)
	for i := 0; i < a.Len; i += chunk {
		n := min(chunk, a.Len-i)
		if err := m.read(i, n, true); err != nil {
			dst.Release()
			return column.Column{}, err
		}
		for j, nanos := range m.nanos[:n] {
			out[i+j] = nanos / tick
		}
	}
	return dst, nil
}

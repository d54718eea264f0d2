package compute

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// date is a day of the Gregorian calendar.
type date struct {
	year       int64
	month, day int64 // from 1 on
}

// eras are added to days so that none is negative: as many cycles of 400 years as date32 reaches back.
const (
	eras        = 14704
	daysPerEra  = 146097
	firstOfDays = 719468 + eras*daysPerEra // days from March 1st of the first year counted to January 1st 1970
)

// dateOf returns the date of a day since 1970 within the range of date32: the Euclidean affine functions of Neri and
// Schneider ("Euclidean affine functions and their application to calendar algorithms", 2022), which take three
// multiplications for a division each. Years begin in March there, so that the leap day is the last.
func dateOf(days int64) date {
	n := 4*uint64(days+firstOfDays) + 3
	century, rest := n/daysPerEra, n%daysPerEra/4
	scaled := 2939745 * (4*rest + 3)
	yearOfCentury, dayOfYear := scaled>>32, scaled&(1<<32-1)/2939745/4
	m := 2141*dayOfYear + 197913
	d := date{int64(100*century + yearOfCentury), int64(m >> 16), int64(m&0xFFFF/2141) + 1}
	if dayOfYear >= 306 {
		d.year++
		d.month -= 12
	}
	d.year -= 400 * eras
	return d
}

// yearOf is dateOf for the year alone.
func yearOf(days int64) int64 {
	n := 4*uint64(days+firstOfDays) + 3
	scaled := 2939745 * (4*(n%daysPerEra/4) + 3)
	year := int64(100*(n/daysPerEra)+scaled>>32) - 400*eras
	if scaled&(1<<32-1) >= 306*4*2939745 {
		year++
	}
	return year
}

// daysOf returns the days since 1970 of a date, whose month may be any number from 1 - 12 * 400 * eras on.
func daysOf(year, month, day int64) int64 {
	months := year*12 + month - 3 + 400*eras*12 // since March of the first year counted
	y, m := months/12, months%12
	return y*365 + y/4 - y/100 + y/400 + (153*m+2)/5 + day - 1 - firstOfDays
}

func isLeap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// daysIn returns the number of days of a month.
func daysIn(year, month int64) int64 {
	switch {
	case month == 2 && isLeap(year):
		return 29
	case month == 2:
		return 28
	}
	return 30 + (month+month>>3)&1
}

// dayOfYear counts from 1.
func (d date) dayOfYear() int64 { return daysOf(d.year, d.month, d.day) - daysOf(d.year, 1, 1) + 1 }

// weekday counts from Monday, 0.
func weekday(days int64) int64 { return mod(days+3, 7) }

// isoWeek returns the year and the week that ISO 8601 counts a day to: week 1 has the year's first Thursday.
func isoWeek(days int64) (year, week int64) {
	thursday := days - weekday(days) + 3
	d := dateOf(thursday)
	return d.year, (thursday-daysOf(d.year, 1, 1))/7 + 1
}

// moments reads dates, times and timestamps by chunks: the day since 1970 of the local clock, and nanoseconds of that day.
type moments struct {
	a     *column.Column
	tick  int64
	zone  *Zone // nil: clocks are local already
	days  [chunk]int64
	nanos [chunk]int64
}

func newMoments(a *column.Column) (*moments, error) {
	m := &moments{a: a, tick: TickNanos(a.Type)}
	if t, ok := a.Type.(*arrow.TimestampType); ok && t.TimeZone != "" {
		zone, err := NewZone(t.TimeZone)
		if err != nil {
			return nil, err
		}
		m.zone = zone
	}
	return m, nil
}

// read sets days, and nanos if asked, of rows [i, i+n).
func (m *moments) read(i, n int, withNanos bool) error {
	if m.a.Type.ID() == arrow.DATE32 {
		for j, v := range column.Of[int32](m.a)[i : i+n] {
			m.days[j] = int64(v)
		}
		clear(m.nanos[:n])
		return nil
	}
	if m.a.Kind == column.Int32 { // time32
		for j, v := range column.Of[int32](m.a)[i : i+n] {
			m.days[j], m.nanos[j] = 0, int64(v)*m.tick
		}
		return nil
	}
	values := column.Of[int64](m.a)[i : i+n]
	if m.zone != nil {
		for j, v := range values {
			m.days[j] = m.local(v)
		}
		values = m.days[:n]
	}
	switch m.tick {
	case 1:
		split(m.days[:n], m.nanos[:n], values, nanosPerDay)
	case 1_000:
		split(m.days[:n], m.nanos[:n], values, nanosPerDay/1_000)
	case 1_000_000:
		split(m.days[:n], m.nanos[:n], values, nanosPerDay/1_000_000)
	default:
		split(m.days[:n], m.nanos[:n], values, nanosPerDay/1_000_000_000)
	}
	if withNanos {
		for j := range n {
			m.nanos[j] *= m.tick
		}
	}
	return m.check(i, n)
}

// local returns the ticks of the local clock at an instant.
func (m *moments) local(v int64) int64 {
	perSecond := 1_000_000_000 / m.tick
	return v + m.zone.offset(floorDiv(v, perSecond))*perSecond
}

func floorDiv(v, n int64) int64 {
	q := v / n
	if v%n < 0 {
		q--
	}
	return q
}

// split divides with a floor; the compiler turns the division by a constant into a multiplication where it is inlined.
func split(days, rest, values []int64, perDay int64) {
	for j, v := range values {
		d, r := v/perDay, v%perDay
		borrow := r >> 63
		days[j], rest[j] = d+borrow, r+borrow&perDay
	}
}

// check refuses days that the calendar doesn't reach: timestamps of whole seconds do.
func (m *moments) check(i, n int) error {
	outside := uint64(0)
	for _, d := range m.days[:n] {
		outside |= uint64(d+1<<31) >> 32
	}
	if outside == 0 {
		return nil
	}
	for j, d := range m.days[:n] {
		if d != int64(int32(d)) {
			m.days[j] = 0
			if !m.a.IsNull(i + j) {
				return status.Errorf(status.Overflow, "%s of type %s is no date: years from -5877641 to 5881580 are", Format(m.a, i+j), m.a.Type)
			}
		}
	}
	return nil
}

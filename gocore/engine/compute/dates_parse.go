package compute

import (
	"math"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

// reading of a text as a date and a time of the day.
type timeText struct {
	rest                 []byte
	year, month, day     int64
	ofYear               int64 // day of the year; 0 if not given
	hour, minute, second int64
	nanos                int64
	afternoon, isTwelve  bool
	offset               int64 // from UTC, in seconds
	hasOffset            bool
	epoch                int64
	hasEpoch             bool
}

// ParseTimes reads texts as timestamps or dates of type to: by a format, or, without one, as ISO 8601 writes them
// (2024-02-29, 2024-02-29 12:30, 2024-02-29T12:30:15.123456+02:00). A text that says none is an Invalid error, or null if
// coerce is set. Texts with an offset are for types with a zone, in which texts without one are UTC.
func ParseTimes(scope *memory.Scope, a *column.Column, to arrow.DataType, format TimeFormat, coerce bool) (column.Column, error) {
	dst, err := newResult(scope, to, a)
	if err != nil {
		return column.Column{}, err
	}
	zoned, tick := HasZone(to), TickNanos(to)
	var lost []int
	for i := range a.Len {
		if dst.IsNull(i) {
			clear(dst.Values[i*dst.Width() : (i+1)*dst.Width()])
			continue
		}
		t := timeText{rest: a.Views[i].Bytes(a.Heaps), year: 1970, month: 1, day: 1}
		ok := t.parse(format) && len(t.rest) == 0 && t.isValid()
		ticks, fits := t.ticks(tick)
		switch {
		case ok && t.hasOffset && !zoned && !coerce:
			dst.Release()
			return column.Column{}, status.Errorf(status.Invalid, "%s has an offset from UTC: ask for a type with a zone (utc=True)", Format(a, i))
		case ok && fits && !(t.hasOffset && !zoned):
		case coerce:
			lost, ticks = append(lost, i), 0
		case ok:
			dst.Release()
			return column.Column{}, status.Errorf(status.Overflow, "%s is out of the range of %s", Format(a, i), to)
		default:
			dst.Release()
			return column.Column{}, status.Errorf(status.Invalid, "%s is no date of the format: give the format, or errors=\"coerce\" for nulls", Format(a, i))
		}
		if dst.Kind == column.Int32 {
			column.Of[int32](&dst)[i] = int32(ticks)
		} else {
			column.Of[int64](&dst)[i] = ticks
		}
	}
	if err := setNull(scope, &dst, lost); err != nil {
		dst.Release()
		return column.Column{}, err
	}
	return dst, nil
}

// number reads up to most digits, at least least.
func (t *timeText) number(least, most int) (int64, bool) {
	v, n := int64(0), 0
	for n < most && n < len(t.rest) && t.rest[n] >= '0' && t.rest[n] <= '9' {
		v = v*10 + int64(t.rest[n]-'0')
		n++
	}
	t.rest = t.rest[n:]
	return v, n >= least
}

// skip reads a character that is one of some.
func (t *timeText) skip(one string) bool {
	if len(t.rest) == 0 || strings.IndexByte(one, t.rest[0]) < 0 {
		return false
	}
	t.rest = t.rest[1:]
	return true
}

func (t *timeText) parse(format TimeFormat) bool {
	if format == nil {
		return t.iso()
	}
	for _, part := range format {
		if !t.part(part) {
			return false
		}
	}
	return true
}

// iso reads a date, and a time and an offset if they are there.
func (t *timeText) iso() bool {
	ok := t.set(&t.year, 4, 4)
	dashed := t.skip("-")
	ok = ok && t.set(&t.month, 2, 2)
	if len(t.rest) > 0 {
		ok = ok && (!dashed || t.skip("-")) && t.set(&t.day, 2, 2)
	}
	if !ok || len(t.rest) == 0 {
		return ok
	}
	if !t.skip("T ") || !t.set(&t.hour, 1, 2) || !t.skip(":") || !t.set(&t.minute, 2, 2) {
		return false
	}
	if t.skip(":") && (!t.set(&t.second, 2, 2) || t.skip(".,") && !t.fraction()) {
		return false
	}
	t.skip(" ")
	return len(t.rest) == 0 || t.zone()
}

// set reads a number into a field.
func (t *timeText) set(field *int64, least, most int) bool {
	v, ok := t.number(least, most)
	*field = v
	return ok
}

// fraction reads up to nine digits of a second.
func (t *timeText) fraction() bool {
	before := len(t.rest)
	v, ok := t.number(1, 9)
	t.nanos = v * pow10(9-(before-len(t.rest)))
	return ok
}

// zone reads Z, UTC, +02, +0200 or +02:00.
func (t *timeText) zone() bool {
	t.hasOffset = true
	if t.skip("Zz") {
		return true
	}
	if rest, ok := cutPrefix(t.rest, "UTC"); ok {
		t.rest = rest
		return true
	}
	negative := t.skip("-")
	if !negative && !t.skip("+") {
		return false
	}
	hours, ok := t.number(2, 2)
	minutes := int64(0)
	if t.skip(":") || len(t.rest) >= 2 {
		var isNumber bool
		minutes, isNumber = t.number(2, 2)
		ok = ok && isNumber
	}
	t.offset = hours*3600 + minutes*60
	if negative {
		t.offset = -t.offset
	}
	return ok && hours < 24 && minutes < 60
}

func cutPrefix(s []byte, prefix string) ([]byte, bool) {
	if len(s) < len(prefix) || string(s[:len(prefix)]) != prefix {
		return s, false
	}
	return s[len(prefix):], true
}

// part reads what one part of a format says.
func (t *timeText) part(part timePart) bool {
	switch part.directive {
	case 0:
		rest, ok := cutPrefix(t.rest, part.text)
		t.rest = rest
		return ok
	case '%':
		return t.skip("%")
	case 'Y':
		return t.set(&t.year, 4, 4)
	case 'y':
		ok := t.set(&t.year, 1, 2)
		if t.year += 1900; t.year < 1969 {
			t.year += 100
		}
		return ok
	case 'm':
		return t.set(&t.month, 1, 2)
	case 'd':
		return t.set(&t.day, 1, 2)
	case 'j':
		return t.set(&t.ofYear, 1, 3) && t.ofYear > 0
	case 'H', 'I':
		t.isTwelve = part.directive == 'I'
		return t.set(&t.hour, 1, 2)
	case 'M':
		return t.set(&t.minute, 1, 2)
	case 'S':
		return t.set(&t.second, 1, 2)
	case 'f':
		return t.fraction()
	case 'z':
		return t.zone()
	case 's':
		negative := t.skip("-")
		ok := t.set(&t.epoch, 1, 18)
		if t.hasEpoch = true; negative {
			t.epoch = -t.epoch
		}
		return ok
	case 'p':
		upper := strings.ToUpper(string(t.rest[:min(2, len(t.rest))]))
		t.rest = t.rest[len(upper):]
		t.afternoon = upper == "PM"
		return t.afternoon || upper == "AM"
	}
	return t.monthName(part.directive == 'B')
}

func (t *timeText) monthName(whole bool) bool {
	for i, name := range monthNames {
		if !whole {
			name = name[:3]
		}
		if len(t.rest) >= len(name) && strings.EqualFold(string(t.rest[:len(name)]), name) {
			t.month, t.rest = int64(i+1), t.rest[len(name):]
			return true
		}
	}
	return false
}

// isValid tells whether there is such a date and time, and turns hours of a twelve-hour clock into those of the day.
func (t *timeText) isValid() bool {
	if t.isTwelve {
		if t.hour < 1 || t.hour > 12 {
			return false
		}
		t.hour %= 12
		if t.afternoon {
			t.hour += 12
		}
	}
	if t.ofYear > 0 {
		if t.ofYear == 366 && !isLeap(t.year) || t.ofYear > 366 {
			return false
		}
	}
	return t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= daysIn(t.year, t.month) && t.hour < 24 && t.minute < 60 && t.second < 60
}

// ticks returns the time since 1970 in ticks of some nanoseconds, rounded down, and whether it fits the type: an int64, or
// the int32 of days.
func (t *timeText) ticks(tick int64) (int64, bool) {
	days := daysOf(t.year, t.month, t.day)
	if t.ofYear > 0 {
		days = daysOf(t.year, 1, 1) + t.ofYear - 1
	}
	seconds := days*86400 + t.hour*3600 + t.minute*60 + t.second - t.offset
	if t.hasEpoch {
		seconds = t.epoch
	}
	const second = 1_000_000_000
	if tick > second { // a date
		days := floorDiv(seconds, tick/second)
		return days, days == int64(int32(days))
	}
	per := second / tick
	if seconds > math.MaxInt64/per-1 || seconds < math.MinInt64/per+1 {
		return 0, false
	}
	return seconds*per + t.nanos/tick, true
}

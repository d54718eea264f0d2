package compute

import (
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
)

var monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October", "November", "December"}

var dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// TimeFormat is a format of C's strftime, taken apart: a directive's letter, or a text.
type TimeFormat []timePart

type timePart struct {
	directive byte
	text      string
}

// written and read are the directives that FormatTimes and ParseTimes know.
const (
	written = "YymdHMSfjBbhaApIzZuwVGUWe%FTDRns"
	read    = "YymdHMSfjBbhpIz%FTDRs"
)

// NewTimeFormat reads a format for writing, or for reading.
func NewTimeFormat(format string, forReading bool) (TimeFormat, error) {
	known := written
	if forReading {
		known = read
	}
	var parts TimeFormat
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			parts = append(parts, timePart{text: format[i : i+1]})
			continue
		}
		i++
		if i == len(format) {
			return nil, status.Errorf(status.Invalid, "the format %q ends in %%: write %%%% for a percent sign", format)
		}
		directive := format[i]
		if whole, ok := combined[directive]; ok {
			inner, err := NewTimeFormat(whole, forReading)
			if err != nil {
				return nil, err
			}
			parts = append(parts, inner...)
			continue
		}
		if strings.IndexByte(known, directive) < 0 {
			return nil, status.Errorf(status.Invalid, "the format %q has %%%c, which isn't known: one of %s is", format, directive, known)
		}
		parts = append(parts, timePart{directive: directive})
	}
	return parts, nil
}

// combined are directives that stand for several.
var combined = map[byte]string{'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'D': "%m/%d/%y", 'R': "%H:%M", 'n': "\n", 'h': "%b"}

// FormatTimes writes dates, times and timestamps, by the clock of their zone.
func FormatTimes(scope *memory.Scope, a *column.Column, format TimeFormat) (column.Column, error) {
	m, err := newMoments(a)
	if err != nil {
		return column.Column{}, err
	}
	dst, err := newResult(scope, arrow.BinaryTypes.String, a)
	if err != nil {
		return column.Column{}, err
	}
	w := textWriter{scope: scope, dst: &dst}
	var text []byte
	for i := 0; i < a.Len; i += chunk {
		n := min(chunk, a.Len-i)
		err = m.read(i, n, true)
		for j := 0; j < n && err == nil; j++ {
			text = text[:0]
			if !dst.IsNull(i + j) {
				text = m.append(text, i+j, j, format)
			}
			err = w.put(i+j, text)
		}
		if err != nil {
			dst.Release()
			return column.Column{}, err
		}
	}
	return dst, nil
}

// FormatTime returns the value in row i as ISO 8601 has it, for an error.
func FormatTime(a *column.Column, row int) string {
	format, text := "%F %T.%f", ""
	if a.Type.ID() == arrow.DATE32 || a.Type.ID() == arrow.DATE64 {
		format = "%F"
	}
	parts, _ := NewTimeFormat(format, false)
	one := a.Slice(row, 1)
	if m, err := newMoments(&one); err == nil && m.read(0, 1, true) == nil {
		text = string(m.append(nil, 0, 0, parts))
	}
	return text
}

// append writes moment j of the chunk, which is row row of the column.
func (m *moments) append(dst []byte, row, j int, format TimeFormat) []byte {
	d, nanos := dateOf(m.days[j]), m.nanos[j]
	for _, part := range format {
		switch part.directive {
		case 0:
			dst = append(dst, part.text...)
		case 'Y':
			dst = appendDigits(dst, d.year, 4)
		case 'y':
			dst = appendDigits(dst, mod(d.year, 100), 2)
		case 'm':
			dst = appendDigits(dst, d.month, 2)
		case 'd':
			dst = appendDigits(dst, d.day, 2)
		case 'e':
			if d.day < 10 {
				dst = append(dst, ' ')
			}
			dst = appendDigits(dst, d.day, 1)
		case 'H':
			dst = appendDigits(dst, nanos/3_600_000_000_000, 2)
		case 'I':
			dst = appendDigits(dst, (nanos/3_600_000_000_000+11)%12+1, 2)
		case 'M':
			dst = appendDigits(dst, nanos/60_000_000_000%60, 2)
		case 'S':
			dst = appendDigits(dst, nanos/1_000_000_000%60, 2)
		case 'f':
			dst = appendDigits(dst, nanos/1_000%1_000_000, 6)
		case 'j':
			dst = appendDigits(dst, d.dayOfYear(), 3)
		case 'B':
			dst = append(dst, monthNames[d.month-1]...)
		case 'b':
			dst = append(dst, monthNames[d.month-1][:3]...)
		case 'A':
			dst = append(dst, dayNames[weekday(m.days[j])]...)
		case 'a':
			dst = append(dst, dayNames[weekday(m.days[j])][:3]...)
		case 'p':
			dst = append(dst, [...]string{"AM", "PM"}[nanos/43_200_000_000_000]...)
		case 'u':
			dst = appendDigits(dst, weekday(m.days[j])+1, 1)
		case 'w':
			dst = appendDigits(dst, (weekday(m.days[j])+1)%7, 1)
		case 'G', 'V':
			year, week := isoWeek(m.days[j])
			if part.directive == 'G' {
				dst = appendDigits(dst, year, 4)
			} else {
				dst = appendDigits(dst, week, 2)
			}
		case 'U':
			dst = appendDigits(dst, (d.dayOfYear()+6-(weekday(m.days[j])+1)%7)/7, 2)
		case 'W':
			dst = appendDigits(dst, (d.dayOfYear()+6-weekday(m.days[j]))/7, 2)
		case 's':
			dst = strconv.AppendInt(dst, m.days[j]*86400+nanos/1_000_000_000-m.offsetOf(row), 10)
		case 'z', 'Z':
			dst = m.appendZone(dst, row, part.directive)
		case '%':
			dst = append(dst, '%')
		}
	}
	return dst
}

// offsetOf returns the offset from UTC, in seconds, of the clock at a row.
func (m *moments) offsetOf(row int) int64 {
	if m.zone == nil {
		return 0
	}
	return m.zone.offset(floorDiv(column.Of[int64](m.a)[row], 1_000_000_000/m.tick))
}

// appendZone writes +0200, or CEST; nothing without a zone.
func (m *moments) appendZone(dst []byte, row int, directive byte) []byte {
	if m.zone == nil {
		return dst
	}
	offset := m.offsetOf(row)
	if directive == 'Z' {
		if name := m.zone.nameAt(floorDiv(column.Of[int64](m.a)[row], 1_000_000_000/m.tick)); name != "" {
			return append(dst, name...)
		}
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return appendDigits(appendDigits(append(dst, sign), offset/3600, 2), offset/60%60, 2)
}

// appendDigits writes v with at least width digits.
func appendDigits(dst []byte, v int64, width int) []byte {
	if v < 0 {
		dst, v = append(dst, '-'), -v
	}
	for below := pow10(width - 1); v < below && below > 1; below /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, v, 10)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

package fileio

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/engine/exec"
)

// class is what every text of a column seen so far can be read as; classes grow in this order only, except that a
// bool and a number together make text.
type class uint8

const (
	classNull class = iota
	classBool
	classInt
	classFloat
	classText
)

var classTypes = [...]arrow.DataType{classNull: arrow.Null, classBool: arrow.FixedWidthTypes.Boolean,
	classInt: arrow.PrimitiveTypes.Int64, classFloat: arrow.PrimitiveTypes.Float64, classText: arrow.BinaryTypes.String}

// join returns the class that holds both.
func (a class) join(b class) class {
	lo, hi := min(a, b), max(a, b)
	if lo == classBool && (hi == classInt || hi == classFloat) {
		return classText
	}
	return hi
}

// widen returns the class of a column of class a that also holds text.
func (c *CSV) widen(a class, text string) class {
	if a == classText || c.null.has(text) {
		return a
	}
	if a != classBool && isWide(text) {
		return classText
	}
	if a <= classInt && a != classBool {
		if _, err := parseInt64(text); err == nil {
			return classInt
		}
	}
	if a != classBool {
		if _, err := parseFloat(text); err == nil {
			return a.join(classFloat)
		}
	}
	if _, ok := c.truth[text]; ok {
		return a.join(classBool)
	}
	return classText
}

// trim takes spaces off a number, which pandas doesn't mind either.
func trim(text string) string {
	if n := len(text); n > 0 && (text[0] == ' ' || text[n-1] == ' ') {
		return strings.Trim(text, " ")
	}
	return text
}

// parseInt64 is strconv.ParseInt for decimals, three times as fast for those of up to 18 digits.
func parseInt64(text string) (int64, error) {
	text = trim(text)
	digits := text
	if text != "" && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return strconv.ParseInt(text, 10, 64)
	}
	v := int64(0)
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			if text[0] == '+' {
				return strconv.ParseInt(text, 10, 64)
			}
			return 0, strconv.ErrSyntax // without the allocation of strconv's
		}
		v = 10*v + int64(d)
	}
	if len(digits) < len(text) {
		v = -v
	}
	return v, nil
}

// isWide tells whether text is an integer that no int64 holds. As a double it would lose digits, so that a column with one
// is text, wherever in the column it is.
func isWide(text string) bool {
	if text = trim(text); len(text) <= 18 {
		return false
	}
	for i := range len(text) {
		if text[i]-'0' > 9 && (i > 0 || text[0] != '-' && text[0] != '+') {
			return false
		}
	}
	_, err := parseInt64(text)
	return errors.Is(err, strconv.ErrRange)
}

// parseInferred is parseFloat for a column whose type wasn't asked for: wide integers make it text.
func parseInferred(text string) (float64, error) {
	if isWide(text) {
		return 0, strconv.ErrRange
	}
	return parseFloat(text)
}

// parseFloat is strconv.ParseFloat without Go's own notations (hexadecimal, underscores).
func parseFloat(text string) (float64, error) {
	text = trim(text)
	for i := range len(text) {
		if text[i] == '_' || text[i] == 'x' || text[i] == 'X' || text[i] == 'p' {
			return 0, strconv.ErrSyntax
		}
	}
	return strconv.ParseFloat(text, 64)
}

// infer fills in the types of fields that have none from this part's rows, the first limit of them.
func (c *CSV) infer(q *exec.Query, fields []arrow.Field, limit int) error {
	pieces := c.pieces
	if len(pieces) > 0 && limit <= pieces[0].take {
		pieces = []piece{pieces[0]}
		pieces[0].take = limit
	}
	columns := make([]class, len(fields))
	zoned := make([]bool, len(fields))
	dates := make([]bool, len(fields))
	for k := range fields {
		dates[k] = fields[k].Type == nil && slices.Contains(c.options.ParseDates, fields[k].Name)
	}
	var mu sync.Mutex
	err := q.For(len(pieces), func(w *exec.Worker, i int) error {
		mine, myZones := make([]class, len(fields)), make([]bool, len(fields))
		err := c.records(w, pieces[i], func(record []string, _ int) error {
			for k, f := range c.use {
				switch {
				case f >= len(record):
				case !dates[k]:
					if fields[k].Type == nil {
						mine[k] = c.widen(mine[k], record[f])
					}
				case !myZones[k]:
					_, myZones[k], _ = parseTime(record[f])
				}
			}
			return nil
		})
		mu.Lock()
		defer mu.Unlock()
		for k := range mine {
			columns[k] = columns[k].join(mine[k])
			zoned[k] = zoned[k] || myZones[k]
		}
		return err
	})
	if err != nil {
		return err
	}
	for k := range fields {
		switch {
		case dates[k] && zoned[k]:
			fields[k].Type = arrow.FixedWidthTypes.Timestamp_us
		case dates[k]:
			fields[k].Type = &arrow.TimestampType{Unit: arrow.Microsecond}
		case fields[k].Type == nil:
			fields[k].Type = classTypes[columns[k]]
		}
	}
	return nil
}

var timeLayouts = [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	"2006-01-02T15:04:05", "2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", "2006/01/02", "2006/01/02 15:04:05", "20060102"}

// parseTime reads ISO 8601, as far as pandas does without being told a format; zoned tells whether text has an offset.
func parseTime(text string) (t time.Time, zoned, ok bool) {
	for i, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, i < 2, true
		}
	}
	return time.Time{}, false, false
}

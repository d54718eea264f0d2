package function

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
)

// fallible are the functions that have an error instead of a value for some values: an overflow, a text that is no date, a
// date beyond the calendar. The fields of dates are the rest of them.
var fallible = []string{"cast", "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "negative", "abs", "round", "str_repeat",
	"date", "time", "strftime", "strptime", "tz_localize", "local_time", "floor_time", "ceil_time", "round_time"}

// NeverFails tells whether the function has a value for all values that there could be, so that it may be computed for
// rows that nobody asked for. Whether a cast has is another question.
func (b *Bound) NeverFails() bool {
	_, isField := dateFields[b.Name]
	switch {
	case isField || b.Name == "date":
		return b.Args[0].ID() == arrow.DATE32
	case b.Name == "cast" || !isFloat(b.Type):
		return !slices.Contains(fallible, b.Name)
	}
	return true
}

// tellZeros are the functions by which -0.0 and 0.0, one key, get further apart than a zero's sign.
var tellZeros = []string{"truediv", "floordiv", "pow", "cast"}

// TellsZeros tells whether the function may have results for -0.0 and for 0.0 that differ as keys.
func (b *Bound) TellsZeros() bool {
	hasZeros := func(t arrow.DataType) bool { return isFloat(t) || t.ID() == arrow.FLOAT16 }
	return slices.ContainsFunc(b.Args, hasZeros) && slices.Contains(tellZeros, b.Name) && !(b.Name == "cast" && isNumber(b.Type))
}

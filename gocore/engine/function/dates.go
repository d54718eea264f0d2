package function

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pycylon/pycylon/gocore/base/memory"
	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/engine/column"
	"github.com/pycylon/pycylon/gocore/engine/compute"
)

// dates are the functions of dates, times, timestamps and durations. Timestamps with a zone are looked at by its clock.
var dates = func() map[string]entry {
	table := map[string]entry{
		"date":          {least: 1, bind: dateOf},
		"time":          {least: 1, bind: timeOf},
		"floor_time":    {least: 1, bind: roundTime(compute.RoundDown)},
		"ceil_time":     {least: 1, bind: roundTime(compute.RoundUp)},
		"round_time":    {least: 1, bind: roundTime(compute.RoundNearest)},
		"tz_localize":   {least: 1, bind: localize},
		"tz_convert":    {least: 1, bind: convertZone},
		"local_time":    {least: 1, bind: localTime},
		"strftime":      {least: 1, bind: formatTime},
		"strptime":      {least: 1, bind: parseTime},
		"total_seconds": {least: 1, bind: ofDuration(float64Type, compute.TotalSeconds)},
	}
	for name, f := range dateFields {
		table[name] = entry{least: 1, bind: dateField(f)}
	}
	for name, f := range durationFields {
		table[name] = entry{least: 1, bind: ofDuration(int64Type, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.DurationPart(scope, a, f)
		})}
	}
	return table
}()

var dateFields = map[string]compute.DateField{
	"year": compute.Year, "quarter": compute.Quarter, "month": compute.Month, "day": compute.Day,
	"dayofweek": compute.DayOfWeek, "dayofyear": compute.DayOfYear, "iso_year": compute.ISOYear, "iso_week": compute.ISOWeek,
	"days_in_month": compute.DaysInMonth, "hour": compute.Hour, "minute": compute.Minute, "second": compute.Second,
	"microsecond": compute.Microsecond, "nanosecond": compute.Nanosecond,
	"is_month_start": compute.IsMonthStart, "is_month_end": compute.IsMonthEnd,
	"is_quarter_start": compute.IsQuarterStart, "is_quarter_end": compute.IsQuarterEnd,
	"is_year_start": compute.IsYearStart, "is_year_end": compute.IsYearEnd, "is_leap_year": compute.IsLeapYear,
}

var durationFields = map[string]compute.DurationField{"duration_days": compute.Days, "duration_seconds": compute.Seconds,
	"duration_microseconds": compute.Microseconds, "duration_nanoseconds": compute.Nanoseconds}

// points refuses an argument that is no date or timestamp.
func (c *Call) points() error {
	if isPoint(c.Args[0].Type) {
		return nil
	}
	return c.refuse(0, "dates and timestamps")
}

// timestamps returns the type of an argument that is a timestamp, and refuses others.
func (c *Call) timestamps() (*arrow.TimestampType, error) {
	if t, ok := c.Args[0].Type.(*arrow.TimestampType); ok {
		return t, nil
	}
	return nil, c.refuse(0, "timestamps")
}

func dateField(f compute.DateField) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		b := Bound{Type: arrow.PrimitiveTypes.Int32, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.Field(scope, a, f)
		})}
		if f.IsAnswer() {
			b.Type = boolean
		}
		if f.OfTime() && compute.TimeClassOf(c.Args[0].Type) == compute.DayTime {
			return b, nil
		}
		return b, c.points()
	}
}

func dateOf(c *Call) (Bound, error) {
	return Bound{Type: arrow.FixedWidthTypes.Date32, Eval: unary(compute.DateOf)}, c.points()
}

func timeOf(c *Call) (Bound, error) {
	t, err := c.timestamps()
	if err != nil {
		return Bound{}, err
	}
	typ := &arrow.Time64Type{Unit: max(t.Unit, arrow.Microsecond)}
	return Bound{Type: typ, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.TimeOf(scope, a, typ)
	})}, nil
}

func ofDuration(typ arrow.DataType, f func(*memory.Scope, *column.Column) (column.Column, error)) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		if !isDuration(c.Args[0].Type) {
			return Bound{}, c.refuse(0, "durations")
		}
		return Bound{Type: typ, Eval: unary(f)}, nil
	}
}

func roundTime(how compute.Rounding) func(c *Call) (Bound, error) {
	return func(c *Call) (Bound, error) {
		var o struct {
			Step string `json:"step"`
		}
		if err := c.options(&o); err != nil {
			return Bound{}, err
		}
		step, err := compute.NewStep(o.Step)
		if err != nil {
			return Bound{}, err
		}
		t := c.Args[0].Type
		switch {
		case step.IsCalendar() && (how != compute.RoundDown || isDuration(t)):
			return Bound{}, status.Errorf(status.Invalid, "%s: weeks, months and years differ in length: points are rounded down to them only", c.Name)
		case !isPoint(t) && !isDuration(t):
			return Bound{}, c.refuse(0, "dates, timestamps and durations")
		case t.ID() == arrow.DATE64:
			t = arrow.FixedWidthTypes.Date32
		}
		return Bound{Type: t, Args: []arrow.DataType{t}, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
			return compute.RoundTimes(scope, a, step, how)
		})}, nil
	}
}

var resolves = map[string]compute.Resolve{"raise": compute.Refuse, "NaT": compute.MakeNull, "earlier": compute.Earlier, "later": compute.Later}

func localize(c *Call) (Bound, error) {
	o := struct {
		Zone      string `json:"zone"`
		Ambiguous string `json:"ambiguous"`
		Missing   string `json:"nonexistent"`
	}{Ambiguous: "raise", Missing: "raise"}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	ambiguous, ok := resolves[o.Ambiguous]
	missing, known := resolves[o.Missing]
	if !ok || !known {
		return Bound{}, status.Errorf(status.Invalid, "%s: ambiguous and nonexistent are one of raise, NaT, earlier and later", c.Name)
	}
	if _, err := compute.NewZone(o.Zone); err != nil {
		return Bound{}, err
	}
	t, err := c.timestamps()
	if err != nil {
		return Bound{}, err
	}
	if t.TimeZone != "" {
		return Bound{}, status.Errorf(status.TypeMismatch, "%s is in the zone %s already: use tz_convert", c.Args[0].Text, t.TimeZone)
	}
	typ := &arrow.TimestampType{Unit: t.Unit, TimeZone: o.Zone}
	return Bound{Type: typ, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.Localize(scope, a, o.Zone, ambiguous, missing)
	})}, nil
}

func convertZone(c *Call) (Bound, error) {
	var o struct {
		Zone string `json:"zone"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	if _, err := compute.NewZone(o.Zone); err != nil {
		return Bound{}, err
	}
	t, err := c.zoned()
	if err != nil {
		return Bound{}, err
	}
	return castBound(&arrow.TimestampType{Unit: t.Unit, TimeZone: o.Zone}), nil
}

// zoned returns the type of an argument that is a timestamp with a zone.
func (c *Call) zoned() (*arrow.TimestampType, error) {
	t, err := c.timestamps()
	if err == nil && t.TimeZone == "" {
		return nil, status.Errorf(status.TypeMismatch, "%s has no zone: use tz_localize", c.Args[0].Text)
	}
	return t, err
}

func localTime(c *Call) (Bound, error) {
	t, err := c.zoned()
	if err != nil {
		return Bound{}, err
	}
	return Bound{Type: &arrow.TimestampType{Unit: t.Unit}, Eval: unary(compute.LocalTime)}, nil
}

func formatTime(c *Call) (Bound, error) {
	var o struct {
		Format string `json:"format"`
	}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	format, err := compute.NewTimeFormat(o.Format, false)
	if err != nil {
		return Bound{}, err
	}
	if !isPoint(c.Args[0].Type) && compute.TimeClassOf(c.Args[0].Type) != compute.DayTime {
		return Bound{}, c.refuse(0, "dates, times and timestamps")
	}
	return Bound{Type: arrow.BinaryTypes.String, Eval: unary(func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.FormatTimes(scope, a, format)
	})}, nil
}

func parseTime(c *Call) (Bound, error) {
	o := struct {
		Format *string `json:"format"`
		Unit   string  `json:"unit"`
		Zone   string  `json:"zone"`
		Errors string  `json:"errors"`
	}{Unit: "us", Errors: "raise"}
	if err := c.options(&o); err != nil {
		return Bound{}, err
	}
	var format compute.TimeFormat
	if o.Format != nil {
		var err error
		if format, err = compute.NewTimeFormat(*o.Format, true); err != nil {
			return Bound{}, err
		}
	}
	coerce, err := c.coerce(o.Errors)
	if err != nil {
		return Bound{}, err
	}
	units := map[string]arrow.DataType{"D": arrow.FixedWidthTypes.Date32}
	for unit := arrow.Second; unit <= arrow.Nanosecond; unit++ {
		units[unit.String()] = &arrow.TimestampType{Unit: unit, TimeZone: o.Zone}
	}
	to, ok := units[o.Unit]
	if !ok || o.Zone != "" && o.Zone != "UTC" {
		return Bound{}, status.Errorf(status.Invalid, "%s: unit is %q and zone %q: give one of D, s, ms, us, ns, and UTC or no zone", c.Name, o.Unit, o.Zone)
	}
	b, err := c.text(to, func(scope *memory.Scope, a *column.Column) (column.Column, error) {
		return compute.ParseTimes(scope, a, to, format, coerce)
	})
	b.AnyLayout = false
	return b, err
}

// coerce reads what becomes of what can't be read: an error, or null.
func (c *Call) coerce(errors string) (bool, error) {
	if errors != "raise" && errors != "coerce" {
		return false, status.Errorf(status.Invalid, "%s: errors is %q: give raise or coerce", c.Name, errors)
	}
	return errors == "coerce", nil
}

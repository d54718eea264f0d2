package function_test

import (
	"testing"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
)

// day is a date as days since 1970.
func day(text string) int {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return int(t.Unix() / 86400)
}

// sec is a time in UTC as seconds since 1970.
func sec(text string) int {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return int(t.Unix())
}

func TestDateFields(t *testing.T) {
	days := col("date32", day("2024-02-29"), nil, day("1969-12-31"), day("1900-03-01"), day("2023-01-01"), -719528-365*3)
	field := func(name string, want ...any) example {
		return example{fn: name, args: []arg{days}, typ: "int32", want: want}
	}
	answer := func(name string, want ...any) example {
		return example{fn: name, args: []arg{days}, typ: "bool", want: want}
	}
	run(t,
		field("year", 2024, nil, 1969, 1900, 2023, -3),
		field("quarter", 1, nil, 4, 1, 1, 1),
		field("month", 2, nil, 12, 3, 1, 1),
		field("day", 29, nil, 31, 1, 1, 1),
		field("dayofweek", 3, nil, 2, 3, 6, 2),
		field("dayofyear", 60, nil, 365, 60, 1, 1),
		field("iso_year", 2024, nil, 1970, 1900, 2022, -3),
		field("iso_week", 9, nil, 1, 9, 52, 1),
		field("days_in_month", 29, nil, 31, 31, 31, 31),
		field("hour", 0, nil, 0, 0, 0, 0),
		answer("is_month_start", false, nil, false, true, true, true),
		answer("is_month_end", true, nil, true, false, false, false),
		answer("is_quarter_start", false, nil, false, false, true, true),
		answer("is_quarter_end", false, nil, true, false, false, false),
		answer("is_year_start", false, nil, false, false, true, true),
		answer("is_year_end", false, nil, true, false, false, false),
		answer("is_leap_year", true, nil, false, false, false, false),
	)
	at := sec("2024-02-29 13:05:59")
	run(t,
		example{fn: "hour", args: []arg{col("timestamp[s]", at, -1, nil)}, typ: "int32", want: []any{13, 23, nil}},
		example{fn: "minute", args: []arg{col("timestamp[ms]", at*1000, -1, nil)}, typ: "int32", want: []any{5, 59, nil}},
		example{fn: "second", args: []arg{col("timestamp[us]", at*1_000_000, -1, nil)}, typ: "int32", want: []any{59, 59, nil}},
		example{fn: "microsecond", args: []arg{col("timestamp[ns]", at*1_000_000_000+123_456_789, -1, nil)}, typ: "int32", want: []any{123456, 999999, nil}},
		example{fn: "nanosecond", args: []arg{col("timestamp[ns]", at*1_000_000_000+123_456_789, -1, nil)}, typ: "int32", want: []any{789, 999, nil}},
		example{fn: "year", args: []arg{col("timestamp[ns]", -1, nil)}, typ: "int32", want: []any{1969, nil}},
		example{fn: "date", args: []arg{col("timestamp[us]", at*1_000_000, -1, nil)}, typ: "date32", want: []any{day("2024-02-29"), -1, nil}},
		example{fn: "time", args: []arg{col("timestamp[s]", at, nil)}, typ: "time64[us]", want: []any{(13*3600 + 5*60 + 59) * 1_000_000, nil}},
		example{fn: "hour", args: []arg{col("time32[s]", 3600*7)}, typ: "int32", want: []any{7}},
		example{fn: "day", args: []arg{col("time32[s]", 3600*7)}, err: "day takes dates and timestamps", code: status.TypeMismatch},
		example{fn: "year", args: []arg{col("timestamp[s]", 1, 1<<60)}, err: "is no date", code: status.Overflow},
		example{fn: "year", args: []arg{col("utf8", "2024")}, err: "year takes dates and timestamps, and argument 0 is utf8", code: status.TypeMismatch},
	)
}

func TestEveryDayOfTheCalendar(t *testing.T) {
	var days, years, months, of []any
	at := time.Date(1896, 1, 1, 0, 0, 0, 0, time.UTC)
	for ; at.Year() < 2105; at = at.AddDate(0, 0, 1) {
		days = append(days, int(at.Unix()/86400))
		years, months, of = append(years, at.Year()), append(months, int(at.Month())), append(of, at.YearDay())
	}
	e := example{args: []arg{col("date32", days...)}, typ: "int32"}
	for name, want := range map[string][]any{"year": years, "month": months, "dayofyear": of} {
		e.fn, e.want = name, want
		f, err := e.bind(t)
		if err != nil {
			t.Fatal(err)
		}
		e.checkOnce(t, f)
	}
}

func TestRoundTimes(t *testing.T) {
	at := sec("2024-02-29 13:05:59")
	round := func(fn, step string, v, want int) example {
		return example{fn: fn, options: `{"step":"` + step + `"}`, args: []arg{col("timestamp[s]", v, nil)}, typ: "timestamp[s]", want: []any{want, nil}}
	}
	run(t,
		round("floor_time", "min", at, sec("2024-02-29 13:05:00")),
		round("floor_time", "15min", at, sec("2024-02-29 13:00:00")),
		round("floor_time", "h", -1, sec("1969-12-31 23:00:00")),
		round("floor_time", "D", at, sec("2024-02-29 00:00:00")),
		round("floor_time", "W", at, sec("2024-02-26 00:00:00")),
		round("floor_time", "M", at, sec("2024-02-01 00:00:00")),
		round("floor_time", "Q", at, sec("2024-01-01 00:00:00")),
		round("floor_time", "Y", -1, sec("1969-01-01 00:00:00")),
		round("floor_time", "10Y", at, sec("2020-01-01 00:00:00")),
		round("floor_time", "ns", at, at),
		round("ceil_time", "h", at, sec("2024-02-29 14:00:00")),
		round("ceil_time", "h", sec("2024-02-29 13:00:00"), sec("2024-02-29 13:00:00")),
		example{fn: "floor_time", options: `{"step":"70000D"}`, args: []arg{col("timestamp[ns]", 5_000_000_000_000_000_000, -1)}, typ: "timestamp[ns]", want: []any{0, -70_000 * 86_400_000_000_000}},
		round("round_time", "2s", 1, 0),
		round("round_time", "2s", 3, 4),
		round("round_time", "2s", -1, 0),
		round("round_time", "min", at, sec("2024-02-29 13:06:00")),
		example{fn: "floor_time", options: `{"step":"M"}`, args: []arg{col("date32", day("2024-02-29"), nil)}, typ: "date32", want: []any{day("2024-02-01"), nil}},
		example{fn: "round_time", options: `{"step":"s"}`, args: []arg{col("duration[ms]", 1500, 2500, -1500, nil)}, typ: "duration[ms]", want: []any{2000, 2000, -2000, nil}},
		example{fn: "ceil_time", options: `{"step":"M"}`, args: []arg{col("date32", 1)}, err: "rounded down to them only", code: status.Invalid},
		example{fn: "floor_time", options: `{"step":"fortnight"}`, args: []arg{col("date32", 1)}, err: `"fortnight" is no step`, code: status.Invalid},
		example{fn: "floor_time", options: `{"step":"0D"}`, args: []arg{col("date32", 1)}, err: `"0D" is no step`, code: status.Invalid},
		example{fn: "floor_time", options: `{"step":"999999999D"}`, args: []arg{col("date32", 1)}, err: `is no step`, code: status.Invalid},
		example{fn: "ceil_time", options: `{"step":"D"}`, args: []arg{col("timestamp[ns]", 1<<63-1)}, err: "rounded is out of the range", code: status.Overflow},
	)
}

func TestZones(t *testing.T) {
	berlin := "timestamp[s, tz=Europe/Berlin]"
	localize := func(options string, v int, want any) example {
		return example{fn: "tz_localize", options: `{"zone":"Europe/Berlin"` + options + `}`, args: []arg{col("timestamp[s]", v, nil)}, typ: berlin, want: []any{want, nil}}
	}
	refused := func(v int, text string) example {
		return example{fn: "tz_localize", options: `{"zone":"Europe/Berlin"}`, args: []arg{col("timestamp[s]", v)}, err: text, code: status.Invalid}
	}
	twice, never := sec("2024-10-27 02:30:00"), sec("2024-03-31 02:30:00")
	run(t,
		localize("", sec("2024-07-01 12:00:00"), sec("2024-07-01 10:00:00")),
		localize("", sec("2024-01-01 12:00:00"), sec("2024-01-01 11:00:00")),
		localize("", sec("2024-03-31 03:00:00"), sec("2024-03-31 01:00:00")),
		localize("", sec("2024-10-27 03:00:00"), sec("2024-10-27 02:00:00")),
		localize(`,"ambiguous":"earlier"`, twice, sec("2024-10-27 00:30:00")),
		localize(`,"ambiguous":"later"`, twice, sec("2024-10-27 01:30:00")),
		localize(`,"ambiguous":"NaT"`, twice, nil),
		localize(`,"nonexistent":"NaT"`, never, nil),
		localize(`,"nonexistent":"later"`, never, sec("2024-03-31 01:00:00")),
		localize(`,"nonexistent":"earlier"`, never, sec("2024-03-31 00:59:59")),
		refused(twice, "2024-10-27 02:30:00.000000 is shown twice by the clocks of Europe/Berlin: say by ambiguous="),
		refused(never, "2024-03-31 02:30:00.000000 is skipped by the clocks of Europe/Berlin: say by nonexistent="),
		example{fn: "local_time", args: []arg{col(berlin, sec("2024-07-01 10:00:00"), nil, -1<<60)}, typ: "timestamp[s]", want: []any{sec("2024-07-01 12:00:00"), nil, -1<<60 + 3208}},
		example{fn: "hour", args: []arg{col(berlin, sec("2024-07-01 22:30:00"), sec("2024-12-01 22:30:00"))}, typ: "int32", want: []any{0, 23}},
		example{fn: "day", args: []arg{col(berlin, sec("2024-07-01 22:30:00"))}, typ: "int32", want: []any{2}},
		example{fn: "floor_time", options: `{"step":"D"}`, args: []arg{col(berlin, sec("2024-03-31 10:00:00"), sec("2024-10-27 10:00:00"))}, typ: berlin, want: []any{sec("2024-03-30 23:00:00"), sec("2024-10-26 22:00:00")}},
		example{fn: "floor_time", options: `{"step":"h"}`, args: []arg{col(berlin, sec("2024-10-27 01:30:00"), sec("2024-10-27 00:30:00"))}, typ: berlin, want: []any{sec("2024-10-27 01:00:00"), sec("2024-10-27 00:00:00")}},
		example{fn: "tz_convert", options: `{"zone":"UTC"}`, args: []arg{col(berlin, 5, nil)}, typ: "timestamp[s, tz=UTC]", want: []any{5, nil}},
		example{fn: "hour", args: []arg{col("timestamp[s, tz=+05:30]", 0)}, typ: "int32", want: []any{5}},
		example{fn: "tz_localize", options: `{"zone":"-05:30"}`, args: []arg{col("timestamp[s]", 0)}, typ: "timestamp[s, tz=-05:30]", want: []any{19800}},
		example{fn: "tz_localize", options: `{"zone":"Mars/Base"}`, args: []arg{col("timestamp[s]", 0)}, err: `"Mars/Base" is no time zone`, code: status.Invalid},
		example{fn: "tz_localize", options: `{"zone":"../etc/passwd"}`, args: []arg{col("timestamp[s]", 0)}, err: `is no time zone`, code: status.Invalid},
		example{fn: "tz_localize", options: `{"zone":"UTC","ambiguous":"infer"}`, args: []arg{col("timestamp[s]", 0)}, err: `one of raise, NaT`, code: status.Invalid},
		example{fn: "tz_localize", options: `{"zone":"UTC"}`, args: []arg{col(berlin, 0)}, err: `use tz_convert`, code: status.TypeMismatch},
		example{fn: "tz_convert", options: `{"zone":"UTC"}`, args: []arg{col("timestamp[s]", 0)}, err: `use tz_localize`, code: status.TypeMismatch},
		example{fn: "strftime", options: `{"format":"%H:%M %z %Z"}`, args: []arg{col(berlin, sec("2024-07-01 10:00:00"))}, typ: "utf8", want: []any{"12:00 +0200 CEST"}},
	)
}

func TestDurations(t *testing.T) {
	run(t,
		example{fn: "sub", args: []arg{col("timestamp[s]", 10, nil), col("timestamp[ms]", 1500, 1)}, typ: "duration[ms]", want: []any{8500, nil}},
		example{fn: "sub", args: []arg{col("date32", day("2024-03-01")), col("date32", day("2024-02-28"))}, typ: "duration[s]", want: []any{2 * 86400}},
		example{fn: "sub", args: []arg{col("timestamp[us]", 86_400_000_001), col("date32", 1)}, typ: "duration[us]", want: []any{1}},
		example{fn: "add", args: []arg{col("timestamp[s]", 10, nil), lit("duration[us]", 1_500_000)}, typ: "timestamp[us]", want: []any{11_500_000, nil}},
		example{fn: "add", args: []arg{lit("duration[s]", 5), col("timestamp[s, tz=UTC]", 10)}, typ: "timestamp[s, tz=UTC]", want: []any{15}},
		example{fn: "sub", args: []arg{col("timestamp[ns]", 10), lit("duration[us]", 1)}, typ: "timestamp[ns]", want: []any{-990}},
		example{fn: "add", args: []arg{col("date32", 10, nil), lit("duration[us]", 90*86_400_000_000)}, typ: "date32", want: []any{100, nil}},
		example{fn: "sub", args: []arg{col("date32", 10), lit("duration[s]", 86400+5)}, typ: "date32", want: []any{9}},
		example{fn: "add", args: []arg{col("date32", 1<<31-1), lit("duration[s]", 86400)}, err: "5881580-07-11 moved by 1 days is out of the range", code: status.Overflow},
		example{fn: "add", args: []arg{col("duration[s]", 1, nil), col("duration[ms]", 1, 2)}, typ: "duration[ms]", want: []any{1001, nil}},
		example{fn: "mul", args: []arg{col("duration[s]", 3, nil), lit("int64", -2)}, typ: "duration[s]", want: []any{-6, nil}},
		example{fn: "mul", args: []arg{lit("float64", 1.5), col("duration[s]", 3, -3)}, typ: "duration[s]", want: []any{4, -4}},
		example{fn: "truediv", args: []arg{col("duration[s]", 3, 7), lit("int64", 2)}, typ: "duration[s]", want: []any{1, 3}},
		example{fn: "floordiv", args: []arg{col("duration[s]", -3, 7), col("int8", 2, 0)}, typ: "duration[s]", want: []any{-2, nil}},
		example{fn: "truediv", args: []arg{col("duration[s]", 3, 1), col("duration[ms]", 1500, 0)}, typ: "float64", want: []any{2, inf}},
		example{fn: "floordiv", args: []arg{col("duration[s]", 3, 1), col("duration[ms]", 2000, 0)}, typ: "int64", want: []any{1, nil}},
		example{fn: "mod", args: []arg{col("duration[s]", 3), col("duration[ms]", 2000)}, typ: "duration[ms]", want: []any{1000}},
		example{fn: "mul", args: []arg{col("duration[s]", 3), lit("float64", nan)}, typ: "duration[s]", want: []any{nil}},
		example{fn: "mul", args: []arg{col("duration[s]", 1<<62), lit("float64", 1e10)}, err: "doesn't fit", code: status.Overflow},
		example{fn: "add", args: []arg{col("timestamp[ns]", 1<<63-1), lit("duration[ns]", 1)}, err: "doesn't fit timestamp[ns]", code: status.Overflow},
		example{fn: "negative", args: []arg{col("duration[s]", 3, nil)}, typ: "duration[s]", want: []any{-3, nil}},
		example{fn: "abs", args: []arg{col("duration[s]", -3)}, typ: "duration[s]", want: []any{3}},
		example{fn: "total_seconds", args: []arg{col("duration[ms]", -1500, nil)}, typ: "float64", want: []any{-1.5, nil}},
		example{fn: "duration_days", args: []arg{col("duration[s]", -1, 86400)}, typ: "int64", want: []any{-1, 1}},
		example{fn: "duration_seconds", args: []arg{col("duration[s]", -1)}, typ: "int64", want: []any{86399}},
		example{fn: "duration_microseconds", args: []arg{col("duration[ns]", 1_500_000_001)}, typ: "int64", want: []any{500000}},
		example{fn: "sub", args: []arg{col("timestamp[s]", 1), lit("null", nil)}, typ: "duration[us]", want: []any{nil}},
		example{fn: "add", args: []arg{col("timestamp[s]", 1), col("timestamp[s]", 1)}, err: "add doesn't take argument 0", code: status.TypeMismatch},
		example{fn: "add", args: []arg{col("date32", 1), lit("int64", 1)}, err: "durations are added to dates", code: status.TypeMismatch},
		example{fn: "sub", args: []arg{col("timestamp[s]", 1), col("timestamp[s, tz=UTC]", 1)}, err: "use tz_localize or tz_convert", code: status.TypeMismatch},
		example{fn: "total_seconds", args: []arg{col("int64", 1)}, err: "takes durations", code: status.TypeMismatch},
	)
}

func TestTimeTexts(t *testing.T) {
	at := sec("2024-02-09 13:05:59")
	write := func(format, want string) example {
		return example{fn: "strftime", options: `{"format":"` + format + `"}`, args: []arg{col("timestamp[us]", at*1_000_000+42, nil)}, typ: "utf8", want: []any{want, nil}}
	}
	read := func(options, text string, want any) example {
		return example{fn: "strptime", options: options, args: []arg{col("utf8", text, nil)}, typ: "timestamp[us]", want: []any{want, nil}}
	}
	fails := func(options, text, err string) example {
		return example{fn: "strptime", options: options, args: []arg{col("utf8", nil, text)}, err: err, code: status.Invalid}
	}
	us := func(text string, micros int) int { return sec(text)*1_000_000 + micros }
	run(t,
		write("%Y-%m-%d %H:%M:%S.%f", "2024-02-09 13:05:59.000042"),
		write("%F %T", "2024-02-09 13:05:59"),
		write("%y %j %e %I %p", "24 040  9 01 PM"),
		write("%a %A %b %B", "Fri Friday Feb February"),
		write("%u %w %G %V %U %W %%é", "5 5 2024 06 05 06 %é"),
		write("%s", "1707483959"),
		example{fn: "strftime", options: `{"format":"%D"}`, args: []arg{col("date32", day("2024-02-09"))}, typ: "utf8", want: []any{"02/09/24"}},
		example{fn: "strftime", options: `{"format":"%Q"}`, args: []arg{col("date32", 1)}, err: "%Q, which isn't known", code: status.Invalid},
		example{fn: "strftime", options: `{"format":"%"}`, args: []arg{col("date32", 1)}, err: "ends in %", code: status.Invalid},
		read(``, "2024-02-29", us("2024-02-29 00:00:00", 0)),
		read(``, "2024-02-29 12:30", us("2024-02-29 12:30:00", 0)),
		read(``, "2024-02-29T12:30:15.25", us("2024-02-29 12:30:15", 250000)),
		read(``, "2024-02", us("2024-02-01 00:00:00", 0)),
		read(``, "20240229", us("2024-02-29 00:00:00", 0)),
		read(`{"format":"%d.%m.%Y %H:%M"}`, "29.2.2024 7:05", us("2024-02-29 07:05:00", 0)),
		read(`{"format":"%d %b %y, %I:%M %p"}`, "29 feb 24, 12:05 am", us("2024-02-29 00:05:00", 0)),
		read(`{"format":"%B %d %Y %f"}`, "March 1 1969 5", us("1969-03-01 00:00:00", 500000)),
		read(`{"format":"%Y-%j"}`, "2024-060", us("2024-02-29 00:00:00", 0)),
		read(`{"format":"%s"}`, "-1", -1_000_000),
		read(`{"errors":"coerce"}`, "2023-02-29", nil),
		read(`{"errors":"coerce"}`, "2023-02-28T12:00Z", nil),
		example{fn: "strptime", options: `{"unit":"D"}`, args: []arg{col("utf8", "1969-12-31", "2024-02-29 23:59")}, typ: "date32", want: []any{-1, day("2024-02-29")}},
		example{fn: "strptime", options: `{"unit":"s","zone":"UTC"}`, args: []arg{col("utf8", "2024-02-29T12:30:00+02:00", "2024-02-29 12:30", "2024-02-29 12:30:00Z", "2024-02-29 12:30:00-0030")},
			typ: "timestamp[s, tz=UTC]", want: []any{sec("2024-02-29 10:30:00"), sec("2024-02-29 12:30:00"), sec("2024-02-29 12:30:00"), sec("2024-02-29 13:00:00")}},
		example{fn: "strptime", options: `{"unit":"ns"}`, args: []arg{col("utf8", "2500-01-01")}, err: "out of the range", code: status.Overflow},
		example{fn: "strptime", options: `{"unit":"D","format":"%s"}`, args: []arg{col("utf8", "999999999999999999")}, err: "out of the range", code: status.Overflow},
		fails(``, "2023-02-28 12:30.5", "is no date"),
		fails(``, "2023-02-29", `"2023-02-29" is no date of the format`),
		fails(``, "2023-02-28x", "is no date"),
		fails(``, "", "is no date"),
		fails(``, "2023-02-28 12:00+02", "ask for a type with a zone"),
		fails(`{"format":"%I"}`, "13", "is no date"),
		fails(`{"format":"%Q"}`, "13", "isn't known"),
		fails(`{"unit":"fortnight"}`, "13", "give one of D, s"),
		fails(`{"errors":"ignore"}`, "13", "give raise or coerce"),
	)
}

"""Functions of dates, timestamps and durations, beside pandas'."""

from __future__ import annotations

import datetime
import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

import pycylon as pc
from pycylon import errors

pandas = pytest.importorskip("pandas")

FIELDS = ["year", "quarter", "month", "day", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "second"]
ANSWERS = ["month_start", "month_end", "quarter_start", "quarter_end", "year_start", "year_end"]

CALLS = {
    **{field: lambda s, field=field: getattr(s.dt, field) for field in FIELDS},
    "microsecond": lambda s: s.dt.microsecond,
    # pandas says false of a missing date
    **{name: lambda s, name=name: getattr(s.dt, f"is_{name}").fillna(False) for name in ANSWERS},
    "leap_year": lambda s: s.dt.is_leap_year.fillna(False),
    "date": lambda s: s.dt.date,
    "floor": lambda s: s.dt.floor("15min"),
    "ceil": lambda s: s.dt.ceil("h"),
    "round": lambda s: s.dt.round("D"),
    "normalize": lambda s: s.dt.normalize(),
    "strftime": lambda s: s.dt.strftime("%Y-%m-%d %H:%M:%S.%f %a %b %j %p %I %U %W"),
    "names": lambda s: s.dt.month_name() + " " + s.dt.day_name(),
    "plus": lambda s: s + timedelta(days=3, seconds=5),
    "minus": lambda s: s - timedelta(hours=5),
}


@pytest.fixture(scope="module")
def stamps():
    rng = random.Random(5)
    first = datetime.datetime(1850, 1, 1)
    values = [first + timedelta(microseconds=rng.randrange(300 * 365 * 86400 * 10**6)) for _ in range(500)]
    values += [datetime.datetime(2024, 12, 31), datetime.datetime(1999, 12, 31, 23, 59, 59, 999999)]
    return [None if rng.random() < 0.1 else value for value in values]


def listed(series):
    return [None if value is pandas.NaT or value is None or value != value else value for value in series.tolist()]


@pytest.mark.parametrize("name", CALLS)
def test_as_pandas(stamps, name):
    ours = CALLS[name](pc.Series("d", stamps)).to_list()
    theirs = listed(CALLS[name](pandas.Series(stamps, dtype="datetime64[us]")))
    assert ours == theirs


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC", "Australia/Lord_Howe"])
@pytest.mark.parametrize("name", ["year", "hour", "minute", "day_of_year", "month_end", "strftime", "date"])
def test_zones_as_pandas(stamps, zone, name):
    ours = pc.Series("d", stamps).dt.tz_localize("UTC").dt.tz_convert(zone)
    theirs = pandas.Series(stamps, dtype="datetime64[us]").dt.tz_localize("UTC").dt.tz_convert(zone)
    assert ours.dt.tz == zone
    assert CALLS[name](ours).to_list() == listed(CALLS[name](theirs))
    assert ours.dt.tz_localize(None).to_list() == listed(theirs.dt.tz_localize(None))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("nonexistent", ["NaT", "shift_forward"])
@pytest.mark.parametrize("ambiguous", ["NaT", True, False])
def test_localize_as_pandas(zone, nonexistent, ambiguous):
    rng = random.Random(6)
    first = datetime.datetime(2023, 1, 1)
    values = [first + timedelta(minutes=15 * i) for i in range(0, 2 * 365 * 96, 7)]
    values += [datetime.datetime(2024, 10, 27, 2, minute) for minute in range(60)]
    rng.shuffle(values)
    ours = pc.Series("d", values).dt.tz_localize(zone, ambiguous=ambiguous, nonexistent=nonexistent)
    how = ambiguous if ambiguous == "NaT" else [ambiguous] * len(values)
    theirs = pandas.Series(values).dt.tz_localize(zone, ambiguous=how, nonexistent=nonexistent)
    assert ours.to_list() == listed(theirs)


def test_instants_are_shown_by_the_clock_of_their_zone():
    berlin = datetime.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    s = pc.Series("d", [berlin])
    assert s.dt.hour.to_list() == [12]
    assert s.dt.tz_convert("UTC").dt.hour.to_list() == [10]
    assert s.dt.tz_convert(None).to_list() == [datetime.datetime(2024, 7, 1, 10)]
    assert (s - berlin).to_list() == [timedelta()]


def test_durations(stamps):
    frame = pc.DataFrame({"a": stamps, "b": list(reversed(stamps))})
    theirs = pandas.DataFrame({"a": stamps, "b": list(reversed(stamps))}).astype("datetime64[us]")
    ours, wanted = frame["a"] - frame["b"], theirs["a"] - theirs["b"]
    assert ours.dtype == "duration[us]"
    assert ours.dt.total_seconds().to_list() == listed(wanted.dt.total_seconds())
    for field in ("days", "seconds", "microseconds"):
        assert getattr(ours.dt, field).to_list() == listed(getattr(wanted.dt, field))
    assert (frame["b"] + ours)[ours.notna()].to_list() == frame["a"][ours.notna()].to_list()
    assert (ours * 2 // 2).to_list() == ours.to_list()
    assert (ours / timedelta(days=1)).to_list() == listed(wanted / timedelta(days=1))
    assert (-ours).dt.days.to_list() == listed((-wanted).dt.days)


def test_dates_move_by_days():
    day = datetime.date(1998, 12, 1)
    frame = pc.DataFrame({"d": [day, None], "n": [90, 1]})
    assert (frame["d"] - timedelta(days=90)).to_list() == [datetime.date(1998, 9, 2), None]
    assert (frame["d"] - pc.to_timedelta(frame["n"], "D")).to_list() == [datetime.date(1998, 9, 2), None]
    assert (frame["d"] - datetime.date(1998, 11, 30)).dt.days.to_list() == [1, None]
    assert frame["d"].dt.floor("M").to_list() == [day, None]
    assert frame[frame["d"] <= datetime.date(1998, 12, 31)]["n"].to_list() == [90]


def test_texts_become_dates_and_numbers():
    texts = pc.Series("s", ["2024-02-29", "2024-02-29T12:30:15.5", None, "no"])
    with pytest.raises(errors.InvalidError, match='"no" is no date'):
        pc.to_datetime(texts).to_list()
    at = datetime.datetime(2024, 2, 29)
    assert pc.to_datetime(texts, errors="coerce").to_list() == [
        at,
        at + timedelta(seconds=45015.5),
        None,
        None,
    ]
    assert pc.to_datetime(texts, errors="coerce", unit="D").to_list() == [at.date(), at.date(), None, None]
    assert pc.to_datetime(pc.Series("n", [86400, None]), unit="s").to_list() == [datetime.datetime(1970, 1, 2), None]
    with_offset = pc.to_datetime(pc.Series("s", ["2024-02-29 12:00+02:00"]), utc=True)
    assert with_offset.dt.hour.to_list() == [10]
    assert pc.to_numeric(pc.Series("s", ["1.5", "x", " 2 ", None]), errors="coerce").to_list() == [1.5, None, 2.0, None]
    with pytest.raises(errors.InvalidError, match='"x" of type utf8 is no'):
        pc.to_numeric(pc.Series("s", ["x"])).to_list()


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s: s.dt.tz_localize("Mars"), errors.InvalidError, '"Mars" is no time zone'),
        (lambda s: s.dt.tz_convert("UTC"), errors.TypeMismatchError, "use tz_localize"),
        (lambda s: s.dt.floor("moon"), errors.InvalidError, "is no step of time"),
        (lambda s: s.dt.ceil("M"), errors.InvalidError, "rounded down to them only"),
        (lambda s: s.dt.as_unit("h"), errors.InvalidError, "give s, ms, us or ns"),
        (lambda s: s + s, errors.TypeMismatchError, "durations are added to dates"),
        (lambda s: s.dt.total_seconds(), errors.TypeMismatchError, "takes durations"),
        (lambda s: s.dt.strftime("%Q"), errors.InvalidError, "isn't known"),
        (lambda s: pc.to_timedelta(s, "month"), errors.InvalidError, "give W, D"),
        (lambda s: pc.to_datetime(s.dt.year, format="%Y"), errors.InvalidError, "is for texts"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(pc.Series("d", [datetime.datetime(2024, 2, 29)])).to_list()

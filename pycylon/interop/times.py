"""Dates, times and durations of Python, pandas and NumPy into Arrow's, in the unit that they need."""

from __future__ import annotations

from array import array
from datetime import date, datetime, time, timedelta
from typing import Any

from pycylon.errors import InvalidError, UnsupportedError
from pycylon.interop.encoded import Encoded, bits_of

_EPOCH = date(1970, 1, 1)
_EPOCH_TIME = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def zone_of(value: datetime) -> str:
    """Return the name of a datetime's zone as Arrow has it: a place, "UTC", or an offset.

    Parameters
    ----------
    value : datetime
        With a zone.
    """
    key = getattr(value.tzinfo, "key", None)
    if key:
        return str(key)
    seconds = int((value.utcoffset() or timedelta()).total_seconds())
    if seconds == 0:
        return "UTC"
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}"


def dates(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode dates: an encoder, as `columns.encode` calls them."""
    days = array("i", [0 if value is None else value.toordinal() - _EPOCH.toordinal() for value in values])
    return Encoded("tdD", len(values), nulls, [valid, days])


def timestamps(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode datetimes: an encoder, as `columns.encode` calls them."""
    zone = wanted.partition(" ")[2]
    unit, ticks = _in_nanoseconds(
        name, values, [0 if value is None else _ticks(value) for value in values], "nanosecond"
    )
    return Encoded(f"ts{unit}:{zone}", len(values), nulls, [valid, ticks])


def _in_nanoseconds(name: str, values: list[Any], ticks: list[int], rest: str) -> tuple[str, array[int]]:
    """Return a unit and the times in it: nanoseconds if one has them, as pandas' may, given whole microseconds."""
    rests = [getattr(value, rest, 0) for value in values]
    if not any(rests):
        return "u", array("q", ticks)
    try:
        return "n", array("q", [1000 * tick + more for tick, more in zip(ticks, rests)])
    except OverflowError:
        raise InvalidError(
            f"column {name!r} has nanoseconds, and a value that is too far from 1970 for those: round the former"
        ) from None


def _ticks(value: datetime) -> int:
    """Return the microseconds since 1970; of a datetime with a zone, in UTC."""
    shift = value.utcoffset() or timedelta()
    return (value.replace(tzinfo=None) - _EPOCH_TIME - shift) // _MICROSECOND


def times(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode times of the day: an encoder, as `columns.encode` calls them."""
    ticks = array("q", [0 if value is None else _day_micros(value) for value in values])
    return Encoded("ttu", len(values), nulls, [valid, ticks])


def _day_micros(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def durations(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode timedeltas: an encoder, as `columns.encode` calls them."""
    whole = [0 if value is None else value // _MICROSECOND for value in values]
    unit, ticks = _in_nanoseconds(name, values, whole, "nanoseconds")
    return Encoded(f"tD{unit}", len(values), nulls, [valid, ticks])


def numpy_times(values: list[Any]) -> Any:
    """Return NumPy's scalars of times, and None, as an array of the unit that holds them all.

    Parameters
    ----------
    values : list
        The scalars.
    """
    import numpy

    kind = next(type(value) for value in values if value is not None)
    return numpy.array([kind("NaT") if value is None else value for value in values])


def from_datetime64(values: Any) -> Encoded:
    """Encode a NumPy array of datetime64 or timedelta64: its NaT are nulls.

    Parameters
    ----------
    values : numpy.ndarray
        The array.
    """
    kind, unit = values.dtype.kind, values.dtype.str[3:].strip("[]")
    if unit in ("ps", "fs", "as"):
        raise UnsupportedError(
            f"{values.dtype} is finer than nanoseconds: convert it, as in values.astype('{kind}8[ns]')"
        )
    if unit not in ("s", "ms", "us", "ns"):
        values, unit = values.astype(f"{kind}8[s]"), "s"
    ticks = values.view("i8")
    present = (~_is_nat(values)).tolist()
    nulls = present.count(False)
    layout = f"ts{unit[0]}:" if kind == "M" else f"tD{unit[0]}"
    return Encoded(layout, len(present), nulls, [bits_of(present) if nulls else None, ticks.tobytes()])


def _is_nat(values: Any) -> Any:
    return values != values

"""Functions of columns: conditions, missing values, conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.series import Series


def where(cond: Series, a: object, b: object) -> Series:
    """Return `a` where a condition is true, and `b` where it is false or null: SQL's CASE, NumPy's where.

    Parameters
    ----------
    cond : Series
        Booleans.
    a, b : scalar or Series
        What stands where it is true, and elsewhere; of the frame of `cond`.

    Notes
    -----
    Both are computed for every row: an error that one of them raises is raised whatever the condition says.

    Examples
    --------
    >>> df = pc.DataFrame({"a": [1, -2, 3]})
    >>> pc.where(df["a"] > 0, "positive", "other").to_list()
    ['positive', 'other', 'positive']
    """
    return select([cond], [a], b)


def select(condlist: Sequence[Series], choicelist: Sequence[object], default: object = None) -> Series:
    """Return the value of the first condition that is true, as NumPy's select does.

    Parameters
    ----------
    condlist : sequence of Series
        Booleans of one frame.
    choicelist : sequence of scalar or Series
        What stands where each is true.
    default : scalar or Series, optional
        What stands where none is true. Default: null.

    Examples
    --------
    >>> df = pc.DataFrame({"a": [1, 20, 300]})
    >>> pc.select([df["a"] > 100, df["a"] > 10], ["large", "middle"], "small").to_list()
    ['small', 'middle', 'large']
    """
    from pycylon.series.choices import _if_else

    if not condlist or len(condlist) != len(choicelist):
        raise InvalidError(
            f"{len(condlist)} conditions and {len(choicelist)} values: give as many of both", op="select"
        )
    chosen = default
    for cond, value in reversed(list(zip(condlist, choicelist))):
        chosen = _if_else(condlist[0], cond, value, chosen)
    return chosen  # type: ignore[return-value]


def coalesce(first: Series, *others: object) -> Series:
    """Return the first value of each row that is neither null nor NaN.

    Parameters
    ----------
    first : Series
        Where to look first.
    *others : scalar or Series
        Where to look next; of the same frame.

    Examples
    --------
    >>> df = pc.DataFrame({"a": [1, None, None], "b": [None, 2, None]})
    >>> pc.coalesce(df["a"], df["b"], 0).to_list()
    [1, 2, 0]
    """
    return first._with("coalesce", *others)


def to_numeric(arg: Series, errors: Literal["raise", "coerce"] = "raise", dtype: str = "float64") -> Series:
    """Return texts as the numbers that they say.

    Parameters
    ----------
    arg : Series
        Texts, or numbers.
    errors : {"raise", "coerce"}, default "raise"
        What a text that says no number is: an `InvalidError`, or a null.
    dtype : str, default "float64"
        The type of number. It doesn't depend on the values.

    Examples
    --------
    >>> pc.to_numeric(pc.Series("s", ["1", "x", None]), errors="coerce", dtype="int64").to_list()
    [1, None, None]
    """
    from pycylon.interop.columns import plan_type

    return arg._with("cast", type=plan_type(dtype), errors=errors)


def to_datetime(
    arg: Series,
    errors: Literal["raise", "coerce"] = "raise",
    format: str | None = None,
    unit: str | None = None,
    utc: bool = False,
) -> Series:
    """Return texts or numbers as timestamps.

    Parameters
    ----------
    arg : Series
        Texts; or integers, counted from 1970 on.
    errors : {"raise", "coerce"}, default "raise"
        What a text that says no time is: an `InvalidError`, or a null.
    format : str, optional
        Of texts, as C's strptime takes it. Default: ISO 8601, with or without a time and an offset from UTC.
    unit : {"s", "ms", "us", "ns"}, optional
        What integers count; of texts, the unit of the result, or "D" for dates. Default: "ns" for integers, as pandas
        has it, and "us" for texts.
    utc : bool, default False
        Return instants in UTC: texts with an offset need it, others are taken as UTC.

    Examples
    --------
    >>> pc.to_datetime(pc.Series("s", ["29.02.2024", "x"]), format="%d.%m.%Y", errors="coerce").to_list()
    [datetime.datetime(2024, 2, 29, 0, 0), None]
    """
    kind = arg.dtype
    if "utf8" in kind or "string" in kind:
        options: dict[str, Any] = {"unit": unit or "us", "errors": errors, "zone": "UTC" if utc else ""}
        if format is not None:
            options["format"] = format
        return arg._with("strptime", **options)
    if format is not None:
        raise InvalidError(f"format= is for texts, not for {kind}", op="to_datetime")
    if "int" in kind:
        zone = ", tz=UTC" if utc else ""
        return arg.astype("int64").astype(f"timestamp[{unit or 'ns'}{zone}]")
    if kind.startswith("date"):
        arg = arg.astype("timestamp[us]")
    if utc:
        return arg.dt.tz_convert("UTC") if arg.dt.tz else arg.dt.tz_localize("UTC")
    return arg


#: Seconds of the units that durations aren't kept in.
_SECONDS = {"W": 7 * 86400, "D": 86400, "h": 3600, "min": 60}


def to_timedelta(arg: Series, unit: str = "ns") -> Series:
    """Return integers as durations.

    Parameters
    ----------
    arg : Series
        The integers.
    unit : {"W", "D", "h", "min", "s", "ms", "us", "ns"}, default "ns"
        What they count.

    Examples
    --------
    >>> import datetime
    >>> df = pc.DataFrame({"day": [datetime.date(2024, 2, 28)], "n": [2]})
    >>> (df["day"] + pc.to_timedelta(df["n"], unit="D")).to_list()
    [datetime.date(2024, 3, 1)]
    """
    counted = arg.astype("int64")
    if unit in _SECONDS:
        return (counted * _SECONDS[unit]).astype("duration[s]")
    if unit not in ("s", "ms", "us", "ns"):
        raise InvalidError(f"unit={unit!r}: give W, D, h, min, s, ms, us or ns", op="to_timedelta")
    return counted.astype(f"duration[{unit}]")

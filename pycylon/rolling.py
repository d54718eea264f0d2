"""Windows that move with the rows, waiting for an aggregate: what `rolling` and `expanding` return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.expr import Column, Expr

if TYPE_CHECKING:
    from pycylon.series import Series
    from pycylon.window import Windows, Within

Result = TypeVar("Result")


def rows_of(window: int, center: bool, closed: str) -> dict[str, Any]:
    """Return the frame of a window of rows.

    Parameters
    ----------
    window : int
        How many.
    center : bool
        Whether a row is in the middle of its own, rather than the last.
    closed : str
        Which ends belong to it.
    """
    if isinstance(window, bool) or window < 0:
        raise InvalidError(f"window={window!r}: expected a number of rows", op="rolling")
    end = (window - 1) // 2 if center else 0
    start = end - window + 1
    return {"start": start - (closed in ("left", "both")), "end": end - (closed in ("left", "neither"))}


@dataclass(frozen=True)
class Span:
    """A window of time.

    Parameters
    ----------
    length : timedelta
        How long.
    closed : str
        Which ends belong to it.
    on : str
        The column of the times.
    """

    length: timedelta
    closed: str
    on: str

    def frame(self, dtype: str) -> dict[str, Any]:
        """Return the frame, given the type of the times.

        Parameters
        ----------
        dtype : str
            As Arrow names it.
        """
        unit = _TICKS.get(dtype.partition(",")[0].rstrip("]") + "]" * ("[" in dtype)) if dtype else None
        if unit is None:
            raise InvalidError(f"on={self.on!r} is {dtype}: expected dates or timestamps", op="rolling")
        ticks, rest = divmod(self.length // timedelta(microseconds=1) * 1000, unit)
        if rest or ticks <= 0:
            raise InvalidError(f"a window of {self.length} isn't a number of {dtype}", op="rolling")
        return {
            "start": -ticks,
            "end": 0,
            "range": True,
            "open_start": self.closed in ("right", "neither"),
            "open_end": self.closed in ("left", "neither"),
        }


#: The nanoseconds of one step of each type of times.
_TICKS = {
    "date32[day]": 86_400 * 10**9,
    "date32": 86_400 * 10**9,
    "date64": 10**6,
    "timestamp[s]": 10**9,
    "timestamp[ms]": 10**6,
    "timestamp[us]": 10**3,
    "timestamp[ns]": 1,
}

_UNITS = {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "D": 86_400, "d": 86_400, "W": 604_800}


def span_of(text: str | timedelta) -> timedelta:
    """Return a span of time: "90s", "15min", "2h", "7D".

    Parameters
    ----------
    text : str or timedelta
        The span.
    """
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str):
        raise InvalidError(f"window={text!r}: expected a number of rows or a span of time", op="rolling")
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(number) :]
    if unit not in _UNITS or not (number or "1").isdecimal():
        known = ", ".join(_UNITS)
        raise InvalidError(f"window={text!r}: expected a number and one of {known}, as in '90s'", op="rolling")
    return timedelta(seconds=int(number or "1") * _UNITS[unit])


class Rolling(Generic[Result]):
    """Windows of rows, waiting for an aggregate. `rolling` and `expanding` make it.

    Sums, extremes and products keep the type that they have of whole columns, unlike pandas', which are floats.

    Parameters
    ----------
    source : Series, DataFrame or GroupBy
        The values.
    frame : dict or Span
        The rows of a window.
    min_periods : int
        An aggregate of fewer values is null.
    """

    def __init__(self, source: Windows[Result], frame: dict[str, Any] | Span, min_periods: int) -> None:
        if isinstance(min_periods, bool) or not isinstance(min_periods, int) or not 0 <= min_periods < 2**63:
            raise InvalidError(f"min_periods={min_periods!r}: expected a number of values", op="rolling")
        self._source, self._frame, self._min_periods = source, frame, min_periods

    def _aggregate(self, function: str, **options: Any) -> Result:
        def make(series: Series, within: Within) -> Series:
            frame: Any = self._frame
            order: tuple[tuple[Expr, bool], ...] = ()
            if isinstance(frame, Span):
                order = ((Column(frame.on), True),)
                frame = frame.frame(series._frame.dtypes[series._frame._names(frame.on)[0]])
            name, argument = function, series._expr
            if function == "count":  # min_periods are rows, as in pandas, whether they have a value or not
                name, argument = "sum", series.notna()._expr
            over = within.ordered(name, order, "last", argument, frame=frame, min_periods=self._min_periods, **options)
            return series._bound(series._frame, over, series.name)

        return self._source._windowed(make)

    def sum(self) -> Result:
        """Return the sums."""
        return self._aggregate("sum")

    def mean(self) -> Result:
        """Return the means."""
        return self._aggregate("mean")

    def min(self) -> Result:
        """Return the least values."""
        return self._aggregate("min")

    def max(self) -> Result:
        """Return the greatest values."""
        return self._aggregate("max")

    def count(self) -> Result:
        """Return the numbers of values."""
        return self._aggregate("count")

    def var(self, ddof: int = 1) -> Result:
        """Return the variances.

        Parameters
        ----------
        ddof : int, default 1
            What is taken from the number of values that the sum of squares is divided by.
        """
        return self._aggregate("var", ddof=whole(ddof, "ddof", "var"))

    def std(self, ddof: int = 1) -> Result:
        """Return the standard deviations.

        Parameters
        ----------
        ddof : int, default 1
            As in `var`.
        """
        return self._aggregate("std", ddof=whole(ddof, "ddof", "std"))

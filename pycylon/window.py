"""Values from neighbouring rows: `shift`, `cumsum`, `rolling` ... of columns, frames and groups alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.expr import Call, Expr, Over
from pycylon.expr import Literal as Value
from pycylon.rolling import Rolling, Span, rows_of, span_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from pycylon.series import Series

Result = TypeVar("Result")

#: What `transform` calls the aggregates, and how plans do: the function and its options.
AGGREGATES: dict[str, tuple[str, dict[str, Any]]] = {
    "sum": ("sum", {}),
    "mean": ("mean", {}),
    "min": ("min", {}),
    "max": ("max", {}),
    "count": ("count", {}),
    "prod": ("prod", {}),
    "std": ("std", {"ddof": 1}),
    "var": ("var", {"ddof": 1}),
    "first": ("first", {"ignore_nulls": True}),
    "last": ("last", {"ignore_nulls": True}),
}

_RANKS = {"average": "rank_average", "min": "rank", "max": "rank_max", "first": "row_number", "dense": "dense_rank"}


@dataclass(frozen=True)
class Within:
    """The rows that belong together: all, or those of equal keys.

    Parameters
    ----------
    keys : tuple of Expr
        What is equal.
    dropna : bool
        Whether rows with a null key belong to none, and get nulls.
    """

    keys: tuple[Expr, ...] = ()
    dropna: bool = True

    def over(self, function: str, argument: Expr | None = None, **options: Any) -> Over:
        """Return a window function of these rows, as they follow one another.

        Parameters
        ----------
        function : str
            As plans call it.
        argument : Expr, optional
            What it is a function of.
        **options
            Its parameters.
        """
        return self.ordered(function, (), "last", argument, **options)

    def ordered(
        self,
        function: str,
        order: tuple[tuple[Expr, bool], ...],
        na_position: str,
        argument: Expr | None = None,
        **options: Any,
    ) -> Over:
        """Return a window function of these rows in some order.

        Parameters
        ----------
        function, argument, **options
            As in `over`.
        order : tuple of (Expr, bool)
            What they are ordered by, and whether ascending.
        na_position : str
            "first" or "last".
        """
        return Over(function, argument, self.keys, order, {"dropna": self.dropna, "na_position": na_position}, options)


class Windows(Generic[Result]):
    """Methods that compute each row's value from its neighbours: of a column, a frame or the rows of each group.

    Rows keep their places. Those of a partitioned frame follow one another in the order of the ranks; what needs other
    ranks' rows is collective. Missing values are skipped by sums, extremes and the like.
    """

    __slots__ = ()

    def _windowed(self, make: Callable[[Series, Within], Series]) -> Result:
        """Return what `make` makes of each column."""
        raise NotImplementedError

    def _over(self, function: str, **options: Any) -> Result:
        def make(series: Series, within: Within) -> Series:
            return series._bound(series._frame, within.over(function, series._expr, **options), series.name)

        return self._windowed(make)

    def shift(self, periods: int = 1, fill_value: object = None) -> Result:
        """Return the values of the rows `periods` before.

        Parameters
        ----------
        periods : int, default 1
            How far: negative for the rows behind.
        fill_value : scalar, optional
            The value where there is no such row. Default: null.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a", "b"], "v": [1, 2, 3, 4]})
        >>> df["v"].shift(1).to_list()
        [None, 1, 2, 3]
        >>> df.groupby("k")["v"].shift(1, fill_value=0).to_list()
        [0, 0, 1, 2]
        """
        periods = whole(periods, "periods", "shift")

        def make(series: Series, within: Within) -> Series:
            shifted: Expr = within.over("lag", series._expr, offset=periods)
            if fill_value is not None:
                there = within.over("count", frame={"start": -periods, "end": -periods})
                is_none = Call("coalesce", (Call("eq", (there, Value(0))), Value(True)))
                shifted = Call("if_else", (is_none, Value(fill_value), shifted))
            return series._bound(series._frame, shifted, series.name)

        return self._windowed(make)

    def diff(self, periods: int = 1) -> Result:
        """Return what the values add to those of the rows `periods` before.

        Parameters
        ----------
        periods : int, default 1
            How far.

        Examples
        --------
        >>> pc.DataFrame({"v": [1, 4, 9]})["v"].diff().to_list()
        [None, 3, 5]
        """
        periods = whole(periods, "periods", "diff")

        def make(series: Series, within: Within) -> Series:
            before = within.over("lag", series._expr, offset=periods)
            return series._bound(series._frame, Call("sub", (series._expr, before)), series.name)

        return self._windowed(make)

    def pct_change(self, periods: int = 1) -> Result:
        """Return what the values add to those of the rows `periods` before, as a share of those.

        Parameters
        ----------
        periods : int, default 1
            How far.

        Examples
        --------
        >>> pc.DataFrame({"v": [4, 5, 10]})["v"].pct_change().to_list()
        [None, 0.25, 1.0]
        """
        periods = whole(periods, "periods", "pct_change")

        def make(series: Series, within: Within) -> Series:
            before = within.over("lag", series._expr, offset=periods)
            ratio = Call("truediv", (series._expr, before))
            return series._bound(series._frame, Call("sub", (ratio, Value(1.0))), series.name)

        return self._windowed(make)

    def cumsum(self) -> Result:
        """Return the sums of the values up to each row; null where the value is missing.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, None, 3]})
        >>> df["v"].cumsum().to_list()
        [1, None, 4]
        >>> df["total"] = df.groupby("k")["v"].cumsum()
        >>> df["total"].to_list()
        [1, None, 4]
        """
        return self._over("sum", frame={"end": 0}, skip_nulls=True)

    def cumprod(self) -> Result:
        """Return the products of the values up to each row; null where the value is missing."""
        return self._over("prod", frame={"end": 0}, skip_nulls=True)

    def cummin(self) -> Result:
        """Return the least of the values up to each row; null where the value is missing."""
        return self._over("min", frame={"end": 0}, skip_nulls=True)

    def cummax(self) -> Result:
        """Return the greatest of the values up to each row; null where the value is missing."""
        return self._over("max", frame={"end": 0}, skip_nulls=True)

    def ffill(self, limit: int | None = None) -> Result:
        """Return the values, missing ones replaced by the last before that isn't.

        Parameters
        ----------
        limit : int, optional
            How many rows away that one may be. Default: any.

        Examples
        --------
        >>> pc.DataFrame({"v": [1, None, None, 4]})["v"].ffill(limit=1).to_list()
        [1, 1, None, 4]
        """
        frame = {"end": 0} if limit is None else {"start": -whole(limit, "limit", "ffill"), "end": 0}
        return self._over("last", frame=frame, ignore_nulls=True)

    def bfill(self, limit: int | None = None) -> Result:
        """Return the values, missing ones replaced by the next that isn't.

        Parameters
        ----------
        limit : int, optional
            How many rows away that one may be. Default: any.
        """
        frame = {"start": 0} if limit is None else {"start": 0, "end": whole(limit, "limit", "bfill")}
        return self._over("first", frame=frame, ignore_nulls=True)

    def rank(
        self,
        method: Literal["average", "min", "max", "first", "dense"] = "average",
        *,
        ascending: bool = True,
        na_option: Literal["keep", "top", "bottom"] = "keep",
        pct: bool = False,
    ) -> Result:
        """Return the places of the values in their order, from 1 on.

        Parameters
        ----------
        method : {"average", "min", "max", "first", "dense"}, default "average"
            What equal values get: the mean, least or greatest of their places, places in the order of the rows, or one
            place for all of them, after which the next is one more.
        ascending : bool, default True
            Whether the least value is the first.
        na_option : {"keep", "top", "bottom"}, default "keep"
            Whether missing values get none, the first or the last places.
        pct : bool, default False
            Whether to return the places as shares of the number of values.

        Examples
        --------
        >>> df = pc.DataFrame({"v": [30, 10, 30, None]})
        >>> df["v"].rank().to_list()
        [2.5, 1.0, 2.5, None]
        >>> df["v"].rank("dense", ascending=False).to_list()
        [1, 2, 1, None]
        """
        if method not in _RANKS:
            raise InvalidError(f"method={method!r}: expected one of {', '.join(_RANKS)}", op="rank")
        if na_option not in ("keep", "top", "bottom"):
            raise InvalidError(f"na_option={na_option!r}: expected 'keep', 'top' or 'bottom'", op="rank")
        na_position = "first" if na_option == "top" else "last"

        def make(series: Series, within: Within) -> Series:
            order, options = ((series._expr, bool(ascending)),), {}
            argument = None
            if na_option == "keep":
                argument, options = series._expr, {"skip_nulls": True}
            rank: Expr = within.ordered(_RANKS[method], order, na_position, argument, **options)
            if pct:
                of = within.over("max", rank) if method == "dense" else within.over("count", argument)
                rank = Call("truediv", (rank, of))
            return series._bound(series._frame, rank, series.name)

        return self._windowed(make)

    def rolling(
        self,
        window: int | str | timedelta,
        min_periods: int | None = None,
        center: bool = False,
        *,
        on: str | None = None,
        closed: Literal["right", "left", "both", "neither"] | None = None,
    ) -> Rolling[Result]:
        """Return the rows around each row, waiting for an aggregate.

        Parameters
        ----------
        window : int or timedelta
            How many rows, each row the last of its own; or a span of time, as of the column `on`. A text is what
            `datetime.timedelta` says in short: "90s", "15min", "2h", "7D".
        min_periods : int, optional
            An aggregate of fewer values is null. Default: `window`, or 1 of a span of time.
        center : bool, default False
            Whether each row is in the middle of its window.
        on : str, optional
            With a span of time: the column of dates or timestamps, in whose order the rows are taken.
        closed : {"right", "left", "both", "neither"}, default "right"
            Which ends of the window belong to it.

        Examples
        --------
        >>> df = pc.DataFrame({"v": [1, 2, 4, 8]})
        >>> df["v"].rolling(2).sum().to_list()
        [None, 3, 6, 12]
        >>> df["v"].rolling(3, min_periods=1, center=True).mean().to_list()
        [1.5, 2.3333333333333335, 4.666666666666667, 6.0]
        """
        if closed not in (None, "right", "left", "both", "neither"):
            raise InvalidError(f"closed={closed!r}: expected 'right', 'left', 'both' or 'neither'", op="rolling")
        if isinstance(window, int):
            window = whole(window, "window", "rolling")
            return Rolling(
                self, rows_of(window, center, closed or "right"), window if min_periods is None else min_periods
            )
        if on is None or center:
            raise InvalidError(
                "a window of time needs on=, the column of the times, and can't be centered", op="rolling"
            )
        span = Span(span_of(window), closed or "right", on)
        return Rolling(self, span, 1 if min_periods is None else min_periods)

    def expanding(self, min_periods: int = 1) -> Rolling[Result]:
        """Return the rows up to each row, waiting for an aggregate.

        Parameters
        ----------
        min_periods : int, default 1
            An aggregate of fewer values is null.

        Examples
        --------
        >>> pc.DataFrame({"v": [1, None, 4]})["v"].expanding().mean().to_list()
        [1.0, 1.0, 2.5]
        """
        return Rolling(self, {"end": 0}, min_periods)

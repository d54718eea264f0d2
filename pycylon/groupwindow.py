"""Windows of groups: a value for each row, or some of each group's rows, in the rows' places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.expr import Call, Expr
from pycylon.expr import Literal as Value
from pycylon.window import AGGREGATES, Windows, Within

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.base import Frame
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class GroupWindows(Windows[Any]):
    """What groups have besides: a value for each of their rows, in the rows' places."""

    __slots__ = ()

    _frame: Frame
    _keys: dict[str, Expr]
    _dropna: bool
    _sort: bool
    _env: CylonEnv | None
    _selected: list[str] | None

    def _rows(self, expr: Expr, name: str) -> Series:
        first = self._frame._column(self._frame.columns[0])
        return first._bound(first._frame, expr, name)

    def _within(self) -> Within:
        if self._env is not None and self._frame.placement == "local":
            raise InvalidError(
                "columns of a local frame know only its own rows: use df.window(..., env=env), or give env= where the "
                "frame is made",
                op="groupby",
            )
        return Within(tuple(self._keys.values()), self._dropna)

    def cumcount(self, ascending: bool = True) -> Series:
        """Return the number of each row in its group, from 0 on.

        Parameters
        ----------
        ascending : bool, default True
            Whether to count from the first row rather than from the last.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a", "a"]})
        >>> df.groupby("k").cumcount().to_list()
        [0, 0, 1, 2]
        """
        frame = {"end": -1} if ascending else {"start": 1}
        return self._rows(self._within().over("count", frame=frame), "cumcount")

    def ngroup(self, ascending: bool = True) -> Series:
        """Return the number of each row's group, from 0 on, in the order that aggregates have.

        Parameters
        ----------
        ascending : bool, default True
            Whether to count from the first group rather than from the last.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["b", "a", "b"]})
        >>> df.groupby("k").ngroup().to_list()
        [1, 0, 1]
        >>> df.groupby("k", sort=False).ngroup().to_list()
        [0, 1, 0]
        """
        keys = tuple(self._keys.values())
        order: tuple[tuple[Expr, bool], ...] = tuple((key, bool(ascending)) for key in keys)
        if not self._sort:  # the groups in the order of their first rows
            first = self._within().over("min", Within().over("row_number"))
            order = ((first, bool(ascending)),)
        lost: Expr | None = None  # whether the row belongs to no group: such rows come last, and get no number
        if self._dropna:
            for key in keys:
                is_null = Call("is_null", (key,))
                lost = is_null if lost is None else Call("or", (lost, is_null))
        if lost is not None:
            order = ((lost, True), *order)
        number: Expr = Call("sub", (Within().ordered("dense_rank", order, "last"), Value(1)))
        if lost is not None:
            number = Call("if_else", (lost, Value(None), number))
        return self._rows(number, "ngroup")

    def head(self, n: int = 5) -> DataFrame:
        """Return the first `n` rows of each group, in their places; with a negative `n`, all but the last.

        Parameters
        ----------
        n : int, default 5
            How many.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a", "a"], "v": [1, 2, 3, 4]})
        >>> df.groupby("k").head(1).to_dict()
        {'k': ['a', 'b'], 'v': [1, 2]}
        >>> df.groupby("k").nth(-1)["v"].to_list()
        [2, 4]
        """
        n = whole(n, "n", "head")
        return self._rows_where(self.cumcount() < n if n >= 0 else self.cumcount(ascending=False) >= -n)

    def tail(self, n: int = 5) -> DataFrame:
        """Return the last `n` rows of each group, in their places; with a negative `n`, all but the first.

        Parameters
        ----------
        n : int, default 5
            How many.
        """
        n = whole(n, "n", "tail")
        return self._rows_where(self.cumcount(ascending=False) < n if n >= 0 else self.cumcount() >= -n)

    def nth(self, n: int) -> DataFrame:
        """Return row number `n` of each group that has it, in its place.

        Parameters
        ----------
        n : int
            The number, from 0 on; negative from the end.
        """
        n = whole(n, "n", "nth")
        return self._rows_where(self.cumcount() == n if n >= 0 else self.cumcount(ascending=False) == -n - 1)

    def _rows_where(self, mask: Series) -> DataFrame:
        kept: DataFrame = mask._frame[mask]
        return kept if self._selected is None else kept[self._selected]

    def transform(self, function: str, **options: Any) -> Any:
        """Return an aggregate of each row's group, or what a method of groups makes of each row.

        Parameters
        ----------
        function : str
            An aggregate (sum, mean, min, max, count, size, prod, std, var, first, last), or a method: "rank", "shift",
            "cumsum" ...
        **options
            The method's own.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
        >>> df.groupby("k")["v"].transform("sum").to_list()
        [4, 2, 4]
        """
        if function == "size":
            return self._rows(self._within().over("count"), "size")
        if function in AGGREGATES and not options:
            name, fixed = AGGREGATES[function]
            return self._over(name, **fixed)
        if function in _METHODS:
            return getattr(self, function)(**options)
        known = ", ".join(("size", *AGGREGATES, *_METHODS))
        raise InvalidError(f"transform({function!r}): expected one of {known}", op="transform")


#: What `transform` takes besides aggregates.
_METHODS = (
    *("shift", "diff", "pct_change", "cumsum", "cumprod", "cummin", "cummax", "cumcount", "ngroup"),
    *("ffill", "bfill", "rank"),
)

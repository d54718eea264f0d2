"""Where the least and the greatest values are: `idxmin`, `idxmax` of columns, frames and groups.

Each row is compared with its group's extreme, which a window function puts beside it; of the rows that are equal to it
the first one's label is kept::

    row_number - 1   v == min(v) over the keys          first of the group
        0              3 == 1     null
        1              1 == 1     1              ──▶     1
        2              1 == 1     2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.aggregates import Aggregate
from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr, Literal, Over
from pycylon.frame.base import Frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pycylon.frame.core import DataFrame


class Extremes(Frame):
    """Methods that tell where the least and the greatest values are."""

    __slots__ = ()

    def idxmin(self, axis: object = 0) -> DataFrame:
        """Return the labels of the rows that have the least values of each column, the first of several.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.

        Notes
        -----
        A row's label is its number, counted over all ranks, or its value of an index of one column. Missing values
        don't count; the label of nothing is null. Collective on a partitioned frame.

        Examples
        --------
        >>> pc.DataFrame({"a": [3, 1, 1], "b": [None, 2.5, 0.5]}).idxmin().to_dict()
        {'a': [1], 'b': [2]}
        """
        return self._where_extreme("min", axis)

    def idxmax(self, axis: object = 0) -> DataFrame:
        """Return the labels of the rows that have the greatest values of each column, the first of several.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.

        Notes
        -----
        As of `idxmin`.

        Examples
        --------
        >>> pc.DataFrame({"k": ["x", "y"], "a": [3, 7]}).set_index("k").idxmax().to_dict()
        {'a': ['y']}
        """
        return self._where_extreme("max", axis)

    def _where_extreme(self, function: str, axis: object) -> DataFrame:
        if axis not in (0, "index", "rows"):
            raise InvalidError(f"axis={axis!r} isn't supported: columns are looked at, not rows", op=f"idx{function}")
        names = [name for name in self.columns if name not in self._labels()]
        if not names:
            raise InvalidError("there are no columns to look at", op=f"idx{function}")
        columns, aggregates = of_extremes(self, {name: Column(name) for name in names}, function)
        return self._of(self._table, self._placement, self._env).assign(**columns)._aggregated(aggregates)


def of_extremes(
    frame: Frame, values: Mapping[str, Expr], function: str, keys: Sequence[Expr] = (), dropna: bool = True
) -> tuple[dict[str, Any], list[Aggregate]]:
    """Return columns to add to a frame, and the aggregates of them that are the labels of extremes.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    values : mapping
        What to look at, by the result's name.
    function : str
        "min" or "max".
    keys : sequence of Expr
        The rows in which these are equal are looked at together.
    dropna : bool, default True
        Whether rows with a null key don't count.
    """
    first = frame._column(frame.columns[0])
    label = label_of(frame, f"idx{function}")
    columns: dict[str, Any] = {}
    aggregates = []
    for name, value in values.items():
        held = f"({name})"
        while held in frame.columns or held in columns:
            held = f"({held})"
        extreme = Over(function, value, tuple(keys), keys={"dropna": dropna})
        there = Call("if_else", (Call("eq", (value, extreme)), label, Literal(None)))
        columns[held] = first._bound(first._frame, there, held)
        aggregates.append(Aggregate(name, "first", (held,), {}))
    return columns, aggregates


def label_of(frame: Frame, op: str) -> Expr:
    """Return what labels each row: its number from 0 on, or its value of the index.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    op : str
        Who asks, for the error.
    """
    labels = frame._labels()
    if len(labels) > 1:
        raise InvalidError("an index of several columns has no single label: call reset_index() first", op=op)
    return Column(labels[0]) if labels else Call("sub", (Over("row_number"), Literal(1)))

"""Values computed from a row's neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan
from pycylon.window import AGGREGATES, Windows, Within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Windowing(Frame, Windows["DataFrame"]):
    """Methods that compute each row's value from the rows around it."""

    __slots__ = ()

    def _windowed(self, make: Callable[[Series, Within], Series]) -> DataFrame:
        return frame_of([make(self._column(name), Within()) for name in self.columns])

    def window(
        self,
        partition_by: Label | Sequence[Label] = (),
        order_by: Label | Sequence[Label] = (),
        *,
        ascending: bool | Sequence[bool] = True,
        na_position: Literal["last", "first"] = "last",
        rows: tuple[int | None, int | None] | None = None,
        env: CylonEnv | None = None,
        **functions: Any,
    ) -> DataFrame:
        """Return the frame with columns added that window functions make, as SQL's OVER does; rows keep their places.

        Parameters
        ----------
        partition_by : str or sequence of str, optional
            Rows in which these columns are equal belong together; null equals null. Default: all rows do.
        order_by : str or sequence of str, optional
            How the rows of a partition follow one another. Default: as they are.
        ascending : bool or sequence of bool, default True
            The directions of `order_by`.
        na_position : {"last", "first"}, default "last"
            Where nulls of `order_by` go.
        rows : (int or None, int or None), optional
            The rows of a frame, from so many behind a row (negative: before) to so many; None is the partition's end.
            Default: the rows up to the row itself if there is an order, or else the partition.
        env : CylonEnv, optional
            Treat a local frame as this rank's share. Collective then, as on a partitioned frame.
        **functions
            By name of the column: "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", ("ntile", buckets),
            ("lag", column, rows), ("lead", column, rows), ("first", column), ("last", column), or an aggregate of the
            frame's values: ("sum", column); mean, min, max, count, prod, std, var.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a", "a"], "t": [3, 1, 1, 2], "v": [1, 2, 3, 4]})
        >>> df.window("k", "t", n="row_number", before=("lag", "v", 1), total=("sum", "v"))
           k  t  v  n  before  total
        0  a  3  1  3       4      8
        1  b  1  2  1    null      2
        2  a  1  3  1    null      3
        3  a  2  4  2       3      7
        [4 rows x 6 columns, local]
        """
        partition, order = self._names(partition_by), self._names(order_by)
        directions = [ascending] * len(order) if isinstance(ascending, bool) else list(ascending)
        if len(directions) != len(order):
            raise InvalidError(f"ascending= has {len(directions)} directions for {len(order)} columns", op="window")
        if rows is None:
            rows = (None, 0) if order else (None, None)
        if not isinstance(rows, (tuple, list)) or len(rows) != 2:
            raise InvalidError(f"rows={rows!r}: expected the first and the last, as in rows=(-2, 0)", op="window")
        start, end = (None if each is None else whole(each, "rows", "window") for each in rows)
        frame = {"start": start, "end": end}
        plan = Plan("window", [self], env)
        plan.node(
            "window",
            inputs=plan.inputs,
            partition=partition,
            order=[{"column": name, "ascending": bool(up)} for name, up in zip(order, directions)],
            na_position=na_position,
            functions=[self._function(name, given, frame) for name, given in functions.items()],
        )
        return plan.run()

    def _function(self, name: str, given: Any, frame: dict[str, Any]) -> dict[str, Any]:
        """Return a function of `window` as plans spell it."""
        if not isinstance(given, (str, tuple, list)) or not given:
            raise InvalidError(f"{name}={given!r}: expected a function, as in {name}=('sum', 'v')", op="window")
        function, *rest = (given,) if isinstance(given, str) else given
        if function in ("ntile", "lag", "lead") and not rest:
            example = "3" if function == "ntile" else "'v'"
            raise InvalidError(f"{name}={given!r}: expected more, as in {name}=({function!r}, {example})", op="window")
        made: dict[str, Any] = {"name": name, "fn": function}
        if function == "ntile":
            made["buckets"] = whole(rest[0], "buckets", "window")
        elif function in ("lag", "lead"):
            made["column"] = self._names(rest[0])[0]
            made["offset"] = whole(rest[1], "rows", "window") if len(rest) > 1 else 1
        elif rest:
            made.update(column=self._names(rest[0])[0], frame=frame, **AGGREGATES.get(function, ("", {}))[1])
            made.pop("ignore_nulls", None)
        return made


def frame_of(columns: Iterable[Series]) -> DataFrame:
    """Return the frame of several series of one frame.

    Parameters
    ----------
    columns : iterable of Series
        The columns: at least one.
    """
    listed = list(columns)
    plan = Plan("window", [listed[0]._frame])
    made = [{"name": series.name, "expr": series._expr.to_json(plan)} for series in listed]
    plan.node("project", inputs=plan.inputs, columns=made)
    return plan.run()

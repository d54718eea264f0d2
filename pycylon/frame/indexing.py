"""What stands in brackets: columns, slices of rows, masks; and rows by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


class Indexing(Frame):
    """Methods that return some of the rows, or a column."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return a column (``df["a"]``), columns (``df[["a", "b"]]``), rows (``df[2:5]``) or masked ones.

        Parameters
        ----------
        key : str, list of str, slice or Series
            What to take. Slices of a partitioned frame count its rows in the order of the ranks.

        Notes
        -----
        Collective on a partitioned frame, but for a single column: all ranks do it, also where no row moves. What one
        rank does alone, as under ``if env.rank == 0:``, it does with `local`: ``df.local[["a"]]``.
        """
        return get(self, key)

    def head(self, n: int = 5, env: CylonEnv | None = None) -> DataFrame:
        """Return the first `n` rows; with a negative `n`, all but the last.

        Parameters
        ----------
        n : int, default 5
            How many.
        env : CylonEnv, optional
            Treat this frame as this rank's share of a partitioned one. Collective then, as on a partitioned frame:
            ``df.local.head()`` is one rank's own.
        """
        return rows(self, slice(None, n), "head", env)

    def tail(self, n: int = 5, env: CylonEnv | None = None) -> DataFrame:
        """Return the last `n` rows; with a negative `n`, all but the first.

        Parameters
        ----------
        n : int, default 5
            How many.
        env : CylonEnv, optional
            As in `head`.
        """
        n = whole(n, "n", "tail")
        return rows(self, slice(0, 0) if n == 0 else slice(-n, None), "tail", env)

    def take(self, indices: Iterable[int | None]) -> DataFrame:
        """Return the rows at the given positions of a frame that is not partitioned, in their order.

        Parameters
        ----------
        indices : iterable of int
            Positions, from 0 on; None gives a row of nulls.

        Examples
        --------
        >>> pc.DataFrame({"a": [10, 20, 30]}).take([2, 0, 2]).to_dict()
        {'a': [30, 10, 30]}
        """
        return take(self, indices)


def get(frame: Frame, key: Any) -> DataFrame | Series:
    """Return ``frame[key]``.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    key : str, int, list, slice or Series
        What stands in the brackets.
    """
    from pycylon.series import Series

    if isinstance(key, (str, int)) and not isinstance(key, bool):
        return frame._column(frame._names(key)[0])
    if isinstance(key, slice):
        return rows(frame, key, "slice")
    if isinstance(key, Series):
        return masked(frame, key)
    if isinstance(key, list) and any(isinstance(item, bool) for item in key):
        raise TypeError(
            "a frame is filtered by a comparison of its columns, as in df[df['a'] > 0], not by a list of bools"
        )
    if isinstance(key, (list, tuple)):
        names = frame._names(key)
        return frame._project([*(name for name in frame._labels() if name not in names), *names], "select")
    raise TypeError(
        f"a frame can't be indexed by {type(key).__name__}: use a column's name, a list of names, a slice of rows, "
        "or a comparison of its columns"
    )


def masked(frame: Frame, mask: Series) -> DataFrame:
    """Return the rows where `mask` is true: not false, and not null.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    mask : Series
        Booleans, computed from this frame's columns.
    """
    if mask._frame._table is not frame._table:
        raise InvalidError(
            "the mask is of another frame: compute it from the frame that it filters, as in df[df['a'] > 0]",
            op="filter",
        )
    plan = Plan("filter", [frame])
    predicate = mask._expr.to_json(plan)
    plan.node("filter", inputs=plan.inputs, predicate=predicate)
    plan.without_windows()
    return plan.run()


def rows(frame: Frame, span: slice, operation: str, env: CylonEnv | None = None) -> DataFrame:
    """Return the rows that a slice gives, counted over all ranks of a partitioned frame.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    span : slice
        Which, as Python counts.
    operation : str
        The method that asks.
    env : CylonEnv, optional
        What the caller gave.
    """
    if span.step not in (None, 1):
        raise InvalidError(f"rows can be sliced in steps of 1 only, not {span.step}", op=operation)
    start, stop = (None if n is None else whole(n, "n", operation) for n in (span.start, span.stop))
    plan = Plan(operation, [frame], env)
    start = start or 0
    if stop is None:
        plan.node("slice", inputs=plan.inputs, offset=start, length=-1)
        return plan.run()
    if start < 0 or stop < 0:
        start, stop, _ = slice(start, stop).indices(_count(frame, plan.env, env is not None))
    plan.node("slice", inputs=plan.inputs, offset=start, length=max(stop - start, 0))
    return plan.run()


def positions(frame: Any, which: Sequence[Any], operation: str) -> list[int]:
    """Return the positions that a list gives: numbers, or a bool for each row.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    which : sequence of int or of bool
        Which rows.
    operation : str
        The method that asks.
    """
    size = len(frame)
    if not any(isinstance(item, bool) for item in which):
        return [whole(n, "row", operation) for n in which]
    if len(which) != size or not all(isinstance(item, bool) for item in which):
        raise InvalidError(f"a list of bools says of each of the {size} rows whether to keep it", op=operation)
    return [i for i, is_kept in enumerate(which) if is_kept]


def _count(frame: Frame, env: CylonEnv | None, is_share: bool) -> int:
    """Return the number of rows on all ranks. Collective where they are spread."""
    if env is None or (frame.placement != "partitioned" and not (is_share and frame.placement == "local")):
        return len(frame)
    return int(env.comm.allreduce(len(frame)))


def take(frame: Frame, indices: Iterable[int | None]) -> DataFrame:
    """Return the rows at the given positions: `DataFrame.take`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    indices : iterable of int
        Positions; None gives a row of nulls.
    """
    from pycylon.interop.streams import table_of_columns

    if frame.placement == "partitioned":
        raise InvalidError("positions are counted on one rank: take from `df.local`, or slice the frame", op="take")
    asked = [None if i is None else whole(i, "index", "take") for i in indices]
    given = [i for i in asked if i is not None]
    low, high = min(given, default=0), max(given, default=-1)
    if low < 0 or high >= len(frame):
        wrong = low if low < 0 else high
        raise InvalidError(f"there is no row {wrong}: there are {len(frame)}, numbered from 0", op="take")
    listed = [-1 if i is None else i for i in asked]
    plan = Plan("take", [frame])
    positions = plan.argument(table_of_columns({"index": listed}, {"index": "int64"}))
    plan.node("take", inputs=plan.inputs, indices=positions)
    return plan.run()

"""What stands in brackets: columns, slices of rows, masks; and rows by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series


def get(frame: DataFrame, key: Any) -> DataFrame | Series:
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
        return frame._project(frame._names(key), "select")
    raise TypeError(
        f"a frame can't be indexed by {type(key).__name__}: use a column's name, a list of names, a slice of rows, "
        "or a comparison of its columns"
    )


def masked(frame: DataFrame, mask: Series) -> DataFrame:
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
    plan.node("filter", inputs=plan.inputs, predicate=mask._expr.to_json(plan))
    return plan.run()


def rows(frame: DataFrame, span: slice, operation: str, env: CylonEnv | None = None) -> DataFrame:
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
    start, stop = (None if n is None else int(n) for n in (span.start, span.stop))
    plan = Plan(operation, [frame], env)
    start = start or 0
    if stop is None:
        plan.node("slice", inputs=plan.inputs, offset=start, length=-1)
        return plan.run()
    if start < 0 or stop < 0:
        start, stop, _ = slice(start, stop).indices(_count(frame, plan.env, env is not None))
    plan.node("slice", inputs=plan.inputs, offset=start, length=max(stop - start, 0))
    return plan.run()


def _count(frame: DataFrame, env: CylonEnv | None, is_share: bool) -> int:
    """Return the number of rows on all ranks. Collective where they are spread."""
    if env is None or (frame.placement != "partitioned" and not (is_share and frame.placement == "local")):
        return len(frame)
    return int(env.comm.allreduce(len(frame)))


def take(frame: DataFrame, indices: Iterable[int | None]) -> DataFrame:
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
    asked = [None if i is None else int(i) for i in indices]
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

"""`merge_asof`: each row with the nearest one of another frame."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame

_MICROSECOND = timedelta(microseconds=1)


def merge_asof(
    left: Frame,
    right: Frame,
    on: Label | None = None,
    left_on: Label | None = None,
    right_on: Label | None = None,
    by: Label | Sequence[Label] | None = None,
    left_by: Label | Sequence[Label] | None = None,
    right_by: Label | Sequence[Label] | None = None,
    suffixes: tuple[str, str] = ("_x", "_y"),
    tolerance: float | timedelta | None = None,
    allow_exact_matches: bool = True,
    direction: Literal["backward", "forward", "nearest"] = "backward",
    *,
    env: CylonEnv | None = None,
) -> DataFrame:
    """Give each left row the columns of the right row whose `on` is nearest: nulls where there is none.

    Parameters
    ----------
    left, right : DataFrame
        The frames. They need not be sorted.
    on : str, optional
        The column of numbers or times that is compared, of one name on both sides.
    left_on, right_on : str, optional
        The column, where the names differ.
    by : str or sequence of str, optional
        Columns whose values must be equal, of the same names on both sides.
    left_by, right_by : str or sequence of str, optional
        The same, where the names differ.
    suffixes : (str, str), default ("_x", "_y")
        What is added to the names that both sides have, other than `on` and `by`.
    tolerance : number or timedelta, optional
        How far apart the values of `on` may be.
    allow_exact_matches : bool, default True
        Whether rows with an equal `on` match.
    direction : {"backward", "forward", "nearest"}, default "backward"
        Take the last right row that isn't after the left one, the first that isn't before, or whichever is nearer: the
        one before where both are equally near.
    env : CylonEnv, optional
        Treat local frames as this rank's share. Collective then, as on partitioned frames.

    Notes
    -----
    The left rows stay, in their order and where they are; every rank gets all rows of a partitioned right frame. A null
    or NaN in `on` matches nothing; in `by`, null matches null, as in `merge`.

    Examples
    --------
    >>> import pycylon as pc
    >>> trades = pc.DataFrame({"time": [1, 5, 10], "price": [50, 51, 52]})
    >>> quotes = pc.DataFrame({"time": [2, 5, 6], "bid": [49, 50, 51]})
    >>> pc.merge_asof(trades, quotes, on="time")
       time  price   bid
    0     1     50  null
    1     5     51    50
    2    10     52    51
    [3 rows x 3 columns, local]
    """
    for frame in (left, right):
        if not isinstance(frame, Frame):
            raise TypeError(
                f"merge_asof needs pycylon.DataFrames, not {type(frame).__name__}: wrap it in pycylon.DataFrame(...)"
            )
    if direction not in ("backward", "forward", "nearest"):
        raise InvalidError(f"direction={direction!r}: expected 'backward', 'forward' or 'nearest'", op="merge_asof")
    if isinstance(suffixes, str) or len(suffixes) != 2:
        raise InvalidError(f"suffixes={suffixes!r}: expected two, as in ('_x', '_y')", op="merge_asof")
    ons = _pair(left, right, "on", on, left_on, right_on)
    if any(len(names) != 1 for names in ons):
        raise InvalidError(
            "merge_asof is on one column of each side: give on=, or left_on= and right_on=", op="merge_asof"
        )
    bys = _pair(left, right, "by", by, left_by, right_by)
    plan = Plan("merge_asof", [left, right], env)
    plan.node(
        "asof_join",
        inputs=plan.inputs,
        left_on=ons[0][0],
        right_on=ons[1][0],
        left_by=bys[0],
        right_by=bys[1],
        suffixes=[str(suffix or "") for suffix in suffixes],
        direction=direction,
        strict=not allow_exact_matches,
        tolerance=_tolerance(plan, tolerance),
        microseconds=isinstance(tolerance, timedelta),
    )
    return plan.run()


def _pair(left: Frame, right: Frame, name: str, both: Any, ours: Any, theirs: Any) -> tuple[list[str], list[str]]:
    """Return the columns of the two sides that an argument names, or the two arguments for one side each."""
    if both is not None and (ours is not None or theirs is not None):
        raise InvalidError(f"give either {name}= or left_{name}= and right_{name}=, not both", op="merge_asof")
    if (ours is None) != (theirs is None):
        raise InvalidError(f"left_{name}= and right_{name}= go together", op="merge_asof")
    if both is not None:
        ours = theirs = both
    if ours is None:
        return [], []
    return left._names(ours), right._names(theirs)


def _tolerance(plan: Plan, tolerance: float | timedelta | None) -> list[Any] | None:
    if tolerance is None:
        return None
    if isinstance(tolerance, timedelta):
        return plan.literal(tolerance // _MICROSECOND)
    if isinstance(tolerance, bool) or not hasattr(tolerance, "__float__"):
        raise TypeError(f"tolerance={tolerance!r}: expected a number or a timedelta")
    return plan.literal(tolerance if isinstance(tolerance, (int, float)) else float(tolerance))

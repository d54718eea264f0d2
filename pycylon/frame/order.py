"""Rows in order: `DataFrame.sort_values`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


#: Where nulls go in a sort.
NAPosition = Literal["last", "first"]


class Ordering(Frame):
    """Methods that order rows."""

    __slots__ = ()

    def sort_values(
        self,
        by: Label | Sequence[Label],
        ascending: bool | Sequence[bool] = True,
        *,
        na_position: NAPosition | Sequence[NAPosition] = "last",
        kind: str | None = None,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the rows in the order of some columns; rows of equal keys keep their order.

        Parameters
        ----------
        by : str or sequence of str
            The columns, the most significant first.
        ascending : bool or sequence of bool, default True
            The directions.
        na_position : {"last", "first"} or sequence of them, default "last"
            Where nulls go, whatever the direction: in all columns, or in each. NaN lies between the numbers and the
            nulls.
        kind : str, optional
            Accepted for pandas' scripts: every sort is stable.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: the order then goes on from rank to rank. Collective.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, None, 1]}).sort_values("a", ascending=False).to_dict()
        {'a': [2, 1, None]}
        """
        del ignore_index, kind
        plan = Plan("sort_values", [self], env)
        keys = _sort_keys(self._names(by), ascending, na_position)
        plan.node("sort", inputs=plan.inputs, keys=keys)
        return plan.run()


def _sort_keys(
    names: list[str], ascending: bool | Sequence[bool], na_position: NAPosition | Sequence[NAPosition]
) -> list[dict[str, Any]]:
    """Return sort keys as plans spell them."""
    if not names:
        raise InvalidError("there are no columns to sort by", op="sort_values")
    directions = list(ascending) if isinstance(ascending, Sequence) else [ascending] * len(names)
    if len(directions) != len(names):
        raise InvalidError(f"ascending= has {len(directions)} directions for {len(names)} columns", op="sort_values")
    ends = [na_position] * len(names) if isinstance(na_position, str) else list(na_position)
    if len(ends) != len(names):
        raise InvalidError(f"na_position= has {len(ends)} positions for {len(names)} columns", op="sort_values")
    for end in ends:
        if end not in ("first", "last"):
            raise InvalidError(f"na_position={end!r}: expected 'first' or 'last'", op="sort_values")
    return [
        {"column": name, "ascending": bool(up), "na_position": end} for name, up, end in zip(names, directions, ends)
    ]

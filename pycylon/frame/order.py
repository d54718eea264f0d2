"""Rows in order: `DataFrame.sort_values`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pycylon.errors import InvalidError
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


class Ordering(Frame):
    """Methods that order rows."""

    __slots__ = ()

    def sort_values(
        self,
        by: Label | Sequence[Label],
        ascending: bool | Sequence[bool] = True,
        *,
        na_position: Literal["last", "first"] = "last",
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
        na_position : {"last", "first"}, default "last"
            Where nulls go, whatever the direction. NaN comes after all numbers.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: the order then goes on from rank to rank. Collective.

        Examples
        --------
        >>> pc.DataFrame({"a": [2, None, 1]}).sort_values("a", ascending=False).to_dict()
        {'a': [2, 1, None]}
        """
        del ignore_index
        return sort(self, self._names(by), ascending, na_position, env)


def sort(
    frame: Frame,
    keys: list[str],
    ascending: bool | Sequence[bool],
    na_position: str,
    env: CylonEnv | None,
) -> DataFrame:
    """Return the rows in the order of `keys`: `DataFrame.sort_values`.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    keys, ascending, na_position, env
        As in `DataFrame.sort_values`.
    """
    directions = list(ascending) if isinstance(ascending, Sequence) else [ascending] * len(keys)
    if len(directions) != len(keys):
        raise InvalidError(f"ascending= has {len(directions)} directions for {len(keys)} columns", op="sort_values")
    if na_position not in ("first", "last"):
        raise InvalidError(f"na_position={na_position!r}: expected 'first' or 'last'", op="sort_values")
    if not keys:
        raise InvalidError("there are no columns to sort by", op="sort_values")
    plan = Plan("sort_values", [frame], env)
    by = [{"column": name, "ascending": bool(up)} for name, up in zip(keys, directions)]
    plan.node("sort", inputs=plan.inputs, keys=by, na_position=na_position)
    return plan.run()

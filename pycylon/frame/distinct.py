"""Rows told apart by their values: `DataFrame.drop_duplicates`, `union`, `intersect`, `subtract`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pycylon.errors import InvalidError
from pycylon.expr import Column, Expr, Over
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series

#: Which of equal rows to keep, as pandas says it.
Keep = Literal["first", "last", False]


class Distinct(Frame):
    """Methods that tell rows apart by their values."""

    __slots__ = ()

    def drop_duplicates(
        self,
        subset: Label | Sequence[Label] | None = None,
        *,
        keep: Keep = "first",
        inplace: bool = False,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the rows without those whose values another row has.

        Parameters
        ----------
        subset : str or sequence of str, optional
            The columns that tell rows apart. Default: all.
        keep : {"first", "last", False}, default "first"
            Which of equal rows to keep; False keeps none of several.
        inplace : bool, default False
            Only False: frames don't change.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share: rows are compared with those of all ranks, and first and last
            are meant in the order of the ranks. Collective then, as on a partitioned frame.

        Notes
        -----
        Nulls equal each other, so do NaN. The rows keep their order; those of a partitioned frame come in an
        unspecified one.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 1], "b": ["x", "y", "z"]})
        >>> df.drop_duplicates("a", keep="last").to_dict()
        {'a': [2, 1], 'b': ['y', 'z']}
        """
        del ignore_index
        if inplace:
            raise InvalidError(
                "frames aren't changed in place: write df = df.drop_duplicates(...)", op="drop_duplicates"
            )
        plan = Plan("drop_duplicates", [self], env)
        keys = self.columns if subset is None else list(dict.fromkeys(self._names(subset)))
        plan.node("unique", inputs=plan.inputs, keys=keys, keep=_keep(keep, "drop_duplicates"))
        return plan.run()

    def duplicated(self, subset: Label | Sequence[Label] | None = None, *, keep: Keep = "first") -> Series:
        """Tell of each row whether `drop_duplicates` would drop it.

        Parameters
        ----------
        subset, keep
            As in `drop_duplicates`.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 1], "b": ["x", "y", "z"]})
        >>> df[df.duplicated("a", keep=False)].to_dict()
        {'a': [1, 1], 'b': ['x', 'z']}
        """
        keys = self.columns if subset is None else list(dict.fromkeys(self._names(subset)))
        return repeated(self._of(self._table, self._placement, self._env), tuple(map(Column, keys)), keep, "duplicated")

    def union(self, other: DataFrame, *, distinct: bool = True, env: CylonEnv | None = None) -> DataFrame:
        """Return the rows that this frame or another has.

        Parameters
        ----------
        other : DataFrame
            A frame with the same columns, in any order.
        distinct : bool, default True
            Whether equal rows become one; False keeps every row of both frames.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Nulls equal each other, so do NaN. This frame's rows come first, in their order; the order of partitioned
        frames' is unspecified.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, 1, 2]}).union(pc.DataFrame({"a": [3, 2]})).to_dict()
        {'a': [1, 2, 3]}
        """
        left, right = self._alike(other, "union")
        plan = Plan("union", [left, right], env)
        both = plan.node("concat", inputs=plan.inputs)
        if distinct:
            plan.node("unique", inputs=[both])
        return plan.run()

    def intersect(self, other: DataFrame, *, distinct: bool = True, env: CylonEnv | None = None) -> DataFrame:
        """Return the rows that this frame and another have.

        Parameters
        ----------
        other : DataFrame
            A frame with the same columns, in any order.
        distinct : bool, default True
            Whether each such row comes once; False has it as often as both frames have it.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Nulls equal each other, so do NaN. The rows keep this frame's order; those of partitioned frames come in an
        unspecified one.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 1, 2, 1]})
        >>> df.intersect(pc.DataFrame({"a": [1, 1, 3]})).to_dict()
        {'a': [1]}
        >>> df.intersect(pc.DataFrame({"a": [1, 1, 3]}), distinct=False).to_dict()
        {'a': [1, 1]}
        """
        return self._set_operation("intersect", other, distinct, env)

    def subtract(self, other: DataFrame, *, distinct: bool = True, env: CylonEnv | None = None) -> DataFrame:
        """Return the rows that this frame has and another hasn't.

        Parameters
        ----------
        other : DataFrame
            A frame with the same columns, in any order.
        distinct : bool, default True
            Whether each such row comes once; False takes away one row of this frame for each equal one of the other.
        env : CylonEnv, optional
            Treat local frames as this rank's share. Collective then, as on partitioned frames.

        Notes
        -----
        Nulls equal each other, so do NaN. The rows keep this frame's order; those of partitioned frames come in an
        unspecified one.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 1, 2, 1]})
        >>> df.subtract(pc.DataFrame({"a": [1]})).to_dict()
        {'a': [2]}
        >>> df.subtract(pc.DataFrame({"a": [1]}), distinct=False).to_dict()
        {'a': [1, 2, 1]}
        """
        return self._set_operation("subtract", other, distinct, env)

    def _set_operation(self, kind: str, other: DataFrame, distinct: bool, env: CylonEnv | None) -> DataFrame:
        left, right = self._alike(other, kind)
        plan = Plan(kind, [left, right], env)
        plan.node("setop", inputs=plan.inputs, kind=kind, distinct=distinct)
        return plan.run()

    def _alike(self, other: DataFrame, operation: str) -> tuple[Frame, Frame]:
        """Return this frame and another with its columns in this one's order."""
        if not isinstance(other, Frame):
            raise TypeError(
                f"{operation} needs a pycylon.DataFrame, not {type(other).__name__}: wrap it in pycylon.DataFrame(...)"
            )
        if set(self.columns) != set(other.columns):
            raise InvalidError(
                f"the frames have different columns, {self.columns} and {other.columns}: rows of the same columns can "
                "be compared",
                op=operation,
            )
        return self, other if self.columns == other.columns else other._project(self.columns, operation)


def _keep(keep: Keep, operation: str) -> str:
    if keep is False:
        return "none"
    if keep in ("first", "last"):
        return keep
    raise InvalidError(f"keep={keep!r}: expected 'first', 'last' or False", op=operation)


def repeated(frame: DataFrame, keys: tuple[Expr, ...], keep: Keep, name: str) -> Series:
    """Return the series that tells which rows of a frame repeat others.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    keys : tuple of Expr
        What tells rows apart.
    keep : {"first", "last", False}
        Which of equal rows don't count.
    name : str
        The series' name.
    """
    from pycylon.series import Series

    return Series._bound(frame, Over("duplicated", partition=keys, options={"keep": _keep(keep, "duplicated")}), name)

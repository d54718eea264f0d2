"""The columns of a frame: added, computed (`DataFrame.assign`, ``df["x"] = ...``), renamed, dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr, Literal, Over
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame


class Columns(Frame):
    """Methods that add, drop and rename columns."""

    __slots__ = ()

    def rename(self, columns: Mapping[str, str] | Callable[[str], str] | Sequence[str]) -> DataFrame:
        """Return the frame with other column names.

        Parameters
        ----------
        columns : mapping, function or sequence of str
            New names by old ones, or all of them.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone renames columns of ``df.local``.
        """
        if isinstance(columns, str):
            raise InvalidError(f"columns={columns!r}: expected a dict of new names by old ones", op="rename")
        if callable(columns):
            return self._renamed([columns(name) for name in self.columns])
        if isinstance(columns, Mapping):
            return self._renamed([columns.get(name, name) for name in self.columns])
        return self._renamed(columns)

    def drop(self, columns: Label | Sequence[Label]) -> DataFrame:
        """Return the frame without some columns.

        Parameters
        ----------
        columns : str or sequence of str
            Which.

        Notes
        -----
        Collective on a partitioned frame, although no row moves: one rank alone drops columns of ``df.local``.
        """
        gone = set(self._names(columns))
        return self._project([name for name in self.columns if name not in gone], "drop")

    def assign(self, /, **columns: Any) -> DataFrame:
        """Return the frame with columns added, or replaced where the name is there already.

        Order, placement and all other columns stay.

        Parameters
        ----------
        **columns
            By name: a series of this frame (a comparison, a cast), a single value for all rows, or a function that
            takes the frame with the columns before it and returns one of those.

        Notes
        -----
        ``df["x"] = value`` does the same to the frame that `df` names. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2], "b": ["3", "4"]})
        >>> df.assign(b=df["b"].astype(int), big=lambda f: f["b"] > f["a"], source="file").to_dict()
        {'a': [1, 2], 'b': [3, 4], 'big': [True, True], 'source': ['file', 'file']}
        """
        return assign(self, columns)

    def __setitem__(self, name: str, value: Any) -> None:
        """Add or replace a column: ``df["x"] = value`` is ``df = df.assign(x=value)``.

        Parameters
        ----------
        name : str
            The column's name.
        value : Series, scalar or function
            As in `assign`. Series and frames that were made from this frame before stay as they are.
        """
        changed = assign(self, {name: value})
        self._table, self._placement, self._env = changed._table, changed._placement, changed._env


def assign(frame: Frame, columns: Mapping[str, Any]) -> DataFrame:
    """Return the frame with columns added or replaced: `DataFrame.assign`.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    columns : mapping
        Series, scalars or functions by name.
    """
    # What each name stands for, in the frame's own columns: functions see the names before theirs, as in pandas, and
    # all is computed in one pass.
    known: dict[str, Expr] = {name: Column(name) for name in frame.columns}
    so_far: Frame = frame
    computed = True
    for name, value in columns.items():
        if not isinstance(name, str):
            raise TypeError(f"a column's name is a str, not {name!r}")
        if callable(value):
            if not computed:
                so_far, computed = _project(frame, known), True
            known[name] = _inlined(_expression(name, value(so_far), so_far), known)
        else:
            known[name] = _expression(name, value, frame)
        computed = False
    return _project(frame, known)


def _project(frame: Frame, columns: Mapping[str, Expr]) -> DataFrame:
    plan = Plan("assign", [frame])
    listed = [{"name": name, "expr": expr.to_json(plan)} for name, expr in columns.items()]
    plan.node("project", inputs=plan.inputs, columns=listed)
    return plan.run()


def _expression(name: str, value: Any, frame: Frame) -> Expr:
    from pycylon.series import Series

    if isinstance(value, Series):
        if value._frame._table is not frame._table:
            raise InvalidError(
                f"the values of {name!r} are a column of another frame: compute them from this one, as in "
                "df.assign(b=df['a'] > 0), or merge the frames",
                op="assign",
            )
        return value._expr
    if (hasattr(value, "__len__") and not isinstance(value, (str, bytes))) or hasattr(value, "__arrow_c_stream__"):
        raise TypeError(
            f"{name}= takes a column of this frame, a single value or a function of the frame, not a "
            f"{type(value).__name__}: give the values when the frame is made, or merge a frame that has them"
        )
    return Literal(value)


def _inlined(expr: Expr, known: Mapping[str, Expr]) -> Expr:
    """Return `expr` with what its columns stand for in their place."""
    if isinstance(expr, Column):
        return known[expr.name]
    if isinstance(expr, Call):
        arguments = tuple(_inlined(argument, known) for argument in expr.arguments)
        return Call(expr.function, arguments, expr.type, expr.options)
    if isinstance(expr, Over):
        return expr.mapped(lambda inner: _inlined(inner, known))
    return expr

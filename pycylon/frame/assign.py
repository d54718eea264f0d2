"""New columns computed from those of a frame: `DataFrame.assign`, ``df["x"] = ...``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr, Literal
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pycylon.frame.core import DataFrame


def assign(frame: DataFrame, columns: Mapping[str, Any]) -> DataFrame:
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
    so_far = frame
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


def _project(frame: DataFrame, columns: Mapping[str, Expr]) -> DataFrame:
    plan = Plan("assign", [frame])
    listed = [{"name": name, "expr": expr.to_json(plan)} for name, expr in columns.items()]
    plan.node("project", inputs=plan.inputs, columns=listed)
    return plan.run()


def _expression(name: str, value: Any, frame: DataFrame) -> Expr:
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
        return Call(expr.function, tuple(_inlined(argument, known) for argument in expr.arguments), expr.type)
    return expr

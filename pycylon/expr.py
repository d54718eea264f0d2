"""Expressions over the columns of a frame, as plans carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pycylon._native import abi
    from pycylon.frame.plan import Plan


@dataclass(frozen=True)
class Column:
    """A column of the frame.

    Parameters
    ----------
    name : str
        Its name.
    """

    name: str

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it."""
        return {"col": self.name}


@dataclass(frozen=True)
class Literal:
    """A value that is the same in every row.

    Parameters
    ----------
    value : scalar
        A number, bool, string, date, datetime or None.
    """

    value: Any

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it: a reference to a table that holds it."""
        return {"lit": plan.literal(self.value)}


@dataclass(frozen=True)
class Among:
    """Values that those of a column are looked up among: the last argument of "is_in".

    Parameters
    ----------
    table : Table
        A table of one column.
    """

    table: abi.Table

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it."""
        return {"set": [plan.argument(self.table), self.table.schema[0].name]}


@dataclass(frozen=True)
class Call:
    """A function of expressions.

    Parameters
    ----------
    function : str
        Its name in the core, as "add" or "is_null".
    arguments : tuple of Expr
        What it is called with.
    type : str, optional
        The type to cast to, of "cast".
    options : dict, optional
        What else the function takes: the same in every row.
    """

    function: str
    arguments: tuple[Expr, ...]
    type: str | None = None
    options: Mapping[str, Any] | None = None

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it."""
        call: dict[str, Any] = {"fn": self.function, "args": [a.to_json(plan) for a in self.arguments]}
        if self.type is not None:
            call["type"] = self.type
        if self.options:
            call["options"] = self.options
        return call


Expr: TypeAlias = Column | Literal | Among | Call

"""Expressions over the columns of a frame, as plans carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
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
class Call:
    """A function of expressions.

    Parameters
    ----------
    function : str
        "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "is_null" or "cast".
    arguments : tuple of Expr
        What it is called with.
    type : str, optional
        The type to cast to.
    """

    function: str
    arguments: tuple[Expr, ...]
    type: str | None = None

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it."""
        call: dict[str, Any] = {"fn": self.function, "args": [a.to_json(plan) for a in self.arguments]}
        if self.type is not None:
            call["type"] = self.type
        return call


Expr: TypeAlias = Column | Literal | Call

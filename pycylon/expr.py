"""Expressions over the columns of a frame, as plans carry them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    """Values that those of a column are looked up among: the last argument of "is_in", the last two of "lookup".

    Parameters
    ----------
    table : Table
        A table.
    column : int, default 0
        Which of its columns has the values.
    """

    table: abi.Table
    column: int = 0

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it."""
        return {"set": [plan.argument(self.table), self.table.schema[self.column].name]}


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


@dataclass(frozen=True)
class Over:
    """A window function: what each row makes of the rows around it.

    Parameters
    ----------
    function : str
        As plans call it: "lag", "sum", "rank" ...
    argument : Expr, optional
        What it is a function of.
    partition : tuple of Expr
        Rows in which these are equal belong together.
    order : tuple of (Expr, bool)
        How they follow one another, and whether ascending; as they are where there is none.
    keys : mapping
        The plan's other parameters of the partitions and their order: "dropna", "na_position".
    options : mapping
        The plan's other parameters of the function: "frame", "offset" ...
    """

    function: str
    argument: Expr | None = None
    partition: tuple[Expr, ...] = ()
    order: tuple[tuple[Expr, bool], ...] = ()
    keys: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self, plan: Plan) -> dict[str, Any]:
        """Return it as `plan` spells it: a column that `plan` computes before."""
        return {"col": plan.window(self)}

    def mapped(self, function: Callable[[Expr], Expr]) -> Over:
        """Return it with other expressions in place of its own.

        Parameters
        ----------
        function : function
            Takes an expression and returns another.
        """
        return replace(
            self,
            argument=None if self.argument is None else function(self.argument),
            partition=tuple(map(function, self.partition)),
            order=tuple((function(key), ascending) for key, ascending in self.order),
        )


Expr: TypeAlias = Column | Literal | Among | Call | Over


def is_windowed(expr: Expr) -> bool:
    """Tell whether an expression looks at other rows than its own.

    Parameters
    ----------
    expr : Expr
        The expression.
    """
    return isinstance(expr, Over) or (isinstance(expr, Call) and any(map(is_windowed, expr.arguments)))

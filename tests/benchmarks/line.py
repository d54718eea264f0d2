"""A line of the benchmark: one query, as each engine's users would write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    import pyarrow as pa

#: What pycylon's peak memory may be of the best peer's.
REQUIRED_MEMORY = 1.25


@dataclass(frozen=True)
class Line:
    """A query and what is required of it.

    Parameters
    ----------
    name : str
        What it is called, after its family's name.
    columns : str
        The columns of its answer, in order.
    reads : dict
        The columns that it reads, by table: those of which a copy is the physical limit.
    queries : dict
        By engine: a function of the tables, or SQL.
    order : str, default ""
        The columns by which the answer is ordered, first to last; "-" in front of one that descends.
    required, goal : float
        What pycylon's time may be of the best peer's.
    """

    name: str
    columns: str
    reads: dict[str, Sequence[str]]
    queries: dict[str, Callable[[Any], Any] | str] = field(repr=False)
    order: str = ""
    required: float = 1.0
    goal: float = 0.8


def narrowed(line: Line, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with the columns that the line reads."""
    return {name: tables[name].select(list(columns)) for name, columns in line.reads.items()}


def lines(family: ModuleType) -> dict[str, Line]:
    """Return a family's lines by their full names."""
    return {f"{family.NAME} {line.name}": line for line in family.LINES}

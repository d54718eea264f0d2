"""Plans: what an operation on frames asks of the core."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pycylon import progress
from pycylon._native import abi
from pycylon.frame.placement import Placement, resolve, warn_if_replicated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.base import Frame
    from pycylon.frame.core import DataFrame


class Plan:
    """A plan under construction: nodes that refer to earlier ones, and the tables they refer to.

    Parameters
    ----------
    operation : str
        The operation, as the user knows it.
    frames : sequence of DataFrame
        Its inputs: node i reads frame i.
    env : CylonEnv, optional
        What the caller gave.
    """

    def __init__(self, operation: str, frames: Sequence[Frame] = (), env: CylonEnv | None = None) -> None:
        self.operation = operation
        self.nodes: list[dict[str, Any]] = []
        self.tables: list[abi.Table] = []
        self.env, placements = resolve(frames, env)
        warn_if_replicated(frames, env, operation)
        self.inputs = [self._table(frame, placement) for frame, placement in zip(frames, placements)]

    def _table(self, frame: Frame, placement: Placement) -> int:
        return self.node("table", table=self.argument(frame._table), placement=placement.to_json())

    def argument(self, table: abi.Table) -> int:
        """Add a table and return the number by which the plan refers to it.

        Parameters
        ----------
        table : abi.Table
            The table.
        """
        self.tables.append(table)
        return len(self.tables) - 1

    def literal(self, value: Any) -> list[Any]:
        """Add a value and return how an expression refers to it: JSON can't carry every one.

        Parameters
        ----------
        value : scalar
            A number, bool, string, date, datetime or None.
        """
        from pycylon.interop.streams import table_of_columns

        return [self.argument(table_of_columns({"value": [value]})), "value"]

    def node(self, op: str, **fields: Any) -> int:
        """Add a node and return its number.

        Parameters
        ----------
        op : str
            The operation.
        **fields
            Its inputs and parameters.
        """
        self.nodes.append({"op": op, **fields})
        return len(self.nodes) - 1

    def run(self) -> DataFrame:
        """Run the plan up to its last node and return the rows that makes."""
        from pycylon.frame.core import DataFrame

        table, info = self.execute()
        if table is None:
            raise AssertionError(f"{self.operation} made no rows")
        placement = Placement.from_json(info.get("placement"))
        return DataFrame._of(table, placement, None if placement.kind == "local" else self.env)

    def execute(self) -> tuple[abi.Table | None, dict[str, Any]]:
        """Run the plan up to its last node and return its table, if it makes one, and what is told about it."""
        handle = 0 if self.env is None else self.env._native.opened(self.operation)
        plan = {"nodes": self.nodes, "root": len(self.nodes) - 1}
        watch = functools.partial(progress.watch, self.env)
        return abi.run(handle, plan, self.tables, abi.call_site(self.operation), watch)

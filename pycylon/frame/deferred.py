"""Deferred rows: what a plan will make when somebody looks.

A frame is deferred when its table is a `Deferred`. Everything else about it is as usual: methods make plans through
`Plan`, which adds their nodes to what the frame's rows will be made by, and hands out the next deferred frame.

    df.lazy()      table ◀── filter ◀── project ◀──┐
                                                    join ◀── group          nodes refer to what they read: a DAG
    other.lazy()   table ◀─────────────────────────┘           ▲
                                                        the frame's `Deferred`: columns and placement are known
                                                        at once (the core binds the one new node), rows are not
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pycylon import progress
from pycylon._native import abi
from pycylon._native import library as native
from pycylon.frame.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pycylon.env import CylonEnv


class Node:
    """One operation of a plan.

    Parameters
    ----------
    op : str
        What it does.
    inputs : tuple of Node
        The nodes whose rows it reads.
    fields : dict
        Its parameters, as plans spell them; tables stand for themselves.
    """

    __slots__ = ("columns", "fields", "inputs", "op", "placement")

    def __init__(self, op: str, inputs: tuple[Node, ...], fields: dict[str, Any]) -> None:
        self.op, self.inputs, self.fields = op, inputs, fields
        #: Of the last node of a deferred frame: a table of its columns without rows, and where the rows will be.
        self.columns: abi.Table | None = None
        self.placement: Placement | None = None

    @classmethod
    def of(cls, table: abi.Table, placement: Placement) -> Node:
        """Return the node of rows that are there.

        Parameters
        ----------
        table : abi.Table
            The rows.
        placement : Placement
            Where they are.
        """
        return cls("table", (), {"table": table, "placement": placement.to_json()})

    def become(self, table: abi.Table, placement: Placement) -> None:
        """Stand for rows that were made by it: plans that refer to it don't make them again.

        Parameters
        ----------
        table : abi.Table
            The rows.
        placement : Placement
            Where they are.
        """
        made = Node.of(table, placement)
        self.op, self.inputs, self.fields = made.op, made.inputs, made.fields

    def outline(self) -> Node:
        """Return the node for a plan that is only described: of deferred rows, a table of their columns."""
        if self.columns is None or self.placement is None:
            return self
        return Node.of(self.columns, self.placement)


def spell(root: Node, mode: str = "run") -> dict[str, Any]:
    """Return the plan up to a node, for JSON: every node that it needs once, after those that it reads.

    Parameters
    ----------
    root : Node
        The last node.
    mode : {"run", "describe", "explain", "analyze"}, default "run"
        What to do. To describe the root alone, the deferred rows that it reads are known well enough.
    """
    numbers: dict[int, int] = {}
    nodes: list[dict[str, Any]] = []
    for node in _inputs_first(root, mode):
        shown = node.outline() if mode == "describe" and node is not root else node
        spelled: dict[str, Any] = {"op": shown.op, **shown.fields}
        if shown.inputs:
            spelled["inputs"] = [numbers[id(read)] for read in shown.inputs]
        numbers[id(node)] = len(nodes)
        nodes.append(spelled)
    return {"nodes": nodes, "root": len(nodes) - 1, "mode": mode}


def _inputs_first(root: Node, mode: str) -> Iterator[Node]:
    """Yield each node once, after its inputs. Plans may be deeper than Python's stack."""
    seen: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, are_inputs_done = stack.pop()
        if are_inputs_done:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            shown = node.outline() if mode == "describe" and node is not root else node
            stack.extend((read, False) for read in reversed(shown.inputs))


class Deferred(abi.Table):
    """A table whose rows are made, once, when something asks for them.

    Parameters
    ----------
    node : Node
        What makes them.
    operation : str
        The operation, as the user knows it.
    env : CylonEnv, optional
        Where the plan runs.
    """

    __slots__ = ("env", "node", "operation", "rows_made")

    def __init__(self, node: Node, operation: str, env: CylonEnv | None) -> None:
        self.node, self.operation, self.env = node, operation, env
        table = node.fields["table"] if node.op == "table" else None
        #: The table, when it is made.
        self.rows_made: abi.Table | None = table
        super().__init__(native.library())
        if table is None:
            columns, info = run(spell(node, "describe"), operation, env)
            node.columns, node.placement = columns, Placement.from_json(info.get("placement"))

    @property
    def schema(self) -> list[abi.Field]:
        """The columns, which are known before the rows."""
        known = self.rows_made or self.node.columns
        return known.schema if known is not None else []

    @property
    def placement(self) -> Placement:
        """Where the rows are, or will be."""
        if self.rows_made is None and self.node.placement is not None:
            return self.node.placement
        return Placement.from_json(self.node.fields["placement"])

    @property
    def value(self) -> int:
        """The handle of the rows: makes them."""
        return self.made().value

    def made(self) -> abi.Table:
        """Return the rows; the first time, make them."""
        if self.rows_made is None:
            table, info = run(spell(self.node), self.operation, self.env)
            if table is None:
                raise AssertionError(f"{self.operation} made no rows")
            self.node.become(table, Placement.from_json(info.get("placement")))
            self.rows_made = table
        return self.rows_made


def run(plan: dict[str, Any], operation: str, env: CylonEnv | None) -> tuple[abi.Table | None, dict[str, Any]]:
    """Run a plan and return its table, if it makes one, and what is told about it.

    Parameters
    ----------
    plan : dict
        What `spell` returned.
    operation : str
        The operation, as the user knows it.
    env : CylonEnv, optional
        Where it runs.
    """
    handle = 0 if env is None else env._native.opened(operation)
    return abi.run(handle, plan, abi.call_site(operation), functools.partial(progress.watch, env))

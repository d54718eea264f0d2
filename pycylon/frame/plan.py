"""Plans: what an operation on frames asks of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.frame.deferred import Deferred, Node, run, spell
from pycylon.frame.placement import Placement, resolve, warn_if_replicated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pycylon._native import abi
    from pycylon.env import CylonEnv
    from pycylon.expr import Expr, Over
    from pycylon.frame.base import Frame
    from pycylon.frame.core import DataFrame
    from pycylon.frame.literals import Literals


#: The operations whose rows are rows of their input, and keep its index.
_KEEP_ROWS = {"filter", "slice", "sort", "take", "sample", "unique", "project", "window", "first"}


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
        self.env, placements = resolve(frames, env)
        warn_if_replicated(frames, env, operation)
        self.inputs = [_source(frame, placement) for frame, placement in zip(frames, placements)]
        self.last: Node | None = None
        self.is_deferred = any(isinstance(frame._table, Deferred) for frame in frames)
        self._frames = frames
        #: The names of what window functions made of the first input, by the function's identity.
        self._windows: dict[int, tuple[Over, str]] = {}
        self._added: list[str] = []
        self._literals: Literals | None = None

    def argument(self, table: abi.Table) -> abi.Table:
        """Return what stands for a table in a node's fields.

        Parameters
        ----------
        table : abi.Table
            The table.
        """
        return table.made() if isinstance(table, Deferred) else table

    def literal(self, value: Any) -> list[Any]:
        """Return what stands for a value in an expression.

        Parameters
        ----------
        value : scalar
            A number, bool, string, date, datetime or None.
        """
        from pycylon.frame.literals import Literals

        if self._literals is None or self._literals.is_made:
            self._literals = Literals()
        return [self._literals, self._literals.add(value)]

    def window(self, over: Over) -> str:
        """Compute a window function of the first input's rows; return the name of the column that is added to them.

        Parameters
        ----------
        over : Over
            The function.
        """
        known = self._windows.get(id(over))
        if known is not None:
            return known[1]
        if over.function == "duplicated":
            columns = [self._named(key) for key in over.partition]
            name = self._add_name()
            self.inputs[0] = self.node("unique", inputs=self.inputs[:1], keys=columns, mark=name, **over.options)
            self._windows[id(over)] = over, name
            return name
        function = {"name": "", "fn": over.function, **over.options}
        if over.argument is not None:
            function["column"] = self._named(over.argument)
        keys = {
            "partition": [self._named(key) for key in over.partition],
            "order": [{"column": self._named(key), "ascending": ascending} for key, ascending in over.order],
            **over.keys,
        }
        name = function["name"] = self._add_name()
        last = self.inputs[0]
        functions = last.fields.get("functions", [])
        is_same = last is self.last and last.fields == {**keys, "functions": functions}
        if is_same and function.get("column") not in [made["name"] for made in functions]:
            functions.append(function)
        else:
            self.inputs[0] = self.node("window", inputs=[last], **keys, functions=[function])
        self._windows[id(over)] = over, name
        return name

    def _named(self, expr: Expr) -> str:
        """Return the name of the column that holds an expression, computed before if it isn't one."""
        spelled = expr.to_json(self)
        if "col" in spelled:
            return str(spelled["col"])
        columns = [{"name": name, "expr": {"col": name}} for name in (*self._frames[0].columns, *self._added)]
        name = self._add_name()
        columns.append({"name": name, "expr": spelled})
        self.inputs[0] = self.node("project", inputs=self.inputs[:1], columns=columns)
        return name

    def _add_name(self) -> str:
        name = f"({len(self._added)})"
        while name in self._frames[0].columns:
            name = f"({name})"
        self._added.append(name)
        return name

    def without_windows(self) -> None:
        """Leave out the columns that were added for window functions."""
        if self._added and self.last is not None:
            columns = [{"name": name, "expr": {"col": name}} for name in self._frames[0].columns]
            self.node("project", inputs=[self.last], columns=columns)

    def node(self, op: str, *, inputs: Iterable[Node] = (), **fields: Any) -> Node:
        """Add a node and return what other nodes refer to it by.

        Parameters
        ----------
        op : str
            The operation.
        inputs : iterable of Node
            What it reads.
        **fields
            Its parameters.
        """
        self.last = Node(op, tuple(inputs), fields)
        return self.last

    def run(self, placement: Placement | None = None) -> DataFrame:
        """Return the frame of the last node's rows: deferred if an input is, or else made now.

        Parameters
        ----------
        placement : Placement, optional
            Where the rows count as being. Default: where the core says they are.
        """
        from pycylon.frame.core import DataFrame

        table: abi.Table | None
        if self.is_deferred:
            deferred = Deferred(self._root(), self.operation, self.env)
            table, where = deferred, deferred.placement
        else:
            table, info = self.execute()
            where = Placement.from_json(info.get("placement"))
        where = placement or where
        made = DataFrame._of(table, where, None if where.kind == "local" else self.env)
        labels = self._frames[0]._labels() if self._frames else ()
        if labels and self._root().op in _KEEP_ROWS and set(labels) <= set(made.columns):
            made._index = labels
        return made

    def execute(self) -> tuple[abi.Table | None, dict[str, Any]]:
        """Run the plan up to its last node now and return its table, if it makes one, and what is told about it."""
        return run(spell(self._root()), self.operation, self.env)

    def _root(self) -> Node:
        if self.last is None:
            raise AssertionError(f"the plan of {self.operation} has no nodes")
        return self.last


def _source(frame: Frame, placement: Placement) -> Node:
    """Return the node of a frame's rows: those that a plan will make somewhere else than they count as are made now."""
    table = frame._table
    if not isinstance(table, Deferred):
        return Node.of(table, placement)
    if table.placement.kind == placement.kind:
        return table.node
    return Node.of(table.made(), placement)

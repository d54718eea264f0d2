"""Rows into columns and back: `DataFrame.melt`, `pivot`, `pivot_table`; lists into rows: `explode`."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pycylon.aggregates import Aggregate, aggregate
from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Expr
from pycylon.expr import Literal as Value
from pycylon.frame.base import Frame, Label
from pycylon.frame.plan import Plan
from pycylon.window import Within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


class Reshaping(Frame):
    """Methods that change a frame's shape."""

    __slots__ = ()

    def melt(
        self,
        id_vars: Label | Sequence[Label] | None = None,
        value_vars: Label | Sequence[Label] | None = None,
        var_name: str = "variable",
        value_name: str = "value",
        *,
        ignore_index: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return a row for each value of some columns: the row's other columns, the column's name and the value.

        Parameters
        ----------
        id_vars : str or sequence of str, optional
            The columns that each row keeps. Default: none.
        value_vars : str or sequence of str, optional
            The columns whose values become rows. Default: all others. Types may differ as numbers do.
        var_name, value_name : str
            The names of the two new columns.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.

        Notes
        -----
        All rows of the first column come first, of a partitioned frame on each rank. Collective then.

        Examples
        --------
        >>> pc.DataFrame({"id": ["a", "b"], "x": [1, 2], "y": [3.5, 4.0]}).melt("id")
           id  variable  value
        0   a         x    1.0
        1   b         x    2.0
        2   a         y    3.5
        3   b         y    4.0
        [4 rows x 3 columns, local]
        """
        del ignore_index
        ids = [] if id_vars is None else self._names(id_vars)
        others = [name for name in self.columns if name not in ids]
        values = others if value_vars is None else self._names(value_vars)
        if not values:
            raise InvalidError("there are no columns whose values could become rows: give value_vars=", op="melt")
        plan = Plan("melt", [self], env)
        kept = [{"name": name, "expr": {"col": name}} for name in ids]
        parts = []
        for name in values:
            made: dict[str, Expr] = {var_name: Value(name), value_name: Column(name)}
            columns = kept + [{"name": new, "expr": expr.to_json(plan)} for new, expr in made.items()]
            parts.append(plan.node("project", inputs=plan.inputs, columns=columns))
        plan.node("concat", inputs=parts)
        return plan.run()

    def explode(
        self, column: Label | Sequence[Label], *, ignore_index: bool = True, env: CylonEnv | None = None
    ) -> DataFrame:
        """Return a row for each element of lists, beside the row's other values.

        Parameters
        ----------
        column : str or sequence of str
            The columns of lists; of several, a row's are as long.
        ignore_index : bool, default True
            Accepted for pandas' scripts: rows are always numbered from 0.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.

        Notes
        -----
        An empty list and a null become one row with a null. Collective on a partitioned frame, although no row moves.

        Examples
        --------
        >>> pc.DataFrame({"k": ["a", "b"], "l": [[1, 2], []]}).explode("l").to_dict()
        {'k': ['a', 'a', 'b'], 'l': [1, 2, None]}
        """
        del ignore_index
        plan = Plan("explode", [self], env)
        plan.node("explode", inputs=plan.inputs, columns=self._names(column))
        return plan.run()

    def pivot(
        self,
        *,
        columns: Label | Sequence[Label],
        index: Label | Sequence[Label],
        values: Label | Sequence[Label] | None = None,
    ) -> DataFrame:
        """Return a row for each value of `index` and a column for each value of `columns`: no two rows may meet there.

        Parameters
        ----------
        columns : str or sequence of str
            Whose values become columns.
        index : str or sequence of str
            Whose values become rows.
        values : str or sequence of str, optional
            What is in the table. Default: all other columns.

        Notes
        -----
        As of `pivot_table`. A null in `index` or `columns` is a value like others, called "null" as a column.

        Examples
        --------
        >>> df = pc.DataFrame({"day": [1, 1, 2], "what": ["in", "out", "in"], "n": [5, 6, 7]})
        >>> df.pivot(index="day", columns="what", values="n")
           day  in   out
        0    1   5     6
        1    2   7  null
        [2 rows x 3 columns, local]
        """
        named = _Names.of(self, index, columns, values, "pivot")
        aggregates = [aggregate(self, f"({name})", name, "first", "pivot") for name in named.values]
        size = Aggregate("()", "size", (), {})
        long = _group(self, named.index + named.columns, [*aggregates, size], dropna=False, sort=False, env=None)
        most = long[["()"]].max().to_dict()["()"][0]
        if most is not None and most > 1:
            raise InvalidError(
                f"{most} rows have the same {_listed(named.index)} and {_listed(named.columns)}: aggregate them with "
                "pivot_table",
                op="pivot",
            )
        return _widen(long, named, dropna=False)

    def pivot_table(
        self,
        values: Label | Sequence[Label] | None = None,
        index: Label | Sequence[Label] = (),
        columns: Label | Sequence[Label] = (),
        aggfunc: str | Callable[..., Any] | Mapping[str, Any] = "mean",
        fill_value: object = None,
        *,
        dropna: bool = True,
        sort: bool = True,
        observed: bool = True,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return a row for each value of `index`, a column for each value of `columns`, and aggregates of what meets.

        Parameters
        ----------
        values : str or sequence of str, optional
            What is aggregated. Default: all other columns, of which "mean" takes the numbers.
        index : str or sequence of str
            Whose values become rows.
        columns : str or sequence of str, optional
            Whose values become columns, in their order. Of several values, or several columns, names are joined by "_":
            "price_2024", as pandas' columns of several levels would be.
        aggfunc : str, function or mapping, default "mean"
            An aggregate as of `GroupBy.agg`, or one per column of `values`.
        fill_value : scalar, optional
            What stands where nothing meets, and for aggregates that are null.
        dropna : bool, default True
            Whether rows with a null in `index` or `columns` are left out, and aggregates if all of them are null.
        sort : bool, default True
            Whether the rows are in the order of `index`.
        observed : bool, default True
            Accepted for pandas' scripts.
        env : CylonEnv, optional
            Treat a local frame as this rank's share.

        Notes
        -----
        Collective on a partitioned frame: the ranks agree on the columns. A deferred frame is computed up to its
        groups, whose values name the columns.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "a", "b"], "year": [2023, 2024, 2024], "n": [1, 2, 3]})
        >>> df.pivot_table("n", "k", "year", aggfunc="sum", fill_value=0)
           k  2023  2024
        0  a     1     2
        1  b     0     3
        [2 rows x 3 columns, local]
        """
        del observed
        named = _Names.of(self, index, columns, values, "pivot_table")
        functions = aggfunc if isinstance(aggfunc, Mapping) else dict.fromkeys(named.values, aggfunc)
        if isinstance(aggfunc, Mapping):
            named = named._with_values(self._names(list(aggfunc)))
        elif values is None and aggfunc in ("mean", "std", "var", "sum", "median"):
            from pycylon.aggregates import numbers

            named = named._with_values(numbers(self, named.values))
        if not named.values:
            raise InvalidError("there is nothing to aggregate: give values=", op="pivot_table")
        aggregates = [
            aggregate(self, f"({name})", name, function, "pivot_table")
            for name, function in zip(named.values, (functions[name] for name in named.values))
        ]
        long = _group(self, named.index + named.columns, aggregates, dropna=dropna, sort=sort, env=env)
        if dropna:
            there = [long._column(each.name).notna() for each in aggregates]
            long = long[functools.reduce(operator.or_, there)]
        return _widen(long, named, dropna=dropna, sort=sort, fill_value=fill_value)


class _Names:
    """The columns that a pivot is made of."""

    def __init__(self, index: list[str], columns: list[str], values: list[str], is_one: bool) -> None:
        self.index, self.columns, self.values = index, columns, values
        #: Whether one value was asked for by name: its columns are called by what they are of alone.
        self.is_one = is_one

    @classmethod
    def of(cls, frame: Frame, index: Any, columns: Any, values: Any, op: str) -> _Names:
        """Return the names that a caller gave, checked."""
        rows, across = frame._names(index), frame._names(columns)
        if not rows:
            raise InvalidError("there is no index: give index=, whose values become the rows", op=op)
        if values is None:
            inside = [name for name in frame.columns if name not in (*rows, *across)]
        else:
            inside = frame._names(values)
        return cls(rows, across, inside, isinstance(values, (str, int)))

    def _with_values(self, values: list[str]) -> _Names:
        return _Names(self.index, self.columns, values, self.is_one)

    def name(self, value: str, labels: Sequence[object]) -> str:
        """Return the name of a column of the result: of a value, and what `columns` are in it."""
        texts = ["null" if label is None else str(label) for label in labels]
        return "_".join(texts if self.is_one and texts else [value, *texts])


def _group(
    frame: Frame, keys: list[str], aggregates: list[Aggregate], *, dropna: bool, sort: bool, env: CylonEnv | None
) -> DataFrame:
    """Return the groups of a pivot, computed: they are looked at more than once."""
    plan = Plan("pivot", [frame], env)
    aggs = [each.to_json() for each in aggregates]
    plan.node("group", inputs=plan.inputs, keys=keys, aggs=aggs, dropna=dropna, sort=sort)
    return plan.run().collect()


def _widen(long: DataFrame, named: _Names, *, dropna: bool, sort: bool = True, fill_value: object = None) -> DataFrame:
    """Return the groups of each index as one row, with a column per value and what `columns` are in it."""
    labels: list[tuple[object, ...]] = [()]
    number: Expr = Value(0)
    if named.columns:
        listed = long[named.columns].drop_duplicates().sort_values(named.columns)
        if listed.placement == "partitioned":
            listed = listed.replicate()
        labels = list(zip(*listed.to_dict().values()))
        order: tuple[tuple[Expr, bool], ...] = tuple((Column(name), True) for name in named.columns)
        number = Within().ordered("dense_rank", order, "last")
    plan = Plan("pivot", [long])
    made: dict[str, Expr] = {}
    for value in named.values:
        for i, label in enumerate(labels):
            cell: Expr = Column(f"({value})")
            if named.columns:
                cell = Call("if_else", (Call("eq", (number, Value(i + 1))), cell, Value(None)))
            made[named.name(value, label)] = cell
    columns = {**{name: Column(name) for name in named.index}, **made}
    cells = [{"name": name, "expr": expr.to_json(plan)} for name, expr in columns.items()]
    wide = plan.node("project", inputs=plan.inputs, columns=cells)
    aggs = [Aggregate(name, "first", (name,), {}).to_json() for name in made]
    wide = plan.node("group", inputs=[wide], keys=named.index, aggs=aggs, dropna=dropna, sort=sort)
    if fill_value is not None:
        filled = [{"name": name, "expr": {"col": name}} for name in named.index]
        for name in made:
            filled.append({"name": name, "expr": Call("coalesce", (Column(name), Value(fill_value))).to_json(plan)})
        plan.node("project", inputs=[wide], columns=filled)
    return plan.run()


def _listed(names: Sequence[str]) -> str:
    return " and ".join(repr(name) for name in names)

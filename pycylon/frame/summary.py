"""What is in a frame: `DataFrame.value_counts`, `describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.aggregates import Aggregate, aggregate, numbers, percentages
from pycylon.errors import InvalidError
from pycylon.expr import Call, Column, Over
from pycylon.frame.base import Frame, Label
from pycylon.frame.placement import REPLICATED
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.core import DataFrame


class Summaries(Frame):
    """Methods that tell what values there are."""

    __slots__ = ()

    def value_counts(
        self,
        subset: Label | Sequence[Label] | None = None,
        normalize: bool = False,
        sort: bool = True,
        ascending: bool = False,
        dropna: bool = True,
        *,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return the different rows, and how many there are of each, the most frequent first.

        Parameters
        ----------
        subset : str or sequence of str, optional
            The columns to look at. Default: all.
        normalize : bool, default False
            Return shares, in a column "proportion", rather than numbers, in "count".
        sort : bool, default True
            Whether to order by frequency. Equal numbers, and all rows otherwise, are in the order of the values.
        ascending : bool, default False
            Whether the least frequent come first.
        dropna : bool, default True
            Whether to leave out rows with a null.
        env : CylonEnv, optional
            Treat a local frame as this rank's share. Collective then, as on a partitioned frame.

        Examples
        --------
        >>> pc.DataFrame({"a": ["x", "y", "x", None]}).value_counts().to_dict()
        {'a': ['x', 'y'], 'count': [2, 1]}
        >>> pc.DataFrame({"a": [1, 2, 2, 2]})["a"].value_counts(normalize=True).to_dict()
        {'a': [2, 1], 'proportion': [0.75, 0.25]}
        """
        keys = self.columns if subset is None else self._names(subset)
        name = "proportion" if normalize else "count"
        if not keys or name in keys:
            raise InvalidError(f"a column called {name!r} is made: rename yours" if keys else "there are no columns")
        plan = Plan("value_counts", [self], env)
        size = Aggregate(name, "size", (), {}).to_json()
        rows = plan.node("group", inputs=plan.inputs, keys=keys, aggs=[size], dropna=dropna, sort=True)
        if sort:
            rows = plan.node("sort", inputs=[rows], keys=[{"column": name, "ascending": bool(ascending)}])
        counted = plan.run()
        if not normalize:
            return counted
        share = Call("truediv", (Column(name), Over("sum", Column(name))))
        return counted.assign(**{name: counted._column(name)._bound(counted, share, name)})

    def info(self, buf: Any = None) -> None:
        """Print the columns here, their types and how many of their values aren't null.

        Parameters
        ----------
        buf : file, optional
            Where to write. Default: standard output.

        Notes
        -----
        Of a partitioned frame the values of this rank are counted: it never communicates. A deferred frame is made.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, None], "name": ["x", "y"]}).info()
        2 rows x 2 columns, local
         #  column  non-null  type
         0  a              1  int64
         1  name           2  utf8
        memory: 31 bytes
        """
        from pycylon.frame.display import as_info

        print(as_info(self), file=buf)

    def describe(
        self,
        percentiles: Sequence[float] | None = None,
        include: Literal["all"] | None = None,
        *,
        env: CylonEnv | None = None,
    ) -> DataFrame:
        """Return what the values of each column are like: a row per statistic, whose name is in the first column.

        Parameters
        ----------
        percentiles : sequence of float, optional
            Which quantiles, between 0 and 1; the median is added. Default: the quartiles.
        include : "all", optional
            Describe all columns. Default: those of numbers, or all if there are none.
        env : CylonEnv, optional
            Treat a local frame as this rank's share. Collective then, as on a partitioned frame.

        Notes
        -----
        Numbers have count, mean, std, min, quantiles and max, all as float64. Other columns have count, unique (how
        many different values), top (the most frequent, the least of several) and freq (its number), all as text. The
        result is the same on every rank.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, 2, 3, None], "s": ["x", "y", "x", None]}).describe([0.5])
           statistic    a
        0      count  3.0
        1       mean  2.0
        2        std  1.0
        3        min  1.0
        4        50%  2.0
        5        max  3.0
        [6 rows x 2 columns, local]
        >>> pc.DataFrame({"s": ["x", "y", "x", None]}).describe().to_dict()
        {'statistic': ['count', 'unique', 'top', 'freq'], 's': ['3', '2', 'x', '2']}
        """
        if include not in (None, "all"):
            raise InvalidError(f"include={include!r}: expected 'all' or None", op="describe")
        shares = percentages(percentiles)
        measured = [name for name in numbers(self, self.columns) if self.dtypes[name] != "bool"]
        named = [] if measured and include is None else [name for name in self.columns if name not in measured]
        made: dict[str, dict[str, Any]] = {}
        if measured:
            made.update(_measure(self, measured, shares, env))
        for name in named:
            made[name] = _name(self, name, env)
        return _table(self, made, measured, shares, env)


def _measure(
    frame: Frame, columns: Sequence[str], shares: Sequence[float], env: CylonEnv | None
) -> dict[str, dict[str, Any]]:
    """Return the statistics of columns of numbers."""
    aggregates: list[Aggregate] = []
    for i, name in enumerate(columns):
        for function in ("count", "mean", "std", "min", "max"):
            aggregates.append(aggregate(frame, f"{function} {i}", name, function, "describe"))
        for share in shares:
            made = aggregate(frame, f"{_percent(share)} {i}", name, "quantile", "describe", q=share)
            aggregates.append(made)
    plan = Plan("describe", [frame], env)
    plan.node("group", inputs=plan.inputs, keys=[], aggs=[each.to_json() for each in aggregates])
    row = plan.run().to_dict()
    order = ["count", "mean", "std", "min", *map(_percent, shares), "max"]
    return {name: {key: _float(row[f"{key} {i}"][0]) for key in order} for i, name in enumerate(columns)}


def _name(frame: Frame, name: str, env: CylonEnv | None) -> dict[str, Any]:
    """Return the statistics of a column of anything."""
    plan = Plan("describe", [frame], env)
    only = plan.node("project", inputs=plan.inputs, columns=[{"name": "top", "expr": {"col": name}}])
    size = Aggregate("freq", "size", (), {}).to_json()
    groups = plan.node("group", inputs=[only], keys=["top"], aggs=[size], sort=True)
    total = [{"name": "count", "fn": "sum", "column": "freq"}, {"name": "unique", "fn": "count"}]
    counted = plan.node("window", inputs=[groups], functions=total)
    ranked = plan.node("sort", inputs=[counted], keys=[{"column": "freq", "ascending": False}])
    plan.node("slice", inputs=[ranked], offset=0, length=1)
    first = plan.run()
    if first.placement == "partitioned":
        first = first.replicate()
    row = {key: values[0] if values else None for key, values in first.to_dict().items()}
    return {"count": row["count"] or 0, "unique": row["unique"] or 0, "top": row["top"], "freq": row["freq"]}


def _table(
    frame: Frame,
    made: dict[str, dict[str, Any]],
    measured: Sequence[str],
    shares: Sequence[float],
    env: CylonEnv | None,
) -> DataFrame:
    """Return the statistics as a frame, in the order of the frame's columns."""
    statistics = ["count"]
    if len(made) > len(measured):
        statistics += ["unique", "top", "freq"]
    if measured:
        statistics += ["mean", "std", "min", *map(_percent, shares), "max"]
    columns: dict[str, list[Any]] = {"statistic": statistics}
    types = {"statistic": "utf8"}
    for name in frame.columns:
        if name in made:
            values = [made[name].get(key) for key in statistics]
            is_number = name in measured
            columns[name] = values if is_number else [None if value is None else str(value) for value in values]
            types[name] = "float64" if is_number else "utf8"
    if "statistic" in made:
        raise InvalidError("a column called 'statistic' is made: rename yours", op="describe")
    return table_of(frame, columns, types, env)


def table_of(
    frame: Frame, columns: dict[str, list[Any]], types: dict[str, str], env: CylonEnv | None = None
) -> DataFrame:
    """Return a small frame of what is known of another, which every rank has.

    Parameters
    ----------
    frame : DataFrame
        The other.
    columns, types : dict
        Values and types by name.
    env : CylonEnv, optional
        What the caller gave.
    """
    from pycylon.frame.core import DataFrame
    from pycylon.interop.streams import table_of_columns

    table = table_of_columns(columns, types)
    where = env or frame.env
    return DataFrame._of(table) if where is None else DataFrame._of(table, REPLICATED, where)


def _percent(share: float) -> str:
    return f"{100 * share:g}%"


def _float(value: Any) -> float | None:
    return None if value is None else float(value)

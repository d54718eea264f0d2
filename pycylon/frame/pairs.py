"""Numbers about each pair of columns: `DataFrame.corr`, `cov`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.aggregates import Aggregate, aggregate, numbers
from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.plan import Plan
from pycylon.frame.summary import table_of

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame


class Pairs(Frame):
    """Methods that look at two columns at a time: all pairs in one pass over the rows."""

    __slots__ = ()

    def corr(self, method: str = "pearson", numeric_only: bool = False) -> DataFrame:
        """Return Pearson's correlations of all pairs of columns: a row per column, whose name is in the first column.

        Parameters
        ----------
        method : "pearson", default "pearson"
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.

        Notes
        -----
        Rows that miss one of two values don't count for the pair; null where a column is constant. Collective on a
        partitioned frame: every rank has the result.

        Examples
        --------
        >>> pc.DataFrame({"x": [1, 2, 3], "y": [3.0, 2.0, 1.0]}).corr()
           column     x     y
        0       x   1.0  -1.0
        1       y  -1.0   1.0
        [2 rows x 3 columns, local]
        """
        if method != "pearson":
            raise InvalidError(f"method={method!r} isn't supported: expected 'pearson'", op="corr")
        return self._paired("corr", numeric_only)

    def cov(self, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the covariances of all pairs of columns: a row per column, whose name is in the first column.

        Parameters
        ----------
        ddof : int, default 1
            A sum of products is divided by the count less this; null where that isn't positive.
        numeric_only : bool, default False
            Leave other columns out.

        Notes
        -----
        As of `corr`.

        Examples
        --------
        >>> pc.DataFrame({"x": [1, 2, 3], "y": [3.0, 2.0, 1.0]}).cov().to_dict()
        {'column': ['x', 'y'], 'x': [1.0, -1.0], 'y': [-1.0, 1.0]}
        """
        return self._paired("cov", numeric_only, ddof=whole(ddof, "ddof", "cov"))

    def _paired(self, function: str, numeric_only: bool, **options: Any) -> DataFrame:
        names = numbers(self, self.columns) if numeric_only else self.columns
        if not names or "column" in names:
            problem = "a column called 'column' is made: rename yours" if names else "there are no columns of numbers"
            raise InvalidError(problem, op=function)
        pairs = [(i, j) for i in range(len(names)) for j in range(i + 1)]
        aggregates: list[Aggregate] = []
        for i, j in pairs:
            pair = names[i], names[j]
            aggregates.append(aggregate(self, f"{i} {j}", pair, function, function, **options))
        plan = Plan(function, [self])
        plan.node("group", inputs=plan.inputs, keys=[], aggs=[each.to_json() for each in aggregates])
        row = plan.run().to_dict()
        found = {pair: row[f"{pair[0]} {pair[1]}"][0] for pair in pairs}
        columns: dict[str, list[Any]] = {"column": list(names)}
        for i, name in enumerate(names):
            columns[name] = [found[max(i, j), min(i, j)] for j in range(len(names))]
        return table_of(self, columns, {"column": "utf8", **dict.fromkeys(names, "float64")})

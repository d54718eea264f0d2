"""`GroupBy`: rows grouped by equal keys, waiting for an aggregate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from pycylon.aggregates import Aggregate, aggregate, numbers, percentages, quantiles, spell
from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.expr import Column
from pycylon.frame.extremes import of_extremes
from pycylon.frame.plan import Plan
from pycylon.frame.window import frame_of
from pycylon.groupwindow import GroupWindows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon.env import CylonEnv
    from pycylon.expr import Expr
    from pycylon.frame.base import Frame, Label
    from pycylon.frame.core import DataFrame
    from pycylon.series import Series
    from pycylon.window import Within


class GroupBy(GroupWindows):
    """Rows grouped by equal keys. `DataFrame.groupby` makes it.

    The keys are the first columns of a result, which is in their order unless ``sort=False``. Nulls and NaN are missing
    for every aggregate but `size`: the sum of nothing is 0, its product 1, its min, max and mean null. Sums and
    products of integers are exact, or an `IntegerOverflowError`; sums of floats are rounded once, so that neither the
    order of the rows nor the number of threads or ranks shows in them. ``first`` and ``last`` follow the rows' order.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    keys : dict
        The keys by name: columns, or expressions of them.
    sort, dropna, env
        As in `DataFrame.groupby`.
    selected : list of str, optional
        The columns that an aggregate of all columns takes.
    is_column : bool, default False
        Whether that is a single column, of which a `Series` is made.
    """

    def __init__(
        self,
        frame: Frame,
        keys: dict[str, Expr],
        *,
        sort: bool,
        dropna: bool,
        env: CylonEnv | None,
        selected: list[str] | None = None,
        is_column: bool = False,
    ) -> None:
        if not keys:
            raise InvalidError("there are no columns to group by", op="groupby")
        self._frame, self._keys, self._sort, self._dropna, self._env = frame, keys, sort, dropna, env
        self._selected, self._is_column = selected, is_column

    def __getitem__(self, columns: Label | Sequence[Label]) -> GroupBy:
        """Return the groups with fewer columns to aggregate.

        Parameters
        ----------
        columns : str or sequence of str
            Which.
        """
        return self._with(self._frame, self._frame._names(columns), isinstance(columns, (str, int)))

    def _with(self, frame: Frame, selected: list[str] | None = None, is_column: bool = False) -> GroupBy:
        """Return the groups of another frame's rows, or of some of its columns."""
        return GroupBy(
            frame,
            self._keys,
            sort=self._sort,
            dropna=self._dropna,
            env=self._env,
            selected=selected,
            is_column=is_column,
        )

    def __iter__(self) -> NoReturn:
        """Raise: groups are aggregated where they are."""
        raise TypeError("groups can't be iterated over: aggregate them, or group the rows of `df.to_pandas()`")

    def agg(self, how: Any = None, **named: Any) -> DataFrame:
        """Return one row per group.

        Parameters
        ----------
        how : str, list or dict, optional
            An aggregate of all columns ("sum"), or aggregates by column: ``{"a": "sum"}`` makes a column "a",
            ``{"a": ["min", "max"]}`` makes "a_min" and "a_max". Of one selected column, a list makes "min" and "max".
        **named : (str, str)
            Columns of the result: ``total=("a", "sum")``; ``r=(("a", "b"), "corr")``. The aggregates are sum, mean,
            min, max, count, size, first, last, any, all, prod, var, std, sem, median, nunique, list, corr and cov; var,
            std, sem and cov divide by the count less one; a list has the values in the rows' order, nulls, too.

        Examples
        --------
        >>> import pycylon as pc
        >>> df = pc.DataFrame({"k": ["a", "a", "b"], "v": [1, 3, None]})
        >>> df.groupby("k").agg({"v": ["sum", "mean"]}).to_dict()
        {'k': ['a', 'b'], 'v_sum': [4, 0], 'v_mean': [2.0, None]}
        >>> df.groupby("k")["v"].agg(["min", "size"]).to_dict()
        {'k': ['a', 'b'], 'min': [1, None], 'size': [2, 1]}
        """
        return self._run(spell(self._frame, how, named, self._values(), "groupby", alone=self._is_column))

    aggregate = agg

    def _run(self, aggregates: Sequence[Aggregate]) -> DataFrame:
        for each in aggregates:
            if each.name in self._keys:
                raise InvalidError(
                    f"a key and an aggregate are both called {each.name!r}: rename the key, as in "
                    "df.groupby(df['d'].dt.year.rename('year')), or the aggregate, as in agg(last=('d', 'max'))",
                    op="groupby",
                )
        plan = Plan("groupby", [self._frame], self._env)
        keys = _computed(plan, self._frame, self._keys)
        fields = [each.to_json() for each in aggregates]
        made = plan.node(
            "group", inputs=plan.inputs, keys=list(keys.values()), aggs=fields, dropna=self._dropna, sort=self._sort
        )
        if list(keys) != list(keys.values()):
            names = [*keys.items(), *((each.name, each.name) for each in aggregates)]
            columns = [{"name": name, "expr": {"col": column}} for name, column in names]
            plan.node("project", inputs=[made], columns=columns)
        return plan.run()

    def _windowed(self, make: Callable[[Series, Within], Series]) -> Any:
        made = [make(self._frame._column(name), self._within()) for name in self._values()]
        return made[0] if self._is_column else frame_of(made)

    def _values(self, numeric_only: bool = False) -> list[str]:
        values = self._selected
        if values is None:
            values = [name for name in self._frame.columns if self._keys.get(name) != Column(name)]
        return numbers(self._frame, values) if numeric_only else values

    def _each(self, function: str, numeric_only: bool = False, **options: Any) -> DataFrame:
        values = self._values(numeric_only)
        return self._run([aggregate(self._frame, name, name, function, "groupby", **options) for name in values])

    def sum(self, numeric_only: bool = False) -> DataFrame:
        """Return the sums of all columns: true counts as 1; strings, dates and timestamps are refused.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("sum", numeric_only)

    def prod(self, numeric_only: bool = False) -> DataFrame:
        """Return the products of all columns; strings and times are refused.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("prod", numeric_only)

    product = prod

    def mean(self, numeric_only: bool = False) -> DataFrame:
        """Return the means of all columns; strings and dates are refused.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("mean", numeric_only)

    def min(self, numeric_only: bool = False) -> DataFrame:
        """Return the least values of all columns.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("min", numeric_only)

    def max(self, numeric_only: bool = False) -> DataFrame:
        """Return the greatest values of all columns.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("max", numeric_only)

    def count(self) -> DataFrame:
        """Return the numbers of values of all columns that aren't missing."""
        return self._each("count")

    def size(self) -> DataFrame:
        """Return the numbers of rows, as a column "size".

        Examples
        --------
        >>> pc.DataFrame({"k": ["a", "a", "b"]}).groupby("k").size().to_dict()
        {'k': ['a', 'b'], 'size': [2, 1]}
        """
        return self._run([Aggregate("size", "size", (), {})])

    def nunique(self, dropna: bool = True) -> DataFrame:
        """Return the numbers of different values of all columns.

        Parameters
        ----------
        dropna : bool, default True
            Accepted if True: missing values don't count.
        """
        if not dropna:
            raise InvalidError("nunique(dropna=False) isn't supported: fill the nulls first", op="groupby")
        return self._each("nunique")

    def first(self, numeric_only: bool = False) -> DataFrame:
        """Return the first values of all columns that aren't missing.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("first", numeric_only)

    def last(self, numeric_only: bool = False) -> DataFrame:
        """Return the last values of all columns that aren't missing.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("last", numeric_only)

    def any(self) -> DataFrame:
        """Tell for all columns whether some value is true, not zero, not empty."""
        return self._each("any")

    def all(self) -> DataFrame:
        """Tell for all columns whether every value is true, not zero, not empty."""
        return self._each("all")

    def var(self, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the variances of all columns.

        Parameters
        ----------
        ddof : int, default 1
            The sum of squares is divided by the count less this; null where that isn't positive.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("var", numeric_only, ddof=whole(ddof, "ddof", "var"))

    def std(self, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the standard deviations of all columns.

        Parameters
        ----------
        ddof : int, default 1
            The sum of squares is divided by the count less this; null where that isn't positive.
        numeric_only : bool, default False
            Leave other columns out.

        Examples
        --------
        >>> df = pc.DataFrame({"k": [1, 1, 2], "v": [1.0, 3.0, 5.0]})
        >>> df.groupby("k")["v"].std(ddof=0).to_dict()
        {'k': [1, 2], 'v': [1.0, 0.0]}
        """
        return self._each("std", numeric_only, ddof=whole(ddof, "ddof", "std"))

    def sem(self, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the standard errors of the means of all columns.

        Parameters
        ----------
        ddof : int, default 1
            As in `std`.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("sem", numeric_only, ddof=whole(ddof, "ddof", "sem"))

    def median(self, numeric_only: bool = False) -> DataFrame:
        """Return the medians of all columns.

        Parameters
        ----------
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("median", numeric_only)

    def quantile(
        self, q: float | Sequence[float] = 0.5, interpolation: str = "linear", numeric_only: bool = False
    ) -> DataFrame:
        """Return exact quantiles of all columns.

        Parameters
        ----------
        q : float or sequence of float, default 0.5
            Between 0 and 1. Several make columns like "v_0.1", where pandas makes rows.
        interpolation : {"linear", "lower", "higher", "nearest", "midpoint"}, default "linear"
            The value where a quantile lies between two.
        numeric_only : bool, default False
            Leave other columns out.

        Examples
        --------
        >>> df = pc.DataFrame({"k": [1, 1, 1, 2], "v": [1, 2, 4, 7]})
        >>> df.groupby("k")["v"].quantile([0.5, 0.75]).to_dict()
        {'k': [1, 2], 'v_0.5': [2.0, 7.0], 'v_0.75': [3.0, 7.0]}
        """
        return self._run(quantiles(self._frame, self._values(numeric_only), q, interpolation, "groupby"))

    def corr(self, first: Label, second: Label) -> DataFrame:
        """Return Pearson's correlation of two columns, as a column "corr".

        Parameters
        ----------
        first, second : str
            The columns. Rows that miss one of them don't count.

        Examples
        --------
        >>> df = pc.DataFrame({"k": [1, 1, 1], "x": [1, 2, 3], "y": [2.0, 4.0, 6.0]})
        >>> df.groupby("k").corr("x", "y").to_dict()
        {'k': [1], 'corr': [1.0]}
        """
        return self._run([aggregate(self._frame, "corr", (first, second), "corr", "groupby")])

    def cov(self, first: Label, second: Label, ddof: int = 1) -> DataFrame:
        """Return the covariance of two columns, as a column "cov".

        Parameters
        ----------
        first, second : str
            The columns. Rows that miss one of them don't count.
        ddof : int, default 1
            The sum of products is divided by the count less this; null where that isn't positive.

        Examples
        --------
        >>> df = pc.DataFrame({"k": [1, 1, 1], "x": [1, 2, 3], "y": [2.0, 4.0, 6.0]})
        >>> df.groupby("k").cov("x", "y").to_dict()
        {'k': [1], 'cov': [2.0]}
        """
        ddof = whole(ddof, "ddof", "cov")
        return self._run([aggregate(self._frame, "cov", (first, second), "cov", "groupby", ddof=ddof)])

    def idxmin(self) -> DataFrame:
        """Return the labels of the rows that have each group's least values, the first of several.

        Notes
        -----
        As of `DataFrame.idxmin`: numbers of the frame's rows, or their values of the index.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "b", "a"], "v": [3, 2, 1]})
        >>> df.groupby("k")["v"].idxmin().to_dict()
        {'k': ['a', 'b'], 'v': [2, 1]}
        """
        return self._where_extreme("min")

    def idxmax(self) -> DataFrame:
        """Return the labels of the rows that have each group's greatest values, the first of several.

        Notes
        -----
        As of `DataFrame.idxmin`.
        """
        return self._where_extreme("max")

    def _where_extreme(self, function: str) -> DataFrame:
        within = self._within()
        values: dict[str, Expr] = {name: Column(name) for name in self._values()}
        columns, aggregates = of_extremes(self._frame, values, function, within.keys, within.dropna)
        return self._with(self._frame.assign(**columns))._run(aggregates)

    def describe(self, percentiles: Sequence[float] | None = None) -> DataFrame:
        """Return what the values of each column of numbers are like: a row per group.

        Parameters
        ----------
        percentiles : sequence of float, optional
            Which quantiles, between 0 and 1; the median is added. Default: the quartiles.

        Notes
        -----
        The columns are count, mean, std, min, quantiles and max of one selected column, or "v_count", "v_mean" ... of
        several.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["a", "a", "b"], "v": [1, 3, 5]})
        >>> df.groupby("k")["v"].describe([0.5])
           k  count  mean      std  min  50%  max
        0  a      2   2.0  1.41421    1  2.0    3
        1  b      1   5.0     null    5  5.0    5
        [2 rows x 7 columns, local]
        """
        shares = percentages(percentiles)
        columns = self._values(numeric_only=True)
        if not columns:
            raise InvalidError("there are no columns of numbers to describe", op="groupby")
        made = []
        for column in columns:
            before = "" if self._is_column else f"{column}_"
            for function in ("count", "mean", "std", "min"):
                made.append(aggregate(self._frame, before + function, column, function, "groupby"))
            for share in shares:
                name = f"{before}{100 * share:g}%"
                made.append(aggregate(self._frame, name, column, "quantile", "groupby", q=share))
            made.append(aggregate(self._frame, f"{before}max", column, "max", "groupby"))
        return self._run(made)

    def nlargest(self, n: int = 5) -> DataFrame:
        """Return the greatest values of the one selected column, the greatest first: up to `n` rows per group.

        Parameters
        ----------
        n : int, default 5
            How many.

        Examples
        --------
        >>> df = pc.DataFrame({"k": [1, 1, 1, 2], "v": [1, 4, 2, 7]})
        >>> df.groupby("k")["v"].nlargest(2).to_dict()
        {'k': [1, 1, 2], 'v': [4, 2, 7]}
        """
        return self._extremes("nlargest", n)

    def nsmallest(self, n: int = 5) -> DataFrame:
        """Return the least values of the one selected column, the least first: up to `n` rows per group.

        Parameters
        ----------
        n : int, default 5
            How many.
        """
        return self._extremes("nsmallest", n)

    def _extremes(self, function: str, n: int) -> DataFrame:
        values = self._values()
        if len(values) != 1:
            raise InvalidError(
                f"{function} takes one column: select it, as in groupby(...)['v'].{function}(2)", op="groupby"
            )
        return self._run([Aggregate(values[0], function, (values[0],), {"n": whole(n, "n", function)})])


def _computed(plan: Plan, frame: Frame, keys: dict[str, Expr]) -> dict[str, str]:
    """Return which columns hold the keys, after those that aren't columns yet have been computed."""
    columns: dict[str, Expr] = {name: Column(name) for name in frame.columns}
    held = {}
    for name, key in keys.items():
        held[name] = name
        if key != Column(name):
            while held[name] in columns:
                held[name] = f"({held[name]})"
            columns[held[name]] = key
    if len(columns) > len(frame.columns):
        spelled = [{"name": name, "expr": expr.to_json(plan)} for name, expr in columns.items()]
        plan.inputs[0] = plan.node("project", inputs=plan.inputs[:1], columns=spelled)
    return held

"""Numbers about whole columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.aggregates import Aggregate, aggregate, numbers, quantiles, spell
from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.frame.core import DataFrame


class Statistics(Frame):
    """Methods that aggregate whole columns: each returns a frame of one row.

    Nulls and NaN are missing, as in `groupby`. Of a partitioned frame they are collective, and every rank has the row.
    """

    __slots__ = ()

    def agg(self, how: Any = None, **named: Any) -> DataFrame:
        """Return aggregates of whole columns as a frame of one row.

        Parameters
        ----------
        how : str, list or dict, optional
            As in `GroupBy.agg`: an aggregate of all columns, several, or aggregates by column.
        **named : (str, str)
            Columns of the result: ``total=("a", "sum")``.

        Notes
        -----
        Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 1.5]})
        >>> df.agg({"a": ["min", "max"], "b": "mean"}).to_dict()
        {'a_min': [1], 'a_max': [3], 'b': [1.0]}
        """
        return self._aggregated(spell(self, how, named, self.columns, "agg"))

    aggregate = agg

    def _aggregated(self, aggregates: Sequence[Aggregate], op: str = "agg") -> DataFrame:
        plan = Plan(op, [self])
        plan.node("group", inputs=plan.inputs, keys=[], aggs=[each.to_json() for each in aggregates])
        return plan.run()

    def _each(self, function: str, axis: object, numeric_only: bool = False, **options: Any) -> DataFrame:
        if axis not in (0, None, "index", "rows"):
            raise InvalidError(f"axis={axis!r} isn't supported: columns are aggregated, not rows", op=function)
        columns = numbers(self, self.columns) if numeric_only else self.columns
        return self._aggregated(
            [aggregate(self, name, name, function, function, **options) for name in columns], function
        )

    def sum(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the sums of all columns: true counts as 1; strings, dates and timestamps are refused.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, 2], "b": [0.5, None]}).sum().to_dict()
        {'a': [3], 'b': [0.5]}
        """
        return self._each("sum", axis, numeric_only)

    def prod(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the products of all columns; strings and times are refused.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("prod", axis, numeric_only)

    product = prod

    def mean(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the means of all columns; strings and dates are refused.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("mean", axis, numeric_only)

    def min(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the least values of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("min", axis, numeric_only)

    def max(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the greatest values of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("max", axis, numeric_only)

    def count(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the numbers of values of all columns that aren't missing.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("count", axis, numeric_only)

    def nunique(self, axis: object = 0, dropna: bool = True) -> DataFrame:
        """Return the numbers of different values of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        dropna : bool, default True
            Accepted if True: missing values don't count.

        Notes
        -----
        On a partitioned frame the values go to the first rank.
        """
        if not dropna:
            raise InvalidError("nunique(dropna=False) isn't supported: fill the nulls first", op="nunique")
        return self._each("nunique", axis)

    def any(self, axis: object = 0) -> DataFrame:
        """Tell for all columns whether some value is true, not zero, not empty.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        """
        return self._each("any", axis)

    def all(self, axis: object = 0) -> DataFrame:
        """Tell for all columns whether every value is true, not zero, not empty.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        """
        return self._each("all", axis)

    def var(self, axis: object = 0, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the variances of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        ddof : int, default 1
            The sum of squares is divided by the count less this; null where that isn't positive.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("var", axis, numeric_only, ddof=whole(ddof, "ddof", "var"))

    def std(self, axis: object = 0, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the standard deviations of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        ddof : int, default 1
            The sum of squares is divided by the count less this; null where that isn't positive.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("std", axis, numeric_only, ddof=whole(ddof, "ddof", "std"))

    def sem(self, axis: object = 0, ddof: int = 1, numeric_only: bool = False) -> DataFrame:
        """Return the standard errors of the means of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        ddof : int, default 1
            As in `std`.
        numeric_only : bool, default False
            Leave other columns out.
        """
        return self._each("sem", axis, numeric_only, ddof=whole(ddof, "ddof", "sem"))

    def median(self, axis: object = 0, numeric_only: bool = False) -> DataFrame:
        """Return the medians of all columns.

        Parameters
        ----------
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.

        Notes
        -----
        On a partitioned frame the values go to the first rank.
        """
        return self._each("median", axis, numeric_only)

    def quantile(
        self,
        q: float | Sequence[float] = 0.5,
        axis: object = 0,
        numeric_only: bool = False,
        interpolation: str = "linear",
    ) -> DataFrame:
        """Return exact quantiles of all columns.

        Parameters
        ----------
        q : float or sequence of float, default 0.5
            Between 0 and 1. Several make columns like "a_0.1", where pandas makes rows.
        axis : {0, "index"}, default 0
            Accepted for pandas' scripts.
        numeric_only : bool, default False
            Leave other columns out.
        interpolation : {"linear", "lower", "higher", "nearest", "midpoint"}, default "linear"
            The value where a quantile lies between two.

        Notes
        -----
        On a partitioned frame the values go to the first rank.

        Examples
        --------
        >>> pc.DataFrame({"a": [1, 2, 3, 9]}).quantile([0.5, 1]).to_dict()
        {'a_0.5': [2.5], 'a_1': [9.0]}
        """
        if axis not in (0, "index"):
            raise InvalidError(f"axis={axis!r} isn't supported: columns are aggregated, not rows", op="quantile")
        columns = numbers(self, self.columns) if numeric_only else self.columns
        return self._aggregated(quantiles(self, columns, q, interpolation, "quantile"), "quantile")

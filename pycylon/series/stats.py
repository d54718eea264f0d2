"""Aggregates of a series: one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.aggregates import Aggregate, aggregate, quantiles, spell
from pycylon.arguments import whole
from pycylon.errors import InvalidError
from pycylon.frame.extremes import of_extremes
from pycylon.frame.plan import Plan
from pycylon.series.base import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series


class Statistics(Values):
    """Methods that aggregate the values.

    Nulls and NaN are missing, as in `DataFrame.groupby`; None is the result of nothing, where there is none. Of a
    partitioned frame's series they are collective, and every rank has the result.
    """

    __slots__ = ()

    def agg(self, how: Any = None, **named: Any) -> Any:
        """Return an aggregate as a value, or several as a frame of one row.

        Parameters
        ----------
        how : str, callable or list, optional
            The aggregates.
        **named : str or callable
            Aggregates by the names that their columns are to have.

        Examples
        --------
        >>> s = pc.Series("a", [1, 2, 6])
        >>> s.agg("mean")
        3.0
        >>> s.agg(["min", "max"]).to_dict()
        {'min': [1], 'max': [6]}
        """
        one = self.to_frame()
        made = one._aggregated(spell(one, how, named, [self.name], "agg", alone=True))
        return _value(made) if not (named or isinstance(how, (list, tuple))) else made

    aggregate = agg

    def _reduce(self, function: str, **options: Any) -> Any:
        one = self.to_frame()
        return _value(one._aggregated([aggregate(one, self.name, self.name, function, function, **options)], function))

    def sum(self) -> Any:
        """Return the sum: 0 of nothing; true counts as 1; strings, dates and timestamps are refused.

        Examples
        --------
        >>> pc.Series("a", [1, None, 2]).sum()
        3
        """
        return self._reduce("sum")

    def prod(self) -> Any:
        """Return the product: 1 of nothing."""
        return self._reduce("prod")

    product = prod

    def mean(self) -> Any:
        """Return the mean."""
        return self._reduce("mean")

    def min(self) -> Any:
        """Return the least value."""
        return self._reduce("min")

    def max(self) -> Any:
        """Return the greatest value."""
        return self._reduce("max")

    def count(self) -> int:
        """Return the number of values that aren't missing."""
        count: int = self._reduce("count")
        return count

    def any(self) -> bool:
        """Tell whether some value is true, not zero, not empty."""
        return bool(self._reduce("any"))

    def all(self) -> bool:
        """Tell whether every value is true, not zero, not empty."""
        return bool(self._reduce("all"))

    def nunique(self, dropna: bool = True) -> int:
        """Return the number of different values.

        Parameters
        ----------
        dropna : bool, default True
            Whether missing values don't count.

        Examples
        --------
        >>> pc.Series("a", ["x", None, "x", "y"]).nunique()
        2
        """
        plan = Plan("nunique", [self._frame])
        column = {"name": self.name, "expr": self._expr.to_json(plan)}
        values = plan.node("project", inputs=plan.inputs, columns=[column])
        distinct = plan.node("group", inputs=[values], keys=[self.name], aggs=[], dropna=False, sort=False)
        count = Aggregate("n", "size" if not dropna else "count", () if not dropna else (self.name,), {})
        plan.node("group", inputs=[distinct], keys=[], aggs=[count.to_json()])
        number: int = _value(plan.run())
        return number

    def var(self, ddof: int = 1) -> Any:
        """Return the variance.

        Parameters
        ----------
        ddof : int, default 1
            The sum of squares is divided by the count less this; None if that isn't positive.
        """
        return self._reduce("var", ddof=whole(ddof, "ddof", "var"))

    def std(self, ddof: int = 1) -> Any:
        """Return the standard deviation.

        Parameters
        ----------
        ddof : int, default 1
            The sum of squares is divided by the count less this; None if that isn't positive.
        """
        return self._reduce("std", ddof=whole(ddof, "ddof", "std"))

    def sem(self, ddof: int = 1) -> Any:
        """Return the standard error of the mean.

        Parameters
        ----------
        ddof : int, default 1
            As in `std`.
        """
        return self._reduce("sem", ddof=whole(ddof, "ddof", "sem"))

    def median(self) -> Any:
        """Return the median."""
        return self._reduce("median")

    def quantile(self, q: float | Sequence[float] = 0.5, interpolation: str = "linear") -> Any:
        """Return an exact quantile, or a list of several.

        Parameters
        ----------
        q : float or sequence of float, default 0.5
            Between 0 and 1.
        interpolation : {"linear", "lower", "higher", "nearest", "midpoint"}, default "linear"
            The value where a quantile lies between two.

        Notes
        -----
        On a partitioned frame the values go to the first rank.

        Examples
        --------
        >>> pc.Series("a", [1, 2, 3, 9]).quantile([0.25, 0.5])
        [1.75, 2.5]
        """
        one = self.to_frame()
        made = one._aggregated(quantiles(one, [self.name], q, interpolation, "quantile"), "quantile")
        values = [column[0] for column in made.to_dict().values()]
        return values if not isinstance(q, (int, float)) and hasattr(q, "__iter__") else values[0]

    def idxmin(self) -> Any:
        """Return the label of the row that has the least value, the first of several; None if there is none.

        Notes
        -----
        As of `DataFrame.idxmin`: the row's number, or its value of the index.

        Examples
        --------
        >>> pc.Series("a", [3, 1, None, 1]).idxmin()
        1
        """
        return self._where_extreme("min")

    def idxmax(self) -> Any:
        """Return the label of the row that has the greatest value, the first of several; None if there is none.

        Notes
        -----
        As of `DataFrame.idxmin`.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [3, 1, 5]})
        >>> df.iloc[df["a"].idxmax()]
        {'a': 5}
        """
        return self._where_extreme("max")

    def argmin(self) -> Any:
        """Return the number of the row that has the least value, whatever the index."""
        return self.to_frame()._column(self.name).idxmin()

    def argmax(self) -> Any:
        """Return the number of the row that has the greatest value, whatever the index."""
        return self.to_frame()._column(self.name).idxmax()

    def _where_extreme(self, function: str) -> Any:
        columns, aggregates = of_extremes(self._frame, {self.name: self._expr}, function)
        return _value(self._frame.assign(**columns)._aggregated(aggregates, f"idx{function}"))

    def cov(self, other: Series, ddof: int = 1) -> Any:
        """Return the covariance with another series of the same frame.

        Parameters
        ----------
        other : Series
            The other. Rows that miss one of them don't count.
        ddof : int, default 1
            The sum of products is divided by the count less this; None if that isn't positive.

        Examples
        --------
        >>> df = pc.DataFrame({"x": [1, 2, 3], "y": [3.0, 2.0, 1.0]})
        >>> df["x"].cov(df["y"])
        -1.0
        """
        return self._paired("cov", other, ddof=whole(ddof, "ddof", "cov"))

    def corr(self, other: Series) -> Any:
        """Return Pearson's correlation with another series of the same frame; None where either is constant.

        Parameters
        ----------
        other : Series
            The other. Rows that miss one of them don't count.

        Examples
        --------
        >>> df = pc.DataFrame({"x": [1, 2, 3], "y": [3.0, 2.0, 1.0]})
        >>> df["x"].corr(df["y"])
        -1.0
        """
        return self._paired("corr", other)

    def _paired(self, function: str, other: Series, **options: Any) -> Any:
        if not isinstance(other, Values):
            raise InvalidError(f"{function} takes another series of the same frame", op=function)
        plan = Plan(function, [self._frame])
        pair = {"x": self._expr, "y": self._argument(other, function)}
        columns = [{"name": name, "expr": expr.to_json(plan)} for name, expr in pair.items()]
        both = plan.node("project", inputs=plan.inputs, columns=columns)
        plan.node("group", inputs=[both], keys=[], aggs=[Aggregate("r", function, ("x", "y"), options).to_json()])
        return _value(plan.run())


def _value(frame: DataFrame) -> Any:
    """Return the one value of a frame."""
    (column,) = frame.to_dict().values()
    return column[0]

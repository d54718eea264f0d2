"""Columns that pick among values: missing ones replaced, conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.errors import InvalidError
from pycylon.series.base import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.series.core import Series


class Choices(Values):
    """Methods that look at missing values and conditions."""

    __slots__ = ()

    def isna(self) -> Series:
        """Tell where it is null or NaN."""
        return self._with("is_null")

    def notna(self) -> Series:
        """Tell where it is neither null nor NaN."""
        return ~self.isna()

    isnull, notnull = isna, notna

    def dropna(self) -> Series:
        """Return the values that are neither null nor NaN. Collective on a partitioned frame.

        Examples
        --------
        >>> pc.Series("a", [1, None, 3]).dropna().to_list()
        [1, 3]
        """
        series: Series = self._rows(self.notna())
        return series

    def fillna(self, value: object) -> Series:
        """Return the values, with another where they are null or NaN.

        Parameters
        ----------
        value : scalar or Series
            What to put there. An integer column filled with a float becomes float64.

        Examples
        --------
        >>> pc.Series("a", [1, None, 3]).fillna(0).to_list()
        [1, 0, 3]
        """
        return self._with("coalesce", value)

    def combine_first(self, other: object) -> Series:
        """Return the values, with those of another series where they are null or NaN.

        Parameters
        ----------
        other : Series
            Of the same frame.
        """
        return self.fillna(other)

    def where(self, cond: Series, other: object = None) -> Series:
        """Return the values where a condition is true, and another value elsewhere.

        Parameters
        ----------
        cond : Series
            Booleans of the same frame; null counts as false.
        other : scalar or Series, optional
            What stands elsewhere. Default: null.

        Notes
        -----
        Both are computed for every row: an error that one of them raises is raised whatever the condition says.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, -2, 3]})
        >>> df["a"].where(df["a"] > 0, 0).to_list()
        [1, 0, 3]
        """
        return _if_else(self, cond, self, other)

    def mask(self, cond: Series, other: object = None) -> Series:
        """Return another value where a condition is true, and the series' own elsewhere.

        Parameters
        ----------
        cond : Series
            Booleans of the same frame; null counts as false.
        other : scalar or Series, optional
            What stands where it is true. Default: null.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, -2, 3]})
        >>> df["a"].mask(df["a"] < 0).to_list()
        [1, None, 3]
        """
        return _if_else(self, cond, other, self)

    def case_when(self, caselist: Sequence[tuple[Series, object]]) -> Series:
        """Return the value of the first condition that is true, and the series' own where none is.

        Parameters
        ----------
        caselist : sequence of (Series, scalar or Series)
            Conditions and what stands where they are true.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 20, 300]})
        >>> df["a"].case_when([(df["a"] > 100, 100), (df["a"] > 10, 10)]).to_list()
        [1, 10, 100]
        """
        chosen: object = self
        for cond, value in reversed(list(caselist)):
            chosen = _if_else(self, cond, value, chosen)
        return self._with("coalesce") if chosen is self else chosen  # type: ignore[return-value]

    def replace(self, to_replace: object, value: object = None) -> Series:
        """Return the series with some values replaced by others.

        Parameters
        ----------
        to_replace : scalar, list or dict
            The values to replace; a dict has what they are replaced by.
        value : scalar or list, optional
            What they are replaced by: one for all, or as many as there are in a list.

        Examples
        --------
        >>> pc.Series("a", [1, 2, 3]).replace({1: 10, 3: 30}).to_list()
        [10, 2, 30]
        """
        pairs = _pairs(to_replace, value)
        for _, new in pairs:
            if isinstance(new, Values):
                raise InvalidError(
                    "values are replaced by values: for those of a column use where or mask", op="replace"
                )
        return self._looked_up(dict(pairs), self._expr) if pairs else self._with("coalesce")


def _pairs(to_replace: object, value: object) -> list[tuple[object, object]]:
    """Return the values to replace beside what each is replaced by."""
    if isinstance(to_replace, dict):
        if value is not None:
            raise InvalidError("a dict has the new values beside the old: give no value", op="replace")
        return list(to_replace.items())
    if not isinstance(to_replace, (list, tuple)):
        return [(to_replace, value)]
    new = value if isinstance(value, (list, tuple)) else [value] * len(to_replace)
    if len(new) != len(to_replace):
        raise InvalidError(f"{len(to_replace)} values can't be replaced by {len(new)}", op="replace")
    return list(zip(to_replace, new))


def _if_else(series: Values, cond: object, yes: object, no: object) -> Series:
    """Return the series, called as `series`, of `yes` where `cond` is true, `no` elsewhere."""
    if not isinstance(cond, Values):
        raise TypeError(f"a condition is a comparison of columns, as in df['a'] > 0, not a {type(cond).__name__}")
    chosen = cond._with("if_else", yes, no)
    chosen.name = series.name
    return chosen

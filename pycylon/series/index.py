"""Values by number and by label: `Series.iloc`, `Series.loc`."""

from __future__ import annotations

from typing import Any

from pycylon.series.accessor import Accessor
from pycylon.series.base import Values


class Indexed(Values):
    """Methods that find values by their row's number or label."""

    __slots__ = ()

    @property
    def iloc(self) -> ByNumber:
        """Values by number: ``s.iloc[2]``, ``s.iloc[2:5]``, ``s.iloc[[0, 2]]``.

        Numbers count the rows of a partitioned frame in the order of the ranks; collective then.

        Examples
        --------
        >>> s = pc.Series("a", [10, 20, 30])
        >>> s.iloc[-1], s.iloc[1:].to_list(), s.iloc[[2, 0]].to_list()
        (30, [20, 30], [30, 10])
        """
        itself: Any = self
        return ByNumber(itself)

    @property
    def loc(self) -> ByLabel:
        """Values by condition or label, as ``df.loc[..., "a"]``; of rows without an index, a number gives the value.

        A slice of labels includes both ends. Collective on a partitioned frame.

        Examples
        --------
        >>> df = pc.DataFrame({"k": ["x", "y", "z"], "v": [1, 2, 3]})
        >>> df["v"].loc[df["k"] > "x"].to_list()
        [2, 3]
        >>> df["v"].loc[2], df["v"].loc[0:1].to_list()
        (3, [1, 2])
        >>> df.set_index("k")["v"].loc["y"].to_list()
        [2]
        """
        itself: Any = self
        return ByLabel(itself)


class ByNumber(Accessor):
    """``s.iloc``.

    Parameters
    ----------
    series : Series
        The series.
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return values by number.

        Parameters
        ----------
        key : int, slice, or list of int or of bool
            Which.
        """
        if isinstance(key, slice):
            return self._series[key]
        found = self._series.to_frame("value").iloc[key]
        return found["value"] if isinstance(found, dict) else found._column("value").rename(self._series.name)


class ByLabel(Accessor):
    """``s.loc``.

    Parameters
    ----------
    series : Series
        The series.
    """

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        """Return values by condition or label.

        Parameters
        ----------
        key : Series, label, slice or list of labels
            Which.
        """
        series: Any = self._series
        if isinstance(key, Values):
            return series[key]
        if not series._frame._labels():
            if isinstance(key, int) and not isinstance(key, bool) and key >= 0:
                return series.iloc[key]
            return series.to_frame("value").loc[key]._column("value").rename(series.name)
        name = "(value)"
        while name in series._frame.columns:
            name = f"({name})"
        valued = series._frame.assign(**{name: series})
        return valued.loc[key]._column(name).rename(series.name)

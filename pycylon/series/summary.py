"""What values a series has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.expr import Column
from pycylon.series.base import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series


class Summaries(Values):
    """Methods that tell what values there are."""

    __slots__ = ()

    def value_counts(
        self, normalize: bool = False, sort: bool = True, ascending: bool = False, dropna: bool = True
    ) -> DataFrame:
        """Return the different values, and how many there are of each, the most frequent first.

        Parameters
        ----------
        normalize, sort, ascending, dropna
            As of `DataFrame.value_counts`; `dropna` leaves out NaN, too.

        Examples
        --------
        >>> pc.Series("a", [3, 1, 3, None]).value_counts(dropna=False).to_dict()
        {'a': [3, 1, None], 'count': [2, 1, 1]}
        """
        frame = self.to_frame()
        if dropna:
            frame = frame[frame[self.name].notna()]
        return frame.value_counts(None, normalize, sort, ascending, dropna)

    def mode(self, dropna: bool = True) -> Series:
        """Return the most frequent values, in order: several where they are equally frequent.

        Parameters
        ----------
        dropna : bool, default True
            Whether null and NaN don't count.

        Notes
        -----
        Collective on a partitioned frame.

        Examples
        --------
        >>> pc.Series("a", [3, 1, 3, 1, 2]).mode().to_list()
        [1, 3]
        """
        values = self._bound(self.to_frame("value"), Column("value"), "value")
        counted = values.value_counts(sort=False, dropna=dropna)
        modes = counted[counted["count"] == counted["count"].max()]
        return self._bound(modes, Column("value"), self.name)

    @property
    def is_unique(self) -> bool:
        """Whether no value equals another. Collective on a partitioned frame."""
        return not self._bound(self._frame, self._expr, self.name).duplicated().any()

    @property
    def hasnans(self) -> bool:
        """Whether some value is null or NaN. Collective on a partitioned frame."""
        return self._with("is_null").any()

    def describe(self, percentiles: Sequence[float] | None = None) -> DataFrame:
        """Return what the values are like: a row per statistic, whose name is in the first column.

        Parameters
        ----------
        percentiles : sequence of float, optional
            As of `DataFrame.describe`.
        """
        return self.to_frame().describe(percentiles)

"""`Accessor`: what ``s.str``, ``s.dt``, ``s.iloc`` and ``s.loc`` are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pycylon.series.core import Series


class Accessor:
    """A series as the methods of a subject see it.

    Parameters
    ----------
    series : Series
        The series.
    """

    __slots__ = ("_series",)

    def __init__(self, series: Series) -> None:
        self._series = series

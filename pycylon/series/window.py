"""Columns whose values come from neighbouring rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.series.base import Values
from pycylon.window import Windows, Within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycylon.series.core import Series


class Neighbours(Values, Windows["Series"]):
    """Methods that compute each value from the rows around it."""

    __slots__ = ()

    def _windowed(self, make: Callable[[Series, Within], Series]) -> Series:
        return make(self._bound(self._frame, self._expr, self.name), Within())

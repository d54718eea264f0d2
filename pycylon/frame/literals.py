"""The values in a plan's expressions, which travel as a table: JSON can't carry every one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon._native import abi
from pycylon._native import library as native
from pycylon.interop.columns import encode
from pycylon.interop.streams import table_of_encoded

if TYPE_CHECKING:
    from pycylon.interop.encoded import Encoded


class Literals(abi.Table):
    """One row with a column per value, made once all are known: when the plan is handed over."""

    __slots__ = ("_columns", "_made")

    def __init__(self) -> None:
        super().__init__(native.library())
        self._columns: dict[str, Encoded] = {}
        self._made: abi.Table | None = None

    @property
    def is_made(self) -> bool:
        """Whether it is too late for more values."""
        return self._made is not None

    def add(self, value: Any) -> str:
        """Take in a value and return its column's name.

        Parameters
        ----------
        value : scalar
            A number, bool, string, date, datetime or None.
        """
        name = str(len(self._columns))
        self._columns[name] = encode("value", [value], None)
        return name

    @property
    def value(self) -> int:
        """The handle of the row: makes it."""
        if self._made is None:
            self._made = table_of_encoded(self._columns)
        return self._made.value

"""Operators of frames: arithmetic and comparison, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.documented import documented
from pycylon.errors import InvalidError
from pycylon.frame.base import Frame
from pycylon.frame.elementwise import Elementwise

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame


#: What the docstrings of methods of operators share.
_SHARED = """
    Parameters
    ----------
    other : scalar, Series or DataFrame
        The other side: a series of this frame, or this frame.
    axis : {0, "index"}, default 0
        A series goes along the rows: pandas' default is along the columns.

    Examples
    --------
    >>> pc.DataFrame({"a": [1, None], "b": [0.5, 2]}).{name}(2).to_dict()
    {result}
"""


class Operators(Elementwise):
    """Operators, and the methods of their names."""

    __slots__ = ()

    def _combined(self, other: object, operator: str) -> DataFrame:
        """Return each column combined with a value, or with the column of that name of a frame of the same rows."""
        if not isinstance(other, Frame):
            return self._each_column(lambda _, column: getattr(column, operator)(other))
        if other.columns != self.columns:
            raise InvalidError("frames are combined column by column: both need the same columns", op=operator)
        return self._each_column(lambda name, column: getattr(column, operator)(other._column(name)))

    def _along(self, other: object, operator: str, axis: object) -> DataFrame:
        """Return what an operator's method does."""
        if axis not in (0, "index"):
            raise InvalidError(f"axis={axis!r} isn't supported: a series goes along the rows, axis=0", op=operator)
        return self._combined(other, operator)

    # ---- methods ----

    @documented(_SHARED, "{'a': [3, None], 'b': [2.5, 4.0]}")
    def add(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self + other``, column by column."""
        return self._along(other, "add", axis)

    @documented(_SHARED, "{'a': [-1, None], 'b': [-1.5, 0.0]}")
    def sub(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self - other``, column by column."""
        return self._along(other, "sub", axis)

    @documented(_SHARED, "{'a': [2, None], 'b': [1.0, 4.0]}")
    def mul(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self * other``, column by column."""
        return self._along(other, "mul", axis)

    multiply = mul

    @documented(_SHARED, "{'a': [0.5, None], 'b': [0.25, 1.0]}")
    def truediv(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self / other``, column by column."""
        return self._along(other, "truediv", axis)

    div = divide = truediv

    @documented(_SHARED, "{'a': [0, None], 'b': [0.0, 1.0]}")
    def floordiv(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self // other``, column by column."""
        return self._along(other, "floordiv", axis)

    @documented(_SHARED, "{'a': [1, None], 'b': [0.5, 0.0]}")
    def mod(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self % other``, column by column."""
        return self._along(other, "mod", axis)

    @documented(_SHARED, "{'a': [1, None], 'b': [0.25, 4.0]}")
    def pow(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self ** other``, column by column."""
        return self._along(other, "pow", axis)

    @documented(_SHARED, "{'a': [False, None], 'b': [False, True]}")
    def eq(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self == other``, column by column."""
        return self._along(other, "eq", axis)

    @documented(_SHARED, "{'a': [True, None], 'b': [True, False]}")
    def ne(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self != other``, column by column."""
        return self._along(other, "ne", axis)

    @documented(_SHARED, "{'a': [True, None], 'b': [True, False]}")
    def lt(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self < other``, column by column."""
        return self._along(other, "lt", axis)

    @documented(_SHARED, "{'a': [True, None], 'b': [True, True]}")
    def le(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self <= other``, column by column."""
        return self._along(other, "le", axis)

    @documented(_SHARED, "{'a': [False, None], 'b': [False, False]}")
    def gt(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self > other``, column by column."""
        return self._along(other, "gt", axis)

    @documented(_SHARED, "{'a': [False, None], 'b': [False, True]}")
    def ge(self, other: object, axis: object = 0) -> DataFrame:
        """Return ``self >= other``, column by column."""
        return self._along(other, "ge", axis)

    # ---- signs ----

    def __add__(self, other: object) -> DataFrame:
        """Add a value, or a frame of the same rows, column by column."""
        return self._combined(other, "add")

    def __radd__(self, other: object) -> DataFrame:
        """Add."""
        return self._combined(other, "radd")

    def __sub__(self, other: object) -> DataFrame:
        """Subtract."""
        return self._combined(other, "sub")

    def __rsub__(self, other: object) -> DataFrame:
        """Subtract."""
        return self._combined(other, "rsub")

    def __mul__(self, other: object) -> DataFrame:
        """Multiply."""
        return self._combined(other, "mul")

    def __rmul__(self, other: object) -> DataFrame:
        """Multiply."""
        return self._combined(other, "rmul")

    def __truediv__(self, other: object) -> DataFrame:
        """Divide."""
        return self._combined(other, "truediv")

    def __rtruediv__(self, other: object) -> DataFrame:
        """Divide."""
        return self._combined(other, "rtruediv")

    def __floordiv__(self, other: object) -> DataFrame:
        """Divide and round down."""
        return self._combined(other, "floordiv")

    def __rfloordiv__(self, other: object) -> DataFrame:
        """Divide and round down."""
        return self._combined(other, "rfloordiv")

    def __mod__(self, other: object) -> DataFrame:
        """Return the rest of ``//``."""
        return self._combined(other, "mod")

    def __rmod__(self, other: object) -> DataFrame:
        """Return the rest of ``//``."""
        return self._combined(other, "rmod")

    def __pow__(self, other: object) -> DataFrame:
        """Raise to a power."""
        return self._combined(other, "pow")

    def __rpow__(self, other: object) -> DataFrame:
        """Raise to a power."""
        return self._combined(other, "rpow")

    def __lt__(self, other: object) -> DataFrame:
        """Compare value by value."""
        return self._combined(other, "lt")

    def __le__(self, other: object) -> DataFrame:
        """Compare value by value."""
        return self._combined(other, "le")

    def __gt__(self, other: object) -> DataFrame:
        """Compare value by value."""
        return self._combined(other, "gt")

    def __ge__(self, other: object) -> DataFrame:
        """Compare value by value."""
        return self._combined(other, "ge")

    def __neg__(self) -> DataFrame:
        """Return the negative."""
        return self._each_column(lambda _, column: -column)

    def __invert__(self) -> DataFrame:
        """Tell where it is false."""
        return self._each_column(lambda _, column: ~column)

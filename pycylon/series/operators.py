"""Operators of columns: arithmetic, comparison, logic, membership, conversion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from pycylon.documented import documented
from pycylon.errors import InvalidError
from pycylon.expr import Among, Call
from pycylon.series.base import Values

if TYPE_CHECKING:
    from pycylon._native import abi
    from pycylon.series.core import Series


#: What the docstrings of methods of operators share.
_SHARED = """
    Parameters
    ----------
    other : scalar or Series
        The other side.

    Examples
    --------
    >>> pc.Series("a", [1, 3, None]).{name}(2).to_list()
    {result}
"""


class Operators(Values):
    """Operators, and the methods that are called like them."""

    __slots__ = ()

    #: NumPy's scalars leave operators with a series to the series.
    __array_priority__ = 1000

    __hash__ = None  # type: ignore[assignment]

    # ---- arithmetic ----

    def __add__(self, other: object) -> Series:
        """Add."""
        return self._with("add", other)

    def __radd__(self, other: object) -> Series:
        """Return ``other + self``."""
        return self._with("add", other, reflected=True)

    @documented(_SHARED, "[3, 5, None]")
    def add(self, other: object) -> Series:
        """Return ``self + other``."""
        return self._with("add", other)

    @documented(_SHARED, "[3, 5, None]")
    def radd(self, other: object) -> Series:
        """Return ``other + self``."""
        return self._with("add", other, reflected=True)

    def __sub__(self, other: object) -> Series:
        """Subtract."""
        return self._with("sub", other)

    def __rsub__(self, other: object) -> Series:
        """Return ``other - self``."""
        return self._with("sub", other, reflected=True)

    @documented(_SHARED, "[-1, 1, None]")
    def sub(self, other: object) -> Series:
        """Return ``self - other``."""
        return self._with("sub", other)

    @documented(_SHARED, "[1, -1, None]")
    def rsub(self, other: object) -> Series:
        """Return ``other - self``."""
        return self._with("sub", other, reflected=True)

    def __mul__(self, other: object) -> Series:
        """Multiply."""
        return self._with("mul", other)

    def __rmul__(self, other: object) -> Series:
        """Return ``other * self``."""
        return self._with("mul", other, reflected=True)

    @documented(_SHARED, "[2, 6, None]")
    def mul(self, other: object) -> Series:
        """Return ``self * other``."""
        return self._with("mul", other)

    @documented(_SHARED, "[2, 6, None]")
    def rmul(self, other: object) -> Series:
        """Return ``other * self``."""
        return self._with("mul", other, reflected=True)

    def __truediv__(self, other: object) -> Series:
        """Divide: by zero gives an infinity or NaN."""
        return self._with("truediv", other)

    def __rtruediv__(self, other: object) -> Series:
        """Return ``other / self``."""
        return self._with("truediv", other, reflected=True)

    @documented(_SHARED, "[0.5, 1.5, None]")
    def truediv(self, other: object) -> Series:
        """Return ``self / other``."""
        return self._with("truediv", other)

    @documented(_SHARED, "[2.0, 0.6666666666666666, None]")
    def rtruediv(self, other: object) -> Series:
        """Return ``other / self``."""
        return self._with("truediv", other, reflected=True)

    def __floordiv__(self, other: object) -> Series:
        """Divide and round down; integers by zero give null."""
        return self._with("floordiv", other)

    def __rfloordiv__(self, other: object) -> Series:
        """Return ``other // self``."""
        return self._with("floordiv", other, reflected=True)

    @documented(_SHARED, "[0, 1, None]")
    def floordiv(self, other: object) -> Series:
        """Return ``self // other``."""
        return self._with("floordiv", other)

    @documented(_SHARED, "[2, 0, None]")
    def rfloordiv(self, other: object) -> Series:
        """Return ``other // self``."""
        return self._with("floordiv", other, reflected=True)

    def __mod__(self, other: object) -> Series:
        """Return the rest of ``//``, with the sign of the divisor; of integers by zero, null."""
        return self._with("mod", other)

    def __rmod__(self, other: object) -> Series:
        """Return ``other % self``."""
        return self._with("mod", other, reflected=True)

    @documented(_SHARED, "[1, 1, None]")
    def mod(self, other: object) -> Series:
        """Return ``self % other``."""
        return self._with("mod", other)

    @documented(_SHARED, "[0, 2, None]")
    def rmod(self, other: object) -> Series:
        """Return ``other % self``."""
        return self._with("mod", other, reflected=True)

    def __pow__(self, other: object) -> Series:
        """Raise to a power; of integers to a negative one is an InvalidError."""
        return self._with("pow", other)

    def __rpow__(self, other: object) -> Series:
        """Return ``other ** self``."""
        return self._with("pow", other, reflected=True)

    @documented(_SHARED, "[1, 9, None]")
    def pow(self, other: object) -> Series:
        """Return ``self ** other``."""
        return self._with("pow", other)

    @documented(_SHARED, "[2, 8, None]")
    def rpow(self, other: object) -> Series:
        """Return ``other ** self``."""
        return self._with("pow", other, reflected=True)

    div, rdiv = truediv, rtruediv

    def __neg__(self) -> Series:
        """Return the negative."""
        return self._with("negative")

    def __pos__(self) -> Series:
        """Return the same."""
        return self._bound(self._frame, self._expr, self.name)

    def __abs__(self) -> Series:
        """Return the absolute value."""
        return self._with("abs")

    # ---- comparison ----

    def __eq__(self, other: object) -> Series:  # type: ignore[override]
        """Compare value by value."""
        return self._with("eq", other)

    @documented(_SHARED, "[False, False, None]")
    def eq(self, other: object) -> Series:
        """Return ``self == other``."""
        return self._with("eq", other)

    def __ne__(self, other: object) -> Series:  # type: ignore[override]
        """Compare value by value."""
        return self._with("ne", other)

    @documented(_SHARED, "[True, True, None]")
    def ne(self, other: object) -> Series:
        """Return ``self != other``."""
        return self._with("ne", other)

    def __lt__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("lt", other)

    @documented(_SHARED, "[True, False, None]")
    def lt(self, other: object) -> Series:
        """Return ``self < other``."""
        return self._with("lt", other)

    def __le__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("le", other)

    @documented(_SHARED, "[True, False, None]")
    def le(self, other: object) -> Series:
        """Return ``self <= other``."""
        return self._with("le", other)

    def __gt__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("gt", other)

    @documented(_SHARED, "[False, True, None]")
    def gt(self, other: object) -> Series:
        """Return ``self > other``."""
        return self._with("gt", other)

    def __ge__(self, other: object) -> Series:
        """Compare value by value."""
        return self._with("ge", other)

    @documented(_SHARED, "[False, True, None]")
    def ge(self, other: object) -> Series:
        """Return ``self >= other``."""
        return self._with("ge", other)

    # ---- logic ----

    def __and__(self, other: object) -> Series:
        """Tell where both are true."""
        return self._with("and", other)

    def __or__(self, other: object) -> Series:
        """Tell where either is true."""
        return self._with("or", other)

    def __xor__(self, other: object) -> Series:
        """Tell where one of both is true."""
        return self._with("xor", other)

    def __invert__(self) -> Series:
        """Tell where it is false."""
        return self._with("not")

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    # ---- membership ----

    def between(
        self, left: object, right: object, inclusive: Literal["both", "neither", "left", "right"] = "both"
    ) -> Series:
        """Tell where it lies between two bounds.

        Parameters
        ----------
        left, right : scalar or Series
            The bounds.
        inclusive : {"both", "neither", "left", "right"}, default "both"
            Which of the bounds count as between.

        Examples
        --------
        >>> pc.Series("a", [1, 2, 3]).between(1, 3, inclusive="left").to_list()
        [True, True, False]
        """
        if inclusive not in ("both", "neither", "left", "right"):
            raise InvalidError(f"inclusive={inclusive!r}: give both, neither, left or right", op="between")
        above = self >= left if inclusive in ("both", "left") else self > left
        below = self <= right if inclusive in ("both", "right") else self < right
        return above & below

    def isin(self, values: Iterable[object]) -> Series:
        """Tell where it equals one of some values: false where it is null or NaN, unless that is one of them.

        Parameters
        ----------
        values : iterable
            The values: thousands of them are looked up in a hash table. A series must not be partitioned.

        Examples
        --------
        >>> df = pc.DataFrame({"a": [1, 2, 3]})
        >>> df[df["a"].isin([1, 3])].to_dict()
        {'a': [1, 3]}
        """
        arguments = (self._expr, Among(_table_of(values)))
        return self._bound(self._frame, Call("is_in", arguments), self.name)

    # ---- conversion ----

    def astype(self, dtype: str | type) -> Series:
        """Return the values in another type.

        Parameters
        ----------
        dtype : str or type
            A type's name ("int64", "float32", "utf8", "decimal128(10, 2)", "dictionary<utf8, int32>", "time64[us]"), or
            ``int``, ``float``, ``bool``, ``str``.

        Notes
        -----
        Numbers and booleans become each other, and text as Python writes it ("1.0", "True"); text becomes what it says,
        or an `InvalidError` where it says no value of the type. Decimals are rounded to fewer digits, halves away from
        0, and lose their fraction where they become integers, as floats do; what doesn't fit is an `OverflowError`.
        Binaries become text where they are UTF-8, timestamps times of the day. Nulls stay nulls. A cast is computed
        when the series is looked at or assigned; so is its error raised.

        Examples
        --------
        >>> df = pc.DataFrame({"id": ["7", None, "8"]})
        >>> df["id"] = df["id"].astype(int)
        >>> df.to_dict()
        {'id': [7, None, 8]}
        """
        from pycylon.interop.columns import plan_type

        return self._with("cast", type=plan_type(dtype))


def _table_of(values: Any) -> abi.Table:
    """Return a table of one column of values."""
    from pycylon.interop.streams import table_of_columns

    if isinstance(values, Values):
        if values._frame.placement == "partitioned":
            raise InvalidError(
                "the values are spread over the ranks: replicate() their frame, or merge with how='semi'", op="isin"
            )
        return values.to_frame()._table
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"isin needs a list of values, not {values!r}")
    plain = values if hasattr(values, "dtype") else [None if value != value else value for value in values]
    return table_of_columns({"values": plain})

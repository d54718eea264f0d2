"""Functions of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.arguments import whole
from pycylon.series.base import Values

if TYPE_CHECKING:
    from pycylon.series.core import Series

#: NumPy's functions by the core's: ``numpy.log(df["a"])`` is a series.
_UFUNCS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "truediv",
    "true_divide": "truediv",
    "floor_divide": "floordiv",
    "remainder": "mod",
    "power": "pow",
    "float_power": "pow",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_xor": "xor",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
    "logical_not": "not",
    "invert": "not",
    "negative": "negative",
    "absolute": "abs",
    "fabs": "abs",
    "rint": "round",
    "isnan": "is_nan",
    "isinf": "is_inf",
    "isfinite": "is_finite",
    **{
        name: name
        for name in [
            "sqrt",
            "cbrt",
            "exp",
            "exp2",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "sin",
            "cos",
            "tan",
            "arcsin",
            "arccos",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "degrees",
            "radians",
            "floor",
            "ceil",
            "trunc",
            "sign",
        ]
    },
}


class Numeric(Values):
    """Functions of numbers, beyond the operators."""

    __slots__ = ()

    def abs(self) -> Series:
        """Return the absolute values."""
        return self._with("abs")

    def round(self, decimals: int = 0) -> Series:
        """Return the values rounded, a half to the even neighbour, as NumPy does.

        Parameters
        ----------
        decimals : int, default 0
            Digits after the point; a negative number rounds digits before it.

        Examples
        --------
        >>> pc.Series("a", [0.5, 1.5, 0.125]).round(2).to_list()
        [0.5, 1.5, 0.12]
        >>> pc.Series("a", [15, 25]).round(-1).to_list()
        [20, 20]
        """
        return self._with("round", decimals=whole(decimals, "decimals", "round"))

    def clip(self, lower: object = None, upper: object = None) -> Series:
        """Return the values, those below or above a bound replaced by it.

        Parameters
        ----------
        lower, upper : scalar or Series, optional
            The bounds; None or a null is none.

        Examples
        --------
        >>> pc.Series("a", [1, 5, None, 9]).clip(2, 8).to_list()
        [2, 5, None, 8]
        """
        clipped: Any = self
        if lower is not None:
            clipped = clipped.mask(clipped < lower, lower)
        if upper is not None:
            clipped = clipped.mask(clipped > upper, upper)
        series: Series = self._with("coalesce") if clipped is self else clipped
        return series

    def floor(self) -> Series:
        """Return the greatest whole numbers that aren't above."""
        return self._with("floor")

    def ceil(self) -> Series:
        """Return the least whole numbers that aren't below."""
        return self._with("ceil")

    def trunc(self) -> Series:
        """Return the values without their fractions."""
        return self._with("trunc")

    def sign(self) -> Series:
        """Return -1, 0 or 1 by the values' signs."""
        return self._with("sign")

    def sqrt(self) -> Series:
        """Return the square roots: NaN of negative values."""
        return self._with("sqrt")

    def exp(self) -> Series:
        """Return e to the power of the values."""
        return self._with("exp")

    def log(self) -> Series:
        """Return the natural logarithms: -inf of zero, NaN of negative values."""
        return self._with("log")

    def log2(self) -> Series:
        """Return the logarithms to the base 2."""
        return self._with("log2")

    def log10(self) -> Series:
        """Return the logarithms to the base 10."""
        return self._with("log10")

    def log1p(self) -> Series:
        """Return the natural logarithms of 1 plus the values."""
        return self._with("log1p")

    def isnan(self) -> Series:
        """Tell where it is NaN; null stays null."""
        return self._with("is_nan")

    def isinf(self) -> Series:
        """Tell where it is infinite; null stays null."""
        return self._with("is_inf")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute NumPy's functions in the core: ``numpy.sqrt(df["a"])``.

        Parameters
        ----------
        ufunc : numpy.ufunc
            The function.
        method : str
            How it is called.
        *inputs
            Series and scalars.
        **kwargs
            None are taken.
        """
        function = _UFUNCS.get(ufunc.__name__)
        if function is None or method != "__call__" or kwargs:
            return NotImplemented
        first, *others = inputs
        if isinstance(first, Values):
            return first._with(function, *others)
        return self._with(function, first, reflected=True)

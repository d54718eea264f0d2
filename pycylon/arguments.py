"""Arguments: what methods take, checked before a plan is made of it."""

from __future__ import annotations

import operator

from pycylon.errors import InvalidError, TypeMismatchError


def whole(value: object, name: str, op: str) -> int:
    """Return a whole number of at most 64 bits.

    Parameters
    ----------
    value : object
        What a caller gave: an int, or NumPy's.
    name : str
        What the parameter is called.
    op : str
        Who was called, for the error.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        kind = type(value).__name__
        raise TypeMismatchError(f"{name}={value!r}: expected a whole number, not a {kind}", op=op) from None
    if not -(2**63) <= number < 2**63:
        raise InvalidError(f"{name}={value!r} doesn't fit 64 bits", op=op)
    return number


def number(value: object, name: str, op: str) -> float:
    """Return a number as a float.

    Parameters
    ----------
    value : object
        What a caller gave: an int or a float, or NumPy's.
    name : str
        What the parameter is called.
    op : str
        Who was called, for the error.
    """
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        raise TypeMismatchError(f"{name}={value!r}: expected a number, not a {type(value).__name__}", op=op)
    return float(value)  # type: ignore[arg-type]

"""Comparison of frames, for tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pycylon.frame.core import DataFrame


def assert_frame_equal(
    left: DataFrame, right: DataFrame, *, check_order: bool = True, check_dtype: bool = True, rtol: float = 1e-12
) -> None:
    """Raise an AssertionError that names the first difference of the rows here of two frames, if there is one.

    Parameters
    ----------
    left, right : DataFrame
        The frames. NaN equals NaN, and null equals null.
    check_order : bool, default True
        Whether the rows must be in the same order.
    check_dtype : bool, default True
        Whether the types must be the same.
    rtol : float, default 1e-12
        How far two floats may differ, relative to the larger.

    Examples
    --------
    >>> import pycylon as pc
    >>> from pycylon.testing import assert_frame_equal
    >>> assert_frame_equal(pc.DataFrame({"a": [1, 2]}), pc.DataFrame({"a": [2, 1]}), check_order=False)
    """
    if left.columns != right.columns:
        raise AssertionError(f"the columns differ: {left.columns} and {right.columns}")
    if check_dtype and left.dtypes != right.dtypes:
        raise AssertionError(f"the types differ: {left.dtypes} and {right.dtypes}")
    if len(left) != len(right):
        raise AssertionError(f"the numbers of rows differ: {len(left)} and {len(right)}")
    rows = [list(zip(*frame.to_dict().values())) for frame in (left, right)]
    if not check_order:
        rows = [sorted(each, key=_order) for each in rows]
    for number, (one, other) in enumerate(zip(*rows)):
        for name, a, b in zip(left.columns, one, other):
            if not _equal(a, b, rtol):
                raise AssertionError(f"row {number}, column {name!r}: {a!r} and {b!r} differ")


def _equal(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol)
    return bool(a == b) and (a is None) == (b is None)


def _order(row: tuple[Any, ...]) -> list[tuple[bool, bool, Any]]:
    """Return what sorts rows of one schema: nulls last, NaN before them."""
    return [(v is None, isinstance(v, float) and math.isnan(v), 0 if v is None or v != v else v) for v in row]

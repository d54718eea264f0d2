"""Comparison of frames, and what a store of the user's must do, for tests."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pycylon.comm import Store
    from pycylon.frame.core import DataFrame


#: For how long a list may lag behind.
_LIST_SECONDS = 5.0


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


def check_store(store: Store, other: Store | None = None) -> None:
    """Raise an AssertionError that says what a store doesn't do as `pycylon.comm.Store` asks; leave nothing in it.

    Parameters
    ----------
    store : Store
        The store.
    other : Store, optional
        Another object for the same store, as another rank has. Default: `store` itself.
    """
    there = other if other is not None else store
    folder = f"check-{os.urandom(8).hex()}/"
    objects = {f"{folder}{i % 3}/{i}-a.{i}": bytes(range(256)) * (i**4) for i in range(12)}
    objects[f"{folder}large"] = os.urandom((8 << 20) + 100)
    try:
        with ThreadPoolExecutor(8) as pool:  # as several threads of several ranks do
            list(pool.map(store.put, objects, objects.values()))
            got = dict(zip(objects, pool.map(there.get, objects)))
        for key, data in objects.items():
            if got[key] != data:
                raise AssertionError(f"get({key!r}) in another rank isn't what put() had left, {len(data)} bytes")
        for prefix in (folder, f"{folder}1/", f"{folder}1/1", f"{folder}none/"):
            _await_list(there, prefix, [key for key in objects if key.startswith(prefix)])
        if not set(objects) <= set(there.list("")):
            raise AssertionError("list('') lacks keys that were put")
        if there.get(f"{folder}absent") is not None:
            raise AssertionError("get() of a key that was never put isn't None")
    finally:
        for key in objects:
            there.delete(key)
    for key in objects:
        there.delete(key)  # there is no such object any more
        if store.get(key) is not None:
            raise AssertionError(f"get({key!r}) isn't None after delete() in another rank")
    _await_list(store, folder, [])


def _await_list(store: Store, prefix: str, keys: list[str]) -> None:
    deadline = time.monotonic() + _LIST_SECONDS
    while sorted(listed := list(store.list(prefix))) != sorted(keys):
        if time.monotonic() > deadline:
            raise AssertionError(f"list({prefix!r}) returned {sorted(listed)} rather than {sorted(keys)}")
        time.sleep(0.02)


def _equal(a: Any, b: Any, rtol: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=rtol)
    return bool(a == b) and (a is None) == (b is None)


def _order(row: tuple[Any, ...]) -> list[tuple[bool, bool, Any]]:
    """Return what sorts rows of one schema: nulls last, NaN before them."""
    return [(v is None, isinstance(v, float) and math.isnan(v), 0 if v is None or v != v else v) for v in row]

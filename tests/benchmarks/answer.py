"""What an answer says, in a few numbers that don't depend on the order of its rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

#: How far sums of floats may be apart: engines add in different orders.
TOLERANCE = 1e-9


def summary(table: pa.Table, columns: str, order: str, floats: list[str] | None = None) -> dict[str, Any]:
    """Return an answer's number of rows, sums, and whether it is ordered as it should be.

    `floats` are the columns that are floats: others count as integers even so, as pandas' that have nulls. By default
    all that are. The columns that aren't floats are hashed row by row, so that values that changed rows show; each
    float counts with a weight by its row's hash, for the same reason. NaN counts as null, as pandas has no other.
    """
    names = columns.split()
    if table.num_columns != len(names):
        return {"columns": table.column_names}
    frame = _canonical(pl.from_arrow(table.rename_columns(names)), floats)
    floats = [name for name in names if frame[name].dtype == pl.Float64]
    exact = frame.drop(floats)
    hashes = exact.hash_rows() if exact.width else pl.repeat(1, frame.height, dtype=pl.UInt64, eager=True)
    said: dict[str, Any] = {"floats": floats, "rows": frame.height, "hash": int((hashes // 2**24).sum() or 0)}
    weights = (hashes % 1009).cast(pl.Float64)
    for name in floats:
        said[name] = [int(frame[name].null_count()), float(frame[name].sum()), float((frame[name] * weights).sum())]
    if order:
        said["ordered"] = _is_ordered(frame, order.split())
    return said


def _canonical(frame: pl.DataFrame, floats: list[str] | None) -> pl.DataFrame:
    """Return the columns in the few types that all engines have in common."""
    changed = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if kind.is_float():
            is_float = floats is None or name in floats
            changed.append(column.cast(pl.Float64).fill_nan(None).cast(pl.Float64 if is_float else pl.Int64))
        elif kind.is_decimal() and kind.scale:
            changed.append(column.cast(pl.Float64))
        elif kind.is_integer() or kind.is_decimal():
            changed.append(column.cast(pl.Int64))
        elif kind == pl.Categorical:
            changed.append(column.cast(pl.String))
        elif kind.is_temporal():
            changed.append(column.cast(pl.Date))
    return frame.with_columns(changed)


def _is_ordered(frame: pl.DataFrame, order: list[str]) -> bool:
    tied = pl.repeat(True, max(frame.height - 1, 0), eager=True)
    for key in order:
        column = frame[key.lstrip("-")]
        before, after = column.head(-1), column.tail(-1)
        if key.startswith("-"):
            before, after = after, before
        if (tied & (before > after)).any():
            return False
        tied &= before == after
    return True


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Tell whether two answers say the same."""
    return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_close, a, b))
    if isinstance(a, float) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(a == b)

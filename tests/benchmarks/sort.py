"""Sorting rows by one and by two keys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from line import Line

NAME = "sort"
ROWS = [9_100_000]
QUICK = 10_000
SEED = 110


def tables(rows: int) -> dict[str, pa.Table]:
    """Return the numbers (all rows) and the texts (a ninth of them)."""
    random = np.random.default_rng(SEED)
    few = max(rows // 9, 1)
    words = pa.array([f"customer {i:06d}" for i in range(max(few // 10, 1))])
    return {
        "x": pa.table(
            {
                "k": random.integers(0, rows, rows, dtype=np.int64),
                "v": random.integers(0, 2**31, rows, dtype=np.int64),
            }
        ),
        "s": pa.table(
            {
                "a": words.take(pa.array(random.integers(0, len(words), few))),
                "b": random.integers(0, 100, few, dtype=np.int64),
                "v": random.random(few),
            }
        ),
    }


def by(name: str, table: str, columns: list[str], keys: list[str], ascending: list[bool], goal: float) -> Line:
    """Return the line that sorts a table by some keys."""
    directions = ["asc" if up else "desc" for up in ascending]
    return Line(
        name,
        " ".join(columns),
        {table: columns},
        {
            "pycylon": lambda t: getattr(t, table).sort_values(keys, ascending=ascending),
            "pandas": lambda t: getattr(t, table).sort_values(keys, ascending=ascending, ignore_index=True),
            "polars": lambda t: getattr(t, table).sort(keys, descending=[not up for up in ascending]),
            "duckdb": f"from {table} order by " + ", ".join(f"{k} {d}" for k, d in zip(keys, directions)),
            "pyarrow": lambda t: getattr(t, table).sort_by([(k, f"{d}ending") for k, d in zip(keys, directions)]),
        },
        order=" ".join(key if up else f"-{key}" for key, up in zip(keys, ascending)),
        goal=goal,
    )


LINES = [
    by("one integer", "x", ["k", "v"], ["k"], [True], 0.5),
    by("text and integer", "s", ["a", "b", "v"], ["a", "b"], [True, False], 0.8),
]

"""Distinct rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from line import Line

NAME = "unique"
ROWS = [10_000_000]
QUICK = 10_000
SEED = 111


def tables(rows: int) -> dict[str, pa.Table]:
    """Return integers, half of them distinct."""
    random = np.random.default_rng(SEED)
    return {"x": pa.table({"k": random.integers(0, max(rows * 5 // 8, 1), rows, dtype=np.int64)})}


LINES = [
    Line(
        "integers",
        "k",
        {"x": ["k"]},
        {
            "pycylon": lambda t: t.x.drop_duplicates(),
            "pandas": lambda t: t.x.drop_duplicates(),
            "polars": lambda t: t.x.unique(),
            "duckdb": "select distinct k from x",
            "pyarrow": lambda t: t.x.group_by("k", use_threads=t.threaded).aggregate([]),
        },
        goal=0.5,
    )
]

"""A join on a key of texts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from line import Line

NAME = "text"
ROWS = [1_000_000]
QUICK = 10_000
SEED = 112


def tables(rows: int) -> dict[str, pa.Table]:
    """Return two tables whose keys are e-mail addresses."""
    random = np.random.default_rng(SEED)
    names = pa.array([f"customer.{i:07d}@example.org" for i in range(max(rows * 9 // 10, 1))])

    def table(value: str) -> pa.Table:
        keys = names.take(pa.array(random.integers(0, len(names), rows)))
        return pa.table({"key": keys, value: random.integers(0, 2**31, rows, dtype=np.int64)})

    return {"l": table("x"), "r": table("y")}


LINES = [
    Line(
        "join",
        "key x y",
        {"l": ["key", "x"], "r": ["key", "y"]},
        {
            "pycylon": lambda t: t.l.merge(t.r, on="key"),
            "pandas": lambda t: t.l.merge(t.r, on="key"),
            "polars": lambda t: t.l.join(t.r, on="key"),
            "duckdb": "select l.key, x, y from l join r on l.key = r.key",
            "pyarrow": lambda t: t.l.join(t.r, keys="key", join_type="inner", use_threads=t.threaded),
        },
        goal=0.5,
    )
]

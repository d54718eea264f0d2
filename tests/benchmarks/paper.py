"""The join of the Cylon papers: two tables of two int64 columns, keys uniform in 0.9 x rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from line import Line

NAME = "paper"
ROWS = [1_000_000, 9_100_000]
QUICK = 10_000
KEY_SHARE = 0.9
SEED = 20


def tables(rows: int) -> dict[str, pa.Table]:
    """Return both sides."""
    random = np.random.default_rng(SEED)

    def table(value: str) -> pa.Table:
        keys = random.integers(0, int(rows * KEY_SHARE), rows, dtype=np.int64)
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
        required=0.5,
        goal=0.25,
    )
]

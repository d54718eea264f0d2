"""Filter and aggregate in one pass: the part of a table that matters is never written."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pac
from line import Line

NAME = "scan"
ROWS = [10_000_000]
QUICK = 10_000
SEED = 113


def tables(rows: int) -> dict[str, pa.Table]:
    """Return a table of orders."""
    random = np.random.default_rng(SEED)
    return {
        "x": pa.table(
            {
                "day": random.integers(0, 365, rows, dtype=np.int32),
                "shop": random.integers(0, 50, rows, dtype=np.int32),
                "price": np.round(random.random(rows) * 1000, 2),
                "count": random.integers(1, 50, rows, dtype=np.int64),
            }
        )
    }


def pycylon(t):
    x = t.x.lazy()
    return (
        x[(x["day"] >= 90) & (x["day"] < 180)]
        .groupby("shop", sort=False)
        .agg(price=("price", "sum"), count=("count", "sum"))
    )


def pandas(t):
    x = t.x
    x = x[(x["day"] >= 90) & (x["day"] < 180)]
    return x.groupby("shop", as_index=False, sort=False).agg(price=("price", "sum"), count=("count", "sum"))


def polars(t):
    x = t.x.lazy().filter((pl.col("day") >= 90) & (pl.col("day") < 180))
    return x.group_by("shop").agg(pl.col("price").sum(), pl.col("count").sum())


def pyarrow(t):
    x = t.x.filter((pac.field("day") >= 90) & (pac.field("day") < 180))
    return x.group_by("shop", use_threads=t.threaded).aggregate([("price", "sum"), ("count", "sum")])


LINES = [
    Line(
        "filter and group",
        "shop price count",
        {"x": ["day", "shop", "price", "count"]},
        {
            "pycylon": pycylon,
            "pandas": pandas,
            "polars": polars,
            "duckdb": 'select shop, sum(price), sum("count") from x where day >= 90 and day < 180 group by shop',
            "pyarrow": pyarrow,
        },
    )
]

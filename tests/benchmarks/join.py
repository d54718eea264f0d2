"""The join queries of db-benchmark: a table with small, medium and big ones, q1 to q5."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pac
from line import Line

NAME = "join"
ROWS = [10_000_000]
QUICK = 10_000
SEED = 109


def tables(rows: int) -> dict[str, pa.Table]:
    """Return x and what it is joined with; id1 to id3 have few, more and `rows` distinct values, id4 to id6 say them.

    Of each key's values 90% are on both sides, 10% on one.
    """
    random = np.random.default_rng(SEED)
    distinct = [max(rows // 1_000_000, 10), max(rows // 1_000, 10), rows]
    sides = []
    for n in distinct:
        keys = random.permutation(np.arange(1, n + n // 10 + 1))
        common = keys[: n - n // 10]
        sides.append([np.append(common, keys[n - n // 10 : n]), np.append(common, keys[n:])])

    def drawn(values: np.ndarray, size: int) -> np.ndarray:
        """Return each value at least once, and more at random."""
        more = random.choice(values, size - len(values))
        return random.permutation(np.append(values, more)).astype(np.int64)

    def table(size: int, side: int, keys: int, value: str) -> pa.Table:
        ids = [drawn(sides[key][side], size) for key in range(keys)]
        columns = {f"id{key + 1}": numbers for key, numbers in enumerate(ids)}
        for key, numbers in enumerate(ids):
            text = pa.array(numbers).cast(pa.string())
            columns[f"id{key + 4}"] = pac.binary_join_element_wise("id", text, "")
        return pa.table({**columns, value: np.round(random.random(size) * 100, 6)})

    return {
        "x": table(rows, 0, 3, "v1"),
        "small": table(distinct[0], 1, 1, "v2"),
        "medium": table(distinct[1], 1, 2, "v2"),
        "big": table(rows, 1, 3, "v2"),
    }


X = ["id1", "id2", "id3", "id4", "id5", "id6", "v1"]
OTHERS = {"small": ["id1", "id4", "v2"], "medium": ["id1", "id2", "id4", "id5", "v2"], "big": [*X[:-1], "v2"]}


def joined(name: str, other: str, key: str, how: str = "inner") -> Line:
    """Return the line that joins x with another table on a key."""
    theirs = OTHERS[other]
    right = [f"{c}_y" if c in X else c for c in theirs if c != key]
    columns = [*(f"{c}_x" if c in theirs and c != key else c for c in X), *right]
    values = [f"x.{c} as {c}_x" if f"{c}_x" in columns else f"x.{c}" for c in X]
    values += [f"y.{c} as {c}_y" if f"{c}_y" in columns else f"y.{c}" for c in theirs if c != key]

    def merge(t):
        return t.x.merge(getattr(t, other), on=key, how=how)

    return Line(
        name,
        " ".join(columns),
        {"x": X, other: theirs},
        {
            "pycylon": merge,
            "pandas": merge,
            "polars": lambda t: t.x.join(getattr(t, other), on=key, how=how, suffix="_y"),
            "duckdb": f"select {', '.join(values)} from x {how} join {other} y using ({key})",
            "pyarrow": lambda t: t.x.join(
                getattr(t, other),
                keys=key,
                join_type={"inner": "inner", "left": "left outer"}[how],
                right_suffix="_y",
                left_suffix="_x",
                use_threads=t.threaded,
            ),
        },
    )


LINES = [
    joined("q1", "small", "id1"),
    joined("q2", "medium", "id2"),
    joined("q3", "medium", "id2", "left"),
    joined("q4", "medium", "id5"),
    joined("q5", "big", "id3"),
]

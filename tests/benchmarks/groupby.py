"""The group-by queries of db-benchmark: 100 or rows / 100 groups by strings and integers, q1 to q10."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pac
from line import Line

NAME = "groupby"
ROWS = [10_000_000]
QUICK = 10_000
GROUPS = 100
SEED = 108


def tables(rows: int) -> dict[str, pa.Table]:
    """Return the table: id1 to id3 strings, id4 to id6 integers, v1 to v3 values; id3 and id6 have many distinct."""
    random = np.random.default_rng(SEED)
    many = max(rows // GROUPS, 1)

    def strings(distinct: int, form: str) -> pa.Array:
        names = pa.array([form % i for i in range(1, distinct + 1)])
        return names.take(pa.array(random.integers(0, distinct, rows)))

    def integers(most: int) -> np.ndarray:
        return random.integers(1, most + 1, rows, dtype=np.int64)

    x = {
        "id1": strings(GROUPS, "id%03d"),
        "id2": strings(GROUPS, "id%03d"),
        "id3": strings(many, "id%010d"),
        "id4": integers(GROUPS),
        "id5": integers(GROUPS),
        "id6": integers(many),
        "v1": integers(5),
        "v2": integers(15),
        "v3": np.round(random.random(rows) * 100, 6),
    }
    return {"x": pa.table(x)}


def aggregation(name: str, keys: str, aggregates: str) -> Line:
    """Return the line of ordinary aggregates, written as "v1=sum(v1) v3=mean(v3)"."""
    by = keys.split()
    parts = [part.replace("(", "=").rstrip(")").split("=") for part in aggregates.split()]
    named = {out: (column, fn) for out, fn, column in parts}
    sql = {"std": "stddev"}
    arrow = {"std": "stddev", "median": "approximate_median"}
    columns = " ".join([*by, *named])
    reads = {"x": list(dict.fromkeys([*by, *(column for column, _ in named.values())]))}

    def polars(t):
        return t.x.lazy().group_by(by).agg(getattr(pl.col(c), f)().alias(out) for out, (c, f) in named.items())

    def pyarrow(t):
        grouped = t.x.group_by(by, use_threads=t.threaded)
        options = {"stddev": pac.VarianceOptions(ddof=1)}
        asked = [(c, arrow.get(f, f), options.get(arrow.get(f, f))) for c, f in named.values()]
        return grouped.aggregate(asked).select([*by, *(f"{c}_{f}" for c, f, _ in asked)])

    queries = {
        "pycylon": lambda t: t.x.groupby(by, sort=False).agg(**named),
        "pandas": lambda t: t.x.groupby(by, as_index=False, sort=False).agg(**named),
        "polars": polars,
        "duckdb": f"select {', '.join(by)}, "
        + ", ".join(f"{sql.get(f, f)}({c}) as {out}" for out, (c, f) in named.items())
        + f" from x group by {', '.join(by)}",
    }
    if not any(f == "median" for _, f in named.values()):  # pyarrow has no exact one
        queries["pyarrow"] = pyarrow
    return Line(name, columns, reads, queries)


def spread(groups):
    """Return q7 from pandas' or pycylon's groups."""
    ends = groups.agg(most=("v1", "max"), least=("v2", "min"))
    return ends.assign(range=ends["most"] - ends["least"])[["id3", "range"]]


def determination(correlations):
    """Return q9 from the correlations."""
    return correlations.assign(r2=correlations["corr"] ** 2)[["id2", "id4", "r2"]]


LINES = [
    aggregation("q1", "id1", "v1=sum(v1)"),
    aggregation("q2", "id1 id2", "v1=sum(v1)"),
    aggregation("q3", "id3", "v1=sum(v1) v3=mean(v3)"),
    aggregation("q4", "id4", "v1=mean(v1) v2=mean(v2) v3=mean(v3)"),
    aggregation("q5", "id6", "v1=sum(v1) v2=sum(v2) v3=sum(v3)"),
    aggregation("q6", "id4 id5", "median=median(v3) std=std(v3)"),
    Line(
        "q7",
        "id3 range",
        {"x": ["id3", "v1", "v2"]},
        {
            "pycylon": lambda t: spread(t.x.lazy().groupby("id3", sort=False)),
            "pandas": lambda t: spread(t.x.groupby("id3", as_index=False, sort=False)),
            "polars": lambda t: t.x.lazy().group_by("id3").agg(range=pl.col("v1").max() - pl.col("v2").min()),
            "duckdb": "select id3, max(v1) - min(v2) as range from x group by id3",
        },
    ),
    Line(
        "q8",
        "id6 largest",
        {"x": ["id6", "v3"]},
        {
            "pycylon": lambda t: t.x.groupby("id6", sort=False)["v3"].nlargest(2),
            "pandas": lambda t: t.x[["id6", "v3"]].sort_values("v3", ascending=False).groupby("id6").head(2),
            "polars": lambda t: t.x.lazy().group_by("id6").agg(pl.col("v3").top_k(2)).explode("v3"),
            "duckdb": "select id6, unnest(max(v3, 2)) as largest from x group by id6",
        },
    ),
    Line(
        "q9",
        "id2 id4 r2",
        {"x": ["id2", "id4", "v1", "v2"]},
        {
            "pycylon": lambda t: determination(t.x.lazy().groupby(["id2", "id4"], sort=False).corr("v1", "v2")),
            "polars": lambda t: t.x.lazy().group_by(["id2", "id4"]).agg(r2=pl.corr("v1", "v2") ** 2),
            "duckdb": "select id2, id4, corr(v1, v2) ** 2 as r2 from x group by id2, id4",
        },
    ),
    aggregation("q10", "id1 id2 id3 id4 id5 id6", "v3=sum(v3) n=count(v1)"),
]

"""Every aggregate against pandas, Polars and DuckDB."""

from __future__ import annotations

import datetime
import decimal
import math
import random

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from random_tables import FEW, SEEDS

import pycylon as pc

VALUES = {
    "int64": lambda r: r.randrange(-50, 50),
    "int8": lambda r: r.randrange(-100, 100),
    "uint32": lambda r: r.randrange(2**32),
    "double": lambda r: r.choice([r.uniform(-5, 5), r.gauss(1e6, 1), float(r.randrange(4))]),
    "float": lambda r: float(r.randrange(-8, 8)) / 4,
    "bool": lambda r: r.random() < 0.5,
    "string": lambda r: r.choice(["", "a", "bc", "a text of more than twelve characters", "another one of those"]),
    "date32[day]": lambda r: datetime.date(2020, 1, 1) + datetime.timedelta(days=r.randrange(30)),
    "timestamp[us]": lambda r: datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=r.randrange(30)),
}


def table(seed: int, rows: int, value: str, groups: int, nulls: float = 0.2) -> pa.Table:
    """Return a table of two keys with nulls and a value."""
    r = random.Random(seed)

    def column(draw, share=nulls):
        return [None if r.random() < share else draw() for _ in range(rows)]

    return pa.table(
        {
            "k": pa.array(column(lambda: r.randrange(groups), 0.1), pa.int32()),
            "s": pa.array(column(lambda: f"key {r.randrange(3)}", 0.1)),
            "v": pa.array(
                column(lambda: VALUES[value](r)),
                pa.type_for_alias(value.split("[")[0])
                if "[" not in value
                else {"date32[day]": pa.date32(), "timestamp[us]": pa.timestamp("us")}[value],
            ),
            "w": pa.array(column(lambda: float(r.randrange(20))), pa.float64()),
        }
    )


def rows_of(columns: dict[str, list]) -> list[tuple]:
    """Return rows sorted by their text, integers and floats alike."""

    def plain(v):
        if isinstance(v, bool) or v is None:
            return v
        return None if isinstance(v, float) and math.isnan(v) else v

    return sorted((tuple(plain(v) for v in row) for row in zip(*columns.values())), key=repr_key)


def repr_key(row: tuple) -> str:
    return repr(
        tuple(round(v, 6) + 0.0 if isinstance(v, float) else float(v) if isinstance(v, int) else v for v in row)
    )


def check(got: pc.DataFrame, want: pa.Table, *, nothing: float = 1e-300) -> None:
    """Compare two results as sets of rows, floats at rtol 1e-12 or where they differ by `nothing`."""
    ours, theirs = rows_of(got.to_dict()), rows_of(want.to_pydict())
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        for x, y in zip(a, b):
            if isinstance(y, float) and x is not None:
                assert x == pytest.approx(y, rel=1e-12, abs=nothing), (a, b)
            else:
                assert x == y, (a, b)


@pytest.mark.parametrize("value", VALUES)
@FEW
@given(seed=SEEDS)
def test_functions_as_duckdb(value, seed):
    """Sums of rounded floats cancel, so DuckDB's are compared where they are exact: of decimals of few digits."""
    data = table(seed, 500, value, 7)
    frame = pc.DataFrame(data)
    functions = {
        "min": "min(v)",
        "max": "max(v)",
        "count": "count(v)",
        "nunique": "count(distinct v)",
        "size": "count(*)",
    }
    if value not in ("string", "date32[day]", "timestamp[us]"):
        number = "v::int" if value == "bool" else "v"
        functions |= {
            "sum": f"coalesce(sum({number}), 0){'::hugeint' if value not in ('double', 'float') else ''}",
            "mean": f"avg({number})",
            "var": f"var_samp({number}::double)",
            "std": f"stddev_samp({number}::double)",
            "sem": f"stddev_samp({number}::double) / sqrt(count(v))",
            "median": f"quantile_cont({number}::double, 0.5)",
            "any": "coalesce(bool_or(v::double <> 0), false)",
            "all": "coalesce(bool_and(v::double <> 0), true)",
        }
        if value == "double":  # DuckDB rounds on the way
            functions = {k: v for k, v in functions.items() if k not in ("sum", "mean", "var", "std", "sem")}
    connection = duckdb.connect()
    connection.register("data", data)
    for dropna, where in [(True, "where k is not null and s is not null"), (False, "")]:
        query = f"select k, s, {', '.join(functions.values())} from data {where} group by k, s"
        want = connection.sql(query).to_arrow_table()
        got = frame.groupby(["k", "s"], dropna=dropna, sort=False).agg(**{f: ("v", f) for f in functions})
        check(got, want)
    query = f"select {', '.join(functions.values())} from data"
    check(frame.agg(**{f: ("v", f) for f in functions}), connection.sql(query).to_arrow_table())


@pytest.mark.parametrize(
    "function", ["first", "last", "prod", "median", "std", "var", "sem", "sum", "mean", "nunique", "size", "any", "all"]
)
@FEW
@given(seed=SEEDS)
def test_functions_as_pandas(function, seed):
    data = table(seed, 300, "double", 9).select(["k", "v", "w"])
    want = data.to_pandas().groupby("k", as_index=False).agg(v=("v", function), w=("w", function))
    got = pc.DataFrame(data).groupby("k").agg(v=("v", function), w=("w", function)).to_dict()
    assert got["k"] == want["k"].tolist()
    for name in ("v", "w"):
        np.testing.assert_allclose(np.array(got[name], float), want[name].to_numpy(float), rtol=1e-12)


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "nearest", "midpoint"])
@FEW
@given(seed=SEEDS)
def test_quantiles_as_pandas(interpolation, seed):
    data = table(seed, 400, "double", 6)
    quantiles = [0, 0.1, 0.25, 0.5, 0.9, 1]
    want = data.to_pandas().groupby("k")["v"].quantile(quantiles, interpolation=interpolation).unstack()
    got = pc.DataFrame(data).groupby("k")["v"].quantile(quantiles, interpolation=interpolation).to_dict()
    assert list(got) == ["k", *(f"v_{q:g}" for q in quantiles)]
    for q in quantiles:
        np.testing.assert_allclose(got[f"v_{q:g}"], want[q], rtol=1e-12)
    whole = data.to_pandas()["v"].quantile(quantiles, interpolation=interpolation)
    np.testing.assert_allclose(pc.DataFrame(data)["v"].quantile(quantiles, interpolation), whole, rtol=1e-12)


@given(seed=SEEDS)
def test_functions_as_polars(seed):
    data = table(seed, 400, "double", 5)
    frame = pl.from_arrow(data)
    aggregates = {
        "r": pl.corr("v", "w"),
        "median": pl.col("v").median(),
        "std": pl.col("w").std(),
        "var": pl.col("w").var(ddof=0),
        "n": pl.len(),
    }
    want = frame.filter(pl.col("k").is_not_null()).group_by("k").agg(**aggregates).to_arrow()
    got = pc.DataFrame(data).groupby("k", sort=False)
    merged = (
        got.agg(r=(("v", "w"), "corr"), median=("v", "median"), std=("w", "std"))
        .merge(got["w"].var(ddof=0).rename({"w": "var"}), on="k")
        .merge(got.size().rename({"size": "n"}), on="k")
    )
    check(merged, want, nothing=1e-12)  # of a correlation near 0 a peer keeps few digits
    largest = frame.drop_nulls(["k", "w"]).group_by("k").agg(pl.col("w").top_k(3)).explode("w").to_arrow()
    check(got["w"].nlargest(3), largest)
    check(
        got["w"].nsmallest(3),
        frame.drop_nulls(["k", "w"]).group_by("k").agg(pl.col("w").bottom_k(3)).explode("w").to_arrow(),
    )


@pytest.mark.parametrize("digits", [9, 18, 30])
@FEW
@given(seed=SEEDS)
def test_sums_of_decimals_as_duckdb(digits, seed):
    r = random.Random(seed)
    values = [
        None if r.random() < 0.1 else decimal.Decimal(r.randrange(-(10**digits) + 1, 10**digits)).scaleb(-4)
        for _ in range(300)
    ]
    data = pa.table({"k": [r.randrange(5) for _ in range(300)], "d": pa.array(values, pa.decimal128(digits, 4))})
    connection = duckdb.connect()
    connection.register("data", data)
    want = connection.sql("select k, sum(d), min(d), max(d), count(distinct d) from data group by k").to_arrow_table()
    got = pc.DataFrame(data).groupby("k").agg(s=("d", "sum"), lo=("d", "min"), hi=("d", "max"), n=("d", "nunique"))
    check(got, want)
    assert got.dtypes["s"] == "decimal128(38, 4)"


@pytest.mark.parametrize("value", VALUES)
@FEW
@given(seed=SEEDS)
def test_lists_as_polars(value, seed):
    data = table(seed, 300, value, 8).append_column("b", pa.array([i % 3 == 0 for i in range(300)]))
    want = pl.from_arrow(data).group_by("k", maintain_order=True).agg(pl.col("v"), pl.col("s"), pl.col("b"), pl.len())
    wanted = {k: rest for k, *rest in zip(*want.to_dict(as_series=False).values())}
    got = (
        pc.DataFrame(data)
        .groupby("k", dropna=False, sort=False)
        .agg(v=("v", list), s=("s", "list"), b=("b", list), n=("v", "size"))
    )
    made = {k: rest for k, *rest in zip(*got.to_dict().values())}
    assert made == wanted
    assert got.dtypes["v"].startswith("list<")

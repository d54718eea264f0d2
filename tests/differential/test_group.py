"""Group-by against pandas, Polars and DuckDB."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from random_tables import counted, kinds, tables

import pycylon as pc

FUNCTIONS = ("sum", "min", "max", "count", "mean")


@given(data=st.data())
def test_group_with_nulls(data):
    keys = data.draw(kinds(3))
    value = data.draw(st.sampled_from([pa.int32(), pa.uint16(), pa.float32()]))
    table = data.draw(tables({**keys, "v": value}))
    got = pc.DataFrame(table).groupby(list(keys), dropna=False, sort=False).agg(**{f: ("v", f) for f in FUNCTIONS})
    names = ", ".join(keys)
    with duckdb.connect() as db:
        db.register("t", table)
        want = db.sql(
            f"select {names}, coalesce(sum(v), 0), min(v), max(v), count(v), avg(v) from t group by {names}"
        ).to_arrow_table()
    assert counted(cast_sums(got)) == counted(cast_sums(want))


def cast_sums(table: object) -> pa.Table:
    """Return a table whose sums are floats: DuckDB's are 128 bits wide."""
    table = pa.table(table)
    at = table.num_columns - len(FUNCTIONS)
    return table.set_column(at, "sum", table.column(at).cast(pa.float64()))


@given(data=st.data())
def test_group_in_order(data):
    kind = data.draw(st.sampled_from([pa.int64(), pa.string(), pa.date32(), pa.uint8()]))
    table = data.draw(tables({"k": kind, "v": pa.int32()}))
    got = pc.DataFrame(table).groupby("k").agg(v=("v", "sum"), n=("n", "max")).to_dict()
    polars = (
        pl.DataFrame(table)
        .drop_nulls("k")
        .group_by("k")
        .agg(pl.col("v").cast(pl.Int64).sum(), pl.col("n").max())
        .sort("k")
    )
    assert got == polars.to_dict(as_series=False)
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    pandas = frame.groupby("k").agg(v=("v", "sum"), n=("n", "max")).reset_index()
    assert got == {name: pandas[name].tolist() for name in pandas.columns}

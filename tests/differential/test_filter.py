"""Filters against Polars and DuckDB."""

from __future__ import annotations

import operator

import duckdb
import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from random_tables import TYPES, VALUES, tables

import pycylon as pc

COMPARISONS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@given(data=st.data())
def test_filter(data):
    kind = data.draw(st.sampled_from([t for t in TYPES if not pa.types.is_decimal(t)]))
    table = data.draw(tables({"a": kind, "b": kind}))
    sign = data.draw(st.sampled_from(list(COMPARISONS)))
    value = data.draw(st.sampled_from(VALUES[kind]))
    compare = COMPARISONS[sign]
    frame = pc.DataFrame(table)
    with duckdb.connect() as db:
        db.register("t", table)
        columns = db.sql(f"select n from t where a {sign} b order by n").to_arrow_table()["n"].to_pylist()
    assert pa.table(frame[compare(frame["a"], frame["b"])])["n"].to_pylist() == columns
    polars = pl.DataFrame(table).filter(compare(pl.col("a"), pl.lit(value, dtype=pl.DataFrame(table)["a"].dtype)))
    assert pa.table(frame[compare(frame["a"], value)])["n"].to_pylist() == polars["n"].to_list()

"""Sorts, which are stable, against Polars, pandas and DuckDB."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from random_tables import kinds, rows_of, tables

import pycylon as pc


@given(data=st.data())
def test_sort(data):
    keys = data.draw(kinds(3))
    table = data.draw(tables(keys))
    ascending = [data.draw(st.booleans()) for _ in keys]
    first = data.draw(st.booleans())
    got = pc.DataFrame(table).sort_values(list(keys), ascending=ascending, na_position="first" if first else "last")
    order = ", ".join(
        f"{k} {'asc' if up else 'desc'} nulls {'first' if first else 'last'}" for k, up in zip(keys, ascending)
    )
    with duckdb.connect() as db:
        db.register("t", table)
        assert rows_of(got) == rows_of(db.sql(f"select * from t order by {order}, n").to_arrow_table())


@given(data=st.data())
def test_sort_as_polars_and_pandas(data):
    kind = data.draw(st.sampled_from([pa.int16(), pa.uint64(), pa.string(), pa.float64(), pa.timestamp("us")]))
    table = data.draw(tables({"k": kind}))
    descending = data.draw(st.booleans())
    got = pa.table(pc.DataFrame(table).sort_values("k", ascending=not descending))["n"].to_pylist()
    polars = pl.DataFrame(table).sort("k", descending=descending, nulls_last=True, maintain_order=True)
    assert got == polars["n"].to_list()
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    assert got == frame.sort_values("k", ascending=not descending, kind="stable")["n"].tolist()

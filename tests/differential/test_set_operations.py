"""Unions, intersections and differences against DuckDB, rows of several frames against pandas."""

from __future__ import annotations

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_tables import TYPES, counted, kinds, rows_of, tables, with_nan

import pycylon as pc


@pytest.mark.parametrize(("method", "word"), [("union", "union"), ("intersect", "intersect"), ("subtract", "except")])
@given(data=st.data())
def test_set_operation(method, word, data):
    columns = data.draw(kinds(3))
    left, right = (with_nan(data, data.draw(tables(columns, number=None))) for _ in range(2))
    for distinct in (True, False):
        found = getattr(pc.DataFrame(left), method)(pc.DataFrame(right), distinct=distinct)
        with duckdb.connect() as db:
            db.register("l", left)
            db.register("r", right)
            every = "" if distinct else "all"
            want = db.sql(f"select * from l {word} {every} select * from r").to_arrow_table()
        assert counted(found) == counted(want)
        assert found.columns == list(columns)


@given(data=st.data())
def test_concat(data):
    columns = {f"c{i}": data.draw(st.sampled_from(TYPES)) for i in range(3)}
    names = st.lists(st.sampled_from(sorted(columns)), min_size=1, max_size=3, unique=True)
    parts = [
        data.draw(tables({name: columns[name] for name in data.draw(names)}, number=None, max_rows=8)) for _ in range(3)
    ]
    join = data.draw(st.sampled_from(["outer", "inner"]))
    found = pc.concat([pc.DataFrame(part) for part in parts], join=join)
    frames = [part.to_pandas(types_mapper=pd.ArrowDtype) for part in parts]
    want = pd.concat(frames, join=join, ignore_index=True)
    assert found.columns == list(want.columns)
    if found.columns:
        assert rows_of(found) == rows_of(pa.Table.from_pandas(want, preserve_index=False))

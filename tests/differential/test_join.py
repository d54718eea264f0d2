"""Joins against DuckDB."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_tables import counted, kinds, tables

import pycylon as pc

JOINS = {
    "inner": "join",
    "left": "left join",
    "right": "right join",
    "outer": "full join",
    "semi": "semi join",
    "anti": "anti join",
}


@pytest.mark.parametrize("how", JOINS)
@given(data=st.data())
def test_join(how, data):
    keys = data.draw(kinds(3))
    left, right = data.draw(tables(keys, number="a")), data.draw(tables(keys, number="b"))
    got = pc.DataFrame(left).merge(pc.DataFrame(right), on=list(keys), how=how)
    condition = " and ".join(f"l.{k} is not distinct from r.{k}" for k in keys)
    both = how not in ("semi", "anti")
    selected = [f"coalesce(l.{k}, r.{k}) as {k}" if both else f"l.{k}" for k in keys] + ["a"] + ["b"] * both
    with duckdb.connect() as db:
        db.register("l", left)
        db.register("r", right)
        want = db.sql(f"select {', '.join(selected)} from l {JOINS[how]} r on {condition}").to_arrow_table()
    assert counted(got) == counted(want)
    assert pa.table(got).column_names == want.column_names

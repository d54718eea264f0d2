"""Joins against DuckDB, and pandas where names matter."""

from __future__ import annotations

from collections import Counter

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_tables import counted, kinds, tables, with_nan

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
    left, right = (with_nan(data, data.draw(tables(keys, number=number))) for number in "ab")
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


KEYS = st.lists(st.integers(0, 7), max_size=20)


#: Those that pandas has; the last since version 3.
PANDAS_JOINS = ["inner", "left", "right", "outer", "cross", "left_anti"][: 6 if pd.__version__ >= "3" else 5]


@pytest.mark.parametrize("how", PANDAS_JOINS)
@given(left=KEYS, right=KEYS)
def test_names_are_those_of_pandas(how, left, right):
    left = pd.DataFrame({"k": pd.Series(left, dtype="int64"), "v": range(len(left)), "w": range(len(left))})
    right = pd.DataFrame({"v": range(len(right)), "k": pd.Series(right, dtype="int64"), "z": range(len(right))})
    on = None if how == "cross" else "k"
    options = {} if how == "left_anti" else {"indicator": True}
    want = left.merge(right, on=on, how=how, suffixes=("", "_r"), **options)
    got = pc.DataFrame(left).merge(pc.DataFrame(right), on=on, how=how, suffixes=("", "_r"), **options)
    if how == "left_anti":  # of pandas with the right's columns, all null
        want = want[left.columns]
    assert got.columns == list(want.columns)
    want = want.astype(object).where(want.notna(), None)
    assert Counter(zip(*got.to_dict().values())) == Counter(want.itertuples(index=False, name=None))

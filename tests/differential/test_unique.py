"""Duplicates against pandas and Polars."""

from __future__ import annotations

import random

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.compute import add as plus
from random_tables import FEW, SEEDS, kinds, tables, with_nan

import pycylon as pc


def one_zero(table):
    """Return the table without negative zeros, which pandas takes for values of their own where keys are several."""
    for i, column in enumerate(table.columns):
        if pa.types.is_float32(column.type) or pa.types.is_float64(column.type):
            table = table.set_column(i, table.field(i), plus(column, pa.scalar(0, column.type)))
    return table


@given(data=st.data())
def test_drop_duplicates_of_nan(data):
    keys = data.draw(kinds(3))
    table = with_nan(data, data.draw(tables(keys)))
    keep = data.draw(st.sampled_from(["first", "last", False]))
    got = pa.table(pc.DataFrame(table).drop_duplicates(list(keys), keep=keep))["n"].to_pylist()
    assert got == pl.DataFrame(table).unique(list(keys), keep=keep or "none", maintain_order=True)["n"].to_list()


@FEW
@given(seed=SEEDS, size=st.sampled_from([1, 1000, 70_000]), span=st.sampled_from([3, 1000, 2**62]))
def test_drop_duplicates_of_many(seed, size, span):
    made = random.Random(seed)
    frame = pl.DataFrame({"k": [made.randint(-span, span) for _ in range(size)], "v": range(size)})
    for keep in ("first", "last", "none"):
        mine = pc.DataFrame(frame).drop_duplicates("k", keep=False if keep == "none" else keep)
        assert mine.to_polars().equals(frame.unique("k", keep=keep, maintain_order=True)), keep


@given(data=st.data())
def test_drop_duplicates(data):
    keys = data.draw(kinds(3))
    table = data.draw(tables(keys))
    keep = data.draw(st.sampled_from(["first", "last", False]))
    got = pa.table(pc.DataFrame(table).drop_duplicates(list(keys), keep=keep))["n"].to_pylist()
    polars = pl.DataFrame(table).unique(list(keys), keep=keep or "none", maintain_order=True)
    assert got == sorted(polars["n"].to_list())
    if not any(pa.types.is_duration(kind) for kind in keys.values()):  # pandas can't hash those of Arrow
        frame = one_zero(table).to_pandas(types_mapper=pd.ArrowDtype)
        assert got == frame.drop_duplicates(list(keys), keep=keep)["n"].tolist()

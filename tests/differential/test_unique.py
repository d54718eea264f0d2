"""Duplicates against pandas and Polars."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from random_tables import kinds, tables

import pycylon as pc


@given(data=st.data())
def test_drop_duplicates(data):
    keys = data.draw(kinds(3))
    table = data.draw(tables(keys))
    keep = data.draw(st.sampled_from(["first", "last", False]))
    got = pa.table(pc.DataFrame(table).drop_duplicates(list(keys), keep=keep))["n"].to_pylist()
    polars = pl.DataFrame(table).unique(list(keys), keep=keep or "none", maintain_order=True)
    assert got == sorted(polars["n"].to_list())
    if not any(pa.types.is_duration(kind) for kind in keys.values()):  # pandas can't hash those of Arrow
        frame = table.to_pandas(types_mapper=pd.ArrowDtype)
        assert got == frame.drop_duplicates(list(keys), keep=keep)["n"].tolist()

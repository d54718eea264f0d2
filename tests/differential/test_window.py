"""Windows of columns and groups, against pandas and DuckDB."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_tables import FEW, SEEDS

import pycylon as pc


def random_columns(seed, rows):
    """Return columns of keys, integers, floats with missing values, and texts."""
    rng = random.Random(seed)
    return {
        "k": [rng.choice(["a", "b", "c", None]) for _ in range(rows)],
        "j": [rng.randint(0, 2) for _ in range(rows)],
        "i": [rng.randint(-5, 5) for _ in range(rows)],
        "f": [rng.choice([None, rng.uniform(-9, 9), rng.uniform(0, 1e6)]) for _ in range(rows)],
        "g": [rng.uniform(1, 9) for _ in range(rows)],  # of one size: pandas' rolling variances drift
        "s": [rng.choice(["", "x", "a text that is longer", None]) for _ in range(rows)],
    }


def as_pandas(columns):
    return pd.DataFrame(
        {name: pd.Series(values, dtype=float if name == "f" else None) for name, values in columns.items()}
    )


def same(got, want):
    """Compare values: None is NaN, floats are close."""
    got, want = list(got), [None if value is None or value != value else value for value in want]
    assert len(got) == len(want)
    for i, (a, b) in enumerate(zip(got, want)):
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9), (i, a, b)
        else:
            assert a == b, (i, a, b)


#: Forms that pandas spells the same, by the column that they are of.
FORMS = {
    "shift": ("s", lambda v: v.shift(2)),
    "shift up": ("i", lambda v: v.shift(-1)),
    "shift by nothing": ("f", lambda v: v.shift(0)),
    "shift, filled": ("i", lambda v: v.shift(2, fill_value=-1)),
    "shift up, filled": ("i", lambda v: v.shift(-2, fill_value=0)),
    "diff": ("i", lambda v: v.diff()),
    "diff up": ("f", lambda v: v.diff(-2)),
    "cumsum": ("f", lambda v: v.cumsum()),
    "cumsum of integers": ("i", lambda v: v.cumsum()),
    "cummax": ("i", lambda v: v.cummax()),
    "cummin": ("f", lambda v: v.cummin()),
    "cumprod": ("j", lambda v: v.cumprod()),
    "ffill": ("f", lambda v: v.ffill()),
    "ffill, limited": ("s", lambda v: v.ffill(limit=1)),
    "bfill": ("s", lambda v: v.bfill()),
    "bfill, limited": ("f", lambda v: v.bfill(limit=2)),
    "rank": ("f", lambda v: v.rank()),
    "rank, least first": ("f", lambda v: v.rank(method="min", ascending=False)),
    "rank, greatest": ("i", lambda v: v.rank(method="max")),
    "rank, dense share": ("f", lambda v: v.rank(method="dense", pct=True)),
    "rank, share": ("f", lambda v: v.rank(pct=True)),
    "rank in place": ("i", lambda v: v.rank(method="first")),
    "rank, missing first": ("f", lambda v: v.rank(na_option="top", method="min")),
    "rank, missing last": ("f", lambda v: v.rank(na_option="bottom", ascending=False)),
}

#: Forms of windows; groups in pandas have them with another index.
ROLLING = {
    "sum": ("f", lambda v: v.rolling(3).sum()),
    "sum of integers": ("i", lambda v: v.rolling(4).sum()),
    "mean": ("f", lambda v: v.rolling(3, min_periods=1).mean()),
    "centered": ("i", lambda v: v.rolling(4, min_periods=2, center=True).mean()),
    "max": ("i", lambda v: v.rolling(5).max()),
    "min": ("f", lambda v: v.rolling(2, min_periods=1).min()),
    "count": ("f", lambda v: v.rolling(3).count()),
    "std": ("g", lambda v: v.rolling(4, min_periods=2).std()),
    "var": ("i", lambda v: v.rolling(4).var(ddof=0)),
    "closed left": ("i", lambda v: v.rolling(2, closed="left").sum()),
    "closed both": ("i", lambda v: v.rolling(2, closed="both").sum()),
    "closed neither": ("i", lambda v: v.rolling(3, closed="neither", min_periods=1).sum()),
    "of nothing": ("f", lambda v: v.rolling(3, min_periods=0).sum()),
    "expanding mean": ("f", lambda v: v.expanding().mean()),
    "expanding sum": ("i", lambda v: v.expanding(3).sum()),
    "expanding std": ("i", lambda v: v.expanding().std()),
    "expanding count": ("f", lambda v: v.expanding().count()),
}


@pytest.mark.parametrize("form", [*FORMS, *ROLLING])
@FEW
@given(seed=SEEDS, rows=st.sampled_from([0, 1, 7, 60]))
def test_columns_as_pandas(form, seed, rows):
    name, make = (FORMS | ROLLING)[form]
    columns = random_columns(seed, rows)
    frame = as_pandas(columns)
    if form.startswith(("expanding std", "std", "var")) and rows == 1 and name == "i":
        frame[name] = frame[name].astype(float)
    same(make(pc.DataFrame(frame)[name]).to_list(), make(frame[name]))


@pytest.mark.parametrize("form", FORMS)
@FEW
@given(seed=SEEDS)
def test_groups_as_pandas(form, seed):
    name, make = FORMS[form]
    frame = as_pandas(random_columns(seed, 50))
    mine = pc.DataFrame(frame)
    for keys in ("k", ["j", "k"]):
        want = make(frame.groupby(keys)[name])
        if form == "shift by nothing":  # of which pandas forgets that rows without a key are of no group
            want = want.where(frame["k"].notna())
        same(make(mine.groupby(keys)[name]).to_list(), want)


@pytest.mark.parametrize("form", ROLLING)
@FEW
@given(seed=SEEDS)
def test_windows_of_groups_as_pandas(form, seed):
    name, make = ROLLING[form]
    frame = as_pandas(random_columns(seed, 50))
    mine = pc.DataFrame(frame)
    want = make(frame.groupby("k")[name]).droplevel(0).reindex(frame.index)
    same(make(mine.groupby("k")[name]).to_list(), want)


@pytest.mark.parametrize(
    "function", ["sum", "mean", "min", "max", "count", "size", "std", "var", "prod", "first", "last"]
)
@FEW
@given(seed=SEEDS)
def test_transform_as_pandas(function, seed):
    frame = as_pandas(random_columns(seed, 40))
    mine = pc.DataFrame(frame)
    same(mine.groupby("k")["f"].transform(function).to_list(), frame.groupby("k")["f"].transform(function))
    same(
        mine.groupby(["k", "j"], dropna=False)["i"].transform(function).to_list(),
        frame.groupby(["k", "j"], dropna=False)["i"].transform(function),
    )


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("ascending", [True, False])
@FEW
@given(seed=SEEDS)
def test_numbers_of_groups_as_pandas(sort, ascending, seed):
    frame = as_pandas(random_columns(seed, 30))
    for keys in ("j", ["k", "j"]):
        mine, theirs = pc.DataFrame(frame).groupby(keys, sort=sort), frame.groupby(keys, sort=sort)
        same(mine.ngroup(ascending=ascending).to_list(), theirs.ngroup(ascending=ascending))
        same(mine.cumcount(ascending=ascending).to_list(), theirs.cumcount(ascending=ascending))


@pytest.mark.parametrize("n", [0, 1, 2, 100, -1, -2])
@FEW
@given(seed=SEEDS)
def test_rows_of_groups_as_pandas(n, seed):
    frame = as_pandas(random_columns(seed, 30))
    mine = pc.DataFrame(frame)
    for keys in ("j", ["k", "j"]):
        ours, theirs = mine.groupby(keys), frame.groupby(keys)
        for name in ("head", "tail", "nth"):
            want = getattr(theirs, name)(n)
            got = getattr(ours, name)(n)
            assert got.columns == list(want.columns)
            same(got["f"].to_list(), want["f"])
    assert mine.groupby("j")[["s", "i"]].head(n).columns == ["s", "i"]


@given(seed=SEEDS)
def test_window_as_duckdb(seed):
    columns = random_columns(seed, 80)
    columns["n"] = list(range(80))
    data = pa.table(columns)
    order = "order by f desc nulls first, n"
    want = duckdb.sql(f"""
        select n, row_number() over w, rank() over v, dense_rank() over v, percent_rank() over v,
               cume_dist() over v, ntile(3) over w, lag(s, 2) over w, lead(i) over w, first_value(i) over w,
               sum(i) over w, max(s) over w, avg(f) over w, count(f) over w
        from data window w as (partition by k, j {order}), v as (partition by k, j order by i) order by n
    """).fetchall()
    got = pc.DataFrame(data).window(
        ["k", "j"],
        ["f", "n"],
        ascending=[False, True],
        na_position="first",
        a="row_number",
        b=("ntile", 3),
        c=("lag", "s", 2),
        d=("lead", "i"),
        e=("first", "i"),
        f_=("sum", "i"),
        top=("max", "s"),
        h=("mean", "f"),
        m=("count", "f"),
    )
    ranked = pc.DataFrame(data).window(["k", "j"], "i", r="rank", d="dense_rank", p="percent_rank", c="cume_dist")
    wanted = list(zip(*want))
    for name, column in zip(["n", "a", "b", "c", "d", "e", "f_", "top", "h", "m"], [0, 1, 6, 7, 8, 9, 10, 11, 12, 13]):
        same(got[name].to_list(), wanted[column])
    for name, column in zip("rdpc", [2, 3, 4, 5]):
        same(ranked[name].to_list(), wanted[column])


@given(seed=SEEDS)
def test_windows_of_time_as_pandas(seed):
    rng = random.Random(seed)
    times = [datetime(2024, 1, 1) + timedelta(minutes=rng.randint(0, 300)) for _ in range(60)]
    frame = pd.DataFrame(
        {"t": sorted(times), "v": [rng.randint(0, 9) for _ in times], "k": [rng.choice("ab") for _ in times]}
    )
    mine = pc.DataFrame(frame)
    for closed in ("right", "left", "both", "neither"):
        want = frame.rolling("30min", on="t", closed=closed)["v"].sum()
        same(mine["v"].rolling("30min", on="t", closed=closed).sum().to_list(), want)
    want = frame.groupby("k").rolling("1h", on="t")["v"].max().droplevel(0)
    got = mine.groupby("k")["v"].rolling(timedelta(hours=1), on="t").max().to_list()
    assert sorted(got) == sorted(int(value) for value in want)

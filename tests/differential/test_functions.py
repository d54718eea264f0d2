"""Functions of columns and frames that pandas has, too: mappings, intervals, places of extremes, pairs of columns."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pycylon as pc

#: Few different values, so that they meet; quarters, whose sums are exact.
NUMBERS = st.one_of(st.none(), st.integers(-40, 40).map(lambda n: n / 4))
TEXTS = st.sampled_from(["", "a", "b", "exactly 12 b", "one of thirteen", "one of fourteen", None])


@st.composite
def frames(draw, least=0):
    """Draw columns of two kinds of keys and three of numbers."""
    rows = draw(st.integers(least, 30))

    def values(of):
        return draw(st.lists(of, min_size=rows, max_size=rows))

    ints = st.one_of(st.none(), st.integers(-3, 3))
    return {"k": values(TEXTS), "j": values(ints), "x": values(NUMBERS), "y": values(NUMBERS), "i": list(range(rows))}


def as_pandas(columns):
    return pd.DataFrame({name: pd.Series(column, dtype=DTYPES[name]) for name, column in columns.items()})


DTYPES = {"k": object, "j": "Int64", "x": float, "y": float, "i": "int64"}
#: Types of columns without values, which lists don't tell.
TYPES = {"k": str, "j": "int64", "x": "float64", "y": "float64", "i": "int64"}


def frame_of(columns):
    return pc.DataFrame(columns).astype(TYPES)


def same(got, want):
    """Compare values: NaN and NA are None, floats are close."""
    got, want = list(got), [None if pd.isna(value) else value for value in want]
    assert len(got) == len(want)
    for a, b in zip(got, want):
        if isinstance(b, float) and a is not None:
            assert math.isclose(a, b, rel_tol=1e-11, abs_tol=1e-11), (got, want)
        else:
            assert a == b, (got, want)


@given(columns=frames(), pairs=st.dictionaries(TEXTS, st.one_of(st.none(), st.integers(-5, 5)), max_size=6))
def test_map_of_texts(columns, pairs):
    same(frame_of(columns)["k"].map(pairs).to_list(), [pairs.get(key) for key in columns["k"]])


@given(columns=frames(), pairs=st.dictionaries(st.integers(-4, 4), st.integers(-9, 9), max_size=9))
def test_map_and_replace_of_numbers(columns, pairs):
    mine, theirs = frame_of(columns), as_pandas(columns)
    same(mine["j"].map(pairs).to_list(), theirs["j"].map(pairs) if pairs else [None] * len(theirs))
    same(mine["i"].replace(pairs).to_list(), theirs["i"].replace(pairs))
    same(mine["x"].replace(pairs).to_list(), theirs["x"].replace(pairs))


EDGES = st.lists(st.integers(-60, 60), min_size=2, max_size=12, unique=True).map(sorted)


@given(columns=frames(1), bins=st.one_of(st.integers(1, 6), EDGES), right=st.booleans(), lowest=st.booleans())
def test_cut(columns, bins, right, lowest):
    mine, theirs = frame_of(columns), as_pandas(columns)
    if isinstance(bins, int) and theirs["x"].notna().sum() == 0:
        return
    for labels in (None, False):
        options = {"right": right, "include_lowest": lowest, "labels": labels}
        got, want = pc.cut(mine["x"], bins, **options), pd.cut(theirs["x"], bins, **options)
        same(got.to_list(), want if labels is False else want.astype(object).map(str, na_action="ignore"))


@given(columns=frames(1), q=st.one_of(st.integers(1, 5), st.just([0, 0.1, 0.5, 0.9]), st.just([0.25, 0.75])))
def test_qcut(columns, q):
    mine, theirs = frame_of(columns), as_pandas(columns)
    shares = q if isinstance(q, list) else [i / q for i in range(q + 1)]  # pandas multiplies: 3 * 0.2 is above 0.6
    edges = theirs["x"].quantile(shares)
    if edges.isna().any() or edges.nunique() < 2:
        with pytest.raises(pc.errors.InvalidError, match=r"no values|two edges"):
            pc.qcut(mine["x"], q, duplicates="drop")
        return
    got, want = pc.qcut(mine["x"], q, duplicates="drop"), pd.qcut(theirs["x"], shares, duplicates="drop")
    same(got.to_list(), want.astype(object).map(str, na_action="ignore"))


@pytest.mark.parametrize("function", ["idxmin", "idxmax"])
@given(columns=frames(1))
def test_places_of_extremes(function, columns):
    mine, theirs = frame_of(columns), as_pandas(columns)
    for name in ("j", "x", "i"):
        present = theirs[name].dropna()
        want = getattr(present, function)() if len(present) else None
        assert getattr(mine[name], function)() == want
    present = theirs.dropna(subset=["k", "x"])
    want = getattr(present.groupby("k")["x"], function)()
    got = getattr(mine.groupby("k")["x"], function)().to_dict()
    assert {k: place for k, place in zip(*got.values()) if place is not None} == want.to_dict()
    assert got["k"] == sorted(key for key in set(columns["k"]) if key is not None)


@given(columns=frames(2))
def test_pairs_of_columns(columns):
    mine, theirs = frame_of(columns)[["x", "y", "i"]], as_pandas(columns)[["x", "y", "i"]]
    for function in ("corr", "cov"):
        got, want = getattr(mine, function)(), getattr(theirs, function)()
        assert got["column"].to_list() == list(want.columns)
        for name in want.columns:
            # Where a column is constant beside another, pandas rounds what is nothing.
            exact = [None if a is None and abs(b) == math.inf else b for a, b in zip(got[name], want[name])]
            same(got[name].to_list(), exact)


@given(columns=frames(1), shares=st.lists(st.sampled_from([0, 0.1, 0.5, 0.75, 1]), max_size=3, unique=True))
def test_description_of_groups(columns, shares):
    mine, theirs = frame_of(columns), as_pandas(columns)
    got = mine.groupby("k")["x"].describe(shares)
    if theirs["k"].isna().all():  # which pandas doesn't describe
        assert len(got) == 0
        return
    want = theirs.groupby("k")["x"].describe(percentiles=sorted({*shares, 0.5}))
    assert got["k"].to_list() == list(want.index)
    assert got.columns[1:] == list(want.columns)
    for name in want.columns:
        same(got[name].to_list(), want[name])


@given(columns=frames(1), n=st.integers(1, 4))
def test_groups_by_expressions(columns, n):
    mine, theirs = frame_of(columns), as_pandas(columns)
    got = mine.groupby([mine["i"] % n, "k"]).agg(s=("x", "sum"), n=("y", "count"), of=("i", "max"))
    want = theirs.groupby([theirs["i"] % n, "k"]).agg(s=("x", "sum"), n=("y", "count"), of=("i", "max")).reset_index()
    assert got.columns == list(want.columns)
    for name in want.columns:
        same(got[name].to_list(), want[name])
    by = mine["x"] > 0
    same(mine.groupby(by)["i"].transform("sum").to_list(), masked_sums(columns))


def masked_sums(columns):
    """Return the sum of i over the rows with x > 0, or over the others, beside each row; none where x is missing."""
    sums = {True: 0, False: 0}
    for x, i in zip(columns["x"], columns["i"]):
        if x is not None:
            sums[x > 0] += i
    return [None if x is None else sums[x > 0] for x in columns["x"]]


COMPARISONS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


@st.composite
def conditions(draw, depth=2):
    """Draw a condition of numbers, as text."""
    if depth and draw(st.booleans()):
        a, b = draw(conditions(depth - 1)), draw(conditions(depth - 1))
        word = draw(st.sampled_from(["and", "or", "&", "|"]))
        return draw(st.sampled_from([f"({a}) {word} ({b})", f"{a} {word} {b}", f"not ({a})"]))
    side = st.sampled_from(["x", "y", "i", "(x + y)", "x * 2", "-i", "(i % 3)", "1.25", "4", "@n"])
    a, b, c, one, two = draw(side), draw(side), draw(side), draw(COMPARISONS), draw(COMPARISONS)
    listed = f"i {draw(st.sampled_from(['in', 'not in', '==', '!=']))} [0, 2, 3, 7]"
    return draw(st.sampled_from([f"{a} {one} {b}", f"{a} {one} {b} {two} {c}", listed]))


@given(columns=frames(1), condition=conditions())
def test_query(columns, condition):
    filled = {name: [0 if value is None else value for value in columns[name]] for name in ("x", "y", "i")}
    theirs = pd.DataFrame(filled)
    n = 2
    try:
        want = theirs.query(condition, engine="python", local_dict={"n": n})["i"].tolist()
    except (KeyError, ValueError, TypeError, AttributeError, NotImplementedError):  # of two plain numbers, pandas' own
        return
    assert pc.DataFrame(theirs).query(condition, local_dict={"n": n})["i"].to_list() == want

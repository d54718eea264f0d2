"""merge_asof, against pandas on random tables."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

import pycylon as pc
from pycylon import errors

pd = pytest.importorskip("pandas")

EPOCH = datetime(2024, 1, 1)


def table(rng: random.Random, kind: str, rows: int, payload: str) -> pd.DataFrame:
    """Return rows sorted by "t", as pandas asks, with two columns to match by."""
    times = sorted(rng.choices(range(30), k=rows))
    if kind == "time":
        column = pd.Series([EPOCH + timedelta(seconds=t) for t in times], dtype="datetime64[us]")
    else:
        column = pd.Series(times, dtype={"int": "int64", "float": "float64"}[kind])
    return pd.DataFrame(
        {
            "t": column,
            "k": pd.Series(rng.choices(range(3), k=rows), dtype="int64"),
            "s": pd.Series(rng.choices(["a", "a string of more than twelve"], k=rows), dtype="str"),
            payload: pd.Series(range(rows), dtype="int64"),
        }
    )


@pytest.mark.parametrize("seed", range(100))
def test_against_pandas(seed):
    rng = random.Random(seed)
    kind = rng.choice(["int", "float", "time"])
    left, right = table(rng, kind, rng.choice([0, 1, 25]), "a"), table(rng, kind, rng.choice([0, 1, 25]), "b")
    distance = rng.choice([None, 0, 3])
    options = {
        "on": "t",
        "by": rng.choice([None, "k", ["k", "s"]]),
        "direction": rng.choice(["backward", "forward", "nearest"]),
        "allow_exact_matches": rng.choice([True, False]) or distance == 0,  # pandas refuses both
        "tolerance": distance if kind != "time" or distance is None else pd.Timedelta(seconds=distance),
    }
    if kind == "float" and distance is not None:
        options["tolerance"] = float(distance)
    want = pd.merge_asof(left, right, **options)
    got = pc.merge_asof(pc.DataFrame(left), pc.DataFrame(right), **options)
    assert got.columns == list(want.columns)
    for name in want.columns:
        expected = [None if pd.isna(value) else value for value in want[name].tolist()]
        assert got[name].to_list() == expected, f"seed {seed}: {name} of {options}"


def test_names_differ():
    left = pc.DataFrame({"t": [3], "k": ["x"], "v": [1]})
    right = pc.DataFrame({"u": [1, 2], "l": ["x", "y"], "v": [5, 6]})
    got = pc.merge_asof(left, right, left_on="t", right_on="u", left_by="k", right_by="l", suffixes=("", "_r"))
    assert got.to_dict() == {"t": [3], "k": ["x"], "v": [1], "u": [1], "l": ["x"], "v_r": [5]}


def test_rows_need_not_be_sorted():
    left, right = pc.DataFrame({"t": [9, 1, None, 5]}), pc.DataFrame({"t": [8, None, 4, 0], "b": [8, -1, 4, 0]})
    assert pc.merge_asof(left, right, on="t").to_dict() == {"t": [9, 1, None, 5], "b": [8, 0, None, 4]}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(("seconds", "hit"), [(2, True), (2.5, True), (1.9995, False), (1.0, False)])
def test_tolerance_of_every_unit(unit, seconds, hit):
    pa = pytest.importorskip("pyarrow")
    times = pa.array([EPOCH + timedelta(seconds=2)], pa.timestamp(unit))
    left, right = pa.table({"t": times}), pa.table({"t": pa.array([EPOCH], pa.timestamp("us")), "b": [1]})
    got = pc.merge_asof(pc.DataFrame(left), pc.DataFrame(right), on="t", tolerance=timedelta(seconds=seconds))
    assert got["b"].to_list() == [1 if hit else None]


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"on": "s"}, TypeError, "numbers or times"),
        ({"on": "i", "direction": "sideways"}, ValueError, "sideways"),
        ({"on": "i", "left_on": "i"}, ValueError, "not both"),
        ({"left_on": "i"}, ValueError, "go together"),
        ({}, ValueError, "one column of each side"),
        ({"on": ["i", "t"]}, ValueError, "one column of each side"),
        ({"on": "i", "tolerance": -1}, ValueError, "isn't negative"),
        ({"on": "i", "tolerance": timedelta(1)}, TypeError, "difference of two such values"),
        ({"on": "i", "tolerance": 0.5}, TypeError, "difference of two such values"),
        ({"on": "t", "tolerance": 1}, TypeError, "difference of two such values"),
        ({"on": "i", "tolerance": "1s"}, TypeError, "a number or a timedelta"),
        ({"on": "i", "by": "t", "suffixes": "__"}, ValueError, "suffixes"),
        ({"left_on": "i", "right_on": "t"}, TypeError, "cast one of them"),
    ],
)
def test_refusals(options, error, text):
    frame = pc.DataFrame({"i": [1], "s": ["x"], "t": [EPOCH]})
    with pytest.raises(error, match=text) as caught:
        pc.merge_asof(frame, frame, **options)
    assert not isinstance(caught.value, errors.InternalError)

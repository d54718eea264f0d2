"""Joins: their options, order and limits; `tests/differential` holds their rows against DuckDB and pandas."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

import pycylon as pc
from pycylon import errors

duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

JOINS = ("inner", "left", "right", "outer", "semi", "anti")


def counted(rows: list[tuple]) -> Counter:
    """Return rows as a multiset in which every NaN is one, and both zeros are."""

    def plain(value: object) -> object:
        if isinstance(value, float):
            return "NaN" if math.isnan(value) else value + 0.0
        return value

    return Counter(tuple(map(plain, row)) for row in rows)


def rows_of(frame: pc.DataFrame) -> list[tuple]:
    columns = frame.to_dict()
    return list(zip(*columns.values()))


def test_cross_of_nothing_and_of_itself():
    frame = pc.DataFrame({"a": [1, 2]})
    assert frame.merge(frame[:0], how="cross").shape == (0, 2)
    assert frame[:0].merge(frame, how="cross").shape == (0, 2)
    assert counted(rows_of(frame.merge(frame, how="cross"))) == counted([(1, 1), (1, 2), (2, 1), (2, 2)])
    with pytest.raises(errors.InvalidError, match="leave out on="):
        frame.merge(frame, how="cross", on="a")


def test_indicator_has_a_name():
    left, right = pc.DataFrame({"k": [1, 2]}), pc.DataFrame({"k": [2, 3]})
    got = left.merge(right, how="outer", indicator="side")
    assert sorted(rows_of(got)) == [(1, "left_only"), (2, "both"), (3, "right_only")]
    with pytest.raises(errors.InvalidError, match=r"column .k. already"):
        left.merge(right, how="outer", indicator="k")
    with pytest.raises(errors.InvalidError, match="semi"):
        left.merge(right, how="semi", indicator=True)


@pytest.mark.parametrize(
    ("validate", "left", "right", "wrong"),
    [
        ("1:1", [1, 2, None], [2, 3, None], None),
        ("one_to_one", [1, 1], [2, 3], "left"),
        ("1:1", [1, 2], [2, 2], "right"),
        ("1:m", [1, 2], [2, 2], None),
        ("1:m", [None, None], [1], "left"),
        ("many_to_one", [1, 1], [2, 3], None),
        ("m:1", [1], [7, 7], "right"),
        ("m:m", [1, 1], [1, 1], None),
    ],
)
def test_validate(validate, left, right, wrong):
    frames = pc.DataFrame({"k": left, "a": left}), pc.DataFrame({"k": right, "b": right})
    plain = frames[0].merge(frames[1], on="k", how="outer")
    if wrong is None:
        got = frames[0].merge(frames[1], on="k", how="outer", validate=validate)
        assert counted(rows_of(got)) == counted(rows_of(plain))
        return
    with pytest.raises(errors.InvalidError, match=f"the {wrong} side has several rows with the same keys"):
        frames[0].merge(frames[1], on="k", how="outer", validate=validate)


def test_validate_must_be_known():
    frame = pc.DataFrame({"k": [1]})
    with pytest.raises(errors.InvalidError, match="2:1"):
        frame.merge(frame, validate="2:1")


def test_join_is_a_left_merge_with_bare_names():
    left, right = pc.DataFrame({"k": [1, 2], "v": [3, 4]}), pc.DataFrame({"k": [2], "v": [5]})
    got = left.join(right, on="k", rsuffix="_r")
    assert got.columns == ["k", "v", "v_r"]
    assert sorted(rows_of(got)) == [(1, 3, None), (2, 4, 5)]
    assert left.join(right, on="k", how="semi").to_dict() == {"k": [2], "v": [4]}
    with pytest.raises(errors.InvalidError, match="suffixes"):
        left.join(right, on="k")


@pytest.mark.parametrize("how", ["inner", "left", "semi", "outer", "right"])
@pytest.mark.parametrize("rows", [(30, 20), (20, 30), (70_000, 66_000)])
def test_maintain_order(how, rows):
    rng = random.Random(how)
    left, right = ({"k": rng.choices(range(n // 2), k=n), name: range(n)} for n, name in zip(rows, "ab"))
    frames = pc.DataFrame(left), pc.DataFrame(right)
    got = frames[0].merge(frames[1], on="k", how=how, maintain_order=True).to_dict()
    again = frames[0].merge(frames[1], on="k", how=how).to_dict()
    assert sorted(map(str, zip(*got.values()))) == sorted(map(str, zip(*again.values())))
    last = len(right["k"]) + len(left["k"])
    places = [(last if a is None else a, last if b is None else b) for a, b in zip(got["a"], got.get("b", got["a"]))]
    assert places == sorted(places)


def test_a_result_beyond_all_memory_is_refused_with_its_rows():
    frame = pc.DataFrame({"k": [1] * 3_000_000, "v": range(3_000_000)})
    for use in (
        lambda: frame.merge(frame, on="k"),
        lambda: frame.lazy().merge(frame, on="k").sort_values("v_x").collect(),
    ):
        with pytest.raises(errors.OutOfMemoryError, match=r"merge: the result would have about [89]\d{12} rows"):
            use()
    assert len(frame.merge(frame, on="k", how="semi")) == 3_000_000


def test_pairs_stream_into_an_aggregate():
    psutil = pytest.importorskip("psutil")
    process = psutil.Process()
    frame = pc.DataFrame({"k": [1] * 8_000, "v": range(8_000)})
    frame.merge(frame[:1000], on="k")  # warm
    before = process.memory_info().rss
    got = frame.lazy().merge(frame, on="k").groupby("k").agg(n=("v_x", "count"), most=("v_y", "max")).collect()
    assert got.to_dict() == {"k": [1], "n": [64_000_000], "most": [7_999]}
    assert process.memory_info().rss - before < 300 << 20  # the pairs are 1.5 GB


@pytest.mark.parametrize("how", JOINS)
@pytest.mark.parametrize("keys", ["k", ["k", "s"]])
def test_sort_gives_the_rows_of_hash_in_order(how, keys):
    rng = random.Random(how)
    left, right = (
        pc.DataFrame(
            {
                "k": [rng.choice([None, *range(-5, 5)]) for _ in range(n)],
                "s": [rng.choice(["", "x", "a string longer than twelve"]) for _ in range(n)],
                name: range(n),
            }
        )
        for n, name in ((60, "a"), (50, "b"))
    )
    got = left.merge(right, on=keys, how=how, algorithm="sort")
    assert counted(rows_of(got)) == counted(rows_of(left.merge(right, on=keys, how=how, algorithm="hash")))
    assert got.to_dict() == got.sort_values(keys).to_dict()
    with pytest.raises(errors.InvalidError, match="nested loops"):
        left.merge(right, on=keys, algorithm="nested loops")

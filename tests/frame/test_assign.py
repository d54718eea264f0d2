"""Columns computed from a frame's own."""

from __future__ import annotations

import pytest

import pycylon as pc


@pytest.fixture
def frame():
    return pc.DataFrame({"a": [1, 2, None], "b": [1.5, None, 3.0]})


def test_assign_adds_and_replaces_in_place(frame):
    new = frame.assign(b=frame["a"].astype("float64"), big=frame["a"] > 1, s="x", none=None)
    assert new.to_dict() == {
        "a": [1, 2, None],
        "b": [1.0, 2.0, None],
        "big": [False, True, None],
        "s": ["x"] * 3,
        "none": [None] * 3,
    }
    assert frame.columns == ["a", "b"], "the frame itself"


def test_functions_see_the_columns_before_them(frame):
    new = frame.assign(first=lambda f: f["a"], a=0, then=lambda f: f["a"], big=lambda f: f["then"] < f["b"])
    assert new.to_dict()["first"] == [1, 2, None]
    assert new.to_dict()["then"] == [0, 0, 0]
    assert new.to_dict()["big"] == [True, None, True]


def test_series_of_the_frame_mean_its_own_columns_after_a_function(frame):
    new = frame.assign(a=lambda f: 0, c=frame["a"])
    assert new.to_dict()["c"] == [1, 2, None]


def test_setitem_changes_what_the_name_holds_and_nothing_made_before(frame):
    column, mask, other = frame["a"], frame["a"] > 1, frame[["a"]]
    frame["a"] = frame["a"] == 2
    frame["n"] = 7
    assert frame.to_dict() == {"a": [False, True, None], "b": [1.5, None, 3.0], "n": [7, 7, 7]}
    assert column.to_list() == [1, 2, None]
    assert mask.to_list() == [False, True, None]
    assert other.to_dict() == {"a": [1, 2, None]}


def test_the_order_of_rows_stays_over_many_batches():
    rows = 300_000
    frame = pc.DataFrame({"i": list(range(rows))})
    frame["x"] = frame["i"] > 5
    assert frame.to_dict()["i"] == list(range(rows))


@pytest.mark.parametrize("values", [[1, 2, 3], {"a": 1}, (1, 2, 3)])
def test_lists_are_refused_with_advice(frame, values):
    with pytest.raises(TypeError, match="a column of this frame, a single value or a function"):
        frame["x"] = values


def test_columns_of_other_frames_are_refused(frame):
    with pytest.raises(ValueError, match=r"'x' are a column of another frame.*merge"):
        frame.assign(x=pc.DataFrame({"a": [1, 2, 3]})["a"])
    with pytest.raises(TypeError, match="name is a str"):
        frame[0] = 1


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None, -2], "str", ["1", None, "-2"]),
        ([1.0, 0.1, 1e20, 1e-7, None], str, ["1.0", "0.1", "1e+20", "1e-07", None]),
        ([True, False, None], str, ["True", "False", None]),
        (["1", None, " -2 "], int, [1, None, -2]),
        (["1", None, "2.5"], float, [1.0, None, 2.5]),
        (["true", None, "False"], bool, [True, None, False]),
        (["300", None], "int16", [300, None]),
    ],
)
def test_casts_between_values_and_text(values, kind, expected):
    frame = pc.DataFrame({"a": values})
    frame["a"] = frame["a"].astype(kind)
    assert frame.to_dict()["a"] == expected


@pytest.mark.parametrize(("text", "kind"), [("x", int), ("2.5", int), ("", float), ("300", "int8"), ("yes", bool)])
def test_text_that_is_no_value_is_refused_by_value_and_type(text, kind):
    frame = pc.DataFrame({"a": ["1" if kind is not bool else "True", text]})
    with pytest.raises(ValueError, match=f'"{text}" of type .* is no .*{getattr(kind, "__name__", kind)}'):
        frame["a"].astype(kind).to_list()


def test_the_advice_to_cast_one_of_two_columns_can_be_followed():
    frame = pc.DataFrame({"a": [1, 2], "b": ["1", "3"]})
    with pytest.raises(TypeError, match="cast one of them"):
        frame[frame["a"] == frame["b"]]
    assert frame[frame["a"] == frame["b"].astype(int)].to_dict() == {"a": [1], "b": ["1"]}
    right = pc.DataFrame({"b": [3], "c": ["z"]})
    assert frame.assign(b=frame["b"].astype(int)).merge(right, on="b").to_dict() == {"a": [2], "b": [3], "c": ["z"]}

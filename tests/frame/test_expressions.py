"""Columns computed with: arithmetic, logic, choices, functions of numbers."""

from __future__ import annotations

import datetime
import math

import pytest

import pycylon as pc
from pycylon import errors

numpy = pytest.importorskip("numpy")


@pytest.fixture
def df():
    return pc.DataFrame({"a": [1, 2, None, -7], "b": [1.5, None, 0.0, 2.0], "s": ["x", "y", None, "x"]})


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda df: df["a"] + df["b"], [2.5, None, None, -5.0]),
        (lambda df: df["a"] - 1, [0, 1, None, -8]),
        (lambda df: 1 - df["b"], [-0.5, None, 1.0, -1.0]),
        (lambda df: 2 * df["a"], [2, 4, None, -14]),
        (lambda df: df["a"] / 2, [0.5, 1.0, None, -3.5]),
        (lambda df: 14 / df["a"], [14.0, 7.0, None, -2.0]),
        (lambda df: 1 / df["b"], [1 / 1.5, None, math.inf, 0.5]),
        (lambda df: df["a"] // 2, [0, 1, None, -4]),
        (lambda df: df["a"] // 0, [None] * 4),
        (lambda df: df["a"] % 3, [1, 2, None, 2]),
        (lambda df: 10 % df["a"], [0, 0, None, -4]),
        (lambda df: df["a"] ** 2, [1, 4, None, 49]),
        (lambda df: 2 ** df["b"], [2**1.5, None, 1.0, 4.0]),
        (lambda df: -df["a"], [-1, -2, None, 7]),
        (lambda df: +df["a"], [1, 2, None, -7]),
        (lambda df: abs(df["a"]), [1, 2, None, 7]),
        (lambda df: df["a"].sub(df["b"]).radd(1), [0.5, None, None, -8.0]),
        (lambda df: df["a"].rsub(1), [0, -1, None, 8]),
        (lambda df: (df["a"] > 0) & (df["b"] > 1), [True, None, False, False]),
        (lambda df: (df["a"] > 0) | (df["b"] > 1), [True, True, None, True]),
        (lambda df: (df["a"] > 0) ^ (df["s"] == "x"), [False, True, None, True]),
        (lambda df: True ^ (df["a"] > 0), [False, False, None, True]),
        (lambda df: df["a"].between(-7, 1, inclusive="right"), [True, False, None, False]),
        (lambda df: df["a"].between(-7, 1, inclusive="neither"), [False, False, None, False]),
        (lambda df: df["s"].isin(["x", "z"]), [True, False, False, True]),
        (lambda df: df["s"].isin({"y", None}), [False, True, True, False]),
        (lambda df: df["a"].isin(numpy.arange(-10, 2)), [True, False, False, True]),
        (lambda df: df["a"].isin([]), [False] * 4),
        (lambda df: df["b"].isin([float("nan")]), [False, True, False, False]),
        (lambda df: df["a"].isin(pc.Series("z", [2, -7])), [False, True, False, True]),
        (lambda df: df["b"].fillna(9), [1.5, 9.0, 0.0, 2.0]),
        (lambda df: df["a"].fillna(df["b"]), [1.0, 2.0, 0.0, -7.0]),
        (lambda df: df["s"].fillna("none"), ["x", "y", "none", "x"]),
        (lambda df: df["a"].combine_first(df["b"]), [1.0, 2.0, 0.0, -7.0]),
        (lambda df: df["a"].where(df["a"] > 0), [1, 2, None, None]),
        (lambda df: df["s"].where(df["a"] > 0, "other"), ["x", "y", "other", "other"]),
        (lambda df: df["s"].mask(df["a"] > 0, "other"), ["other", "other", None, "x"]),
        (lambda df: df["a"].case_when([(df["a"] > 1, 100), (df["s"] == "x", df["b"])]), [1.5, 100.0, None, 2.0]),
        (lambda df: df["a"].case_when([]), [1, 2, None, -7]),
        (lambda df: df["s"].replace({"x": "X", "y": None}), ["X", None, None, "X"]),
        (lambda df: df["a"].replace([1, 2], [2, 1]), [2, 1, None, -7]),
        (lambda df: df["a"].replace(None, 0), [1, 2, 0, -7]),
        (lambda df: df["a"].clip(0, 1), [1, 1, None, 0]),
        (lambda df: df["a"].clip(upper=df["b"]), [1.0, 2.0, None, -7.0]),
        (lambda df: df["b"].round(), [2.0, None, 0.0, 2.0]),
        (lambda df: numpy.sqrt(df["b"]), [math.sqrt(1.5), None, 0.0, math.sqrt(2)]),
        (lambda df: numpy.float64(1.5) + df["a"], [2.5, 3.5, None, -5.5]),
        (lambda df: df["b"].log1p().exp(), [2.5, None, 1.0, 3.0]),
        (lambda df: df["b"].sign(), [1.0, None, 0.0, 1.0]),
        (lambda df: df["b"].isinf(), [False, None, False, False]),
    ],
)
def test_values(df, compute, expected):
    got = compute(df).to_list()
    assert got == pytest.approx(expected) if isinstance(expected[0], float) else got == expected
    assert all(type(a) is type(b) for a, b in zip(got, expected))


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [("int8", 1, "int8"), ("int8", 1.0, "float64"), ("float32", 1, "float32"), ("uint16", True, "uint16")],
)
def test_a_literal_takes_on_the_columns_type(dtype, value, expected):
    frame = pc.DataFrame({"a": [1, 2]}).assign(a=lambda f: f["a"].astype(dtype))
    assert (frame["a"] + value).dtype == expected
    assert (value + frame["a"]).dtype == expected


def test_types_promote_as_numpys():
    names = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
    frame = pc.DataFrame({name: numpy.ones(1, name) for name in names})
    for a in names:
        for b in names:
            assert (frame[a] + frame[b]).dtype == numpy.result_type(a, b).name, (a, b)


@pytest.mark.parametrize(
    ("compute", "error", "text"),
    [
        (lambda df: df["a"] + (2**63 - 1), errors.IntegerOverflowError, "1 \\+ 9223372036854775807 doesn't fit int64"),
        (lambda df: df["a"].astype("int8") * 100, errors.IntegerOverflowError, "2 \\* 100 doesn't fit int8"),
        (lambda df: df["a"].astype("int8") + 300, errors.IntegerOverflowError, "300 of type int64 doesn't fit int8"),
        (lambda df: df["a"] ** -1, errors.InvalidError, "cast to double"),
        (lambda df: df["a"] + df["s"], errors.TypeMismatchError, 'add takes numbers, and column "s" is utf8'),
        (lambda df: df["s"].fillna(0), errors.TypeMismatchError, "cast one of them"),
        (lambda df: df["s"].isin([1]), errors.TypeMismatchError, "can't be among values of type int64"),
        (lambda df: (df["a"] > 0) + (df["b"] > 0), errors.TypeMismatchError, "combined with & | \\^"),
        (lambda df: df["a"].round(1 << 80), errors.InvalidError, "doesn.t fit 64 bits"),
    ],
)
def test_errors_say_what_and_what_to_do(df, compute, error, text):
    with pytest.raises(error, match=text):
        compute(df).to_list()


@pytest.mark.parametrize(
    ("compute", "text"),
    [
        (lambda df: df["a"] + [1, 2, 3, 4], "not with a list"),
        (lambda df: df["a"] + numpy.arange(4), "not with a ndarray"),
        (lambda df: df["a"].isin("x"), "list of values"),
        (lambda df: df["a"].where(True), "a condition is a comparison"),
    ],
)
def test_what_is_no_column_is_refused(df, compute, text):
    with pytest.raises(TypeError, match=text):
        compute(df)


def test_columns_of_other_frames_are_refused(df):
    with pytest.raises(errors.InvalidError, match="different frames"):
        df["a"] + pc.DataFrame({"a": [1, 2, 3, 4]})["a"]
    with pytest.raises(errors.InvalidError, match="inclusive"):
        df["a"].between(1, 2, inclusive="some")
    with pytest.raises(errors.InvalidError, match="2 values can't be replaced by 1"):
        df["a"].replace([1, 2], [3])


def test_expressions_are_assigned_and_filter_by(df):
    df["c"] = df["a"] * 2 - df["b"]
    assert df[df["c"] > 0]["c"].to_list() == [0.5]
    assert df.assign(d=lambda f: f["c"] + 1, e=lambda f: f["d"] * f["d"])["e"].to_list() == [2.25, None, None, 225.0]


def test_thousands_of_values_are_looked_up():
    numbers = list(range(0, 3_000_000, 1000))
    frame = pc.DataFrame({"a": list(range(10_000)), "s": [f"the string number {i}" for i in range(10_000)]})
    assert frame[frame["a"].isin(numbers)]["a"].to_list() == list(range(0, 10_000, 1000))
    assert len(frame[frame["s"].isin([f"the string number {i}" for i in numbers])]) == 10


def test_dates_are_values(df):
    day = datetime.date(2024, 2, 29)
    frame = pc.DataFrame({"d": [day, None, datetime.date(2024, 3, 1)]})
    assert frame["d"].isin([day]).to_list() == [True, False, False]
    assert frame["d"].fillna(day).to_list() == [day, day, datetime.date(2024, 3, 1)]

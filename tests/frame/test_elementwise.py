"""What is done to every value of a frame."""

from __future__ import annotations

import pytest

import pycylon as pc
from pycylon import errors


@pytest.fixture
def df():
    return pc.DataFrame({"a": [1, None, 3], "b": [0.5, None, None], "s": ["x", None, "z"]})


def test_missing_values(df):
    assert pc.DataFrame({"f": [float("nan"), 1.0]}).dropna()["f"].to_list() == [1.0]
    assert df.isna().to_dict() == {"a": [False, True, False], "b": [False, True, True], "s": [False, True, False]}
    assert df.notna()["b"].to_list() == [True, False, False]
    assert df.fillna({"a": 0, "s": "y"}).to_dict() == {"a": [1, 0, 3], "b": [0.5, None, None], "s": ["x", "y", "z"]}
    assert df[["a", "b"]].fillna(0).to_dict() == {"a": [1, 0, 3], "b": [0.5, 0.0, 0.0]}
    assert df.dropna()["a"].to_list() == [1]
    assert df.dropna(how="all")["a"].to_list() == [1, 3]
    assert df.dropna(subset="a")["s"].to_list() == ["x", "z"]
    assert df.dropna(thresh=2)["a"].to_list() == [1, 3]
    assert df.dropna(thresh=3)["a"].to_list() == [1]


def test_choices(df):
    assert df.where(df["a"] > 1).to_dict() == {"a": [None, None, 3], "b": [None] * 3, "s": [None, None, "z"]}
    assert df.mask(df["a"] == 1)["s"].to_list() == [None, None, "z"]
    assert df[["s"]].replace("x", "X")["s"].to_list() == ["X", None, "z"]
    assert df.replace({"a": {1: 10}, "s": {"z": "Z"}}).to_dict() == {
        "a": [10, None, 3],
        "b": [0.5, None, None],
        "s": ["x", None, "Z"],
    }


def test_numbers(df):
    numbers = df[["a", "b"]]
    assert (numbers * 2 + 1).to_dict() == {"a": [3, None, 7], "b": [2.0, None, None]}
    assert (1 - numbers)["a"].to_list() == [0, None, -2]
    assert (numbers - numbers)["a"].to_list() == [0, None, 0]
    assert (numbers > 0.5).to_dict() == {"a": [True, None, True], "b": [False, None, None]}
    assert (~(numbers > 0.5))["a"].to_list() == [False, None, False]
    assert (-numbers).abs()["b"].to_list()[0] == 0.5
    assert df.round()["b"].to_list()[0] == 0.0
    assert df.round({"b": 1})["b"].to_list()[0] == 0.5
    assert numbers.clip(2, None)["a"].to_list() == [2, None, 3]
    assert df.astype({"a": str})["a"].to_list() == ["1", None, "3"]
    assert numbers.astype("float32").dtypes == {"a": "float32", "b": "float32"}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda df: df.fillna(0), errors.TypeMismatchError, "cast one of them"),
        (lambda df: df.fillna({"z": 0}), errors.NotFoundError, "'z'"),
        (lambda df: df.dropna(how="some"), errors.InvalidError, "any or all"),
        (lambda df: df + df[["a"]], errors.InvalidError, "the same columns"),
        (lambda df: df[["a"]] + pc.DataFrame({"a": [1, 2, 3]}), errors.InvalidError, "different frames"),
        (lambda df: df.where(True), TypeError, "a condition is a comparison"),
    ],
)
def test_errors(df, call, error, text):
    with pytest.raises(error, match=text):
        call(df)


@pytest.mark.parametrize(
    "method", ["add", "sub", "mul", "div", "truediv", "floordiv", "mod", "pow", "eq", "ne", "lt", "le", "gt", "ge"]
)
@pytest.mark.parametrize("other", [2, "column", "frame"])
def test_methods_of_operators_are_those_of_pandas(method, other):
    pandas = pytest.importorskip("pandas")
    theirs = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 2.0, -4.0]})
    ours = pc.DataFrame(theirs)
    if other == "column":
        got, want = getattr(ours, method)(ours["a"], axis=0), getattr(theirs, method)(theirs["a"], axis=0)
    elif other == "frame":
        got, want = getattr(ours, method)(ours), getattr(theirs, method)(theirs)
    else:
        got, want = getattr(ours, method)(other), getattr(theirs, method)(other)
    assert got.to_dict() == want.to_dict("list")


def test_series_along_columns_are_refused(df):
    with pytest.raises(errors.InvalidError, match="add: axis='columns' isn't supported"):
        df.add(df["a"], axis="columns")

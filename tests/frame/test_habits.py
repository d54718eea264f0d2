"""Habits from pandas that work, or are refused with advice."""

from __future__ import annotations

import copy
import pickle

import pytest

import pycylon as pc


@pytest.fixture
def frame():
    return pc.DataFrame({"a": [1, 2, None], "b": ["a long enough text", None, ""]})


def test_frames_and_series_pickle(frame):
    again = pickle.loads(pickle.dumps(frame))
    assert (again.to_dict(), again.dtypes, again.placement) == (frame.to_dict(), frame.dtypes, "local")
    assert pickle.loads(pickle.dumps(frame["a"] > 1)).to_list() == [False, True, None]
    assert pickle.loads(pickle.dumps(frame.head(0))).dtypes == frame.dtypes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_is_another_frame_of_the_same_rows(frame, copied):
    other = copied(frame)
    other["a"] = 0
    assert frame.to_dict()["a"] == [1, 2, None]
    assert other.to_dict()["a"] == [0, 0, 0]


@pytest.mark.parametrize("compare", [lambda f: f == 1, lambda f: f != f, lambda f: f == None])  # noqa: E711
def test_frames_are_not_compared_as_a_whole(frame, compare):
    with pytest.raises(TypeError, match=r"compare a column.*assert_frame_equal"):
        compare(frame)
    assert frame in {frame: 1}


@pytest.mark.parametrize("name", ["unstack", "to_excel", "interpolate", "resample"])
def test_names_of_pandas_say_where_they_are(frame, name):
    with pytest.raises(AttributeError, match=rf"{name}' in this version: use df\.to_pandas\(\)\.{name}"):
        getattr(frame, name)
    assert not hasattr(frame, name)


def test_other_names_are_missing_as_ever(frame):
    with pytest.raises(AttributeError, match=r"'DataFrame' object has no attribute 'nonsense'$"):
        frame.nonsense  # noqa: B018
    with pytest.raises(AttributeError, match=r"the column is df\['a'\]"):
        frame.a  # noqa: B018
    with pytest.raises(AttributeError, match=r"use series\.to_pandas\(\)\.resample"):
        frame["a"].resample()


def test_types_of_columns_that_a_file_does_not_have_are_ignored(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    assert pc.read_csv(file, dtype={"a": "float64", "b": str}).to_dict() == {"a": [1.0]}


def test_bools_choose_rows():
    frame = pc.DataFrame({"a": [1, 2, 3]})
    for choose in (frame.iloc, frame.loc):
        assert choose[[True, False, True]].to_dict() == {"a": [1, 3]}
        with pytest.raises(pc.errors.InvalidError, match="each of the 3 rows"):
            choose[[True, False]]
        with pytest.raises(pc.errors.InvalidError, match="each of the 3 rows"):
            choose[[True, 0, 2]]


@pytest.mark.parametrize(
    "call",
    [
        lambda f, n: f.head(n),
        lambda f, n: f.tail(n),
        lambda f, n: f[n:],
        lambda f, n: f.nlargest(n, "a"),
        lambda f, n: f["a"].nsmallest(n),
        lambda f, n: f.sample(n),
        lambda f, n: f.take([n]),
        lambda f, n: f["a"].shift(n),
        lambda f, n: f["a"].diff(n),
    ],
)
def test_whole_numbers_are_whole(call):
    frame = pc.DataFrame({"a": [1, 2, 3]})
    for wrong in (1.5, "x"):
        with pytest.raises(TypeError, match=r"expected a whole number, not a (float|str)"):
            call(frame, wrong)
    with pytest.raises(pc.errors.InvalidError, match="64 bits"):
        call(frame, 2**70)


@pytest.mark.parametrize("wrong", [None, 1.5])
def test_what_is_no_column(frame, wrong):
    for call in (lambda by: frame.groupby(by).size(), frame.sort_values, frame.set_index):
        with pytest.raises(TypeError, match=r"by name or position, or as a list of those, not as (None|a float)"):
            call(wrong)
    with pytest.raises(TypeError, match="by name or position, or as a list of those, not as a Series"):
        frame.sort_values(frame["a"])


def test_small_methods_of_series_are_those_of_pandas():
    pd = pytest.importorskip("pandas")
    for values in ([3, 1, 3, 1, 2], [2.5, None, None], [], [None, None], ["b", "a"], ["x", None, "x"]):
        ours, theirs = pc.Series("count", values), pd.Series(values, dtype=object)
        assert ours.dropna().to_list() == theirs.dropna().tolist()
        assert ours.mode().to_list() == theirs.mode().tolist()
        assert len(ours.mode(dropna=False)) == len(theirs.mode(dropna=False))
        assert (ours.is_unique, ours.hasnans) == (theirs.is_unique, theirs.hasnans)
    assert pc.Series("a", [1, 2, None]).cumsum().dropna().to_list() == [1, 3]

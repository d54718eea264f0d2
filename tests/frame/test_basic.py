"""What a frame is, shows and refuses."""

from __future__ import annotations

import pytest

import pycylon as pc


@pytest.fixture
def frame():
    return pc.DataFrame({"a": [3, 1, None, 2], "b": ["x", "y", "x", None], "c": [0.5, float("nan"), None, 1.5]})


def test_what_it_is(frame):
    assert frame.columns == ["a", "b", "c"]
    assert frame.shape == (4, 3)
    assert len(frame) == 4
    assert frame.dtypes == {"a": "int64", "b": "utf8", "c": "float64"}
    assert list(frame.index) == [0, 1, 2, 3]
    assert (frame.placement, frame.env) == ("local", None)
    assert not frame.empty
    assert pc.DataFrame().empty
    assert frame.nbytes > 0
    assert "a" in frame
    assert "z" not in frame
    assert list(frame) == ["a", "b", "c"]


@pytest.mark.parametrize("use", [bool, lambda f: bool(f["a"]), lambda f: f["a"] == 1 and f["b"] == "x"])
def test_truth_is_refused(frame, use):
    with pytest.raises(TypeError, match="neither true nor false"):
        use(frame)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (slice(1, 3), [1, None]),
        (slice(None, 2), [3, 1]),
        (slice(2, None), [None, 2]),
        (slice(-1, None), [2]),
        (slice(None, -1), [3, 1, None]),
        (slice(-3, -1), [1, None]),
        (slice(1, -2), [1]),
        (slice(3, 1), []),
        (slice(0, 0), []),
        (slice(2, 99), [None, 2]),
        (slice(99, None), []),
        (slice(-99, None), [3, 1, None, 2]),
        (slice(-99, 2), [3, 1]),
    ],
)
def test_slices(frame, key, expected):
    assert frame[key].to_dict()["a"] == expected


@pytest.mark.parametrize(("n", "head", "tail"), [(2, [3, 1], [None, 2]), (0, [], []), (-1, [3, 1, None], [1, None, 2])])
def test_head_and_tail(frame, n, head, tail):
    assert frame.head(n).to_dict()["a"] == head
    assert frame.tail(n).to_dict()["a"] == tail


def test_columns_by_name_and_position(frame):
    assert frame[["c", "a"]].columns == ["c", "a"]
    assert frame[["b"]].shape == (4, 1)
    assert frame["b"].to_list() == ["x", "y", "x", None]
    assert frame[0].name == "a"
    assert frame[[-1]].columns == ["c"]
    assert frame.rename({"a": "z"}).columns == ["z", "b", "c"]
    assert frame.rename(["x", "y", "z"]).to_dict()["x"] == [3, 1, None, 2]
    assert frame.drop("b").columns == ["a", "c"]
    assert frame.columns == ["a", "b", "c"]


MASKS = {
    "a > 1": (lambda f: f["a"] > 1, [0, 3]),
    "a >= 2": (lambda f: f["a"] >= 2, [0, 3]),
    "a < 2": (lambda f: f["a"] < 2, [1]),
    "a <= 2": (lambda f: f["a"] <= 2, [1, 3]),
    "a == 1.0": (lambda f: f["a"] == 1.0, [1]),
    "a != 1": (lambda f: f["a"] != 1, [0, 3]),
    "1 < a": (lambda f: 1 < f["a"], [0, 3]),  # noqa: SIM300
    "b == 'x'": (lambda f: f["b"] == "x", [0, 2]),
    "and": (lambda f: (f["a"] > 1) & (f["b"] == "x"), [0]),
    "or": (lambda f: (f["a"] == 1) | (f["b"] == "x"), [0, 1, 2]),
    "not": (lambda f: ~(f["b"] == "x"), [1]),
    "columns": (lambda f: f["a"] > f["c"], [0, 3]),
    "isna": (lambda f: f["a"].isna(), [2]),
    "isna of floats": (lambda f: f["c"].isna(), [1, 2]),
    "notna": (lambda f: f["c"].notna(), [0, 3]),
    "isin": (lambda f: f["a"].isin([1, 2]), [1, 3]),
    "isin nothing": (lambda f: f["a"].isin([]), []),
    "between": (lambda f: f["a"].between(1, 2), [1, 3]),
    "null": (lambda f: f["a"] == None, []),  # noqa: E711
}


@pytest.mark.parametrize("case", MASKS)
def test_masks(frame, case):
    mask, rows = MASKS[case]
    expected = [frame.to_dict("records")[row] for row in rows]
    found = frame[mask(frame)].to_dict("records")
    assert repr(found) == repr(expected)  # NaN is not equal to itself


def test_series(frame):
    a = frame["a"]
    assert (a.name, a.id, a.dtype, len(a), a.shape) == ("a", "a", "int64", 4, (4,))
    assert (a[0], a[-1], a[2]) == (3, 2, None)
    assert a[1:3].to_list() == [1, None]
    assert list(a) == [3, 1, None, 2]
    assert (a > 1).to_list() == [True, False, None, True]
    assert (a > 1).dtype == "bool"
    assert (a > 1)[0:2].to_list() == [True, False]
    assert a.astype(float).to_list() == [3.0, 1.0, None, 2.0]
    assert a.to_frame("z").to_dict() == {"z": [3, 1, None, 2]}
    assert pc.Series("s", [1, 2]).to_list() == [1, 2]
    assert "[4 rows x 1 column, local]" in repr(a)
    with pytest.raises(IndexError):
        a[4]
    with pytest.raises(TypeError):
        hash(a)


@pytest.mark.parametrize(
    ("use", "error", "text"),
    [
        (lambda f: f["z"], KeyError, "no column 'z': the columns are 'a', 'b', 'c'"),
        (lambda f: f[["a", "z"]], KeyError, "no column 'z'"),
        (lambda f: f[7], KeyError, "no column number 7"),
        (lambda f: f[1.5], TypeError, "float"),
        (lambda f: f[0:4:2], ValueError, "steps of 1"),
        (lambda f: f[f["a"]], TypeError, "bool"),
        (lambda f: f[f["a"] == "x"], TypeError, "utf8"),
        (lambda f: f[pc.DataFrame({"a": [True] * 4})["a"]], ValueError, "another frame"),
        (lambda f: f["a"] == pc.DataFrame({"a": [1]})["a"], ValueError, "merge the frames"),
        (lambda f: f["a"] == [1, 2], TypeError, "list"),
        (lambda f: f.take([4]), ValueError, "no row 4: there are 4"),
        (lambda f: f.take([-2]), ValueError, "no row -2"),
        (lambda f: f.take([-1]), ValueError, "no row -1"),
        (lambda f: f.merge(f, on="a", suffixes="_x"), ValueError, "expected two"),
        (lambda f: f.merge(f, on=[]), ValueError, "no columns to merge on"),
        (lambda f: pc.Series([1]), TypeError, "name comes first"),
        (lambda f: f.rename("xyz"), ValueError, "expected a dict"),
        (lambda f: f[[True, False, True, False]], TypeError, "list of bools"),
        (lambda f: f["b"].isin("xy"), TypeError, "list of values"),
        (lambda f: list(f.groupby("b")), TypeError, "iterated"),
        (lambda f: f.rename(["a"]), ValueError, "1 names were given for 3"),
        (lambda f: f.drop("z"), KeyError, "no column 'z'"),
        (lambda f: f.sort_values([]), ValueError, "no columns to sort by"),
        (lambda f: f.sort_values("a", ascending=[True, False]), ValueError, "2 directions for 1"),
        (lambda f: f.sort_values("a", na_position="middle"), ValueError, "middle"),
        (lambda f: f.merge(f, how="asof"), ValueError, "asof"),
        (lambda f: f.merge({}), TypeError, "dict"),
        (lambda f: f.merge(f, on="a", left_on="a"), ValueError, "not both"),
        (lambda f: f.merge(f, left_on="a"), ValueError, "go together"),
        (lambda f: f.merge(f, left_on=["a", "b"], right_on="a"), ValueError, "2 keys"),
        (lambda f: f.merge(f.rename(["x", "y", "z"])), ValueError, "no column name in common"),
        (lambda f: f.merge(f, left_on="a", right_on="b"), TypeError, "utf8"),
        (lambda f: f.groupby([]), ValueError, "no columns to group by"),
        (lambda f: f.groupby("a", as_index=True), ValueError, "as_index"),
        (lambda f: f.groupby("b").agg(x=("a", "mode")), ValueError, "mode"),
        (lambda f: f.groupby("b").agg(x="sum"), ValueError, "x="),
        (lambda f: f.groupby("b").agg(), ValueError, "nothing to aggregate"),
        (lambda f: f.groupby("a").mean(), TypeError, "b"),
        (lambda f: pc.concat([]), ValueError, "no frames"),
        (lambda f: pc.concat(f), TypeError, "list"),
        (lambda f: pc.concat([f, 1]), TypeError, "int"),
        (lambda f: pc.concat([f], axis=1), ValueError, "axis"),
    ],
)
def test_refusals(frame, use, error, text):
    with pytest.raises(error, match=text):
        use(frame)


def test_merge(frame):
    right = pc.DataFrame({"b": ["x", "z", None], "a": [10, 20, 30]})
    pairs = frame.merge(right, on="b").sort_values("a_x").to_dict("records")
    assert [(row["a_x"], row["b"], row["a_y"]) for row in pairs] == [(2, None, 30), (3, "x", 10), (None, "x", 10)]
    outer = frame.merge(right, how="fullouter", on="b", suffixes=("", "_r"))
    assert outer.columns == ["a", "b", "c", "a_r"]
    assert len(outer) == 5
    renamed = frame.merge(right.rename({"b": "k"})[["k"]], left_on="b", right_on="k", how="left")
    assert sorted(renamed.columns) == ["a", "b", "c", "k"]
    assert len(renamed) == 4


def test_groupby(frame):
    by = frame.groupby("b")
    assert by.agg(total=("a", "sum"), n=("c", "count")).to_dict() == {"b": ["x", "y"], "total": [3, 1], "n": [1, 0]}
    assert by.agg({"a": "max", "c": ["min", "cnt"]}).columns == ["b", "a", "c_min", "c_cnt"]
    assert by["a"].sum().to_dict() == {"b": ["x", "y"], "a": [3, 1]}
    assert by[["a", "c"]].mean().to_dict() == {"b": ["x", "y"], "a": [3.0, 1.0], "c": [0.5, None]}
    assert by.count().columns == ["b", "a", "c"]
    assert frame.groupby(["b"], dropna=False).agg(n=("a", "count")).to_dict() == {"b": ["x", "y", None], "n": [1, 1, 1]}
    assert frame.groupby([1]).min().to_dict()["a"] == [3, 1]


def test_sort(frame):
    assert frame.sort_values("a").to_dict()["a"] == [1, 2, 3, None]
    assert frame.sort_values("a", ascending=False).to_dict()["a"] == [3, 2, 1, None]
    assert frame.sort_values("a", na_position="first").to_dict()["a"] == [None, 1, 2, 3]
    assert frame.sort_values(["b", "a"], ascending=[True, False]).to_dict()["a"] == [3, None, 1, 2]
    assert str(frame.sort_values("c").to_dict()["c"]) == "[0.5, 1.5, nan, None]"


def test_concat_and_take(frame):
    assert pc.concat([frame, frame[:1]]).to_dict()["a"] == [3, 1, None, 2, 3]
    assert pc.concat([pc.DataFrame({"a": [1]}), pc.DataFrame({"a": [0.5]})]).to_dict() == {"a": [1.0, 0.5]}
    assert frame.take([3, None, 0]).to_dict()["a"] == [2, None, 3]
    assert frame.take([]).shape == (0, 3)


def test_operations_leave_the_frame_alone(frame):
    before = repr(frame.to_dict())
    frame.sort_values("a")
    frame.rename({"a": "z"})
    frame[frame["a"] > 1]
    assert repr(frame.to_dict()) == before


def test_isin_knows_missing_values(frame):
    assert frame[frame["b"].isin(["x", None])].to_dict()["b"] == ["x", "x", None]
    assert frame[~frame["b"].isin(["x"])].to_dict()["b"] == ["y", None]
    assert len(frame[frame["c"].isin([None])]) == 2  # a null and a NaN
    assert len(frame[frame["a"].isin(range(3000))]) == 3


def test_names_of_pandas(frame):
    def mean():
        """Stand for numpy.mean."""

    assert frame.groupby("b").agg({"a": sum, "c": [mean, max]}).columns == ["b", "a", "c_mean", "c_max"]
    assert frame.rename(str.upper).columns == ["A", "B", "C"]
    swapped = frame[["c", "b", "a"]]
    assert pc.concat([frame, swapped], ignore_index=True).to_dict()["a"] == [3, 1, None, 2] * 2

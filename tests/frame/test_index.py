"""Rows by number and by label, and rows and values in Python."""

from __future__ import annotations

import pytest

import pycylon as pc
from pycylon import errors

pd = pytest.importorskip("pandas")

COLUMNS = {"k": ["b", "a", "c", "a"], "v": [1, 2, None, 4], "f": [0.5, 1.5, 2.5, 3.5]}


def make():
    return pc.DataFrame(COLUMNS)


def test_iloc_as_pandas():
    frame, theirs = make(), pd.DataFrame(COLUMNS)
    for which in (0, -1, 3):
        assert frame.iloc[which]["k"] == theirs.iloc[which]["k"]
        assert frame.iloc[which, 0] == theirs.iloc[which, 0]
        assert frame.iloc[which, -1] == theirs.iloc[which, -1]
    for rows in (slice(1, 3), slice(None, -1), slice(-2, None), slice(2, 1), slice(None), [2, 0, -1], range(2)):
        want = theirs.iloc[rows]
        assert frame.iloc[rows]["k"].to_list() == list(want["k"])
        assert frame.iloc[rows, 2].to_list() == list(want["f"])
        assert frame.iloc[rows, 0:2].columns == ["k", "v"]
        assert frame.iloc[rows, [2, 0]].columns == ["f", "k"]
    with pytest.raises(errors.NotFoundError, match="no row 4"):
        frame.iloc[4]
    with pytest.raises(errors.NotFoundError, match="no row -5"):
        frame.iloc[-5]
    with pytest.raises(TypeError, match="iloc takes numbers"):
        frame.iloc["a"]


def test_loc_of_numbered_rows():
    frame = make()
    assert frame.loc[frame["f"] > 1, "k"].to_list() == ["a", "c", "a"]
    assert frame.loc[frame["f"] > 1, ["f", "k"]].columns == ["f", "k"]
    assert frame.loc[frame["f"] > 1]["v"].to_list() == [2, None, 4]
    assert frame.loc[1:2]["k"].to_list() == ["a", "c"]
    assert frame.loc[2]["k"].to_list() == ["c"]
    assert frame.loc[[3, 0], "k"].to_list() == ["a", "b"]
    assert frame.loc[:, "v":].columns == ["v", "f"]
    with pytest.raises(errors.InvalidError, match="labelled 0, 1, 2"):
        frame.loc["a":"b"]
    with pytest.raises(errors.NotFoundError):
        frame.loc[:, "x":"f"]


def test_index_is_flagged_columns():
    frame = make().set_index("k")
    assert (frame.columns, frame.index_names, frame.index) == (["k", "v", "f"], ["k"], ["b", "a", "c", "a"])
    # What keeps rows keeps their labels.
    for kept in (
        frame[frame["f"] > 1],
        frame[1:3],
        frame.head(2),
        frame.sort_values("f"),
        frame.take([0]),
        frame[["f"]],
        frame.assign(z=1),
        frame.lazy()[:2],
        frame.copy(),
        frame.drop_duplicates(),
    ):
        assert kept.index_names == ["k"]
    assert frame[["f"]].columns == ["k", "f"]
    for lost in (frame.drop("k"), frame.groupby("k").sum(), frame.merge(make(), on="k"), frame.reset_index()):
        assert lost.index_names == []
    assert frame.sort_index().index == ["a", "a", "b", "c"]
    assert frame.sort_index(ascending=False).index == ["c", "b", "a", "a"]
    assert frame.reset_index(drop=True).columns == ["v", "f"]
    assert frame.set_index("v", append=True).index_names == ["k", "v"]
    assert frame.set_index("v", append=True).index == [("b", 1), ("a", 2), ("c", None), ("a", 4)]
    with pytest.raises(errors.InvalidError, match="same k"):
        make().set_index("k", verify_integrity=True)
    changed = make()
    assert changed.set_index("f", inplace=True) is None
    assert changed.columns == ["f", "k", "v"]
    assert changed.reset_index(inplace=True) is None
    assert changed.index == range(4)


def test_loc_by_label():
    frame = make().set_index("k")
    assert frame.loc["a"]["f"].to_list() == [1.5, 3.5]
    assert frame.loc["a", "f"].to_list() == [1.5, 3.5]
    assert frame.loc[["b", "c"], "f"].to_list() == [0.5, 2.5]
    assert frame.loc["b":]["f"].to_list() == [0.5, 2.5]
    assert frame.loc["a":"b", "f"].to_list() == [0.5, 1.5, 3.5]
    two = make().set_index(["k", "v"])
    assert two.loc["a", 4]["f"].to_list() == [3.5]
    assert two.loc["a"]["f"].to_list() == [1.5, 3.5]
    with pytest.raises(errors.InvalidError, match="3 labels"):
        two.loc["a", 4, 1]


def test_sort_index_of_numbered_rows():
    assert make().sort_index()["f"].to_list() == COLUMNS["f"]
    assert make().sort_index(ascending=False)["f"].to_list() == COLUMNS["f"][::-1]


def test_iteration():
    frame = make()
    assert [(label, row["k"]) for label, row in frame.iterrows()] == list(enumerate(COLUMNS["k"]))
    assert [tuple(row) for row in frame.itertuples()][1] == (1, "a", 2, 1.5)
    assert next(iter(frame.set_index("k").itertuples())).Index == "b"
    assert next(iter(frame.itertuples(index=False, name=None))) == ("b", 1, 0.5)
    assert [(name, column.to_list()) for name, column in frame.items()] == list(COLUMNS.items())
    assert list(frame["v"].items()) == list(enumerate(COLUMNS["v"]))
    assert frame.keys() == ["k", "v", "f"]


def test_functions_of_values():
    frame = make()
    assert frame[["f"]].map(lambda value: value * 2).to_dict() == {"f": [1.0, 3.0, 5.0, 7.0]}
    assert frame[["v"]].applymap(lambda value: -value, na_action="ignore").to_dict() == {"v": [-1, -2, None, -4]}
    assert frame.apply(lambda column: column.max()).to_dict() == {"k": ["c"], "v": [4], "f": [3.5]}
    assert frame[["v", "f"]].apply(lambda column: column.cumsum())["f"].to_list() == [0.5, 2.0, 4.5, 8.0]
    assert frame.apply(lambda row: f"{row['k']}{row['f']}", axis=1).to_list() == ["b0.5", "a1.5", "c2.5", "a3.5"]
    assert frame.apply(lambda row: {"x": row["f"]}, axis=1).to_dict() == {"x": COLUMNS["f"]}
    assert frame["k"].map({"a": 1, "b": 2}).to_list() == [2, 1, None, 1]
    assert frame["v"].map({1: "one", None: "none"}).to_list() == ["one", None, "none", None]
    assert frame["k"].apply(lambda value, times: value * times, 2).to_list() == ["bb", "aa", "cc", "aa"]
    assert frame.pipe(lambda f, n: f.head(n), 1)["k"].to_list() == ["b"]
    assert frame["v"].map({n: n * n for n in range(1000)}).to_list() == [1, 4, None, 16]
    with pytest.raises(errors.InvalidError, match="na_action"):
        frame.map(str, na_action="drop")


def test_columns_by_type_and_name():
    frame = make()
    assert frame.select_dtypes("number").columns == ["v", "f"]
    assert frame.select_dtypes(include=["float", str]).columns == ["k", "f"]
    assert frame.select_dtypes(exclude="int64").columns == ["k", "f"]
    assert frame.add_prefix("x_").columns == ["x_k", "x_v", "x_f"]
    assert frame.add_suffix("_x").columns == ["k_x", "v_x", "f_x"]
    assert frame.isin(["a", "c"]).to_dict()["k"] == [False, True, True, True]
    assert frame[["v"]].isin({"v": [1, 4]}).to_dict() == {"v": [True, False, False, True]}
    frame.insert(1, "new", 7)
    assert frame.columns == ["k", "new", "v", "f"]
    assert frame.pop("new").to_list() == [7] * 4
    assert frame.columns == ["k", "v", "f"]
    assert (frame.size, frame.ndim, frame.get("x", 1)) == (12, 2, 1)
    with pytest.raises(errors.InvalidError, match="can't be inserted"):
        frame.insert(9, "z", 1)


def test_equals():
    frame = make()
    assert frame.equals(make())
    assert not frame.equals(frame.sort_values("f", ascending=False))
    assert frame.equals(frame.sort_values("f", ascending=False), ordered=False)
    assert not frame.equals(frame.rename({"k": "x"}))
    assert not frame.equals(frame.assign(v=frame["v"].astype("float64")))
    nan = pc.DataFrame({"a": [0.0]})
    nan["a"] = nan["a"] / 0
    assert nan.equals(nan.copy())


def test_partitioned(world):
    def work(env):
        cut = slice(0, 1) if env.rank == 0 else slice(1, 4)
        share = pc.DataFrame({name: values[cut] for name, values in COLUMNS.items()})
        frame = pc.concat([share], env=env)
        reversed_ = frame.sort_index(ascending=False)
        return {
            "row": frame.iloc[2],
            "last": frame.iloc[-1, 0],
            "slice": frame.iloc[1:3, 0].to_list(),
            "label": frame.set_index("k").loc["a", "f"].to_list(),
            "reversed": reversed_["f"].to_list(),
            "even": len(frame.repartition()),
            "equals": [
                frame.equals(frame.repartition()),
                frame.equals(reversed_),
                frame.equals(reversed_, ordered=False),
            ],
            "map": frame[["f"]].map(lambda value: value + 1)["f"].sum(),
        }

    one, two = world(2, work)
    assert one["row"] == two["row"] == {"k": "c", "v": None, "f": 2.5}
    assert one["last"] == two["last"] == "a"
    assert one["slice"] + two["slice"] == ["a", "c"]
    assert one["label"] + two["label"] == [1.5, 3.5]
    assert one["reversed"] + two["reversed"] == COLUMNS["f"][::-1]
    assert one["even"] == two["even"] == 2
    assert one["equals"] == two["equals"] == [True, False, True]
    assert one["map"] == two["map"] == 12.0

"""Deferred frames say what eager ones say, once, and as one plan."""

from __future__ import annotations

import copy
import pickle
from collections import Counter

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi

ROWS = 60
LEFT = {
    "k": [None if i % 11 == 3 else f"key {i * 7 % 13}" for i in range(ROWS)],
    "n": [None if i % 7 == 2 else i * 37 % 50 for i in range(ROWS)],
    "v": [i / 4 for i in range(ROWS)],
    "i": list(range(ROWS)),
}
RIGHT = {"k": [f"key {i}" for i in range(8)] + [None], "w": list(range(9))}

#: Whether the order of the rows counts, and what is done with two frames.
OPERATIONS = {
    "select": (True, lambda f, r: f[["v", "k"]]),
    "filter": (True, lambda f, r: f[(f["n"] > 20) & (f["v"] < 9)]),
    "filters": (True, lambda f, r: (g := f[f["n"] > 20])[g["k"] == "key 3"]),
    "slice": (True, lambda f, r: f[3:17]),
    "head and tail": (True, lambda f, r: f.head(9).tail(4)),
    "rename and drop": (True, lambda f, r: f.rename({"v": "x"}).drop("n")),
    "assign": (True, lambda f, r: f.assign(big=f["v"] > 3, text=f["n"].astype(str), one=1)),
    "computed column": (True, lambda f, r: (g := f.assign(x=f["v"].astype(int)))[g["x"] > 3]),
    "merge": (False, lambda f, r: f.merge(r, on="k")),
    "left merge": (False, lambda f, r: f.merge(r, on="k", how="left")),
    "merge, then filter either side": (
        False,
        lambda f, r: (g := f.merge(r, on="k", how="left"))[(g["w"] > 2) & (g["n"] > 10)],
    ),
    "merge, then few columns": (False, lambda f, r: f.merge(r, on="k", how="outer")[["w", "i"]]),
    "merge with itself": (False, lambda f, r: (g := f[f["n"] > 20]).merge(g[["k", "i"]], on="k")),
    "groupby": (True, lambda f, r: f.groupby("k").agg(s=("n", "sum"), m=("v", "mean"), c=("n", "count"))),
    "groupby, then filter": (True, lambda f, r: (g := f.groupby("k").agg(s=("n", "sum")))[g["k"] > "key 2"]),
    "groupby, one aggregate": (True, lambda f, r: f.groupby("k").agg(s=("n", "sum"), m=("v", "mean"))[["m"]]),
    "sort": (True, lambda f, r: f.sort_values(["n", "i"], ascending=[False, True])),
    "sort, few columns": (True, lambda f, r: f.sort_values(["n", "i"])[["v"]]),
    "sort, first rows": (True, lambda f, r: f.sort_values(["n", "i"], ascending=False).head(7)),
    "concat": (True, lambda f, r: pc.concat([f, f[f["n"] > 20]])),
    "concat, then filter": (True, lambda f, r: (g := pc.concat([f, f.head(5)]))[g["n"] > 20]),
    "drop_duplicates": (True, lambda f, r: f.drop_duplicates(["k"])),
    "union": (False, lambda f, r: f[["k"]].union(r[["k"]])),
    "semi merge": (False, lambda f, r: f.merge(r, on="k", how="leftsemi")),
    "nlargest": (True, lambda f, r: f.nlargest(5, "v")),
    "fillna": (True, lambda f, r: f.fillna({"n": 0})),
    "arithmetic": (True, lambda f, r: f.assign(x=f["n"] * 2 + f["v"], y=f["k"].str.upper())),
    "melt": (False, lambda f, r: f[["i", "n", "v"]].astype({"n": "float64"}).melt("i", ["n", "v"])),
    "running sum": (True, lambda f, r: f.assign(x=f["v"].cumsum())),
    "sort of groups, as a side": (False, lambda f, r: f.merge(f.groupby("k").agg(s=("n", "sum")), on="k")),
    "first of groups": (True, lambda f, r: f.groupby("k").agg(a=("i", "first"), b=("i", "last"))),
    "chain": (
        True,
        lambda f, r: f[f["n"] > 5].merge(r, on="k").groupby("w").agg(s=("i", "sum")).sort_values("s").head(3),
    ),
}


def rows(*frames):
    return [tuple(row.values()) for frame in frames for row in frame.local.to_dict("records")]


@pytest.mark.parametrize("name", OPERATIONS)
def test_lazy_is_eager(name):
    is_ordered, work = OPERATIONS[name]
    left, right = pc.DataFrame(LEFT), pc.DataFrame(RIGHT)
    eager, deferred = work(left, right), work(left.lazy(), right.lazy())
    assert deferred.is_lazy
    assert (deferred.columns, deferred.dtypes) == (eager.columns, eager.dtypes)
    found = deferred.collect()
    assert not found.is_lazy
    assert (found.columns, found.dtypes) == (eager.columns, eager.dtypes)
    assert (rows(found) == rows(eager)) if is_ordered else (Counter(rows(found)) == Counter(rows(eager)))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_lazy_is_eager_on_every_rank(world, size):
    def work(env):
        def share(data):
            whole = pc.DataFrame(data)
            bounds = [len(whole) * rank // size for rank in (env.rank, env.rank + 1)]
            return whole[slice(*bounds)].sort_values(whole.columns[0], env=env)

        left, right = share(LEFT), share(RIGHT)
        made = {}
        for name, (_, operation) in OPERATIONS.items():
            deferred = operation(left.lazy(), right.lazy())
            assert deferred.placement == "partitioned", name
            made[name] = deferred.collect(), operation(left, right)
        return made

    results = world(size, work)
    for name, (is_ordered, _) in OPERATIONS.items():
        found, expected = ([rank[name][at] for rank in results] for at in (0, 1))
        if is_ordered:
            assert rows(*found) == rows(*expected), name
        else:
            assert Counter(rows(*found)) == Counter(rows(*expected)), name


@pytest.fixture
def plans(monkeypatch):
    """Return the operations of the plans that make rows, as they are run."""
    ran = []
    run = abi.run

    def watched(env, plan, *rest):
        if plan["mode"] == "run":
            ran.append([node["op"] for node in plan["nodes"]])
        return run(env, plan, *rest)

    monkeypatch.setattr(abi, "run", watched)
    return ran


def test_one_plan_when_rows_are_asked_for(plans):
    frame = pc.DataFrame(LEFT).lazy()
    some = frame[frame["n"] > 20]
    both = some.merge(some.groupby("k").agg(s=("n", "sum")), on="k")
    assert both.columns == ["k", "n", "v", "i", "s"]
    assert both.dtypes["s"] == "int64"
    assert both["s"].dtype == "int64"
    assert (both["s"] > 1).dtype == "bool"
    assert "deferred" in repr(both)
    assert "deferred" in both._repr_html_()
    assert plans == []
    size = len(both)
    assert plans == [["table", "filter", "group", "join"]]  # what is used twice is there once
    assert both.shape == (size, 5)
    assert len(both.collect()) == size
    assert "deferred" not in repr(both)
    plans.clear()
    assert len(both[both["v"] >= 0].collect()) == size
    assert plans == [["table", "filter"]]  # from the rows that were made


@pytest.mark.parametrize(
    "look",
    [len, pc.DataFrame.to_dict, lambda f: f["n"].to_list(), lambda f: f.nbytes, lambda f: f.empty, pickle.dumps],
)
def test_what_needs_rows_makes_them(plans, look):
    frame = pc.DataFrame(LEFT).lazy().sort_values("n")
    look(frame)
    assert plans[0][:2] == ["table", "sort"]


def test_mistakes_are_told_at_once():
    frame = pc.DataFrame(LEFT).lazy()
    with pytest.raises(errors.NotFoundError, match="no column 'x'"):
        frame.sort_values("x")
    with pytest.raises(errors.TypeMismatchError, match='sum of column "k"'):
        frame.groupby("k").agg(s=("k", "sum"))
    with pytest.raises(errors.TypeMismatchError):
        frame[frame["k"] > frame["n"]]
    other = frame[frame["n"] > 1]
    with pytest.raises(errors.InvalidError, match="another frame"):
        frame[other["n"] > 1]


def test_a_column_is_set_in_place():
    frame = pc.DataFrame(LEFT).lazy()
    before = copy.copy(frame)
    frame["n"] = frame["n"].astype(float)
    assert frame.is_lazy
    assert (frame.dtypes["n"], before.dtypes["n"]) == ("float64", "int64")


def test_lazy_of_anything():
    assert pc.lazy({"a": [1]}).collect().to_dict() == {"a": [1]}
    frame = pc.DataFrame({"a": [1]})
    assert pc.lazy(frame).lazy().is_lazy
    assert not frame.is_lazy
    assert not frame.collect().is_lazy


def test_a_plan_may_be_too_deep():
    frame = pc.DataFrame({"a": [1]}).lazy()
    for _ in range(600):
        frame = frame[frame["a"] > 0]
    with pytest.raises(errors.InvalidError, match="collect in between"):
        frame.collect()


def test_gather_and_replicate_are_deferred(world):
    def work(env):
        frame = pc.DataFrame({"a": [env.rank]}).sort_values("a", env=env).lazy()
        whole, on_one, bigger = frame.replicate(), frame.gather(), frame[frame["a"] > 0].replicate()
        assert all(made.is_lazy for made in (whole, on_one, bigger))
        assert (whole.placement, on_one.placement) == ("replicated", "local")
        return [made.collect().to_dict()["a"] for made in (whole, on_one, bigger)]

    assert world(2, work) == [[[0, 1], [0, 1], [1]], [[0, 1], [], [1]]]

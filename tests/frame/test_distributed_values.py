"""The law for what isn't an operation of rows alone: values, summaries, expressions as text."""

from __future__ import annotations

import pytest

import pycylon as pc
from pycylon import errors

ROWS = 90
WHOLE = {
    "i": list(range(ROWS)),
    "k": [None if i % 13 == 5 else f"key {i * 7 % 5}" for i in range(ROWS)],
    "v": [None if i % 7 == 2 else i * 37 % 50 for i in range(ROWS)],
    "f": [i / 8 - 3 for i in range(ROWS)],
}
SQUARES = {n: n * n for n in range(0, 50, 2)}


def rows_of(frame):
    return [tuple(row.values()) for row in frame.local.to_dict("records")]


#: What is asked of a frame whose rows are in the order of column i. A frame's rows are concatenated over the ranks if
#: it is partitioned; everything else is the same on all of them.
QUESTIONS = {
    "query": lambda f: f.query("10 < v <= 40 and k != 'key 1' | f > @most", local_dict={"most": 8}),
    "query by mean": lambda f: f.query("v > v.mean() and index % 2 == 0"),
    "query by index": lambda f: f.set_index("k").query("index == ['key 2', 'key 3']"),
    "eval": lambda f: f.eval("v * 2 + f").to_frame("e"),
    "eval of a column": lambda f: f.eval("w = v - v.shift(1)"),
    "idxmin": lambda f: f.idxmin(),
    "idxmax": lambda f: f.idxmax(),
    "idxmin of a series": lambda f: f["v"].idxmin(),
    "idxmax of an expression": lambda f: (f["v"] * -1).idxmax(),
    "argmax": lambda f: f["f"].argmax(),
    "idxmin of groups": lambda f: f.groupby("k").idxmin(),
    "idxmax of groups": lambda f: f.groupby("k", dropna=False)["v"].idxmax(),
    "idxmin by label": lambda f: f.set_index("i")["f"].idxmin(),
    "groups by a series": lambda f: f.groupby(f["v"] % 3)["f"].sum(),
    "groups by a window": lambda f: f.groupby([f["v"].shift(2).rename("w"), "k"]).agg(n=("f", "count")),
    "transform by a series": lambda f: f.groupby(f["i"] // 20)["v"].transform("max").to_frame("t"),
    "describe of groups": lambda f: f.groupby("k")[["v", "f"]].describe(),
    "cov of groups": lambda f: f.groupby("k").cov("v", "f"),
    "corr": lambda f: f.corr(numeric_only=True),
    "cov": lambda f: f.cov(numeric_only=True),
    "cov of series": lambda f: f["v"].cov(f["f"]),
    "cut": lambda f: pc.cut(f["v"], 4).to_frame("c"),
    "cut by edges": lambda f: pc.cut(f["v"], [0, 10, 50], labels=False, right=False).to_frame("c"),
    "qcut": lambda f: pc.qcut(f["v"], 4).to_frame("c"),
    "map": lambda f: f["v"].map(SQUARES).to_frame("m"),
    "replace": lambda f: f["v"].replace({**SQUARES, None: -1}).to_frame("m"),
    "iloc": lambda f: f["v"].iloc[37],
    "iloc of a slice": lambda f: f["f"].iloc[20:-20].to_frame("s"),
    "iloc of a window": lambda f: f["f"].cumsum().iloc[-1],
    "loc": lambda f: f["v"].loc[50],
    "loc by label": lambda f: f.set_index("k")["i"].loc["key 2"].to_frame("s"),
    "loc by condition": lambda f: f["i"].loc[f["v"] > 20].to_frame("s"),
}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_rank_says_what_one_process_says(world, size):
    def work(env):
        mine = pc.DataFrame({name: values[env.rank * ROWS // size :][: ROWS // size] for name, values in WHOLE.items()})
        frame = mine.sort_values("i", env=env)
        answers = {}
        for name, ask in QUESTIONS.items():
            made = ask(frame)
            is_frame = isinstance(made, pc.DataFrame)
            answers[name] = (rows_of(made), made.placement, made.columns) if is_frame else made
        return answers

    together = world(size, work)
    whole = pc.DataFrame(WHOLE)
    for name, ask in QUESTIONS.items():
        expected, found = ask(whole), [answers[name] for answers in together]
        if not isinstance(expected, pc.DataFrame):
            assert found == [expected] * size, name
            continue
        assert {tuple(columns) for _, _, columns in found} == {tuple(expected.columns)}
        if found[0][1] == "partitioned":
            assert [row for rows, _, _ in found for row in rows] == rows_of(expected), name
        else:
            assert [rows for rows, _, _ in found] == [rows_of(expected)] * size, name


def test_each_rank_has_its_own_information(world, capsys):
    def work(env):
        pc.DataFrame({"a": [None] * env.rank + [1]}).sort_values("a", env=env).info()
        return True

    assert world(2, work) == [True, True]
    shown = capsys.readouterr().out
    assert sorted(line.partition(":")[0] for line in shown.splitlines() if line.startswith("rank")) == [
        "rank 0 of 2",
        "rank 1 of 2",
    ]


def test_a_series_of_labels_of_several_columns():
    frame = pc.DataFrame(WHOLE).set_index(["i", "k"])
    for ask in (frame.idxmin, frame["v"].idxmax, lambda: frame.query("index > 3")):
        with pytest.raises(errors.InvalidError, match="several columns has no single label"):
            ask()

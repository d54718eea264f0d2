"""What a plan does and what it took, as a tree and as a trace."""

from __future__ import annotations

import json
import re

import pytest

import pycylon as pc
from pycylon import errors


@pytest.fixture
def deferred():
    left = pc.DataFrame({"k": [1, 2, 3, 2], "v": [1.0, 2.0, 3.0, 4.0], "unused": ["a", "b", "c", "d"]}).lazy()
    right = pc.DataFrame({"k": [1, 2], "w": [10, 20]}).lazy()
    large = left[left["v"] > 1]
    return large.merge(right, on="k").merge(large.groupby("k").agg(s=("v", "sum")), on="k")[["k", "w", "s"]]


def test_the_tree_says_what_is_done(deferred):
    said = repr(deferred.explain())
    assert [line.lstrip("`|- ") for line in said.splitlines()] == [
        "join inner k = k",
        "join inner k = k",
        "project k",
        "filter (v > 1)",
        "project k, v",
        "source table",
        "source table",
        "group by k: sum(v)",
        "filter (v > 1), as above",
    ]
    assert "unused" not in said
    assert "unused" not in repr(deferred)


def test_what_each_operator_took(deferred):
    explanation = deferred.explain(analyze=True)
    (operators,) = explanation.operators
    rows = {operator["text"]: operator["rows"] for operator in operators}
    assert rows["filter (v > 1)"] == 3
    assert rows["group by k: sum(v)"] == 2
    assert rows["project k, v"] == 4
    assert operators[-1]["rows"] == 2
    assert operators[-1]["bytes"] == 2 * 3 * 8
    assert sum(operator["busy_seconds"] for operator in operators) > 0
    assert all(operator["peak_bytes"] >= 0 and operator["bytes_spilled"] == 0 for operator in operators)
    said = repr(explanation)
    assert re.search(r"rows +bytes +time +spilled +peak +sent\n", said)
    assert re.search(r"filter \(v > 1\) +3 +48 B +[\d.]+ ms +0 B +[\d.]+ [kM]?B +0 B\n", said)
    assert deferred.collect().shape == (2, 3)


def test_a_frame_whose_rows_are_there():
    frame = pc.DataFrame({"a": [1]})
    assert repr(frame.explain()) == "source table"
    frame = frame.lazy().sort_values("a")
    len(frame)
    assert repr(frame.explain()) == "source table"


def test_the_trace_has_every_worker(tmp_path):
    rows = 400_000
    frame = pc.DataFrame({"k": list(range(1000)) * (rows // 1000), "v": list(range(rows))}).lazy()
    frame = frame[frame["v"] >= 10].groupby("k").agg(s=("v", "sum"))
    file = tmp_path / "trace.json"
    explanation = frame.explain(analyze=True, trace=file)
    trace = json.loads(file.read_text())
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    names = {event["args"]["name"] for event in trace["traceEvents"] if event["ph"] == "M"}
    assert {"rank 0", "plan", "worker 0"} <= names
    assert {"source", "filter", "group", "sort"} <= {span["name"] for span in spans}
    assert all(span["dur"] >= 0 and span["ts"] >= 0 for span in spans)
    assert sum(span["name"] == "filter" for span in spans) >= rows // (128 << 10)
    # A worker does one thing at a time: its spans lie in or behind each other.
    for thread in {span["tid"] for span in spans}:
        open_until: list[float] = []
        for span in sorted((s for s in spans if s["tid"] == thread), key=lambda s: (s["ts"], -s["dur"])):
            while open_until and open_until[-1] <= span["ts"]:
                open_until.pop()
            assert not open_until or span["ts"] + span["dur"] <= open_until[-1] + 2, "microseconds are rounded"
            open_until.append(span["ts"] + span["dur"])
    busy = sum(operator["busy_seconds"] for operator in explanation.operators[0])
    assert busy > 0


def test_every_rank_is_told_of(world, tmp_path):
    def work(env):
        share = pc.DataFrame({"k": [env.rank, 7, 8], "v": [1, 2, 3]}).sort_values("k", env=env).lazy()
        sums = share.groupby("k").agg(s=("v", "sum"))
        told = sums.explain(analyze=True, trace=tmp_path / "trace.json")
        env.barrier()
        return repr(sums.explain()), repr(told), told.operators

    for planned, said, operators in world(2, work):
        assert "exchange by range" in planned
        assert len(operators) == 2
        assert sum(rank[-1]["rows"] for rank in operators) == 4
        assert len(re.findall(r"rank [01]", said)) == 2 * len(operators[0])
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {event["pid"] for event in events} == {0, 1}


def test_a_trace_needs_a_run(deferred, tmp_path):
    with pytest.raises(errors.InvalidError, match="analyze=True"):
        deferred.explain(trace=tmp_path / "trace.json")


@pytest.mark.parametrize("how", ["inner", "leftsemi", "right"])
def test_rows_that_match_nothing_are_dropped_where_they_come_from(how):
    rows = 50_000
    many = pc.DataFrame({"k": [i % 1000 for i in range(rows)], "j": [i % 7 for i in range(rows)]}).lazy()
    lookup = pc.DataFrame({"j": list(range(7)), "x": list(range(7))}).lazy()
    few = pc.DataFrame({"k": list(range(1000)), "w": list(range(1000))}).lazy()
    few = few[few["w"] == 3]
    frame = many.merge(lookup, on="j").merge(few, on="k", how=how)
    (operators,) = frame.explain(analyze=True).operators
    (first,) = [o["rows"] for o in operators if o["text"] == "join inner j = j"]
    assert rows // 1000 <= first <= rows // 100
    assert len(frame) == rows // 1000

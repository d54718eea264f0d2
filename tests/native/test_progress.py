"""What is shown of an operation that lasts."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys

import pytest

import pycylon as pc
from pycylon import config, progress

# A merge and group-by of minutes and little memory, interrupted when it has told its progress; then a quick operation.
SLOW = """
import os, signal, sys, threading
import pycylon as pc
from pycylon.frame.plan import Plan
frame = pc.DataFrame({"k": [1] * 100_000, "v": list(range(100_000))})
env = eval(sys.argv[1])
plan = Plan("merge and count", [frame, frame], env)
joined = plan.node("join", inputs=plan.inputs, how="inner", left_on=["k"], right_on=["k"], suffixes=["_x", "_y"])
plan.node("group", inputs=[joined], keys=["k"], aggs=[{"name": "n", "fn": "count", "column": "v_x"}])
threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    plan.run()
except KeyboardInterrupt:
    print("interrupted")
pc.DataFrame({"a": [2, 1]}).sort_values("a", env=env)
if env is not None:
    told = env.events()
    print(len([e for e in told if e["kind"] == "progress"]) > 0, told[-1]["op"], env.events())
"""


def run(env: str, variables: dict[str, str], terminal: bool) -> tuple[str, str]:
    """Return what SLOW wrote to standard output, and to a standard error that is a terminal or a pipe."""
    base = {name: value for name, value in os.environ.items() if name != "PYCYLON_PROGRESS"}
    command = [sys.executable, "-c", SLOW, env]
    ours, theirs = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=base | variables, text=True) as process:
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 4096):
                written += piece
        except OSError:  # how a pseudo-terminal says that its other end is closed
            pass
        os.close(ours)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, written.decode()
    return told, written.decode()


def test_a_line_on_a_terminal():
    told, written = run("pc.CylonEnv(progress=True)", {}, terminal=True)
    assert told == "interrupted\nTrue sort_values []\n", "the events are still there for whoever asks"
    lines = written.split("\r")
    assert re.match(r"groupby: group, [\d,.]+M? rows, \d\.\d s", lines[1])
    assert "\n" not in written
    assert lines[-2:] == [" " * max(map(len, lines[1:-2])), ""], "the line is gone"


def test_a_line_without_an_environment():
    told, written = run("None", {"PYCYLON_PROGRESS": "1"}, terminal=True)
    assert told == "interrupted\n"
    assert "\rgroupby: " in written


def test_always_writes_lines_of_a_log():
    _, written = run("None", {"PYCYLON_PROGRESS": "always"}, terminal=False)
    assert re.fullmatch(r"groupby: [^\r\n]* s\n", written)


def test_nothing_without_the_switch():
    _, written = run("pc.CylonEnv()", {}, terminal=True)
    assert written == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Notebook(io.StringIO):
    __module__ = "ipykernel.iostream"


@pytest.mark.parametrize(
    ("keyword", "variable", "stream", "watched"),
    [
        (None, None, Terminal(), False),
        (None, "0", Terminal(), False),
        (None, "1", Terminal(), True),
        (None, "1", Notebook(), True),
        (None, "1", io.StringIO(), False),
        (None, "1", None, False),
        (None, "always", io.StringIO(), True),
        (False, "1", Terminal(), False),
        (True, None, Terminal(), True),
        ("always", "0", io.StringIO(), True),
    ],
)
def test_who_is_watched(monkeypatch, keyword, variable, stream, watched):
    monkeypatch.delenv("PYCYLON_PROGRESS", raising=False)
    if variable is not None:
        monkeypatch.setenv("PYCYLON_PROGRESS", variable)
    monkeypatch.setattr(sys, "stderr", stream)
    with pc.CylonEnv(progress=keyword) as env:
        assert (progress.watch(env) is not None) == watched
        if keyword is None:
            assert (progress.watch(None) is not None) == watched
        monkeypatch.setattr(env, "_rank", 1)
        assert progress.watch(env) is None, "only rank 0 shows anything"
        assert progress.watch(None) is None
    monkeypatch.setenv("PYCYLON_RANK", "1")
    assert progress.watch(None) is None


def event(run=1, **fields):
    return {"kind": "progress", "op": "merge", "rank": 0, "run": run, "step": "join", "seconds": 1.0, **fields}


def end(run, kind="span"):
    return {"kind": kind, "op": "merge", "rank": 0, "run": run, "seconds": 1.0}


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ([], ""),
        ([event(rows=1), event(rows=2)], "\rmerge: join, 2 rows, 1.0 s"),
        ([event(), end(1)], ""),
        ([event(), end(1, "log")], ""),
        ([event(), end(2)], "\rmerge: join, 1.0 s"),
        ([event(), {**end(1), "step": "source"}], "\rmerge: join, 1.0 s"),
    ],
    ids=["nothing", "the newest", "it has ended", "it has failed", "another has ended", "a step has ended"],
)
def test_the_newest_progress_is_shown(events, shown):
    out = Terminal()
    progress.Watch(lambda: events, progress.Line(out), 1).poll()
    assert out.getvalue() == shown


def test_a_line_covers_the_one_before():
    out = Terminal()
    line = progress.Line(out)
    line.clear()
    for text in ("long", "s", "longer " * 100):
        line.show(text)
    line.clear()
    last = ("longer " * 100)[:100]
    assert out.getvalue() == f"\rlong\rs   \r{last}\r{' ' * 100}\r"


def test_a_stream_that_fails_is_left_alone():
    out = Terminal()
    line = progress.Line(out)
    line.show("shown")
    out.close()
    line.show("not shown")
    line.clear()


def test_a_closed_environment_has_no_news():
    env = pc.CylonEnv()
    out = Terminal()
    shown = progress.Watch(env._native.peek_events, progress.Line(out), 1)
    env._native.free()
    native = env._native
    native.cell.value = 12345  # a stale handle
    try:
        shown.poll()
    finally:
        native.cell.value = 0
    assert out.getvalue() == ""


@pytest.mark.parametrize("value", ["yes please", "2", 2])
def test_a_wrong_setting(value):
    with pytest.raises(ValueError, match="expected True"):
        config.progress(value)
    with pytest.raises(ValueError, match="expected True"):
        pc.CylonEnv(progress=value)

"""Ranks as processes: output, failures, time limits, and that nothing survives the launcher."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pycylon.launch import message
from pycylon.launch.process import Ranks, threads_per_rank
from pycylon.launch.worker import Task


@pytest.fixture
def start(tmp_path):
    """Start ranks on the text of a script."""

    def start(text: str, world_size: int = 2, argv: tuple[str, ...] = ()) -> Ranks:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(text))
        message.write(tmp_path / "task.pickle", Task(script=str(script), argv=[str(script), *argv]))
        return Ranks(tmp_path / "task.pickle", [dict(os.environ, PYCYLON_RANK=str(rank)) for rank in range(world_size)])

    return start


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Tell whether a process that is not ours ends in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.02)
    return path.read_text()


def test_output_is_prefixed_line_by_line(start, capsys):
    with start(
        """
        import os, sys
        rank = os.environ["PYCYLON_RANK"]
        print("hello from", rank, "with", sys.argv[1:])
        print("trouble \u20ac\\nno end of line", end="", file=sys.stderr)
        """,
        argv=("a", "-b"),
    ) as ranks:
        assert ranks.wait() == []
    out, err = capsys.readouterr()
    assert sorted(out.splitlines()) == [f"[rank {r}] hello from {r} with ['a', '-b']" for r in (0, 1)]
    expected = [f"[rank {r}] {text}" for r in (0, 1) for text in ("no end of line", "trouble \u20ac")]
    assert sorted(err.splitlines()) == expected


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("raise ValueError('no')", 1),
        ("sys.exit(7)", 7),
        ("os._exit(5)", 5),
        ("os.kill(os.getpid(), 9)", -9),
    ],
)
def test_failure_of_one_ends_the_others(start, end, status, monkeypatch):
    monkeypatch.setattr("pycylon.launch.process.FAILURE_GRACE", 0.2)
    begin = time.monotonic()
    with start(
        f"""
        import os, sys, time
        if os.environ["PYCYLON_RANK"] == "1":
            {end}
        time.sleep(60)
        """,
        world_size=3,
    ) as ranks:
        failures = ranks.wait()
    assert [(rank.number, rank.status) for rank in failures] == [(1, status)]
    assert time.monotonic() - begin < 20


def test_exit_status_zero_is_no_failure(start):
    with start("import sys; sys.exit(0)") as ranks:
        assert ranks.wait() == []


def test_timeout_names_the_ranks_that_run(start):
    begin = time.monotonic()
    script = "import os, time; time.sleep(60 * int(os.environ['PYCYLON_RANK']))"
    with start(script) as ranks, pytest.raises(TimeoutError, match=r"ranks \[1\] still ran after 2 s"):
        ranks.wait(timeout=2)
    assert time.monotonic() - begin < 20


def test_children_of_ranks_end_too(start, tmp_path):
    with start(
        f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open({str(tmp_path)!r} + "/child", "w").write(str(child.pid) + "\\n")
        """,
        world_size=1,
    ) as ranks:
        ranks.wait()
    assert gone(int((tmp_path / "child").read_text()))


LAUNCHER = """
import os, sys
from pathlib import Path
from pycylon.launch.process import Ranks
with Ranks(Path(sys.argv[1]), [dict(os.environ, PYCYLON_RANK=str(r)) for r in range(2)]) as ranks:
    ranks.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_rank_survives_the_launcher(tmp_path, number):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
            import os, time
            rank = os.environ["PYCYLON_RANK"]
            open({str(tmp_path)!r} + "/pid-" + rank, "w").write(str(os.getpid()) + "\\n")
            try:
                time.sleep(60)
            finally:
                print("cleaned up", rank)
        """)
    )
    message.write(tmp_path / "task.pickle", Task(script=str(script), argv=[str(script)]))
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path / "task.pickle")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    pids = [int(wait_for(tmp_path / f"pid-{rank}")) for rank in range(2)]
    launcher.send_signal(number)
    output, _ = launcher.communicate(timeout=20)
    assert [pid for pid in pids if not gone(pid)] == []
    if number == signal.SIGINT:  # Ctrl-C lets ranks clean up
        assert sorted(output.splitlines()) == ["[rank 0] cleaned up 0", "[rank 1] cleaned up 1"]


def test_descriptors_come_back(start):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with start("print(1)") as ranks:
            ranks.wait()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_threads_are_divided(monkeypatch):
    monkeypatch.setenv("PYCYLON_THREADS", "8")
    assert threads_per_rank(4, None) == 2
    assert threads_per_rank(16, None) == 1
    monkeypatch.delenv("PYCYLON_THREADS")
    assert threads_per_rank(1, None) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("threads", ["many", "0"])
def test_wrong_numbers_of_threads_are_named(monkeypatch, threads):
    monkeypatch.setenv("PYCYLON_THREADS", threads)
    with pytest.raises(ValueError, match=f"threads='{threads}': expected a whole number, 1 or more"):
        threads_per_rank(4, None)

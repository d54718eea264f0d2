"""What a thousand round trips leave behind: nothing."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pycylon as pc
from pycylon._native import abi

pa = pytest.importorskip("pyarrow")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def settled(expected: int) -> int:
    """Return pyarrow's bytes once the reaper has released what waits, or after a second."""
    deadline = time.monotonic() + 5
    while pa.total_allocated_bytes() != expected and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    return pa.total_allocated_bytes()


def baseline() -> int:
    """Return pyarrow's bytes once what earlier tests left to the reaper is released."""
    size = -1
    while size != pa.total_allocated_bytes():
        size = pa.total_allocated_bytes()
        gc.collect()
        time.sleep(0.05)
    return size


def sample(rows: int) -> object:
    text = pa.array([f"a longer string, number {i}" for i in range(rows)])
    nested = pa.array([[{"a": i, "b": f"text {i}"}] * (i % 3) for i in range(rows)])
    return pa.table(
        {
            "a": pa.array(range(rows)),
            "s": text,
            "v": text.cast(pa.string_view()),
            "n": nested,
            "d": pa.array(["x", "y"] * (rows // 2)).dictionary_encode(),
        }
    )


def test_bytes_return_to_the_start():
    start = baseline()
    table = sample(10_000)
    size = pa.total_allocated_bytes()
    frame = pc.DataFrame(table)
    out = pa.table(frame)
    assert pa.total_allocated_bytes() - size < 4096  # no copy either way: only pyarrow's own lists of buffers
    assert out.equals(table)
    del table, frame
    gc.collect()
    assert pa.total_allocated_bytes() >= size  # the result keeps what it came from
    del out
    assert settled(start) == start


def test_pieces_may_be_released_in_any_order():
    start = baseline()
    frame = pc.DataFrame(sample(1000))
    columns = pa.table(frame).columns
    del frame
    for column in reversed(columns):
        assert len(column) == 1000
    del column, columns
    assert settled(start) == start


def test_a_refused_stream_is_released():
    start = baseline()
    unsupported = pa.array([None] * 1000, pa.month_day_nano_interval())
    size = pa.total_allocated_bytes()
    for _ in range(10):
        with pytest.raises(pc.errors.UnsupportedError):
            pc.DataFrame(pa.table({"a": list(range(1000)), "b": unsupported}))
    assert settled(size) == size
    del unsupported
    assert settled(start) == start


def test_a_stream_that_is_not_read_is_released():
    start = baseline()
    frame = pc.DataFrame(sample(1000))
    for _ in range(100):
        frame.__arrow_c_stream__()
    reader = pa.RecordBatchReader.from_stream(frame)
    reader.read_next_batch()
    del reader, frame
    assert settled(start) == start


def test_a_thousand_round_trips():
    table = sample(1000)

    def trip() -> None:
        frame = pc.DataFrame(table)
        assert pa.table(frame).num_rows == 1000
        frame.sort_values("a", ascending=False).to_dict()
        with pytest.raises(KeyError):
            _ = frame["nothing"]

    for _ in range(50):
        trip()
    before, files = resident(), descriptors()
    for _ in range(500):
        trip()
    gc.collect()
    assert descriptors() == files
    assert resident() - before < 24 << 20


def test_schemas_of_every_kind_leave_nothing():
    """Arrow's own C data interface in Go leaks on every dictionary that it exports."""
    rows = [{"a": ["x"], "b": {"c": 1}}]
    table = pa.table({"d": pa.array(["x", "y"]).dictionary_encode(), "n": pa.array(rows * 2)})
    frame = pc.DataFrame(table)

    def trip() -> None:
        for _ in range(2000):
            assert len(pa.RecordBatchReader.from_stream(frame).schema) == 2
        assert pa.table(frame).num_rows == 2

    trip()
    before = resident()
    trip()
    trip()
    assert resident() - before < 4 << 20


def test_environments_leave_nothing():
    def trip() -> None:
        server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
        options = {"rendezvous": server.info["address"], "world_size": 1, "expiry": 60}
        token = abi.start_service("token", options).info["token"]
        with pc.CylonEnv(token=token) as env:
            env.barrier()
        server.stop()

    trip()
    time.sleep(0.5)
    files = descriptors()
    for _ in range(20):
        trip()
    deadline = time.monotonic() + 10
    while descriptors() > files and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descriptors() <= files


LARGE = """
import gc, os, sys, time
from pathlib import Path
import pyarrow as pa
import pyarrow.compute as compute
import pycylon as pc
def resident(env):
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") - env.describe()["memory"]["idle"]
def job(rows):
    key = compute.floor(compute.multiply(compute.random(rows // 10, initializer=1), rows)).cast(pa.int64())
    frame = pc.DataFrame(pa.table({"k": pa.chunked_array([key] * 10), "v": pa.chunked_array([key] * 10)}))
    groups = frame.groupby("k").agg(v=("v", "sum"))
    return len(frame.sort_values("k")) + len(groups) + len(frame.drop_duplicates().merge(frame, on="k"))
with pc.CylonEnv() as env:
    job(1_000_000)
    gc.collect()
    start = resident(env)
    job(int(sys.argv[1]))
    gc.collect()
    deadline = time.monotonic() + 10
    while resident(env) > 1.1 * start and time.monotonic() < deadline:
        time.sleep(0.05)  # lent memory goes back from a thread of its own
    print(start, resident(env))
"""


def test_a_large_job_gives_its_memory_back():
    """2 GB in the full suite, 200 MB in the quick one; idle blocks are what a trim frees."""
    rows = 25_000_000 if os.environ.get("PYCYLON_TEST_ALL") == "1" else 2_000_000
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(rows)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_MMAP_THRESHOLD_": "131072"},
    )
    assert done.returncode == 0, done.stderr
    start, end = map(int, done.stdout.split())
    assert end <= 1.1 * start

"""The C ABI: what is exported, what is refused, what `import pycylon` costs."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi, library

HEADER = Path(__file__).parents[2] / "export" / "pycylon.h"


def run_python(code: str, *, timeout: float = 60) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def handle_of(value: int) -> abi.Table:
    table = abi.Table(library.library())
    table.cell.value = value
    return table


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm isn't installed")
def test_exported_symbols_are_the_table():
    listed = subprocess.run(["nm", "-D", "--defined-only", library.LIBRARY], capture_output=True, text=True, check=True)
    symbols = {line.split()[-1] for line in listed.stdout.splitlines()}
    assert symbols == set(library.FUNCTIONS)


@pytest.mark.skipif(not HEADER.exists(), reason="the header is in the checkout only")
def test_header_is_the_table():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    declared = {}
    for result, name, arguments in re.findall(r"([\w ]+[\w*] ?\*?)\b(pcy_\w+)\(([^)]*)\);", text):
        count = 0 if arguments.strip() == "void" else arguments.count(",") + 1
        declared[name] = (result.strip() == "void", count)
    expected = {name: (f.result is None, len(f.arguments)) for name, f in library.FUNCTIONS.items()}
    assert declared == expected


def test_one_error_class_per_code():
    lib = library.library()
    names = []
    while (name := lib.pcy_code_name(len(names))) is not None:
        names.append(name.decode())
    assert names[0] == "OK"
    assert [kind.code for kind in errors.BY_CODE] == names[1:]
    assert set(errors.BY_CODE) == {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PyCylonError) and kind is not errors.PyCylonError
    }


@pytest.mark.parametrize("use", ["info", "stream"])
def test_a_stale_handle_is_refused(use):
    table = pc.DataFrame({"a": [1]})._table
    stale = handle_of(table.value)
    table.free()
    assert library.library().pcy_free(stale.value) == 16  # Closed
    reused = pc.DataFrame({"a": [2]})._table  # takes the slot, with another generation
    with pytest.raises(errors.ClosedError, match="closed"):
        _ = stale.info if use == "info" else stale.stream()
    assert reused.rows == 1
    stale.cell.value = 0


def test_a_handle_of_another_kind_is_refused():
    env = pc.CylonEnv()
    wrong = handle_of(env._native.value)
    with pytest.raises(errors.InvalidError, match="where a"):
        _ = wrong.info
    wrong.cell.value = 0
    table = pc.DataFrame({"a": [1]})._table
    with pytest.raises(errors.InvalidError, match="where a"):
        abi.run(table.value, {"nodes": [], "root": 0}, "here")


@pytest.mark.parametrize("kind", ["close", "barrier"])
def test_a_collective_needs_an_environment(kind):
    nowhere = abi.Environment(library.library())
    with pytest.raises(errors.ClosedError, match="closed"):
        nowhere.collective({"kind": kind})
    lib, text = library.library(), json.dumps({"kind": kind}).encode()
    out, err = ctypes.c_size_t(), library.Error()
    assert lib.pcy_collective(0, text, len(text), b"", 0, ctypes.byref(out), ctypes.byref(err)) == 16
    assert b"environment" in err.message
    lib.pcy_error_clear(ctypes.byref(err))
    assert lib.pcy_env_describe(0, ctypes.byref(ctypes.c_void_p()), ctypes.byref(err)) == 16
    lib.pcy_error_clear(ctypes.byref(err))
    assert out.value == 0
    assert pc.DataFrame({"a": [2, 1]}).sort_values("a").to_dict() == {"a": [1, 2]}


def test_messages_are_copied_once_each_way():
    size = 32 << 20
    with pc.CylonEnv() as env:
        data = bytes(size)
        tracemalloc.start()
        try:
            received = env.comm.allgather(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert received == [data]
        assert peak < size * 1.1
        assert env.comm.allgather(b"") == [b""]
        assert env.comm.allgather(b"x") == [b"x"]


@pytest.mark.parametrize("name", ["pcy_collective", "pcy_message"])
def test_long_copies_let_the_gil_go(name):
    lib = library.library()
    keeps_gil = ctypes.pythonapi.PyBytes_AsString._flags_
    assert lib.copying(name, library.LONG_COPY - 1)._flags_ == keeps_gil
    assert lib.copying(name, library.LONG_COPY)._flags_ != keeps_gil


def test_bytes_are_counted_when_asked_for():
    frame = pc.DataFrame({"a": [1, 2, 3], "s": ["x", "a string that is longer than twelve bytes", None]})
    assert set(frame._table.info) == {"schema", "rows", "batches"}
    assert frame.nbytes >= 3 * 8 + 41
    assert frame[["a"]].nbytes == 24
    frame._table.free()
    with pytest.raises(errors.ClosedError):
        _ = frame.nbytes


@pytest.mark.parametrize("handle", [0, 1 << 40, 0xFFFFFFFF, (1 << 64) - 1])
def test_a_handle_that_was_never_given_out_is_refused(handle):
    assert library.library().pcy_free(handle) == 16
    assert library.library().pcy_cancel(handle) == 16


def test_unknown_fields_are_refused():
    with pytest.raises(errors.InvalidError, match="memory_limits"):
        abi.configure({"memory_limits": 1})
    with pytest.raises(errors.NotFoundError, match="teapot"):
        abi.start_service("teapot", {})
    with pytest.raises(errors.InvalidError, match="listens"):
        abi.start_service("rendezvous", {"listens": "127.0.0.1:0"})


def test_a_consumed_stream_is_refused():
    stream = pc.DataFrame({"a": [1]}).__arrow_c_stream__()
    abi.table_from_stream(stream)
    with pytest.raises(errors.InvalidError, match="consumed before"):
        abi.table_from_stream(stream)


def test_errors_keep_what_they_say_when_pickled():
    import pickle

    error = errors.RemoteError("it failed", op="merge", rank=2)
    error.__notes__ = ["a note"]
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.rank, again.op) == (
        errors.RemoteError,
        "merge: it failed (rank 2)",
        2,
        "merge",
    )
    assert again.__notes__ == ["a note"]


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.NotFoundError, KeyError),
        (errors.NotFoundError, FileNotFoundError),
        (errors.TypeMismatchError, TypeError),
        (errors.InvalidError, ValueError),
        (errors.MalformedError, ValueError),
        (errors.OutOfMemoryError, MemoryError),
        (errors.OperationTimeoutError, TimeoutError),
        (errors.UnreachableError, ConnectionError),
        (errors.UnsupportedError, NotImplementedError),
        (errors.IntegerOverflowError, OverflowError),
    ],
)
def test_errors_are_the_builtin_ones(kind, builtin):
    with pytest.raises(builtin, match=r"^text$"):
        raise kind("text")


def test_import_is_light():
    code = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import pycylon
taken = time.perf_counter() - start
heavy = {"numpy", "pandas", "pyarrow", "polars", "json", "ctypes", "asyncio"} & (set(sys.modules) - before)
assert not heavy, heavy
assert "libpycylon" not in open("/proc/self/maps").read()
import pycylon.env, pycylon.frame, pycylon.io, pycylon.series
assert "libpycylon" not in open("/proc/self/maps").read()
print(taken)
"""
    assert min(float(run_python(code)) for _ in range(3)) < 0.05


def test_versions_are_compared_at_load():
    code = """
import pycylon._version
pycylon._version.__version__ = "9.9.9"
from pycylon._native import abi, library
try:
    library.library()
except ImportError as error:
    print(error)
"""
    said = run_python(code)
    assert "9.9.9" in said
    assert "reinstall" in said


def test_a_missing_library_says_what_to_do(tmp_path):
    with pytest.raises(ImportError, match="pip install"):
        library.Library(tmp_path / "libpycylon.so")


def test_settings_come_from_the_environment():
    code = """
import os
os.environ["PYCYLON_THREADS"] = "1"
os.environ["PYCYLON_MEMORY_LIMIT"] = "512MiB"
import pycylon as pc
described = pc.CylonEnv().describe()
print(described["threads"], described["memory"]["limit"])
"""
    assert run_python(code) == f"1 {512 << 20}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PYCYLON_THREADS", "many"), ("PYCYLON_MEMORY_LIMIT", "2 bananas"), ("PYCYLON_DISK_LIMIT", "3 apples")],
)
def test_a_wrong_setting_is_named(monkeypatch, variable, value):
    from pycylon import config

    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=value):
        config.from_environment()


def test_nothing_is_written_and_no_signal_is_taken():
    code = """
import signal
before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)}
import pycylon as pc
pc.DataFrame({"a": [1]}).sort_values("a")
assert before == {s: signal.getsignal(s) for s in before}
import os
status = open("/proc/self/status").read()
caught = int([line for line in status.splitlines() if line.startswith("SigCgt")][0].split()[1], 16)
assert caught >> (signal.SIGTERM - 1) & 1 == 0
"""
    assert run_python(code) == ""


def test_an_unreadable_capsule_is_refused():
    with pytest.raises(ValueError, match="PyCapsule"):
        abi.table_from_stream(ctypes.pythonapi)

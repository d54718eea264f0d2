"""A forked child of a process that has loaded the library: every use is refused, nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# The child tries every way into the library, also those that Python doesn't see (release callbacks), and reports.
CHILD = """
import gc, os, signal, sys, threading, warnings
warnings.simplefilter("ignore")
import pycylon as pc
from pycylon import errors
from pycylon._native import library

busy = {busy}
frames = [pc.DataFrame({{"a": list(range(100))}}) for _ in range(20)]
capsules = [frame.__arrow_c_stream__() for frame in frames]
held = []
if {arrow}:
    import pyarrow as pa
    held = [pa.table(frame) for frame in frames]
stop = threading.Event()
def work():
    while not stop.is_set():
        pc.DataFrame({{"a": list(range(1000))}}).to_dict()
if busy:
    worker = threading.Thread(target=work)
    worker.start()
failed = 0
for attempt in range({forks}):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            code = 0
            for use in (lambda: pc.DataFrame({{"a": [1]}}), lambda: frames[0].to_dict(), lambda: pc.CylonEnv()):
                try:
                    use()
                    code = 1
                except errors.ForkedError as error:
                    if "spawn" not in str(error):
                        code = 2
            err = library.Error()
            import ctypes
            if library._library.pcy_configure(b"{{}}", 2, ctypes.byref(err)) != 17:
                code = 3
            library._library.pcy_error_clear(ctypes.byref(err))
            if library._library.pcy_free(frames[0]._table.value) != 17:
                code = 4
            del frames, capsules, held
            gc.collect()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    failed += status != 0
    if status:
        print("child ended with", status, file=sys.stderr)
stop.set()
assert frames[0].to_dict()["a"][99] == 99
print(failed)
"""


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_forked_child_is_refused(busy):
    try:
        import pyarrow  # noqa: F401

        arrow = True
    except ImportError:
        arrow = False
    code = CHILD.format(busy=busy, arrow=arrow, forks=20)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0", done.stderr


def test_a_child_forked_before_the_first_use_works():
    code = """
import os, warnings
import pycylon as pc, pycylon.frame, pycylon._native.abi
child = os.fork()
if child == 0:
    os._exit(0 if pc.DataFrame({"a": [2, 1]}).to_dict() == {"a": [2, 1]} else 1)
print(os.waitpid(child, 0)[1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("0", 0), done.stderr


def test_programs_can_be_started():
    import pycylon as pc

    pc.DataFrame({"a": [1]})
    assert subprocess.run([sys.executable, "-c", "pass"], check=True).returncode == 0
    assert os.system("true") == 0

"""Ctrl-C while the core works or waits: the operation is cancelled and KeyboardInterrupt raised."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPERATIONS = {
    # 80,000 x 80,000 matches of one key, which flow into an aggregate: half a minute of work, if it isn't cancelled
    "merge": """
frame = pc.DataFrame({"k": [1] * 80_000, "v": list(range(80_000))}).lazy()
def work(): frame.merge(frame, on="k").agg(total=("v_x", "max")).collect()
""",
    # a rank that never comes
    "open": """
server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
options = {"rendezvous": server.info["address"], "world_size": 2, "expiry": 60}
token = abi.start_service("token", options).info["token"]
def work(): pc.CylonEnv(token=token, connect_timeout=60)
""",
    # a barrier in another thread that the other rank never comes to
    "finalize": """
server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
options = {"rendezvous": server.info["address"], "world_size": 2, "expiry": 60}
token = abi.start_service("token", options).info["token"]
envs = [None, None]
def join(rank): envs[rank] = pc.CylonEnv(token=token, rank=rank, connect_timeout=60)
def wait():
    try:
        envs[0].barrier()
    except pc.errors.CancelledError:
        pass
for rank in (0, 1):
    threading.Thread(target=join, args=(rank,)).start()
while None in envs:
    time.sleep(0.01)
threading.Thread(target=wait).start()
while "barrier" not in envs[0].describe()["operations"]:
    time.sleep(0.01)
def work(): envs[0].finalize()
""",
}

CODE = """
import os, signal, threading, time
import pycylon as pc
from pycylon._native import abi
{operation}
def interrupt():
    global sent
    sent = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)
timer = threading.Timer(0.3, interrupt)
timer.start()
try:
    work()
    print("it ended")
except KeyboardInterrupt:
    print(time.perf_counter() - sent)
assert pc.DataFrame({{"a": [2, 1]}}).sort_values("a").to_dict() == {{"a": [1, 2]}}
"""


@pytest.mark.parametrize("operation", OPERATIONS)
def test_interrupt(operation):
    delays = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(operation=OPERATIONS[operation])],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        delays.append(float(done.stdout))
    assert min(delays) < 0.1, delays

"""Too little memory, and a process that dies: typed errors on whoever is left."""

from __future__ import annotations

import os
import subprocess
import sys

import pycylon as pc
from pycylon._native import abi

SMALL = """
import pycylon as pc
n = 400_000
frame = pc.DataFrame({"k": list(range(n)), "v": list(range(n))})
used = lambda: pc.CylonEnv().describe()["memory"]["used"]
for use in (lambda: frame.sort_values("k", ascending=False).head(2).to_dict()["v"] == [n - 1, n - 2],
            lambda: len(frame.merge(frame, on="k")) == n,
            lambda: len(frame.groupby("k").agg(v=("v", "sum"))) == n):
    try:
        print(use(), used())
    except MemoryError as error:
        print(type(error).__name__, "disk_limit" in str(error), used())
assert frame.head(3).to_dict() == {"k": [0, 1, 2], "v": [0, 1, 2]}
"""


def run_small(folder: object, **limits: str) -> list[str]:
    environment = {**os.environ, "PYCYLON_MEMORY_LIMIT": "5MiB", "PYCYLON_TEMP_DIR": str(folder), **limits}
    done = subprocess.run(
        [sys.executable, "-c", SMALL], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_exceeds_a_small_budget_goes_to_disk(tmp_path):
    assert run_small(tmp_path) == ["True 0"] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_small_disk_is_refused_and_given_back(tmp_path):
    assert run_small(tmp_path, PYCYLON_DISK_LIMIT="1MiB") == ["OutOfMemoryError True 0"] * 3


RANK = """
import os, sys, time
import pycylon as pc
rank = int(sys.argv[1])
env = pc.CylonEnv(rank=rank, connect_timeout=20)
start = time.monotonic()
try:
    env.barrier()  # which the others may still be in when rank 1 has died
    if rank == 1:
        os.kill(os.getpid(), 9)
    while True:
        pc.DataFrame({"k": [rank]}).sort_values("k", env=env)
except pc.errors.PeerLost as error:
    print(error.rank, time.monotonic() - start < 10)
"""


def test_a_killed_rank_is_lost_to_the_others():
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    options = {"rendezvous": server.info["address"], "world_size": 3, "expiry": 60}
    token = abi.start_service("token", options).info["token"]
    environment = {**os.environ, "PYCYLON_TOKEN": token, "PYCYLON_WORLD_SIZE": "3"}
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for rank in range(3)
    ]
    said = [rank.communicate(timeout=60) for rank in ranks]
    server.stop()
    assert ranks[1].returncode == -9
    for rank in (0, 2):
        assert (said[rank][0].strip(), ranks[rank].returncode) == ("1 True", 0), said[rank][1]


def test_secrets_are_kept_from_child_processes():
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    options = {"rendezvous": server.info["address"], "world_size": 1, "expiry": 60}
    token = abi.start_service("token", options).info["token"]
    code = """
import os, subprocess, sys
import pycylon as pc
read = "import os; print(os.environ.get('PYCYLON_TOKEN', 'none'), os.environ.get('PYCYLON_STORES', 'none'))"
for _ in range(2):
    try:
        with pc.CylonEnv(rank=0, world_size=7):
            pass
    except pc.errors.InvalidError as error:
        assert "7" in str(error), error
    else:
        raise AssertionError("the second environment had no token")
    print(subprocess.run([sys.executable, "-c", read], capture_output=True, text=True).stdout.strip()[:9])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYCYLON_TOKEN": token, "PYCYLON_STORES": "redis://:password@localhost"},
        check=False,
    )
    server.stop()
    assert (done.stdout.split(), done.returncode) == (["none"] * 4, 0), done.stderr


def test_a_program_that_forgets_to_leave():
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    options = {"rendezvous": server.info["address"], "world_size": 2, "expiry": 60}
    token = abi.start_service("token", options).info["token"]
    code = "import pycylon as pc; env = pc.CylonEnv(rank=1); env.barrier()"
    environment = {**os.environ, "PYCYLON_TOKEN": token}
    other = subprocess.Popen([sys.executable, "-c", code], env=environment)
    with pc.CylonEnv(token=token, rank=0, connect_timeout=20) as env:
        env.barrier()
        assert other.wait(timeout=20) == 0
    server.stop()

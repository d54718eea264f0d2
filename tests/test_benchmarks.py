"""The benchmarks run, at a size at which only their answers count."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "benchmarks"
FAMILIES = ["paper", "text", "groupby", "join", "sort", "unique", "scan", "tpch"]


@pytest.fixture
def peers():
    for peer in ("pandas", "polars", "duckdb", "pyarrow"):
        pytest.importorskip(peer)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, FOLDER, *arguments], capture_output=True, text=True, timeout=280)


@pytest.mark.timeout(300)  # five engines start, and five processes each
@pytest.mark.parametrize("family", FAMILIES)
def test_every_engine_gives_the_same_answer(family, peers):
    if family == "tpch" and not Path(sys.executable).with_name("tpchgen-cli").exists():
        pytest.skip("tpchgen-cli is not installed")
    done = run(family, "--quick", "--threads", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pycylon" in done.stdout


def test_the_list_is_whole(peers):
    listed = run("--list").stdout.splitlines()
    assert {line.split()[0] for line in listed} == {*FAMILIES}


@pytest.mark.timeout(120)
def test_the_communicator_gives_right_answers():
    """Also beside Open MPI, where it and mpi4py are installed."""
    command = [sys.executable, FOLDER / "comm.py", "--quick", "--ranks", "2", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("round trip", "barrier", "allreduce 8 B", "alltoallv", "processor time"):
        assert done.stdout.count(name) == 2

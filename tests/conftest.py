"""What tests share: worlds of ranks in one process; and when a test may be skipped.

With PYCYLON_TEST_ALL=1, as in CI, a skip is a failure, whatever asks for it: a mark, `pytest.skip`, `importorskip`.
One exception: PYCYLON_TEST_WITHOUT_PEERS=1 says that pandas and the like are absent on purpose, so that `importorskip`
may skip what needs them.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi

# A shell's background job ignores Ctrl-C, and so would every program that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def run_world(size, work, *, timeout=20.0, operation_timeout=None, **options):
    """Return what `work(env)` returns on each rank, the ranks being threads of this process; raise the first error."""
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    job = {"rendezvous": server.info["address"], "world_size": size, "expiry": 60}
    token = abi.start_service("token", job).info["token"]
    timeouts = {"connect_timeout": timeout, "operation_timeout": operation_timeout or timeout}
    results: list = [None] * size
    failures: list = []

    def rank(number):
        try:
            with pc.CylonEnv(token=token, rank=number, **timeouts, **options) as env:
                results[number] = work(env)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=rank, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.stop()
    if failures:
        causes = [e for e in failures if not isinstance(e, (errors.RemoteError, errors.PeerLost))]
        raise (causes or failures)[0]
    return results


@pytest.fixture
def world():
    """Return the function that runs `work(env)` on each of `size` ranks."""
    return run_world


@pytest.fixture
def ranks(request, monkeypatch):
    """Return module ``rank_functions`` of the test's folder, which ranks can import as they would one of the user's."""
    monkeypatch.syspath_prepend(str(request.path.parent))
    monkeypatch.delitem(sys.modules, "rank_functions", raising=False)
    return importlib.import_module("rank_functions")


def never_skipped(report):
    """Return a report in which a skip that isn't allowed is a failure."""
    if report.outcome != "skipped" or os.environ.get("PYCYLON_TEST_ALL") != "1" or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if os.environ.get("PYCYLON_TEST_WITHOUT_PEERS") != "1" or "could not import" not in reason:
        report.outcome = "failed"
        report.longrepr = f"{reason}\nWith PYCYLON_TEST_ALL=1 nothing may be skipped."
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return never_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return never_skipped((yield))

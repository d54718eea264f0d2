"""What tests share: worlds of ranks in one process."""

from __future__ import annotations

import threading

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi


def run_world(size, work, *, timeout=20.0, operation_timeout=None):
    """Return what `work(env)` returns on each rank, the ranks being threads of this process; raise the first error."""
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    options = {"rendezvous": server.info["address"], "world_size": size, "expiry": 60}
    token = abi.start_service("token", options).info["token"]
    timeouts = {"connect_timeout": timeout, "operation_timeout": operation_timeout or timeout}
    results: list = [None] * size
    failures: list = []

    def rank(number):
        try:
            with pc.CylonEnv(token=token, rank=number, **timeouts) as env:
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

"""The communicator between processes, and what it leaves behind."""

import gc
import os
import signal
from pathlib import Path

import pytest

import pycylon as pc
from pycylon import errors
from pycylon.comm import Request


def test_between_processes(ranks):
    size = 4
    for rank, (results, first, last) in enumerate(pc.run(ranks.talk, world_size=size)):
        parts = [r for r in range(size) if r % 2 == rank % 2]
        assert results == [6, sum(parts), None, parts, (rank - 1) % size]
        assert first == last == 8.0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_rank_ends_every_request(ranks, tmp_path, how):
    """Each survivor tells what it saw in a file: the job as a whole fails."""
    with pytest.raises((errors.PyCylonError, TimeoutError)):  # who is stopped never ends
        pc.run(ranks.report, world_size=3, args=(how, str(tmp_path)), timeout=10)
    for rank in (0, 2):
        told, seconds = eval((tmp_path / f"{rank}").read_text())
        assert told == [("PeerLost", 1)] * 7
        assert seconds < 5  # 2 until it is lost


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors():
    """Count them, without the one by which another rank's thread is counting."""
    return min(len([*Path("/proc/self/fd").iterdir()]) for _ in range(20))


def test_nothing_is_left(world):
    """A thousand requests, and a hundred communicators, leave neither memory nor descriptors."""

    def trip(env, times):
        comm, other = env.comm, 1 - env.rank
        for i in range(times):
            part = comm.Dup()
            requests = [part.isend(bytes(20_000), other), part.irecv(source=other), part.iallgather(i)]
            requests += [comm.irecv(source=other, tag=9)]
            Request.waitall(requests[:3])
            part.isend(b"never received", other)
            part.Free()
            requests[3].cancel()
            with pytest.raises(errors.CancelledError):
                requests[3].wait()

    def work(env):
        trip(env, 50)
        env.barrier()
        gc.collect()
        before, files = resident(), descriptors()
        trip(env, 400)
        env.barrier()
        gc.collect()
        return resident() - before, descriptors() - files

    for memory, files in world(2, work):
        assert files <= 0
        assert memory < 8 << 20

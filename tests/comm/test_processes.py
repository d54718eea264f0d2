"""The communicator between processes, and what it leaves behind."""

import array
import gc
import os
import signal
import time
from pathlib import Path

import pytest

import pycylon as pc
from pycylon import errors
from pycylon.comm import ANY_SOURCE, Request, Status


def talk(env):
    comm, rank, size = env.comm, env.rank, env.world_size
    status = Status()
    if rank == 0:
        answers = {}
        for _ in range(1, size):
            text = comm.recv(source=ANY_SOURCE, tag=1, status=status)
            answers[status.source] = text
        assert answers == {source: f"from {source}" * 10_000 for source in range(1, size)}
    else:
        comm.send(f"from {rank}" * 10_000, 0, tag=1)
    part = comm.Split(color=rank % 2)
    requests = [comm.iallreduce(rank), part.iallreduce(rank), comm.isend(rank, (rank + 1) % size, 2)]
    requests += [part.iallgather(rank), comm.irecv(source=(rank - 1) % size, tag=2)]
    results = Request.waitall(requests)
    total = array.array("d", [0.0] * 40_000)
    comm.Allreduce(array.array("d", [rank + 0.5] * 40_000), total)
    part.Free()
    return results, total[0], total[-1]


def test_between_processes():
    size = 4
    for rank, (results, first, last) in enumerate(pc.run(talk, world_size=size)):
        parts = [r for r in range(size) if r % 2 == rank % 2]
        assert results == [6, sum(parts), None, parts, (rank - 1) % size]
        assert first == last == 8.0


def pending(env, how, path):
    """Have requests of every kind wait for rank 1, which is killed or stops, and return what each raises."""
    comm = env.comm
    part = comm.Split(color=0, key=-env.rank)
    comm.barrier()
    if env.rank == 1:
        while len([*Path(path).parent.glob("ready*")]) < env.world_size - 1:
            time.sleep(0.01)  # the others may still be in the barrier
        Path(path).write_text(str(time.time()))
        os.kill(os.getpid(), how)
        time.sleep(60)
    Path(path).with_name(f"ready{env.rank}").touch()
    starts = [
        lambda: comm.irecv(source=1),
        lambda: comm.Irecv(bytearray(100), source=1, tag=5),
        lambda: comm.isend(bytes(1_000_000), 1),
        lambda: comm.ibarrier(),
        lambda: comm.iallreduce(1),
        lambda: part.ibcast(None, root=part.size - 2),
        lambda: part.irecv(source=part.size - 2),
    ]
    told, requests = [], []
    for start in starts:
        try:
            requests.append(start())
        except errors.PyCylonError as error:  # it is lost already
            told.append((type(error).__name__, error.rank))
    for request in requests:
        try:
            told.append(f"returned {request.wait()}")
        except errors.PyCylonError as error:
            told.append((type(error).__name__, error.rank))
    return told, time.time() - float(Path(path).read_text())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_rank_ends_every_request(tmp_path, how):
    """Each survivor tells what it saw in a file: the job as a whole fails."""
    with pytest.raises((errors.PyCylonError, TimeoutError)):  # who is stopped never ends
        pc.run(report, world_size=3, args=(how, str(tmp_path)), timeout=10)
    for rank in (0, 2):
        told, seconds = eval((tmp_path / f"{rank}").read_text())
        assert told == [("PeerLost", 1)] * 7
        assert seconds < 5  # 2 until it is lost


def report(env, how, folder):
    told = pending(env, how, f"{folder}/struck")
    Path(f"{folder}/{env.rank}").write_text(repr(told))


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

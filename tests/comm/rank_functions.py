"""What the tests of this folder run on ranks that are processes."""

import array
import os
import subprocess
import time
from pathlib import Path

import pycylon as pc
from pycylon import errors
from pycylon.comm import ANY_SOURCE, Request, Status, Store

LENGTH = (4 << 30) + (3 << 20) + 5

#: Where bytes differ from 0: at both ends, and about 4 GiB.
PLACES = (0, 1, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, LENGTH - 1)


def exchange(env):
    buf = bytearray(LENGTH)
    if env.rank == 0:
        for i, place in enumerate(PLACES):
            buf[place] = i + 1
        env.comm.Send(buf, 1, tag=1)
        env.comm.Bcast(buf)
        return None
    seen = []
    for receive in (lambda: env.comm.Recv(buf, 0, 1), lambda: env.comm.Bcast(buf)):
        receive()
        seen.append([buf[place] for place in PLACES])
        for place in PLACES:
            buf[place] = 0
        seen.append(not any(buf[1 << 20 : 1 << 21]) and not any(buf[(1 << 32) + 4096 : (1 << 32) + (1 << 20)]))
    return seen


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


def report(env, how, folder):
    told = pending(env, how, f"{folder}/struck")
    Path(f"{folder}/{env.rank}").write_text(repr(told))


def join_over(env):
    """Return the paths to the other ranks, and the rows of a join over all ranks and of the same here."""
    keys = [(i * i + 7 * env.rank) % 1000 for i in range(20_000)]
    left, right = (
        pc.DataFrame({"k": keys, "v": range(20_000)}),
        pc.DataFrame({"k": [*range(1000)], "w": [*range(1000)]}),
    )
    first = right if env.rank == 0 else right[:0]
    joined = left.merge(first, on="k", env=env)
    sums = env.comm.allreduce(sum(joined["w"].to_list())), env.comm.allreduce(len(joined))
    local = env.comm.allreduce(sum(keys)), env.comm.allreduce(len(keys))
    return [peer["path"] for peer in env.describe()["peers"]], sums, local


class Folder(Store):
    """A store in a folder."""

    def __init__(self, path):
        self.path = Path(path)

    def _file(self, key):
        return self.path / key.replace("/", "@")

    def put(self, key, data):
        part = self._file(key + ".part")
        part.write_bytes(data)
        part.rename(self._file(key))

    def get(self, key):
        try:
            return self._file(key).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, key):
        self._file(key).unlink(missing_ok=True)

    def list(self, prefix):
        names = (path.name.replace("@", "/") for path in self.path.iterdir() if path.suffix != ".part")
        return [name for name in names if name.startswith(prefix)]


def over_folder(env, token, path, store=Folder):
    """Open another job over a folder; twice, and return what each time a join over all ranks gives."""
    options = {"token": token, "rank": env.rank, "paths": ["custom"], "connect_timeout": 20}
    with pc.CylonEnv(stores=[store(path)], **options) as own:
        first = join_over(own)
        own.reopen()
        return [first, join_over(own)]


def stand_still(seconds):
    """Have this process stopped by SIGSTOP, and continued later by SIGCONT, from outside."""
    before = time.monotonic()
    script = f"kill -STOP {os.getpid()}; sleep {seconds}; kill -CONT {os.getpid()}"
    with subprocess.Popen(["sh", "-c", script]):
        pass
    assert time.monotonic() - before > seconds


def freeze_and_reopen(env, seconds):
    env.barrier()
    epochs = [env.describe()["epoch"]]
    spread = pc.DataFrame({"a": [env.rank, 5]}).sort_values("a", env=env)  # remembers the environment
    if env.rank == 1:
        stand_still(seconds)
    began = time.monotonic()
    try:
        while True:
            env.barrier()
    except errors.PyCylonError as error:
        failure = error
    took = time.monotonic() - began
    env.reopen()
    epochs.append(env.describe()["epoch"])
    total = env.comm.allreduce(env.rank + 1)
    return type(failure).__name__, failure.rank, took, tuple(epochs), total, spread.sum().to_dict()


def freeze_all(env, seconds):
    env.barrier()
    stand_still(seconds)
    return env.comm.allreduce(env.rank + 1)

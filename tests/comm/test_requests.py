"""Non-blocking collectives, and communicators of parts of the world."""

import array
import threading

import pytest

from pycylon import errors
from pycylon.comm import Request

SIZES = [1, 2, 3, 5]


def numbers(rank, length, kind="q"):
    return array.array(kind, [(rank * 3 + i * 5) % 7 - 2 for i in range(length)])


def zeros(length, kind="q"):
    return array.array(kind, bytes(length * array.array(kind).itemsize))


@pytest.mark.parametrize("size", SIZES)
def test_every_collective_without_waiting(world, size):
    length = 4 * size

    def work(env):
        comm, rank, everyone = env.comm, env.rank, range(size)
        total = array.array("q", map(sum, zip(*(numbers(r, length) for r in everyone))))
        upto = array.array("q", map(sum, zip(*(numbers(r, length) for r in range(rank + 1)))))
        every = sum((numbers(r, length) for r in everyone), array.array("q"))
        root = size - 1
        objects = [
            (comm.ibarrier(), None),
            (comm.ibcast("told" if rank == root else None, root), "told"),
            (comm.iscatter([*everyone] if rank == root else None, root), rank),
            (comm.igather(rank, root), [*everyone] if rank == root else None),
            (comm.iallgather(rank), [*everyone]),
            (comm.ialltoall([(rank, to) for to in everyone]), [(source, rank) for source in everyone]),
            (comm.ireduce(rank, "max", root), root if rank == root else None),
            (comm.iallreduce(f"{rank}"), "".join(map(str, everyone))),
            (comm.iscan(rank + 1), sum(range(rank + 2))),
            (comm.iexscan(rank + 1, lambda a, b: a + b), sum(range(rank + 1)) if rank else None),
        ]
        mine = numbers(rank, length)
        into = {
            "Ibcast": numbers(root, length) if rank == root else zeros(length),
            **{
                name: zeros(length)
                for name in ("Iallreduce", "Ireduce", "Iscan", "Iexscan", "function", "Ialltoall", "Ialltoallv")
            },
            **{name: zeros(4) for name in ("Iscatter", "Ireduce_scatter", "part", "Iscatterv")},
            "Igather": zeros(size * length),
            "Iallgather": zeros(size * length),
        }
        buffers = [
            comm.Ibarrier(),
            comm.Ibcast(into["Ibcast"], root),
            comm.Iallreduce(mine, into["Iallreduce"]),
            comm.Ireduce(mine, into["Ireduce"], root=root),
            comm.Iscan(mine, into["Iscan"]),
            comm.Iexscan(mine, into["Iexscan"]),
            comm.Iallreduce(mine, into["function"], lambda a, b: array.array("q", map(sum, zip(a, b)))),
            comm.Ialltoall(mine, into["Ialltoall"]),
            comm.Iscatter(total, into["Iscatter"], root),
            comm.Iscatterv(total, [4] * size, into["Iscatterv"], root),
            comm.Ireduce_scatter(mine, into["Ireduce_scatter"]),
            comm.Ireduce_scatter(mine, into["part"], op=lambda a, b: array.array("q", map(sum, zip(a, b)))),
            comm.Igatherv(mine, into["Igather"], root),
            comm.Iallgatherv(mine, into["Iallgather"]),
            comm.Ialltoallv(mine, [4] * size, into["Ialltoallv"]),
        ]
        assert Request.waitall([request for request, _ in reversed(objects)]) == [want for _, want in reversed(objects)]
        assert Request.Waitall(buffers)
        share = total[4 * rank : 4 * rank + 4]
        assert into["Ibcast"] == numbers(root, length)
        assert into["Iallreduce"] == into["function"] == total
        assert into["Ireduce"] == (total if rank == root else zeros(length))
        assert into["Iscan"] == upto
        before = array.array("q", (a - b for a, b in zip(upto, mine)))
        assert into["Iexscan"] == (before if rank else zeros(length))
        assert into["Iscatter"] == into["Iscatterv"] == into["Ireduce_scatter"] == into["part"] == share
        mine_of_all = sum((numbers(r, length)[4 * rank :][:4] for r in everyone), array.array("q"))
        assert into["Ialltoall"] == into["Ialltoallv"] == mine_of_all
        assert into["Igather"] == (every if rank == root else zeros(size * length))
        assert into["Iallgather"] == every

    world(size, work)


def test_hundreds_at_once(world):
    def work(env):
        requests = [env.comm.iallreduce((i, env.rank), lambda a, b: (a[0], a[1] + b[1])) for i in range(300)]
        assert env.comm.allreduce(1) == 3  # a blocking one comes after them
        assert Request.waitall(requests) == [(i, 3) for i in range(300)]

    world(3, work)


def test_two_communicators_at_once(world):
    """Threads begin collectives on two communicators in different orders."""

    def work(env):
        one, two, failures = env.comm, env.comm.Dup(), []

        def run(comm, start):
            try:
                start.wait()
                for i in range(60):
                    assert comm.allgather((i, "." * 30_000))[0][0] == i
                    comm.send(i, 1 - env.rank)
                    assert comm.recv() == i
            except BaseException as error:
                failures.append(error)

        start = threading.Event()
        threads = [threading.Thread(target=run, args=(comm, start)) for comm in (one, two)]
        for thread in threads[:: 1 - 2 * env.rank]:
            thread.start()
        start.set()
        for thread in threads:
            thread.join()
        assert not failures
        two.Free()
        with pytest.raises(errors.ClosedError, match="freed"):
            two.barrier()
        with pytest.raises(errors.InvalidError, match="can't be freed"):
            one.Free()

    world(2, work)


def test_split(world):
    def work(env):
        comm = env.comm
        part = comm.Split(color=env.rank % 2, key=-env.rank)
        members = part.allgather(env.rank)
        assert members == [rank for rank in reversed(range(5)) if rank % 2 == env.rank % 2]
        assert members[part.rank] == env.rank
        assert (part.Get_size(), repr(part)) == (len(members), f"Communicator(rank {part.rank} of {len(members)})")
        total = zeros(3)
        part.Allreduce(numbers(env.rank, 3), total)
        assert total == array.array("q", map(sum, zip(*(numbers(rank, 3) for rank in members))))
        part.send(env.rank, (part.rank + 1) % part.size)
        assert part.recv(source=(part.rank - 1) % part.size) == members[part.rank - 1]
        assert not comm.iprobe()
        alone = comm.Split(color=None if env.rank else 3)
        assert alone is None if env.rank else alone.size == 1
        inner = part.Clone()
        assert inner.allgather(env.rank) == members
        inner.Free()
        with pytest.raises(errors.InvalidError, match="color -2"):
            comm.Split(color=-2)

    world(5, work)


def test_a_cancelled_collective_fails_everywhere(world):
    def work(env):
        request = env.comm.iallreduce(1) if env.rank == 0 else None
        if request:
            request.cancel()
            with pytest.raises(errors.CancelledError):
                request.wait()
            env.comm.send("cancelled", 1)
        else:
            env.comm.recv(source=0)
            with pytest.raises(errors.RemoteError, match="Cancelled"):
                env.comm.iallreduce(1).wait()
        assert env.comm.allgather(env.rank) == [0, 1]

    world(2, work)


def test_different_collectives_at_one_place(world):
    def work(env):
        requests = [env.comm.iallreduce(1), env.comm.ibarrier() if env.rank else env.comm.iallgather(2)]
        assert requests[0].wait() == 2
        with pytest.raises(errors.CollectiveMismatchError, match="test_requests"):
            requests[1].wait()
        assert env.comm.allreduce(2) == 4

    world(2, work)

"""Messages from rank to rank."""

import array
import threading

import pytest

import pycylon as pc
from pycylon import errors
from pycylon.comm import ANY_SOURCE, ANY_TAG, Request, Status

SIZES = [1, 2, 4]

#: Lengths of buffers of int64 about the limits of the wire: 16 KiB and 64 KiB.
LENGTHS = [0, 1, 2048, 2049, 8183, 8184, 100_000]


def numbers(seed, length):
    return array.array("q", [seed * 1_000_003 + i for i in range(length)])


@pytest.mark.parametrize("size", SIZES)
def test_everyone_sends_before_it_receives(world, size):
    def work(env):
        comm, everyone = env.comm, range(env.world_size)
        for tag, length in enumerate(LENGTHS):
            for dest in everyone:
                comm.send({"from": env.rank, "text": "x" * length}, dest, tag)
                comm.Send(numbers(env.rank, length), dest, 100 + tag)
        for tag, length in reversed([*enumerate(LENGTHS)]):
            for source in everyone:
                status = Status()
                got = array.array("q", bytes(8 * (length + 2)))
                comm.Recv(got, source, 100 + tag, status)
                assert got[:length] == numbers(source, length)
                assert (status.Get_source(), status.Get_tag(), status.Get_count(8)) == (source, 100 + tag, length)
                assert comm.recv(source=source, tag=tag) == {"from": source, "text": "x" * length}

    world(size, work)


def test_messages_keep_their_order(world):
    def work(env):
        comm = env.comm
        if env.rank == 0:
            for i in range(200):
                comm.send((i, b"." * (i * 997 % 40_000)), 1, tag=i % 3)
            return None
        ones = [comm.recv(source=0, tag=1)[0] for _ in range(67)]
        rest = [comm.recv()[0] for _ in range(133)]
        return ones, rest

    ones, rest = world(2, work)[1]
    assert ones == [*range(1, 200, 3)]
    assert rest == [i for i in range(200) if i % 3 != 1]


def test_requests(world):
    def work(env):
        comm, other = env.comm, 1 - env.rank
        early = [comm.irecv(source=other, tag=tag) for tag in (5, 6)]
        into = array.array("q", bytes(80_000))
        late = comm.Irecv(into, source=ANY_SOURCE, tag=ANY_TAG)
        assert late.test() == (False, None)
        assert Request.testany([late, *early])[1] is False
        comm.barrier()
        sends = [
            comm.isend("six", other, 6),
            comm.isend("five", other, 5),
            comm.Isend(numbers(other, 10_000), other, 9),
        ]
        place, value = Request.waitany(early)
        assert value == ["five", "six"][place]
        status = Status()
        assert late.Wait(status)
        assert into == numbers(env.rank, 10_000)
        assert (status.source, status.tag, status.count) == (other, 9, 80_000)
        assert Request.waitall(early) == ["five", "six"]
        assert Request.testall(early) == (True, ["five", "six"])
        assert Request.Waitall(sends)

    world(2, work)


def test_sendrecv_and_probe(world):
    def work(env):
        comm, size = env.comm, env.world_size
        right, left = (env.rank + 1) % size, (env.rank - 1) % size
        status = Status()
        assert comm.sendrecv(env.rank, right, 3, source=left, recvtag=3, status=status) == left
        assert status.source == left
        got = array.array("q", [0] * 50_000)
        comm.Sendrecv(numbers(env.rank, 50_000), right, 4, got, left, 4)
        assert got == numbers(left, 50_000)
        assert not comm.iprobe(tag=77)
        comm.send(b"12345", right, tag=8)
        assert comm.probe(tag=8, status=status)
        assert (status.source, status.tag, status.count) == (left, 8, 5)
        assert comm.Iprobe(left, 8)
        assert comm.recv(source=status.source, tag=status.tag) == b"12345"
        assert not comm.Iprobe(left, 8)
        comm.barrier()  # a rank that has left would be an error

    world(3, work)


def test_threads_send_and_receive(world):
    """Eight threads of each rank talk at once, each with its own tag, while the rank runs collectives."""

    def work(env):
        comm, other, failures = env.comm, 1 - env.rank, []

        def talk(tag):
            try:
                for i in range(40):
                    comm.send((tag, i, "." * (i * 1013)), other, tag)
                    assert comm.recv(source=other, tag=tag)[:2] == (tag, i)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=talk, args=(tag,)) for tag in range(8)]
        for thread in threads:
            thread.start()
        for i in range(50):
            assert comm.allreduce(i) == 2 * i
        for thread in threads:
            thread.join()
        assert not failures

    world(2, work)


def test_requests_that_nobody_waits_for(world):
    def work(env):
        comm = env.comm
        for i in range(50):
            comm.isend(bytes([i]) * 100_000, 1 - env.rank, i)
        for i in range(50):
            assert comm.recv(source=1 - env.rank, tag=i) == bytes([i]) * 100_000
        comm.barrier()

    world(2, work)


def test_cancel(world):
    def work(env):
        comm = env.comm
        nothing = comm.irecv(source=1 - env.rank, tag=1)
        nothing.cancel()
        with pytest.raises(errors.CancelledError):
            nothing.wait()
        with pytest.raises(errors.CancelledError):  # again
            nothing.wait()
        dropped = comm.isend(b"." * 100_000, 1 - env.rank, 2)
        dropped.cancel()
        with pytest.raises(errors.CancelledError):
            dropped.wait()
        comm.barrier()
        comm.send("next", 1 - env.rank, 2)
        assert comm.recv(tag=2) == "next"

    world(2, work)


def test_refusals(world):
    def work(env):
        comm, other = env.comm, 1 - env.rank
        for call in (
            lambda: comm.send(1, 2),
            lambda: comm.send(1, -1),
            lambda: comm.send(1, other, -1),
            lambda: comm.send(1, other, 2**31),
            lambda: comm.recv(source=2),
            lambda: comm.recv(source=other, tag=-2),
            lambda: comm.probe(source=7),
            lambda: comm.Recv(b"read-only", other),
            lambda: comm.Send(memoryview(b"1234")[::2], other),
        ):
            with pytest.raises(errors.InvalidError):
                call()
        with pytest.raises(TypeError, match="takes buffers"):
            comm.Send("text", other)
        comm.send([1, 2], other)
        comm.Send(b"12345678", other)
        with pytest.raises(errors.InvalidError, match="receive it with recv"):
            comm.Recv(bytearray(100), other)
        with pytest.raises(errors.InvalidError, match="8 bytes came for a buffer of 4"):
            comm.Recv(bytearray(4), other)
        comm.allow_pickle = False
        with pytest.raises(errors.InvalidError, match="allow_pickle"):
            comm.send("text", other)
        comm.send(b"bytes", other)
        assert comm.recv() == b"bytes"

    world(2, work)


def test_a_timeout_ends_requests(world):
    def work(env):
        with pytest.raises(errors.OperationTimeoutError, match=r"recv\(source=\d, tag=4\) timed out"):
            env.comm.recv(source=1 - env.rank, tag=4)
        env.comm.barrier()  # nobody leaves before

    world(2, work, operation_timeout=1.0)


def test_a_rank_that_leaves_ends_what_waits_for_it(world):
    def work(env):
        comm = env.comm
        part = comm.Split(color=env.rank // 2)
        if env.rank == 0:
            comm.send("last words", 1)
            return
        if env.rank == 1:
            assert comm.recv(source=0) == "last words"
        with pytest.raises(errors.ClosedError, match="rank 0 has closed"):
            comm.irecv(source=0, tag=9).wait()
        with pytest.raises(errors.ClosedError, match="rank 0 has closed"):
            comm.send("too late", 0)
        if env.rank > 1:
            assert part.allreduce(env.rank) == 5
            comm.send("goes on", 5 - env.rank)
            assert comm.recv(source=5 - env.rank) == "goes on"

    world(4, work)


def test_after_the_end():
    env = pc.CylonEnv()
    request = env.comm.irecv(source=0)
    env.finalize()
    with pytest.raises(errors.ClosedError):
        request.wait()
    with pytest.raises(errors.ClosedError):
        env.comm.send(1, 0)

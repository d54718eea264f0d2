"""Collectives of buffers, by their definitions."""

import array
import functools
import math
import operator

import pytest

from pycylon import errors

SIZES = [1, 2, 3, 5]
LENGTHS = [0, 1, 7, 30_000]


def numbers(rank, length, kind="q"):
    return array.array(kind, [(rank * 3 + i * 5) % 7 - 2 for i in range(length)])


def zeros(length, kind="q"):
    return array.array(kind, bytes(length * array.array(kind).itemsize))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", LENGTHS)
def test_buffers_are_filled(world, size, length):
    def work(env):
        comm, rank = env.comm, env.rank
        every = sum((numbers(r, length) for r in range(size)), array.array("q"))
        for root in range(size):
            buf = numbers(root, length) if rank == root else zeros(length)
            comm.Bcast(buf, root=root)
            assert buf == numbers(root, length)
            got = zeros(length)
            comm.Scatter(every if rank == root else None, got, root=root)
            assert got == numbers(rank, length)
            got = zeros(size * length) if rank == root else None
            comm.Gather(numbers(rank, length), got, root=root)
            assert got is None or got == every
        got = zeros(size * length)
        comm.Allgather(numbers(rank, length), got)
        assert got == every
        comm.Alltoall(sum((numbers(rank * size + r, length) for r in range(size)), array.array("q")), got)
        assert got == sum((numbers(r * size + rank, length) for r in range(size)), array.array("q"))
        counts = [length + r for r in range(size)]
        got = zeros(size * (length + rank))
        comm.Alltoallv(sum((numbers(rank, count) for count in counts), array.array("q")), counts, got)
        assert got == sum((numbers(r, length + rank) for r in range(size)), array.array("q"))
        comm.Barrier()

    world(size, work)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("kind", "op"), [("q", "sum"), ("i", "max"), ("d", "sum"), ("f", "min"), ("h", "prod"), ("b", "bor")]
)
def test_reductions(world, size, kind, op):
    functions = {"sum": sum, "max": max, "min": min, "prod": math.prod}
    functions["bor"] = lambda values: functools.reduce(operator.or_, values)
    length = 2 * size

    def wanted(ranks):
        return array.array(kind, map(functions[op], zip(*(numbers(r, length, kind) for r in ranks))))

    def work(env):
        comm, rank, mine = env.comm, env.rank, numbers(env.rank, length, kind)
        got = zeros(length, kind)
        comm.Allreduce(mine, got, op)
        assert got == wanted(range(size))
        got = zeros(length, kind)
        comm.Reduce(mine, got, op, root=size - 1)
        assert got == (wanted(range(size)) if rank == size - 1 else zeros(length, kind))
        comm.Scan(mine, got, op)
        assert got == wanted(range(rank + 1))
        got = zeros(length, kind)
        comm.Exscan(mine, got, op)
        assert got == (wanted(range(rank)) if rank else zeros(length, kind))
        got = zeros(2, kind)
        comm.Reduce_scatter(mine, got, op=op)
        assert got == wanted(range(size))[2 * rank : 2 * rank + 2]
        counts = [length - size + 1, *[1] * (size - 1)]
        got = zeros(counts[rank], kind)
        comm.Reduce_scatter(mine, got, counts, op)
        start = sum(counts[:rank])
        assert got == wanted(range(size))[start : start + counts[rank]]

    world(size, work)


def test_refusals(world):
    def work(env):
        comm, three = env.comm, numbers(0, 3)
        for call in (
            lambda: comm.Allreduce(three, three, "mean"),
            lambda: comm.Allreduce(array.array("d", [1.0]), zeros(1, "d"), "band"),
            lambda: comm.Allreduce(array.array("u", "ab"), three),
            lambda: comm.Reduce_scatter(three, three, [1, 1]),
            lambda: comm.Reduce_scatter(three, three),
            lambda: comm.Alltoall(three, three),
            lambda: comm.Alltoallv(three, [1, 1], three),
            lambda: comm.Alltoallv(three, [3], three),
            lambda: comm.Allgather(memoryview(three)[::2], three),
            lambda: comm.Allgather(three, three),
            lambda: comm.Allgather(three, memoryview(bytes(48))),
        ):
            with pytest.raises(errors.InvalidError):
                call()
        with pytest.raises(TypeError, match="takes buffers"):
            comm.Bcast([1, 2])
        got = zeros(6)
        comm.Allgather(three, got)  # the environment is well
        return got.tolist()

    assert world(2, work) == [[*numbers(0, 3), *numbers(0, 3)]] * 2


def test_numpy_arrays(world):
    np = pytest.importorskip("numpy")

    def work(env):
        total = np.empty((2, 3), np.float32)
        env.comm.Allreduce(np.full((2, 3), env.rank + 0.5, np.float32), total)
        flags = np.array([env.rank == 0, True])
        env.comm.Allreduce(flags.copy(), flags, "land")
        return total.tolist(), flags.tolist()

    assert world(3, work) == [([[4.5] * 3] * 2, [False, True])] * 3


def shifted(a, b):
    """Return the digits of both, one after the other: associative, and not commutative."""
    return array.array("q", [x * 10 ** len(str(y)) + y for x, y in zip(a, b)])


def into_second(a, b):
    for i, x in enumerate(a):
        b[i] = x * 10 ** len(str(b[i])) + b[i]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", [0, 1, 10, 5_000])
@pytest.mark.parametrize("function", [shifted, into_second])
def test_functions(world, size, length, function):
    """Concatenates digits: the ranks' order shows. Long buffers take the way of shares."""

    def digits(ranks):
        return array.array("q", [int("".join(str(1 + (r + i) % 9) for r in ranks)) for i in range(length)])

    def work(env):
        comm, rank, root = env.comm, env.rank, size - 1
        mine = digits([rank])
        got = zeros(length)
        comm.Allreduce(mine, got, function)
        assert got == digits(range(size))
        got = zeros(length)
        comm.Reduce(mine, got if rank == root else None, function, root)
        assert got == (digits(range(size)) if rank == root else zeros(length))
        comm.Scan(mine, got, function)
        assert got == digits(range(rank + 1))
        got = zeros(length)
        comm.Exscan(mine, got, function)
        assert got == (digits(range(rank)) if rank else zeros(length))
        counts = [length // size] * size
        counts[0] += length - sum(counts)
        got = zeros(counts[rank])
        comm.Reduce_scatter(mine, got, counts, function)
        assert got == digits(range(size))[sum(counts[:rank]) :][: counts[rank]]

    world(size, work)


@pytest.mark.parametrize("length", [10, 5_000])
def test_a_function_that_fails(world, length):
    def work(env):
        def bad(a, b):
            if env.rank == 1:
                raise ZeroDivisionError("as planned")
            return b if length == 10 else a

        got = zeros(length)
        if env.rank == 1:
            with pytest.raises(ZeroDivisionError):
                env.comm.Allreduce(numbers(1, length), got, bad)
        elif length == 10:
            env.comm.Allreduce(numbers(0, length), got, bad)
        else:
            with pytest.raises(errors.RemoteError, match="as planned"):
                env.comm.Allreduce(numbers(0, length), got, bad)
        with pytest.raises(errors.InvalidError, match="as many elements"):
            env.comm.Allreduce(numbers(0, 10), zeros(10), lambda a, b: a[:1])
        assert env.comm.allgather(env.rank) == [0, 1]

    world(2, work)


def test_located_reductions(world):
    np = pytest.importorskip("numpy")

    def work(env):
        pairs = np.array([(3.5 - env.rank, env.rank), (1.0, 7 - env.rank)], "f8,i8")
        least, greatest = np.empty_like(pairs), np.empty(2, "i8,i8")
        env.comm.Allreduce(pairs, least, "minloc")
        env.comm.Allreduce(np.array([(env.rank, 5), (4, env.rank)], "i8,i8"), greatest, "maxloc")
        with pytest.raises(errors.InvalidError, match="pairs"):
            env.comm.Allreduce(np.zeros(2), np.zeros(2), "minloc")
        return least.tolist(), greatest.tolist()

    assert world(3, work) == [([(1.5, 2), (1.0, 5)], [(2, 5), (4, 0)])] * 3

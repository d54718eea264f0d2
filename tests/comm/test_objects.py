"""Collectives of Python objects, by their definitions."""

import functools
import operator

import pytest

from pycylon import errors

SIZES = [1, 2, 3, 5]


@pytest.mark.parametrize("size", SIZES)
def test_objects_reach_whom_they_are_for(world, size):
    def work(env):
        comm, everyone = env.comm, range(env.world_size)
        for root in everyone:
            told = {"from": root, "more": [1.5, None, "ü"]}
            assert comm.bcast(told if env.rank == root else None, root=root) == told
            parts = [(root, rank) for rank in everyone] if env.rank == root else None
            assert comm.scatter(parts, root=root) == (root, env.rank)
            gathered = comm.gather(env.rank * "x", root=root)
            assert gathered == ([rank * "x" for rank in everyone] if env.rank == root else None)
        assert comm.allgather(bytes([env.rank]) * env.rank) == [bytes([rank]) * rank for rank in everyone]
        assert comm.alltoall([(env.rank, rank) for rank in everyone]) == [(rank, env.rank) for rank in everyone]
        comm.barrier()
        return comm.rank, comm.size, comm.Get_rank(), comm.Get_size()

    assert world(size, work) == [(rank, size, rank, size) for rank in range(size)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("op", "values", "function"),
    [
        ("sum", [3, -1, 2**70, 0, 5], operator.add),
        ("sum", ["a", "b", "c", "d", "e"], operator.add),
        ("prod", [2, 0.5, 3, -1, 7], operator.mul),
        ("min", [3, 1, 2, 9, 4], min),
        ("max", [3, 1, 2, 9, 4], max),
        ("land", [1, True, 0, 2, 3], lambda a, b: bool(a) and bool(b)),
        ("lor", [0, False, 1, 0, 0], lambda a, b: bool(a) or bool(b)),
        ("lxor", [1, 1, 1, 0, 1], lambda a, b: bool(a) != bool(b)),
        ("band", [7, 6, 12, 5, 4], operator.and_),
        ("bor", [1, 2, 4, 8, 16], operator.or_),
        ("bxor", [1, 3, 5, 7, 9], operator.xor),
        ("minloc", [(2, 9), (1, 5), (1, 3), (4, 0), (1, 4)], lambda a, b: min(a, b)),
        ("maxloc", [(2, 9), (5, 5), (1, 3), (5, 0), (1, 4)], lambda a, b: max(a, b, key=lambda p: (p[0], -p[1]))),
        (lambda a, b: a * 10 + b, [1, 2, 3, 4, 5], lambda a, b: a * 10 + b),  # not commutative
    ],
)
def test_reductions(world, size, op, values, function):
    def fold(upto):
        return functools.reduce(function, values[:upto])

    def work(env):
        comm, rank, mine = env.comm, env.rank, values[env.rank]
        assert comm.allreduce(mine, op) == fold(size)
        assert comm.reduce(mine, op, root=size - 1) == (fold(size) if rank == size - 1 else None)
        assert comm.scan(mine, op) == fold(rank + 1)
        assert comm.exscan(mine, op) == (fold(rank) if rank else None)

    world(size, work)


def test_refusals(world):
    def work(env):
        for call in (
            lambda: env.comm.allreduce(1, "mean"),
            lambda: env.comm.alltoall([1]),
            lambda: env.comm.alltoall([1, 2, 3]),
        ):
            with pytest.raises(errors.InvalidError):
                call()
        with pytest.raises(errors.InvalidError):
            env.comm.bcast(1, root=2)
        return env.comm.allgather(env.rank)

    assert world(2, work) == [[0, 1]] * 2


def test_without_pickles(world):
    def work(env):
        env.comm.allow_pickle = env.rank == 0
        if env.rank == 1:
            with pytest.raises(errors.InvalidError, match="allow_pickle"):
                env.comm.allgather("text")
        assert env.comm.allgather(b"bytes") == [b"bytes"] * 2
        if env.rank == 0:
            env.comm.bcast("text")
        else:
            with pytest.raises(errors.InvalidError, match="allow_pickle"):
                env.comm.bcast()

    world(2, work)


def test_explain(world):
    def work(env):
        plan = env.explain("alltoall", 1_000_000)
        return plan.chosen["algorithm"], plan.latency, plan.bandwidth, str(plan)

    answers = world(3, work)
    assert len({answer[:3] for answer in answers}) == 1  # choices agree
    algorithm, latency, bandwidth, text = answers[0]
    assert algorithm in ("linear", "bruck", "pairwise")
    assert 0 < latency < 0.1
    assert bandwidth > 1e6
    assert "alltoall of 1 MB, 3 ranks" in text
    assert text.count("<- chosen") == 1
    assert "s3" in text
    with pytest.raises(errors.InvalidError, match="reduce_scatter"):
        world(2, lambda env: env.explain("all2all"))


def test_hint_and_cost_model(world, tmp_path):
    model = tmp_path / "model.json"
    model.write_text('{"second": 1, "channels": {"loopback": {"message": 1}}}')
    plan = world(4, lambda env: env.explain("alltoall", 8), hint="cheap", cost_model=model)[0]
    assert plan.chosen["algorithm"] == "bruck"  # 8 messages rather than 12
    assert plan.chosen["dollars"] >= 8
    with pytest.raises(errors.InvalidError, match="fast and cheap"):
        world(2, lambda env: None, hint="quick")
    model.write_text('{"channels": {"pigeon": {}}}')
    with pytest.raises(errors.InvalidError, match="pigeon"):
        world(2, lambda env: None, cost_model=model)

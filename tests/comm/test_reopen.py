"""Ranks that stand still: what each rank is told, and how the job goes on."""

import threading

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi


def test_a_frozen_rank_is_lost_and_comes_back(ranks):
    told = pc.run(ranks.freeze_and_reopen, 3, args=(3.5,))
    for rank, (kind, about, seconds, epochs, total, rows) in enumerate(told):
        assert (kind, about) == (("StaleError", 1) if rank == 1 else ("PeerLost", 1))
        assert seconds < (1 if rank == 1 else 3.4), "from the thaw, or from the freeze"
        assert len(set(epochs)) == 2
        assert total == 6
        assert rows == {"a": [18]}
    assert len({told[rank][3] for rank in range(3)}) == 1


def test_all_ranks_frozen_together_go_on(ranks):
    assert pc.run(ranks.freeze_all, 2, args=(3.5,)) == [3, 3]


@pytest.fixture
def token():
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    job = {"rendezvous": server.info["address"], "world_size": 2, "expiry": 60}
    yield abi.start_service("token", job).info["token"]
    server.stop()


def together(*calls):
    """Return what the calls return, or raise, at the same time."""
    results = [None] * len(calls)

    def call(number):
        try:
            results[number] = calls[number]()
        except errors.PyCylonError as error:
            results[number] = error

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_who_reopens_and_who_is_refused(token):
    def opener(rank, **options):
        return lambda: pc.CylonEnv(token=token, rank=rank, connect_timeout=5, **options)

    a, b = together(opener(0), opener(1))
    before = a.comm
    assert together(a.reopen, b.reopen) == [None, None]
    assert together(lambda: a.comm.allreduce(1), lambda: b.comm.allreduce(2)) == [3, 3]
    with pytest.raises(errors.ClosedError, match="open a new CylonEnv"):
        before.allreduce(1)
    with pytest.raises(errors.StaleError, match="begun already"):
        opener(1)()  # a copy, which has never been in the job
    old = dict(b._options)
    assert together(a.reopen, b.reopen) == [None, None]
    with pytest.raises(errors.StaleError, match="opened the job again without it"):
        abi.open_environment(old)  # a rank that missed an opening
    a._options["connect_timeout"] = 1
    b.finalize()
    with pytest.raises(errors.OperationTimeoutError, match="absent: rank 1"):
        a.reopen()  # alone
    a._options["connect_timeout"] = 5
    assert together(a.reopen, b.reopen) == [None, None]
    assert together(lambda: a.comm.allgather(a.rank), lambda: b.comm.allgather(b.rank)) == [[0, 1], [0, 1]]
    a.finalize()
    b.finalize()


def test_a_world_of_one():
    with pc.CylonEnv(distributed=False) as env:
        env.reopen()
        assert env.comm.allgather(7) == [7]

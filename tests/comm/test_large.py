"""Messages of more than 4 GiB. Full suite only: 13 GB of memory, most of it in the second rank."""

import os

import pytest

import pycylon as pc

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


@pytest.mark.skipif(os.environ.get("PYCYLON_TEST_ALL") != "1", reason="takes 13 GB of memory")
@pytest.mark.timeout(300)
def test_more_than_4_gib():
    wanted = [i + 1 for i in range(len(PLACES))]
    assert pc.run(exchange, world_size=2)[1] == [wanted, True, wanted, True]

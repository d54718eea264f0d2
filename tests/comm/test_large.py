"""Messages of more than 4 GiB. Full suite only: 13 GB of memory, most of it in the second rank."""

import os

import pytest

import pycylon as pc


@pytest.mark.skipif(os.environ.get("PYCYLON_TEST_ALL") != "1", reason="takes 13 GB of memory")
@pytest.mark.timeout(300)
def test_more_than_4_gib(ranks):
    wanted = [i + 1 for i in range(len(ranks.PLACES))]
    assert pc.run(ranks.exchange, world_size=2)[1] == [wanted, True, wanted, True]

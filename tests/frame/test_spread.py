"""Frames that become replicated, or whole on one rank."""

from __future__ import annotations

from itertools import chain

import pytest

import pycylon as pc
from pycylon import errors


def parts(env):
    return pc.DataFrame({"k": [env.rank, 9], "v": [f"a long text of rank {env.rank}", None]})


def partitioned(env):
    return parts(env).sort_values("k", env=env)


@pytest.mark.parametrize("size", [1, 3])
def test_replicate_gives_every_rank_all_rows_in_order(world, size):
    def work(env):
        frame = partitioned(env)
        whole = frame.replicate()
        assert (whole.placement, whole.env) == ("replicated", env)
        assert whole.replicate() is whole
        return whole.to_dict()

    results = world(size, work)
    assert results[0]["k"] == [*range(size), *[9] * size]
    assert results == [results[0]] * size


def test_a_local_frame_is_marked_without_communication_and_merges_without_a_shuffle(world):
    def work(env):
        frame = partitioned(env)
        keys = frame["k"].to_list()
        lookup = pc.DataFrame({"k": [0, 1, 2], "name": ["zero", "one", "two"]})
        if env.rank == 0:
            lookup.replicate(env)  # one rank alone
        merged = frame.merge(lookup.replicate(env), on="k")
        assert sorted(merged["k"].to_list()) == [k for k in keys if k < 9], "no row moved"
        return merged["name"].to_list()

    assert sorted(chain(*world(3, work))) == ["one", "two", "zero"]


@pytest.mark.parametrize(("size", "root"), [(1, 0), (3, 0), (3, 2)])
def test_gather_gives_one_rank_all_rows_as_a_local_frame(world, size, root):
    def work(env):
        whole = partitioned(env).gather(root)
        assert (whole.placement, whole.env, whole.columns) == ("local", None, ["k", "v"])
        again = whole.replicate(env).gather(root)
        assert len(again) == (len(whole) if env.rank == root else 0)
        return whole.to_dict()["k"], parts(env).gather(root, env=env).to_dict()["k"]

    for rank, (ordered, shares) in enumerate(world(size, work)):
        assert ordered == ([*range(size), *[9] * size] if rank == root else [])
        assert shares == ([k for r in range(size) for k in (r, 9)] if rank == root else [])


def test_what_cannot_be_moved_is_refused_with_advice(world):
    frame = pc.DataFrame({"a": [1]})
    with pytest.raises(errors.InvalidError, match="pass env= to say that every rank of the job holds the same rows"):
        frame.replicate()
    with pytest.raises(errors.InvalidError, match="pass env="):
        frame.gather()

    def work(env):
        mine = partitioned(env)
        with pytest.raises(errors.InvalidError, match=r"df\.replicate\(env\)"):
            mine.merge(frame, left_on="k", right_on="a")
        with pytest.raises(errors.InvalidError, match="root=2: the ranks are 0 to 1"):
            mine.gather(2)

    world(2, work)


def test_assign_on_a_partitioned_frame_keeps_placement_and_order(world):
    def work(env):
        frame = partitioned(env)
        frame["same"] = frame["k"] == 9
        frame = frame.assign(text=frame["k"].astype(str))
        assert (frame.placement, frame.env) == ("partitioned", env)
        return frame.to_dict()["text"], frame.to_dict()["same"]

    results = world(3, work)
    assert list(chain(*(texts for texts, _ in results))) == ["0", "1", "2", "9", "9", "9"]
    assert list(chain(*(same for _, same in results))) == [False] * 3 + [True] * 3


def test_shares_are_not_written_to_one_file(world, tmp_path):
    def work(env):
        frame = partitioned(env)
        with pytest.raises(errors.InvalidError, match=r"df\.local\.to_csv\(f'out-\{env.rank\}\.csv'\).*df\.gather\(\)"):
            frame.to_csv(tmp_path / "out.csv")
        with pytest.raises(errors.InvalidError, match=r"write_ipc\(df\.local"):
            pc.write_ipc(frame, tmp_path / "out.arrow")
        frame.local.to_csv(tmp_path / f"out-{env.rank}.csv")
        whole = frame.gather()
        if env.rank == 0:
            whole.to_csv(tmp_path / "whole.csv")
            pc.write_ipc(whole, tmp_path / "whole.arrow")

    world(2, work)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out-0.csv", "out-1.csv", "whole.arrow", "whole.csv"]
    assert pc.read_csv(tmp_path / "whole.csv").to_dict() == pc.read_ipc(tmp_path / "whole.arrow").to_dict()


def test_a_partition_of_a_world_of_one_is_written_whole(world, tmp_path):
    world(1, lambda env: partitioned(env).to_csv(tmp_path / "out.csv"))
    assert len(pc.read_csv(tmp_path / "out.csv")) == 2

"""Frames that are spread over ranks: placement, and the law that the ranks together say what one process says."""

from __future__ import annotations

import warnings
from collections import Counter

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi

ROWS = 200
WHOLE = {
    "k": [None if i % 11 == 3 else f"key {i * 7 % 13}" for i in range(ROWS)],
    "n": [None if i % 7 == 2 else i * 37 % 50 for i in range(ROWS)],
    "v": [i / 4 for i in range(ROWS)],
    "i": list(range(ROWS)),
}
RIGHT = {"k": [f"key {i}" for i in range(8)] + [None], "w": list(range(9))}

SPREADS = {
    "even": lambda i, size: i * size // ROWS,
    "empty rank": lambda i, size: size - 1 if i < ROWS // 2 else (size - 1) // 2,
    "one row on rank 0": lambda i, size: 0 if i == 0 else size - 1,
}

OPERATIONS = {
    "merge": (lambda f, r, env: f.merge(r, on="k", env=env), False),
    "left merge": (lambda f, r, env: f.merge(r, on="k", how="left", env=env), False),
    "outer merge": (lambda f, r, env: f.merge(r, on="k", how="outer", env=env), False),
    "semi merge": (lambda f, r, env: f.merge(r, on="k", how="semi", env=env), False),
    "anti merge": (lambda f, r, env: f.merge(r, on="k", how="anti", env=env), False),
    "cross merge": (lambda f, r, env: f.merge(r, how="cross", env=env), False),
    "merge in order": (lambda f, r, env: f.merge(r, on="k", how="left", maintain_order=True, env=env), True),
    "merge by sorting": (lambda f, r, env: f.merge(r, on="k", how="outer", algorithm="sort", env=env), False),
    "merge with checks": (lambda f, r, env: f.merge(r, on="k", validate="m:1", indicator=True, env=env), False),
    "merge_asof": (lambda f, r, env: pc.merge_asof(f, r, left_on="n", right_on="w", by="k", env=env), True),
    "groupby": (lambda f, r, env: f.groupby("k", env=env).agg(n=("n", "sum"), m=("v", "mean"), c=("n", "count")), True),
    "groupby with nulls": (lambda f, r, env: f.groupby(["k", "n"], dropna=False, env=env).agg(v=("v", "max")), True),
    "sort": (lambda f, r, env: f.sort_values(["n", "k"], ascending=[False, True], env=env), True),
    "sort nulls first": (lambda f, r, env: f.sort_values("k", na_position="first", env=env), True),
    "head": (lambda f, r, env: f.head(7, env=env), True),
    "tail": (lambda f, r, env: f.tail(7, env=env), True),
    "head but": (lambda f, r, env: f.head(-7, env=env), True),
    "chain": (
        lambda f, r, env: f.merge(r, on="k", env=env).groupby("w").agg(s=("i", "sum")).sort_values("s"),
        True,
    ),
    "filter": (lambda f, r, env: (s := f.sort_values("i", env=env))[s["n"] > 20], True),
    "slice": (lambda f, r, env: f.sort_values("i", env=env)[13:-17], True),
}


def rows(frames):
    return [tuple(row.values()) for frame in frames for row in frame.local.to_dict("records")]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("spread", SPREADS)
def test_the_ranks_together_say_what_one_process_says(world, size, spread):
    place = SPREADS[spread]

    def work(env):
        mine = [i for i in range(ROWS) if place(i, size) == env.rank]
        left = pc.DataFrame({name: [values[i] for i in mine] for name, values in WHOLE.items()})
        right = pc.DataFrame({name: values[env.rank :: size] for name, values in RIGHT.items()})
        made = {}
        for name, (operation, _) in OPERATIONS.items():
            made[name] = operation(left, right, env)
            assert made[name].env is env
            assert made[name].placement == "partitioned"
        return made

    together = world(size, work)
    order = sorted(range(ROWS), key=lambda i: place(i, size))
    whole = pc.DataFrame({name: [values[i] for i in order] for name, values in WHOLE.items()})
    for name, (operation, is_ordered) in OPERATIONS.items():
        with pc.CylonEnv() as alone:
            expected = rows([operation(whole, pc.DataFrame(RIGHT), alone)])
        found = rows([each[name] for each in together])
        if is_ordered:
            assert found == expected, name
        else:
            assert Counter(found) == Counter(expected), name


def test_schemas_are_agreed(world):
    values = [[1, 2], [3], [None, None], [0.5]]

    def work(env):
        frame = pc.DataFrame({"k": values[env.rank]})
        return frame.sort_values("k", env=env).local

    made = world(4, work)
    assert {frame.dtypes["k"] for frame in made} == {"float64"}
    assert [value for frame in made for value in frame.to_dict()["k"]] == [0.5, 1.0, 2.0, 3.0, None, None]


def test_types_survive_a_shuffle(world):
    pa = pytest.importorskip("pyarrow")
    text = [f"{i} is longer than twelve bytes" if i % 3 else None for i in range(100)]
    table = pa.table(
        {
            "i": list(range(100)),
            **{str(kind): pa.array(text, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())},
            "z": pa.array([None if i % 7 == 0 else i for i in range(100)], pa.timestamp("ns", "+05:30")),
            "b": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(100)]),
            "d": pa.array(range(100), pa.int32()).cast(pa.date32()),
            "n": pa.nulls(100),
        }
    )

    def work(env):
        mine = pc.DataFrame(table.slice(env.rank * 50, 50))
        moved = mine.sort_values("i", ascending=False, env=env)
        joined = moved.merge(mine[["i"]], on="i", env=env).sort_values("i")
        return pa.table(moved.local), pa.table(joined.local)

    made = world(2, work)
    assert pa.concat_tables([each[1] for each in made]).equals(table)
    assert pa.concat_tables([each[0] for each in made]).to_pylist() == table.to_pylist()[::-1]


def test_a_replicated_frame_needs_no_shuffle(world, tmp_path):
    path = tmp_path / "small.csv"
    path.write_text("k,w\n1,10\n2,20\n")

    def work(env):
        small = pc.read_csv(path, env=env, replicate=True)
        assert repr(small).endswith("[2 rows x 2 columns, replicated on 3 ranks]")
        mine = pc.DataFrame({"k": [env.rank]})
        joined = mine.merge(small, on="k", env=env)
        own = pc.read_csv(path, env=env)
        share = pc.read_csv(path, env=env, slice=True)
        return joined.local.to_dict(), len(own), own.placement, len(share)

    made = world(3, work)
    assert [each[0] for each in made] == [{"k": [], "w": []}, {"k": [1], "w": [10]}, {"k": [2], "w": [20]}]
    assert [each[1:3] for each in made] == [(2, "partitioned")] * 3
    assert sum(each[3] for each in made) == 2


def test_what_is_shown(world):
    def work(env):
        frame = pc.DataFrame({"a": [env.rank] * (env.rank + 1)}).sort_values("a", env=env)
        assert len(frame) == frame.shape[0] == frame.local.shape[0]
        assert frame.local.placement == "local"
        assert f"rank {env.rank} of 2: " in frame._repr_html_()
        return repr(frame).splitlines()[-1]

    shown = world(2, work)
    assert all(f"[rank {rank} of 2: " in line for rank, line in enumerate(shown))


def test_the_same_rows_everywhere_are_warned_of(world):
    caught = []

    def work(env):
        with pytest.raises(errors.ReplicatedInputWarning, match="replicate=True") as raised:
            pc.DataFrame({"a": [1, 2]}).sort_values("a", env=env)
        caught.append(raised)
        pc.DataFrame({"a": []}).sort_values("a", env=env)  # nothing is the same everywhere, and right
        pc.DataFrame({"a": [env.rank]}).sort_values("a", env=env)

    with warnings.catch_warnings():
        warnings.simplefilter("error", errors.ReplicatedInputWarning)
        world(2, work)
    assert len(caught) == 2


def test_frames_that_do_not_go_together():
    with pc.CylonEnv() as env, pc.CylonEnv() as other:
        spread = pc.DataFrame({"a": [1]}).sort_values("a", env=env)
        with pytest.raises(errors.InvalidError, match=r"pass env=.*replicate=True.*\.local"):
            spread.merge(pc.DataFrame({"a": [1]}))
        with pytest.raises(errors.InvalidError, match="belongs to"):
            spread.sort_values("a", env=other)
        assert spread.merge(pc.DataFrame({"a": [1]}), env=env).shape == (1, 1)
        with pytest.raises(errors.InvalidError, match=r"df\.local"):
            spread.take([0])
        assert spread["a"][0] == 1
        assert spread.local.sort_values("a", env=other).placement == "partitioned"
    assert spread.local.to_dict() == {"a": [1]}
    with pytest.raises(errors.ClosedError, match=r"\.local"):
        spread.sort_values("a")


ENDED = {
    "barrier": lambda env, frame: env.barrier(),
    "allreduce": lambda env, frame: env.comm.allreduce(1),
    "allgather": lambda env, frame: env.comm.allgather(b"x"),
    "bcast": lambda env, frame: env.comm.bcast(b"x"),
    "describe": lambda env, frame: env.describe(),
    "events": lambda env, frame: env.events(),
    "sort_values": lambda env, frame: frame.sort_values("a"),
    "head": lambda env, frame: frame.head(1),
}


def test_an_environment_that_was_left_does_not_answer_for_this_rank_alone(world):
    def work(env):
        frame = pc.DataFrame({"a": [env.rank, 5]}).sort_values("a", env=env)
        env.finalize()
        env.finalize()
        said = {}
        for name, call in ENDED.items():
            with pytest.raises(errors.ClosedError) as caught:
                call(env, frame)
            said[name] = str(caught.value)
        return env.rank, said

    for rank, said in world(2, work):
        for name, text in said.items():
            assert text.startswith(f"{name}: the environment (rank {rank} of 2) is closed")
            assert "with-block" in text
            assert ".local" in text


def test_collectives(world):
    def work(env):
        comm = env.comm
        comm.barrier()
        return (
            comm.allgather(bytes([env.rank]) * env.rank),
            comm.bcast(b"from 1" if env.rank == 1 else b"", root=1),
            comm.gather(b"x%d" % env.rank, root=2),
            comm.allreduce(env.rank + 1),
            comm.allreduce(env.rank / 2, "max"),
            comm.allreduce(env.rank, "min"),
        )

    assert world(3, work) == [
        ([b"", b"\x01", b"\x02\x02"], b"from 1", [b"x0", b"x1", b"x2"] if rank == 2 else None, 6, 1.0, 0)
        for rank in range(3)
    ]


def test_an_error_on_one_rank_reaches_the_others_and_the_environment_goes_on(world):
    def work(env):
        frame = pc.DataFrame({"k": ["x"] if env.rank == 1 else [1]})
        with pytest.raises(errors.PyCylonError):
            frame.sort_values("k", env=env)
        return env.comm.allreduce(1)

    assert world(2, work) == [2, 2]


def test_different_operations_name_both_sites(world):
    def work(env):
        frame = pc.DataFrame({"k": [env.rank]})
        uses = [lambda: frame.sort_values("k", env=env), lambda: frame.groupby("k", env=env).agg(n=("k", "count"))]
        with pytest.raises(errors.CollectiveMismatchError) as caught:
            uses[env.rank]()
        return str(caught.value)

    for said in world(2, work):
        assert "test_distributed.py" in said
        assert "sort" in said
        assert "group" in said


def test_a_rank_that_raises_ends_the_others(world):
    class OwnError(Exception):
        pass

    seen = []

    def work(env):
        if env.rank == 1:
            raise OwnError("mine")
        with pytest.raises(errors.RemoteError) as caught:
            env.barrier()
        seen.append(caught.value)

    with pytest.raises(OwnError):
        world(2, work)
    assert seen[0].rank == 1
    assert "the program failed on rank 1" in str(seen[0])
    assert "OwnError: mine" in str(seen[0])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"rank": 1}, ValueError, "PYCYLON_TOKEN"),
        ({"world_size": 3}, ValueError, "PYCYLON_TOKEN"),
        ({"token": "nonsense"}, errors.UnauthenticatedError, "token"),
    ],
)
def test_environments_that_cannot_be(options, error, text):
    with pytest.raises(error, match=text):
        pc.CylonEnv(**options)


def test_a_rank_that_never_comes():
    server = abi.start_service("rendezvous", {"listen": "127.0.0.1:0"})
    options = {"rendezvous": server.info["address"], "world_size": 2, "expiry": 60}
    token = abi.start_service("token", options).info["token"]
    with pytest.raises(errors.OperationTimeoutError, match="1"):
        pc.CylonEnv(token=token, rank=0, connect_timeout=0.5)
    server.stop()
    with pytest.raises(errors.UnreachableError):
        pc.CylonEnv(token=token, rank=0, connect_timeout=5)


def test_looking_at_a_column_does_not_communicate(world):
    def look(env):
        frame = pc.DataFrame({"a": [env.rank, 2]}).sort_values("a", env=env)
        if env.rank == 1:
            column = frame["a"]
            return column.to_list(), column[-1], repr(column > 1), repr(column)
        return None

    check_look(*world(2, look)[1])


def test_what_is_here_stays_readable_after_the_environment(world):
    pytest.importorskip("pandas")
    pa = pytest.importorskip("pyarrow")

    def leave(env):
        return pc.DataFrame({"a": [env.rank, 2]}).sort_values("a", env=env)

    frame = world(2, leave)[1]
    column = frame["a"]
    check_look(column.to_list(), column[-1], repr(column > 1), repr(column))
    rows = len(frame)
    assert frame.shape == (rows, 1)
    assert f"rank 1 of 2: {rows} row" in repr(frame)
    assert frame.to_dict()["a"] == frame.to_pandas()["a"].tolist() == pa.table(frame)["a"].to_pylist()
    assert column.to_pandas().tolist() == list(column) == column.to_list()
    assert (column.isna().to_list(), frame.nbytes > 0) == ([False] * rows, True)
    assert frame.local.sort_values("a").to_dict() == frame.to_dict()


def check_look(values, last, mask, text):
    assert values[-1] == last == 2
    assert "True" in mask
    assert "rank 1 of 2" in text

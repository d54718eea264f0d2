"""What the tests run on ranks."""

import os
import time

import pycylon as pc


def place(env, *args, **kwargs):
    return env.rank, env.world_size, args, kwargs


def share(env, rows):
    return pc.DataFrame({"rank": [env.rank] * rows, "text": [f"row {i}" if i else None for i in range(rows)]})


def replicated(env, path):
    return pc.read_csv(path, env=env, replicate=True)


def total(env, frame):
    assert frame.placement == "local"
    return frame.to_dict(), {"nested": [frame]}


def fail_on_one(env, kind):
    if env.rank == 1:
        raise kind("of rank 1")
    env.barrier()


class NotPicklable(Exception):  # noqa: N818
    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def fail_strangely(env):
    raise NotPicklable("one", "two")


def die(env):
    if env.rank == 1:
        os._exit(9)
    env.barrier()


def sleep(env):
    time.sleep(60 * env.rank)


def threads(env):
    return env.describe()["threads"]


def join_with_argument(env, small):
    mine = pc.DataFrame({"k": [env.rank, env.rank + 1]}).sort_values("k", env=env)
    return mine.merge(small.replicate(env), on="k", how="left")

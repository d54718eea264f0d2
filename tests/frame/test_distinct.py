"""`drop_duplicates`, `union`, `intersect`, `subtract`, `concat`: names, types and errors, and the law."""

from __future__ import annotations

import decimal
import math
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import pycylon as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Values of a column, few so that they repeat, by type.
VALUES = {
    "int": [None, 0, 1, -7, 2**40],
    "float": [None, 0.0, -0.0, 1.5, math.nan, math.inf],
    "text": [None, "", "a", "twelve bytes", "longer than twelve bytes", "longer than twelve bytez"],
    "bool": [None, True, False],
}


def key(row: Sequence[object]) -> tuple[object, ...]:
    """Return what tells rows apart: NaN equals NaN."""
    return tuple("nan" if value != value else value for value in row)


def rows(frame: pc.DataFrame) -> list[tuple[object, ...]]:
    return [key(tuple(row.values())) for row in frame.to_dict("records")]


def test_set_operations_match_columns_by_name():
    left = pc.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    right = pc.DataFrame({"b": ["y", "z"], "a": [2.0, 3.0]})
    assert left.intersect(right).to_dict() == {"a": [2.0], "b": ["y"]}
    assert left.subtract(right).to_dict() == {"a": [1.0], "b": ["x"]}
    assert left.union(right).to_dict() == {"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}
    with pytest.raises(pc.errors.InvalidError, match="different columns"):
        left.union(pc.DataFrame({"a": [1]}))
    with pytest.raises(TypeError, match="needs a pycylon"):
        left.union([1])


def test_rows_of_every_type_are_told_apart():
    pa = pytest.importorskip("pyarrow")
    d = decimal.Decimal
    frame = pc.DataFrame(
        pa.table(
            {
                "decimal": pa.array([d("1.10"), d("2.5"), d("1.1"), None, None]),
                "bytes": pa.array([b"ab", b"cd", b"ab", b"ab", None], pa.binary(2)),
                "words": pa.array(["a", "b", "a", "a", "b"]).dictionary_encode(),
                "duration": pa.array([1, 2, 1, 1, 2], pa.duration("s")),
                "time": pa.array([1, 2, 1, 3, 2], pa.time32("s")),
                "list": pa.array([[1], [2, 3], None, [], [4]]),
            }
        )
    )
    for key, kept in {
        "decimal": [[1], [2, 3], []],
        "bytes": [[1], [2, 3], [4]],
        "words": [[1], [2, 3]],
        "duration": [[1], [2, 3]],
        "time": [[1], [2, 3], []],
    }.items():
        assert frame.drop_duplicates(key)["list"].to_list() == kept, key
        assert [not again for again in frame.duplicated(key)].count(True) == len(kept), key
        one = frame[[key]]
        assert one.intersect(one.head(2)).to_dict() == one.head(2).to_dict()
        assert len(one.union(one)) == len(kept)
        assert one.union(one).dtypes == one.dtypes
    with pytest.raises(pc.errors.UnsupportedError, match='column "list" is list'):
        frame.drop_duplicates()


def test_drop_duplicates_refuses_what_it_does_not_do():
    frame = pc.DataFrame({"a": [1]})
    with pytest.raises(pc.errors.InvalidError, match="in place"):
        frame.drop_duplicates(inplace=True)
    with pytest.raises(pc.errors.InvalidError, match="keep='none'"):
        frame.drop_duplicates(keep="none")
    with pytest.raises(pc.errors.InvalidError, match="no columns"):
        frame.drop_duplicates([])


SPREAD = {
    "first": lambda f, g, env: f.drop_duplicates("int", env=env),
    "last": lambda f, g, env: f.drop_duplicates(["int", "text"], keep="last", env=env),
    "none": lambda f, g, env: f.drop_duplicates(["float", "text"], keep=False, env=env),
    "all columns": lambda f, g, env: f.drop_duplicates(env=env),
    "union": lambda f, g, env: f.union(g, env=env),
    "intersect": lambda f, g, env: f.intersect(g, env=env),
    "intersect all": lambda f, g, env: f.intersect(g, distinct=False, env=env),
    "subtract": lambda f, g, env: f.subtract(g, env=env),
    "subtract all": lambda f, g, env: f.subtract(g, distinct=False, env=env),
    "concat": lambda f, g, env: pc.concat([f, g[["text", "int"]]], env=env),
}


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_ranks_together_say_what_one_process_says(world, size):
    made = random.Random(size)
    left, right = ({name: made.choices(VALUES[name], k=90) for name in VALUES} for _ in range(2))
    cuts = [0, *sorted(made.choices(range(90), k=size - 1)), 90]

    def work(env):
        mine = slice(cuts[env.rank], cuts[env.rank + 1])
        f, g = (pc.DataFrame({name: values[mine] for name, values in data.items()}) for data in (left, right))
        return {name: operation(f, g, env).local for name, operation in SPREAD.items()}

    together = world(size, work)
    with pc.CylonEnv() as alone:
        for name, operation in SPREAD.items():
            expected = rows(operation(pc.DataFrame(left), pc.DataFrame(right), alone).local)
            assert Counter(row for each in together for row in rows(each[name])) == Counter(expected), name

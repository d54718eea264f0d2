"""`drop_duplicates`, `union`, `intersect`, `subtract`, `concat`: held against pandas, Polars and DuckDB."""

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


def columns(seed: int, rows: int) -> dict[str, list[object]]:
    made = random.Random(seed)
    names = made.sample(sorted(VALUES), made.randint(1, len(VALUES)))
    return {name: [made.choice(VALUES[name]) for _ in range(rows)] for name in names}


def key(row: Sequence[object]) -> tuple[object, ...]:
    """Return what tells rows apart: NaN equals NaN."""
    return tuple("nan" if value != value else value for value in row)


def rows(frame: pc.DataFrame) -> list[tuple[object, ...]]:
    return [key(tuple(row.values())) for row in frame.to_dict("records")]


@pytest.mark.parametrize("keep", ["first", "last", False])
@pytest.mark.parametrize("seed", range(40))
def test_drop_duplicates_is_pandas(seed, keep):
    pd = pytest.importorskip("pandas")
    data = columns(seed, 10 + seed * 7)
    subset = sorted(data)[: 1 + seed % len(data)]
    # pandas tells NaN of an object column apart by identity, and takes -0.0 for 0.0 as we do.
    whole = pd.DataFrame({name: pd.Series(key(values), dtype=object) for name, values in data.items()})
    kept = whole.drop_duplicates(subset, keep=keep)
    expected = [tuple(None if value != value else value for value in row) for row in kept.itertuples(index=False)]
    assert rows(pc.DataFrame(data).drop_duplicates(subset, keep=keep)) == expected, f"seed {seed}"


@pytest.mark.parametrize("seed", range(20))
def test_drop_duplicates_of_integers_is_polars(seed):
    pl = pytest.importorskip("polars")
    made = random.Random(seed)
    size, span = made.choice([1, 1000, 70_000]), made.choice([3, 1000, 2**62])
    frame = pl.DataFrame({"k": [made.randint(-span, span) for _ in range(size)], "v": range(size)})
    for keep in ("first", "last", "none"):
        mine = pc.DataFrame(frame).drop_duplicates("k", keep=False if keep == "none" else keep)
        assert mine.to_polars().equals(frame.unique("k", keep=keep, maintain_order=True)), f"seed {seed}, {keep}"


@pytest.mark.parametrize("seed", range(40))
def test_set_operations_are_sql(seed):
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    left = columns(seed, 5 + seed * 3)
    right = {name: random.Random(-seed).choices(VALUES[name], k=30) for name in left}
    tables = {"l": pa.table(left), "r": pa.table(right)}
    ours = {name: pc.DataFrame(table) for name, table in tables.items()}
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    for method, word in (("union", "union"), ("intersect", "intersect"), ("subtract", "except")):
        for distinct in (True, False):
            names = ", ".join(left)
            sql = f"select {names} from l {word} {'' if distinct else 'all'} select {names} from r"
            expected = Counter(key(row) for row in connection.execute(sql).fetchall())
            found = getattr(ours["l"], method)(ours["r"], distinct=distinct)
            assert Counter(rows(found)) == expected, f"seed {seed}, {sql}"


@pytest.mark.parametrize("join", ["outer", "inner"])
@pytest.mark.parametrize("seed", range(10))
def test_concat_is_pandas(seed, join):
    pd = pytest.importorskip("pandas")
    made = [columns(seed * 3 + i, i * 4 + 1) for i in range(3)]
    expected = pd.concat(
        [pd.DataFrame({name: pd.Series(data[name], dtype=object) for name in data}) for data in made], join=join
    )
    found = pc.concat([pc.DataFrame(data) for data in made], join=join)
    assert found.columns == list(expected.columns)
    if len(found.columns) == 0:
        return
    # What pandas lacks it has as NaN.
    wanted = [
        key(tuple(None if value != value and name != "float" else value for name, value in zip(expected, row)))
        for row in expected.itertuples(index=False)
    ]
    got = rows(found)
    if "float" in found.columns:
        at = found.columns.index("float")
        got, wanted = ([row[:at] + row[at + 1 :] for row in each] for each in (got, wanted))
    assert got == wanted


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

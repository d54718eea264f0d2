"""`sort_values`, `nlargest`, `rank`, `sample`: held against pandas, Polars and DuckDB."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

import pycylon as pc

#: Values of a column by type, without NaN, which pandas takes for a null.
VALUES = {
    "small": [None, 0, 1, -1],
    "large": [None, -(2**63), 2**63 - 1, 5, 2**40],
    "float": [None, 0.0, -1.5, math.inf, -math.inf, 1e-300],
    "text": [None, "", "a", "ab", "a longer text than that", "a longer text than thaz", "\u00fc"],
    "bool": [None, True, False],
}


def columns(seed: int, rows: int) -> dict[str, list[object]]:
    made = random.Random(seed)
    data: dict[str, list[object]] = {name: made.choices(values, k=rows) for name, values in VALUES.items()}
    return {**data, "id": list(range(rows))}


@pytest.mark.parametrize("seed", range(60))
def test_sort_values_is_sql(seed):
    """Stable, with a direction and a place of nulls for each key."""
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    made = random.Random(seed)
    data = columns(seed, made.choice([1, 30, 500]))
    by = made.sample(sorted(VALUES), made.randint(1, 4))
    ascending = [made.random() < 0.5 for _ in by]
    ends = [made.choice(["first", "last"]) for _ in by]
    table = pa.table(data)
    connection = duckdb.connect()
    connection.register("t", table)
    order = ", ".join(f"{name} {'asc' if up else 'desc'} nulls {end}" for name, up, end in zip(by, ascending, ends))
    expected = [row[0] for row in connection.execute(f"select id from t order by {order}, id").fetchall()]
    found = pc.DataFrame(table).sort_values(by, ascending=ascending, na_position=ends, kind="stable")
    assert found["id"].to_list() == expected, f"seed {seed}, {order}"


@pytest.mark.parametrize("rows", [3, 20_000])
@pytest.mark.parametrize("keep", ["first", "last", "all"])
@pytest.mark.parametrize("method", ["nlargest", "nsmallest"])
def test_first_rows_of_an_order_are_pandas(method, keep, rows):
    pd = pytest.importorskip("pandas")
    made = random.Random(rows)
    data = {"a": [made.randint(0, rows // 4) for _ in range(rows)], "b": made.choices([0.5, 1.5, -2.0], k=rows)}
    frame, ours = pd.DataFrame(data), pc.DataFrame(data)
    for n in (0, 1, 2, 7, rows + 1):
        for by in (["a"], ["b"], ["b", "a"]):
            if keep == "last" and (len(by) > 1 or n > rows):
                continue  # pandas' order of equal rows is another one then
            expected = getattr(frame, method)(n, by, keep=keep)
            found = getattr(ours, method)(n, by, keep=keep)
            assert found.to_dict() == expected.to_dict("list"), (n, by)
        if keep == "last" and n > rows:
            continue
        found = getattr(ours["b"], method)(n, keep)
        assert found.to_list() == getattr(frame["b"], method)(n, keep=keep).to_list()


def test_first_rows_have_nulls_last():
    frame = pc.DataFrame({"a": [None, 1.5, math.nan, 2.5]})
    assert str(frame.nlargest(4, "a")["a"].to_list()) == "[2.5, 1.5, nan, None]"
    assert frame.nsmallest(1, "a").to_dict() == {"a": [1.5]}
    assert frame.nlargest(-1, "a").to_dict() == {"a": []}
    with pytest.raises(pc.errors.InvalidError, match="keep='any'"):
        frame.nlargest(1, "a", keep="any")


def test_a_deferred_head_of_an_order_sorts_few_rows():
    frame = pc.DataFrame({"a": list(range(50_000)), "b": [i * 7919 % 50_000 for i in range(50_000)]}).lazy()
    first = frame.sort_values("b", ascending=False).head(3)
    assert "top k 3 by b desc" in str(first.explain())
    assert first.to_dict()["b"] == [49_999, 49_998, 49_997]


@pytest.mark.parametrize("keep", ["first", "last", False])
def test_duplicated_is_pandas(keep):
    pd = pytest.importorskip("pandas")
    data = {"a": [1, 2, 1, None, None, 2, 1], "b": ["x", "y", "x", "z", "z", "w", "v"]}
    frame, ours = (
        pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in data.items()}),
        pc.DataFrame(data),
    )
    for subset in (None, "a", ["b", "a"]):
        assert ours.duplicated(subset, keep=keep).to_list() == frame.duplicated(subset, keep=keep).to_list()
    assert ours["b"].duplicated(keep=keep).to_list() == frame["b"].duplicated(keep=keep).to_list()
    ours["again"] = ours.duplicated("b", keep=keep)
    assert ours["again"].to_list() == frame.duplicated("b", keep=keep).to_list()
    assert ours[~ours["b"].duplicated(keep=keep)].to_dict()["b"] == frame["b"].drop_duplicates(keep=keep).to_list()


def test_samples():
    frame = pc.DataFrame({"i": list(range(1000)), "t": [str(i) for i in range(1000)]})
    drawn = frame.sample(100, random_state=5)
    assert (
        drawn.to_dict()
        == frame.sample(100, random_state=5).to_dict()
        == frame.sample(frac=0.1, random_state=5).to_dict()
    )
    values = drawn["i"].to_list()
    assert len(set(values)) == 100
    assert values != sorted(values)
    assert values != frame.sample(100, random_state=6)["i"].to_list()
    assert drawn["t"].to_list() == [str(i) for i in values]
    assert sorted(frame.sample(frac=1)["i"]) == list(range(1000))
    often = frame.sample(5000, replace=True, random_state=1)["i"].to_list()
    assert len(often) == 5000
    assert len(set(often)) > 900
    assert len(frame.sample()) == 1
    assert frame["i"].sample(3, random_state=2).to_list() == frame[["i"]].sample(3, random_state=2)["i"].to_list()
    assert frame[:0].sample(0).to_dict() == {"i": [], "t": []}


@pytest.mark.parametrize("replace", [True, False])
def test_every_row_is_drawn_equally_often(replace):
    frame = pc.DataFrame({"i": list(range(10))})
    times = Counter(i for seed in range(2000) for i in frame.sample(2, replace=replace, random_state=seed)["i"])
    # 400 each, give or take five standard deviations of the binomial distribution.
    assert all(abs(times[i] - 400) < 100 for i in range(10)), times


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (lambda f: f.sample(4), "4 rows can't be drawn from 3: give replace=True"),
        (lambda f: f.sample(2, frac=0.5), "not both"),
        (lambda f: f.sample(-1), "at least 0"),
        (lambda f: f.sample(frac=math.nan), "at least 0"),
        (lambda f: f.sample(frac=1.5), "replace=True"),
        (lambda f: f.sample(1, random_state=-1), "random_state=-1"),
        (lambda f: f[:0].sample(1, replace=True), "from none"),
        (lambda f: f.sort_values(["a", "b"], na_position=["last"]), "1 positions for 2"),
        (lambda f: f.sort_values("a", na_position=["top"]), "'top'"),
    ],
)
def test_refusals(use, text):
    with pytest.raises(pc.errors.InvalidError, match=text):
        use(pc.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]}))


SPREAD = {
    "sort": (lambda f, env: f.sort_values(["small", "text"], na_position=["first", "last"], env=env), True),
    "largest": (lambda f, env: f.nlargest(9, ["small", "float"], env=env), True),
    "largest, last": (lambda f, env: f.nlargest(9, "small", keep="last", env=env), True),
    "smallest, all": (lambda f, env: f.nsmallest(2, "small", keep="all", env=env), True),
    "sample": (lambda f, env: f.sample(17, random_state=3, env=env), True),
    "share": (lambda f, env: f.sample(frac=0.5, random_state=3, env=env), True),
    "often": (lambda f, env: f.sample(frac=2.5, replace=True, random_state=3, env=env), False),
    "duplicated": (lambda f, env: (g := f.sort_values("id", env=env))[g.duplicated(["small", "text"])], True),
    "unique": (lambda f, env: f.sort_values("id", env=env)["text"].unique().to_frame(), False),
}


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_the_ranks_together_say_what_one_process_says(world, size):
    data = columns(size, 80)
    cuts = [0, *sorted(random.Random(size).choices(range(80), k=size - 1)), 80]

    def rows(frame):
        return [tuple(row.values()) for row in frame.local.to_dict("records")]

    def work(env):
        mine = slice(cuts[env.rank], cuts[env.rank + 1])
        frame = pc.DataFrame({name: values[mine] for name, values in data.items()})
        seeds = [row["id"] for row in frame.sample(5, replace=True, env=env).local.to_dict("records")]
        return {name: rows(operation(frame, env)) for name, (operation, _) in SPREAD.items()}, seeds

    together = world(size, work)
    assert sum(len(seeds) for _, seeds in together) == 5, "the ranks agree on a seed"
    with pc.CylonEnv() as alone:
        for name, (operation, is_ordered) in SPREAD.items():
            expected = rows(operation(pc.DataFrame(data), alone))
            found = [row for made, _ in together for row in made[name]]
            assert (found == expected) if is_ordered else (Counter(found) == Counter(expected)), name

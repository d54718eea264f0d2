"""melt, pivot, pivot_table, value_counts and describe: against pandas on random tables, errors, and the law."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

import pycylon as pc
from pycylon import errors

pd = pytest.importorskip("pandas")


def random_frame(seed, rows):
    rng = random.Random(seed)
    return pd.DataFrame(
        {
            "k": [rng.choice(["a", "b", "c", None]) for _ in range(rows)],
            "c": [rng.choice([2023, 2024, 2025]) for _ in range(rows)],
            "i": [rng.randint(-5, 5) for _ in range(rows)],
            "f": pd.Series([rng.choice([None, rng.uniform(-9, 9)]) for _ in range(rows)], dtype=float),
        }
    )


def rows_of(frame):
    """Return rows as tuples in which missing values are None, and floats are rounded to 12 digits."""

    def plain(value):
        if value is None or value != value:
            return None
        return float(f"{value:.12g}") if isinstance(value, (int, float)) else value

    columns = frame.to_dict() if isinstance(frame, pc.DataFrame) else frame.to_dict("list")
    return [tuple(map(plain, row)) for row in zip(*columns.values())]


@pytest.mark.parametrize("seed", range(8))
def test_melt_as_pandas(seed):
    frame = random_frame(seed, 20)
    mine = pc.DataFrame(frame)
    for arguments in [
        {"id_vars": "k", "value_vars": ["i", "f"]},
        {"id_vars": ["k", "c"]},
        {"id_vars": ["k", "f"], "var_name": "which", "value_name": "what"},
        {"value_vars": ["i", "c"]},
    ]:
        got, want = mine.melt(**arguments), frame.melt(**arguments)
        assert got.columns == list(want.columns)
        assert rows_of(got) == rows_of(want)


def test_melt_of_differing_types():
    frame = pc.DataFrame({"a": [1], "s": ["x"]})
    with pytest.raises(errors.TypeMismatchError, match="cast one of them"):
        frame.melt()
    with pytest.raises(errors.InvalidError, match="no columns whose values"):
        frame.melt(["a", "s"])
    assert frame.assign(a=frame["a"].astype(str)).melt().to_dict() == {"variable": ["a", "s"], "value": ["1", "x"]}


@pytest.mark.parametrize("seed", range(4))
def test_explode_as_pandas(seed):
    rng = random.Random(seed)
    lists = [rng.choice([None, [], [1], [2, None, 3]]) for _ in range(20)]
    texts = [None if some is None else [f"text number {n}" for n in some] for some in lists]
    frame = pd.DataFrame({"k": range(20), "l": lists, "s": texts})
    mine = pc.DataFrame({"k": list(range(20)), "l": lists, "s": texts})
    assert rows_of(mine.explode("l").drop("s")) == rows_of(frame.explode("l")[["k", "l"]])
    assert rows_of(mine.explode(["s", "l"])) == rows_of(frame.explode(["s", "l"]))
    assert rows_of(mine[3:15].explode("s")[["s"]]) == rows_of(frame[3:15].explode("s")[["s"]])


def test_explode_refuses():
    frame = pc.DataFrame({"k": [1], "l": [[1, 2]], "m": [[3]]})
    with pytest.raises(errors.TypeMismatchError, match="nothing to explode"):
        frame.explode("k")
    with pytest.raises(errors.InvalidError, match="one has 2 elements and one 1"):
        frame.explode(["l", "m"])
    with pytest.raises(errors.NotFoundError):
        frame.explode("x")


@pytest.mark.parametrize("function", ["sum", "mean", "count", "min", "max", "std", "nunique", "median"])
def test_pivot_table_as_pandas(function):
    for seed in range(4):
        frame = random_frame(seed, 40)
        mine = pc.DataFrame(frame)
        want = frame.pivot_table("f", "k", "c", aggfunc=function)
        got = mine.pivot_table("f", "k", "c", aggfunc=function)
        names = [str(name) for name in want.columns]
        assert [name for name in got.columns if name != "k"] == names
        assert rows_of(got) == rows_of(want.reset_index())
        want = frame.pivot_table(["i", "f"], ["k", "c"], aggfunc=function)
        got = mine.pivot_table(["f", "i"], ["k", "c"], aggfunc=function)
        kept = want[["f", "i"]].reset_index()
        assert got.columns == list(kept.columns)
        assert rows_of(got) == rows_of(kept)


def test_pivot_table_forms():
    frame = pc.DataFrame({"k": ["b", "a", "b", None], "c": ["x", "y", None, "x"], "d": [1, 1, 2, 2], "n": [1, 2, 3, 4]})
    assert frame.pivot_table("n", "k", "c", "sum", fill_value=0).to_dict() == {
        "k": ["a", "b"],
        "x": [0, 1],
        "y": [2, 0],
    }
    made = frame.pivot_table("n", "k", "c", "sum", dropna=False)
    assert made.to_dict() == {"k": ["a", "b", None], "x": [None, 1, 4], "y": [2, None, None], "null": [None, 3, None]}
    made = frame.pivot_table(["n"], "k", ["c", "d"], {"n": "max"})
    assert made.columns == ["k", "n_x_1", "n_y_1"]
    assert frame.pivot_table("n", "k", "c", "sum", sort=False).columns == ["k", "x", "y"]
    assert frame.pivot_table(index="k", columns="c").columns == ["k", "d_x", "d_y", "n_x", "n_y"]
    assert frame.lazy().pivot_table("n", "k", "c", "sum").columns == ["k", "x", "y"]
    assert frame[frame["n"] > 9].pivot_table("n", "k", "c", "sum").to_dict() == {"k": []}
    with pytest.raises(errors.InvalidError, match="there is no index"):
        frame.pivot_table("n", columns="c")
    with pytest.raises(errors.NotFoundError):
        frame.pivot_table("m", "k", "c")


def test_pivot_as_pandas():
    for seed in range(4):
        rng = random.Random(seed)
        pairs = rng.sample([(a, b) for a in range(6) for b in "xyz"], 12)
        frame = pd.DataFrame({"a": [a for a, _ in pairs], "b": [b for _, b in pairs], "v": range(12), "w": [0.5] * 12})
        got = pc.DataFrame(frame).pivot(index="a", columns="b", values="v")
        assert rows_of(got) == rows_of(frame.pivot(index="a", columns="b", values="v").reset_index())
        several = pc.DataFrame(frame).pivot(index="a", columns="b")
        assert rows_of(several) == rows_of(
            frame.pivot(index="a", columns="b").reset_index().droplevel(0, axis=1).set_axis(range(7), axis=1)
        )
    with pytest.raises(errors.InvalidError, match="2 rows have the same 'a' and 'b'"):
        pc.DataFrame({"a": [1, 1], "b": ["x", "x"], "v": [1, 2]}).pivot(index="a", columns="b", values="v")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dropna", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_value_counts_as_pandas(seed, dropna, normalize):
    frame = random_frame(seed, 30)
    mine = pc.DataFrame(frame)
    for name in ("k", "c", "f"):
        want = frame[name].value_counts(normalize=normalize, dropna=dropna).reset_index()
        got = mine[name].value_counts(normalize=normalize, dropna=dropna)
        assert Counter(rows_of(got)) == Counter(rows_of(want))
        counts = rows_of(got)
        assert [n for _, n in counts] == sorted((n for _, n in counts), reverse=True)
    want = frame.value_counts(["k", "c"], normalize=normalize, dropna=dropna).reset_index()
    assert Counter(rows_of(mine.value_counts(["k", "c"], normalize=normalize, dropna=dropna))) == Counter(rows_of(want))


def test_value_counts_order():
    frame = pc.DataFrame({"a": ["y", "x", "z", "z"]})
    assert frame.value_counts().to_dict() == {"a": ["z", "x", "y"], "count": [2, 1, 1]}
    assert frame["a"].value_counts(ascending=True).to_dict() == {"a": ["x", "y", "z"], "count": [1, 1, 2]}
    assert frame["a"].value_counts(sort=False)["a"].to_list() == ["x", "y", "z"]
    with pytest.raises(errors.InvalidError, match="'count' is made"):
        pc.DataFrame({"count": [1]}).value_counts()


@pytest.mark.parametrize("seed", range(4))
def test_describe_as_pandas(seed):
    frame = random_frame(seed, 25)
    mine = pc.DataFrame(frame)
    for percentiles in (None, [0.1, 0.95]):
        # pandas' quantiles are those asked for; the median is always there
        asked = None if percentiles is None else sorted({*percentiles, 0.5})
        want = frame.describe(percentiles=asked).reset_index()
        got = mine.describe(percentiles)
        assert got["statistic"].to_list() == list(want["index"])
        for name in ("c", "i", "f"):
            for a, b in zip(got[name].to_list(), want[name]):
                assert math.isclose(a, b, rel_tol=1e-12)
    want = frame["k"].describe()
    got = dict(zip(*mine["k"].describe().to_dict().values()))
    assert (got["count"], got["unique"], got["freq"]) == (str(want["count"]), str(want["unique"]), str(want["freq"]))
    assert frame["k"].value_counts()[got["top"]] == want["freq"]
    both = mine.describe(include="all")
    assert both.columns == ["statistic", "k", "c", "i", "f"]
    assert both["statistic"].to_list() == [
        "count",
        "unique",
        "top",
        "freq",
        "mean",
        "std",
        "min",
        "25%",
        "50%",
        "75%",
        "max",
    ]


def test_describe_of_nothing():
    assert pc.DataFrame({"a": [1]}).head(0).describe()["a"].to_list() == [0.0, *[None] * 7]
    assert pc.DataFrame({"s": ["x"]}).head(0).describe()["s"].to_list() == ["0", "0", None, None]
    with pytest.raises(errors.InvalidError, match="between 0 and 1"):
        pc.DataFrame({"a": [1]}).describe([2])


@pytest.mark.parametrize("seed", range(4))
def test_crosstab_and_dummies_as_pandas(seed):
    frame = random_frame(seed, 30)
    mine = pc.DataFrame(frame)
    want = pd.crosstab(frame["k"], frame["c"])
    got = pc.crosstab(mine["k"], mine["c"])
    assert got.columns == ["k", *map(str, want.columns)]
    assert rows_of(got) == rows_of(want.reset_index())
    for options in ({}, {"dummy_na": True}, {"drop_first": True}, {"dtype": int}):
        want = pd.get_dummies(frame[["k"]], **options)
        got = pc.get_dummies(mine[["k"]], **options)
        assert got.columns == list(want.columns)
        assert set(got.dtypes.values()) == {"int64" if options.get("dtype") is int else "bool"}
        assert rows_of(got) == rows_of(want)
    want = pd.get_dummies(frame, columns=["c"], prefix_sep="=")
    got = pc.get_dummies(mine, columns=["c"], prefix_sep="=")
    assert got.columns == list(want.columns)
    assert rows_of(got) == rows_of(want)
    assert pc.get_dummies(mine["c"]).columns == sorted(map(str, set(frame["c"])))
    assert rows_of(pc.melt(mine, "k", ["i"])) == rows_of(pd.melt(frame, "k", ["i"]))
    assert rows_of(pc.pivot_table(mine, "i", "k", "c", "sum")) == rows_of(mine.pivot_table("i", "k", "c", "sum"))


def test_dummies_of_one_name_are_refused():
    texts = pc.DataFrame({"k": ["None", None]})
    assert pc.get_dummies(texts, dummy_na=True).to_dict() == {"k_None": [True, False], "k_nan": [False, True]}
    for frame in (pc.DataFrame({"k": ["nan", None]}), pc.DataFrame({"k": ["x", None], "k_nan": [1, 2]})):
        with pytest.raises(errors.InvalidError, match="two columns would be called 'k_nan'"):
            pc.get_dummies(frame, dummy_na=True)


@pytest.mark.parametrize("size", [2, 4])
def test_law(world, size):
    frame = random_frame(size, 40)
    cuts = [0, *sorted(random.Random(size).sample(range(40), size - 1)), 40]

    def check(mine):
        return (
            mine.melt(["k", "c"]),
            mine.pivot_table("i", "k", "c", "sum"),
            mine.value_counts(["k", "c"], dropna=False),
            mine["k"].value_counts(normalize=True),
            pc.crosstab(mine["k"], mine["c"]),
            pc.get_dummies(mine, columns=["c"]),
            mine.assign(parts=mine["k"].fillna("a,c").str.split(",")).explode("parts"),
            mine.drop_duplicates(["k", "c"]).pivot(index="k", columns="c", values="i"),
        )

    def work(env):
        share = pc.DataFrame(frame[cuts[env.rank] : cuts[env.rank + 1]])
        mine = pc.concat([share], env=env)
        return [rows_of(made) for made in check(mine)], mine.describe(include="all").to_dict()

    mine = pc.DataFrame(frame)
    parts = world(size, work)
    for i, whole in enumerate(check(mine)):
        assert Counter(row for part, _ in parts for row in part[i]) == Counter(rows_of(whole))
    for _, described in parts:
        assert described == mine.describe(include="all").to_dict()

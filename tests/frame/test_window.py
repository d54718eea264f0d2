"""Windows: against pandas, DuckDB and Polars on random tables; the forms, their errors, and the law."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import errors

pd = pytest.importorskip("pandas")


def random_columns(seed, rows):
    """Return columns of keys, integers, floats with missing values, and texts."""
    rng = random.Random(seed)
    return {
        "k": [rng.choice(["a", "b", "c", None]) for _ in range(rows)],
        "j": [rng.randint(0, 2) for _ in range(rows)],
        "i": [rng.randint(-5, 5) for _ in range(rows)],
        "f": [rng.choice([None, rng.uniform(-9, 9), rng.uniform(0, 1e6)]) for _ in range(rows)],
        "g": [rng.uniform(1, 9) for _ in range(rows)],  # of one size: pandas' rolling variances drift
        "s": [rng.choice(["", "x", "a text that is longer", None]) for _ in range(rows)],
    }


def as_pandas(columns):
    return pd.DataFrame(
        {name: pd.Series(values, dtype=float if name == "f" else None) for name, values in columns.items()}
    )


def same(got, want):
    """Compare values: None is NaN, floats are close."""
    got, want = list(got), [None if value is None or value != value else value for value in want]
    assert len(got) == len(want)
    for i, (a, b) in enumerate(zip(got, want)):
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            assert math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-9), (i, a, b)
        else:
            assert a == b, (i, a, b)


#: Forms that pandas spells the same, by the column that they are of.
FORMS = {
    "shift": ("s", lambda v: v.shift(2)),
    "shift up": ("i", lambda v: v.shift(-1)),
    "shift by nothing": ("f", lambda v: v.shift(0)),
    "shift, filled": ("i", lambda v: v.shift(2, fill_value=-1)),
    "shift up, filled": ("i", lambda v: v.shift(-2, fill_value=0)),
    "diff": ("i", lambda v: v.diff()),
    "diff up": ("f", lambda v: v.diff(-2)),
    "cumsum": ("f", lambda v: v.cumsum()),
    "cumsum of integers": ("i", lambda v: v.cumsum()),
    "cummax": ("i", lambda v: v.cummax()),
    "cummin": ("f", lambda v: v.cummin()),
    "cumprod": ("j", lambda v: v.cumprod()),
    "ffill": ("f", lambda v: v.ffill()),
    "ffill, limited": ("s", lambda v: v.ffill(limit=1)),
    "bfill": ("s", lambda v: v.bfill()),
    "bfill, limited": ("f", lambda v: v.bfill(limit=2)),
    "rank": ("f", lambda v: v.rank()),
    "rank, least first": ("f", lambda v: v.rank(method="min", ascending=False)),
    "rank, greatest": ("i", lambda v: v.rank(method="max")),
    "rank, dense share": ("f", lambda v: v.rank(method="dense", pct=True)),
    "rank, share": ("f", lambda v: v.rank(pct=True)),
    "rank in place": ("i", lambda v: v.rank(method="first")),
    "rank, missing first": ("f", lambda v: v.rank(na_option="top", method="min")),
    "rank, missing last": ("f", lambda v: v.rank(na_option="bottom", ascending=False)),
}

#: Forms of windows; groups in pandas have them with another index.
ROLLING = {
    "sum": ("f", lambda v: v.rolling(3).sum()),
    "sum of integers": ("i", lambda v: v.rolling(4).sum()),
    "mean": ("f", lambda v: v.rolling(3, min_periods=1).mean()),
    "centered": ("i", lambda v: v.rolling(4, min_periods=2, center=True).mean()),
    "max": ("i", lambda v: v.rolling(5).max()),
    "min": ("f", lambda v: v.rolling(2, min_periods=1).min()),
    "count": ("f", lambda v: v.rolling(3).count()),
    "std": ("g", lambda v: v.rolling(4, min_periods=2).std()),
    "var": ("i", lambda v: v.rolling(4).var(ddof=0)),
    "closed left": ("i", lambda v: v.rolling(2, closed="left").sum()),
    "closed both": ("i", lambda v: v.rolling(2, closed="both").sum()),
    "closed neither": ("i", lambda v: v.rolling(3, closed="neither", min_periods=1).sum()),
    "of nothing": ("f", lambda v: v.rolling(3, min_periods=0).sum()),
    "expanding mean": ("f", lambda v: v.expanding().mean()),
    "expanding sum": ("i", lambda v: v.expanding(3).sum()),
    "expanding std": ("i", lambda v: v.expanding().std()),
    "expanding count": ("f", lambda v: v.expanding().count()),
}


@pytest.mark.parametrize("form", [*FORMS, *ROLLING])
@pytest.mark.parametrize("rows", [0, 1, 7, 60])
def test_columns_as_pandas(form, rows):
    name, make = (FORMS | ROLLING)[form]
    for seed in range(4):
        columns = random_columns(seed, rows)
        frame = as_pandas(columns)
        if form.startswith(("expanding std", "std", "var")) and rows == 1 and name == "i":
            frame[name] = frame[name].astype(float)
        same(make(pc.DataFrame(frame)[name]).to_list(), make(frame[name]))


@pytest.mark.parametrize("form", FORMS)
def test_groups_as_pandas(form):
    name, make = FORMS[form]
    for seed in range(4):
        frame = as_pandas(random_columns(seed, 50))
        mine = pc.DataFrame(frame)
        for keys in ("k", ["j", "k"]):
            want = make(frame.groupby(keys)[name])
            if form == "shift by nothing":  # of which pandas forgets that rows without a key are of no group
                want = want.where(frame["k"].notna())
            same(make(mine.groupby(keys)[name]).to_list(), want)


@pytest.mark.parametrize("form", ROLLING)
def test_windows_of_groups_as_pandas(form):
    name, make = ROLLING[form]
    for seed in range(4):
        frame = as_pandas(random_columns(seed, 50))
        mine = pc.DataFrame(frame)
        want = make(frame.groupby("k")[name]).droplevel(0).reindex(frame.index)
        same(make(mine.groupby("k")[name]).to_list(), want)


@pytest.mark.parametrize(
    "function", ["sum", "mean", "min", "max", "count", "size", "std", "var", "prod", "first", "last"]
)
def test_transform_as_pandas(function):
    for seed in range(4):
        frame = as_pandas(random_columns(seed, 40))
        mine = pc.DataFrame(frame)
        same(mine.groupby("k")["f"].transform(function).to_list(), frame.groupby("k")["f"].transform(function))
        same(
            mine.groupby(["k", "j"], dropna=False)["i"].transform(function).to_list(),
            frame.groupby(["k", "j"], dropna=False)["i"].transform(function),
        )


@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("ascending", [True, False])
def test_numbers_of_groups_as_pandas(sort, ascending):
    for seed in range(6):
        frame = as_pandas(random_columns(seed, 30))
        for keys in ("j", ["k", "j"]):
            mine, theirs = pc.DataFrame(frame).groupby(keys, sort=sort), frame.groupby(keys, sort=sort)
            same(mine.ngroup(ascending=ascending).to_list(), theirs.ngroup(ascending=ascending))
            same(mine.cumcount(ascending=ascending).to_list(), theirs.cumcount(ascending=ascending))


@pytest.mark.parametrize("n", [0, 1, 2, 100, -1, -2])
def test_rows_of_groups_as_pandas(n):
    for seed in range(4):
        frame = as_pandas(random_columns(seed, 30))
        mine = pc.DataFrame(frame)
        for keys in ("j", ["k", "j"]):
            ours, theirs = mine.groupby(keys), frame.groupby(keys)
            for name in ("head", "tail", "nth"):
                want = getattr(theirs, name)(n)
                got = getattr(ours, name)(n)
                assert got.columns == list(want.columns)
                same(got["f"].to_list(), want["f"])
        assert mine.groupby("j")[["s", "i"]].head(n).columns == ["s", "i"]


def test_types_of_all_kinds():
    pa = pytest.importorskip("pyarrow")
    decimals = [Decimal(text) for text in ("1.10", "2.00", "1.10")]
    frame = pc.DataFrame(
        pa.table(
            {
                "d": pa.array([*decimals, None], pa.decimal128(30, 2)),
                "l": [[1], [2], None, [3]],
                "c": pa.array(["x", "y", "x", None]).dictionary_encode(),
                "n": pa.array([1, 2, 3, 4]).dictionary_encode(),
            }
        )
    )
    assert frame.window("d", row="row_number", before=("lag", "l", 1))[["row", "before"]].to_dict() == {
        "row": [1, 1, 2, 1],
        "before": [None, None, [1], None],
    }
    assert frame["d"].cummax().to_list() == [decimals[0], decimals[1], decimals[1], None]
    assert frame.groupby("c")["n"].cumsum().to_list() == [1, 2, 4, None]
    assert frame["c"].shift(1).to_list() == [None, "x", "y", "x"]
    with pytest.raises(errors.UnsupportedError, match='column "l" is list'):
        frame.window("l", row="row_number")
    with pytest.raises(errors.TypeMismatchError, match="cast it first"):
        frame["d"].cumsum().to_list()


def test_frames_and_expressions():
    frame = pc.DataFrame({"a": [1, 2, 4], "b": [1.5, None, 2.0], "k": ["x", "y", "x"]})
    assert frame[["a", "b"]].cumsum().to_dict() == {"a": [1, 3, 7], "b": [1.5, None, 3.5]}
    assert frame.shift(1).to_dict() == {"a": [None, 1, 2], "b": [None, 1.5, None], "k": [None, "x", "y"]}
    assert frame.groupby("k")[["b", "a"]].cumsum().to_dict() == {"b": [1.5, None, 3.5], "a": [1, 2, 5]}
    assert frame.groupby("k").shift().columns == ["a", "b"]
    # Windows of windows, of expressions, and masks of them; nothing that was added for them stays.
    assert frame["a"].shift(1).cumsum().to_list() == [None, 1, 3]
    assert (frame["a"] > 1).cumsum().to_list() == [0, 1, 2]
    assert frame[frame["a"].cumsum() > 2].to_dict() == {"a": [2, 4], "b": [None, 2.0], "k": ["y", "x"]}
    frame["d"] = frame["a"].diff()
    frame["before"] = frame.groupby("k")["d"].shift()
    assert frame.columns == ["a", "b", "k", "d", "before"]
    assert frame.assign(z=lambda f: f["a"].cumsum(), y=lambda f: f["z"].shift(1))["y"].to_list() == [None, 1, 3]
    assert frame.lazy()["a"].cummax().to_list() == [1, 2, 4]
    assert frame["a"].cumsum().dtype == "int64"
    assert frame["a"].rolling(2).mean().dtype == "float64"


def test_window_as_duckdb():
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    for seed in range(8):
        columns = random_columns(seed, 80)
        columns["n"] = list(range(80))
        data = pa.table(columns)
        order = "order by f desc nulls first, n"
        want = duckdb.sql(f"""
            select n, row_number() over w, rank() over v, dense_rank() over v, percent_rank() over v,
                   cume_dist() over v, ntile(3) over w, lag(s, 2) over w, lead(i) over w, first_value(i) over w,
                   sum(i) over w, max(s) over w, avg(f) over w, count(f) over w
            from data window w as (partition by k, j {order}), v as (partition by k, j order by i) order by n
        """).fetchall()
        got = pc.DataFrame(data).window(
            ["k", "j"],
            ["f", "n"],
            ascending=[False, True],
            na_position="first",
            a="row_number",
            b=("ntile", 3),
            c=("lag", "s", 2),
            d=("lead", "i"),
            e=("first", "i"),
            f_=("sum", "i"),
            top=("max", "s"),
            h=("mean", "f"),
            m=("count", "f"),
        )
        ranked = pc.DataFrame(data).window(["k", "j"], "i", r="rank", d="dense_rank", p="percent_rank", c="cume_dist")
        wanted = list(zip(*want))
        for name, column in zip(
            ["n", "a", "b", "c", "d", "e", "f_", "top", "h", "m"], [0, 1, 6, 7, 8, 9, 10, 11, 12, 13]
        ):
            same(got[name].to_list(), wanted[column])
        for name, column in zip("rdpc", [2, 3, 4, 5]):
            same(ranked[name].to_list(), wanted[column])


def test_windows_of_time_as_pandas():
    for seed in range(6):
        rng = random.Random(seed)
        times = [datetime(2024, 1, 1) + timedelta(minutes=rng.randint(0, 300)) for _ in range(60)]
        frame = pd.DataFrame(
            {"t": sorted(times), "v": [rng.randint(0, 9) for _ in times], "k": [rng.choice("ab") for _ in times]}
        )
        mine = pc.DataFrame(frame)
        for closed in ("right", "left", "both", "neither"):
            want = frame.rolling("30min", on="t", closed=closed)["v"].sum()
            same(mine["v"].rolling("30min", on="t", closed=closed).sum().to_list(), want)
        want = frame.groupby("k").rolling("1h", on="t")["v"].max().droplevel(0)
        got = mine.groupby("k")["v"].rolling(timedelta(hours=1), on="t").max().to_list()
        assert sorted(got) == sorted(int(value) for value in want)


def test_refusals():
    frame = pc.DataFrame({"a": [1], "s": ["x"], "t": [1.5]})
    for make, error, text in [
        (lambda: frame["s"].cumsum().to_list(), errors.TypeMismatchError, "sum of column 's'|sum of column \"s\""),
        (lambda: frame["a"].rank("best"), errors.InvalidError, "expected one of average"),
        (lambda: frame["a"].rank(na_option="no"), errors.InvalidError, "na_option"),
        (lambda: frame["a"].rolling(-1), errors.InvalidError, "window=-1"),
        (lambda: frame["a"].rolling("2 weeks", on="t"), errors.InvalidError, "expected a number and one of"),
        (lambda: frame["a"].rolling("2D"), errors.InvalidError, "needs on="),
        (lambda: frame["a"].rolling("2D", on="t").sum(), errors.InvalidError, "expected dates or timestamps"),
        (lambda: frame["a"].rolling(2, closed="up"), errors.InvalidError, "closed="),
        (lambda: frame["a"].rolling(2, min_periods=-1), errors.InvalidError, "min_periods"),
        (lambda: frame.groupby("s")["a"].transform("mode"), errors.InvalidError, "expected one of size, sum"),
        (lambda: frame.window(a="row_number"), errors.InvalidError, "two columns are called"),
        (lambda: frame.window("k", x="row_number"), errors.NotFoundError, "no column 'k'"),
        (lambda: frame.window(x="median"), errors.InvalidError, "isn't known"),
        (lambda: frame.window("a", "t", ascending=[True, False], x="rank"), errors.InvalidError, "2 directions"),
    ]:
        with pytest.raises(error, match=text):
            make()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_law(world, size):
    columns = random_columns(size, 60)
    columns["n"] = list(range(60))
    cuts = [0, *sorted(random.Random(size).sample(range(60), size - 1)), 60]

    def work(env):
        here = slice(cuts[env.rank], cuts[env.rank + 1])
        mine = pc.DataFrame({name: values[here] for name, values in columns.items()})
        return check(mine.window("k", "f", env=env, row="row_number", total=("sum", "i")))

    def check(frame):
        frame["sum"] = frame.groupby("k")["f"].cumsum()
        frame["all"] = frame["i"].rolling(3, min_periods=1).sum()
        frame["rank"] = frame["f"].rank()
        kept = frame[frame["n"].shift(1) > 3]
        seen = frame["i"].shift(1).to_list()
        return frame.to_dict(), kept["n"].to_list(), seen

    def whole(parts):
        return {name: [value for part in parts for value in part[name]] for name in parts[0]}

    want, want_kept, want_seen = check(pc.DataFrame(columns).window("k", "f", row="row_number", total=("sum", "i")))
    parts = world(size, work)
    assert whole([frame for frame, _, _ in parts]) == want
    assert [n for _, kept, _ in parts for n in kept] == want_kept
    assert [value for _, _, seen in parts for value in seen] == want_seen


LEFT_OUT = {"a": [1, 2, 3, None, 5], "k": ["x", "y", "x", "y", "x"]}
OF_OTHER_ROWS = {
    "cumsum": lambda f: f["a"].cumsum(),
    "shift": lambda f: f["a"].shift(1),
    "rank": lambda f: f["a"].rank(),
    "sum of both": lambda f: f["a"] + f["a"].shift(1),
    "of groups": lambda f: f.groupby("k")["a"].cumsum(),
}


@pytest.mark.parametrize("made", OF_OTHER_ROWS)
@pytest.mark.parametrize("key", [slice(1, None), slice(-2, None), None], ids=["slice", "end", "mask"])
def test_values_are_made_before_rows_are_left_out(made, key):
    ours, theirs, make = pc.DataFrame(LEFT_OUT), pd.DataFrame(LEFT_OUT), OF_OTHER_ROWS[made]
    got = make(ours)[ours["a"] > 1 if key is None else key].to_list()
    want = make(theirs)[theirs["a"] > 1 if key is None else key]
    assert got == [None if pd.isna(value) else value for value in want]


def test_values_and_masks_that_are_of_other_rows(world):
    frame = pc.DataFrame(LEFT_OUT)
    assert frame["a"].cumsum()[frame["a"].shift(1) > 1].to_list() == [6, None]
    with pytest.raises(pc.errors.InvalidError, match="different frames"):
        frame["a"].cumsum()[pc.DataFrame(LEFT_OUT)["a"] > 1]

    def work(env):
        share = pc.DataFrame({"a": [2 * env.rank + 1, 2 * env.rank + 2]})
        frame = pc.concat([share, share.head(0)], env=env)
        return frame["a"].cumsum()[frame["a"] % 2 == 0].to_list()

    assert world(2, work) == [[3], [10]]

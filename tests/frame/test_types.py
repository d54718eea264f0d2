"""Columns of every type through the operators: carried where they aren't looked into, else compared."""

from __future__ import annotations

import pickle
import random
from datetime import time, timedelta
from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import errors

ROWS = 200

#: Values by type, of which frames are made: few, so that keys repeat.
VALUES = {
    "decimal128(6, 2)": [Decimal("1.50"), Decimal("-2.25"), Decimal("0.00"), Decimal("1000.00")],
    "decimal128(35, 1)": [Decimal(10**33) + Decimal("0.5"), Decimal(-(10**33)), Decimal("-0.1"), Decimal("7.0")],
    "decimal256(60, 0)": [Decimal(10**59), Decimal(-(10**59)), Decimal(3), Decimal(-3)],
    "binary": [b"", b"\x00", b"\xff", b"longer than a view holds"],
    "time64[us]": [time(1, 2, 3, 4), time(), time(23, 59, 59, 999999)],
    "duration[us]": [timedelta(days=-1, microseconds=5), timedelta(), timedelta(hours=5)],
}

NESTED = {
    "list<int64>": [[1, None], [], [3]],
    "list<utf8>": [["a string that lies outside", None], [], ["x"]],
    "struct<a: int64, b: list<utf8>>": [{"a": 1, "b": ["x", "a string that lies outside"]}, {"a": None, "b": None}],
}


def column(values: list, seed: int) -> list:
    rng = random.Random(seed)
    return [rng.choice([None, *values]) for _ in range(ROWS)]


def frame(kind: str) -> tuple[pc.DataFrame, dict]:
    values = VALUES.get(kind) or NESTED[kind]
    data = {"k": column(values, 1), "v": list(range(ROWS)), "w": column(values, 2)}
    made = pc.DataFrame(data)
    assert made.dtypes["k"] == kind
    return made, data


@pytest.mark.parametrize("kind", VALUES)
def test_sort(kind):
    made, data = frame(kind)
    for ascending in (True, False):
        got = made.sort_values(["k", "v"], ascending=[ascending, True]).to_dict()
        rows = sorted(zip(data["k"], data["v"]), key=lambda row: row[1])
        present = sorted((row for row in rows if row[0] is not None), key=lambda row: row[0], reverse=not ascending)
        assert list(zip(got["k"], got["v"])) == [*present, *(row for row in rows if row[0] is None)]


@pytest.mark.parametrize("kind", VALUES)
def test_group(kind):
    made, data = frame(kind)
    got = made.groupby("k", as_index=False, sort=True).agg(
        n=("w", "count"),
        low=("w", "min"),
        high=("w", "max"),
        first=("w", "first"),
        last=("w", "last"),
        u=("w", "nunique"),
    )
    groups: dict = {}
    for key, value in zip(data["k"], data["w"]):
        if key is not None:
            groups.setdefault(key, []).append(value)
    assert got.dtypes["k"] == got.dtypes["low"] == got.dtypes["first"] == kind
    expected = []
    for key in sorted(groups):
        present = [value for value in groups[key] if value is not None]
        expected.append([key, len(present), min(present), max(present), present[0], present[-1], len(set(present))])
    assert [list(row.values()) for row in got.to_dict("records")] == expected


@pytest.mark.parametrize("kind", VALUES)
def test_merge_and_sets(kind):
    made, data = frame(kind)
    other = pc.DataFrame({"k": [*VALUES[kind][:2], None], "n": [1, 2, 3]})
    numbers = dict(zip([*VALUES[kind][:2], None], [1, 2, 3]))
    got = made.merge(other, on="k", how="left").sort_values("v").to_dict()
    assert got["k"] == data["k"]
    assert got["n"] == [numbers.get(key) for key in data["k"]]
    assert got["w"] == data["w"]
    distinct = made[["k"]].drop_duplicates().to_dict()["k"]
    assert distinct == list(dict.fromkeys(data["k"]))
    both = made[["k"]].intersect(other[["k"]]).to_dict()["k"]
    assert sorted(both, key=repr) == sorted(numbers, key=repr)


@pytest.mark.parametrize("kind", [*VALUES, *NESTED])
def test_carried(kind):
    made, data = frame(kind)
    assert made[made["v"] >= 190].to_dict()["k"] == data["k"][190:]
    assert made.sort_values("v", ascending=False).to_dict()["k"] == data["k"][::-1]
    assert made[10:20].to_dict()["w"] == data["w"][10:20]
    assert pc.concat([made, made]).to_dict()["k"] == data["k"] * 2
    assert made.take([3, 3, 0]).to_dict()["k"] == [data["k"][3], data["k"][3], data["k"][0]]
    right = pc.DataFrame({"v": [5, 7, 1000], "r": [data["k"][0], None, data["k"][1]]})
    joined = made.merge(right, on="v", how="outer").sort_values("v").to_dict()
    assert joined["k"] == [*data["k"], None]
    assert joined["r"] == [data["k"][0] if v == 5 else None for v in range(ROWS)] + [data["k"][1]]
    assert made.groupby("v").agg(n=("k", "count")).to_dict()["n"] == [int(key is not None) for key in data["k"]]


@pytest.mark.parametrize("kind", NESTED)
def test_first_and_last_of_nested(kind):
    made, data = frame(kind)
    made = made.assign(g=made["v"] % 7)
    got = made.groupby("g", as_index=False).agg(first=("k", "first"), last=("w", "last"), n=("v", "sum")).to_dict()
    for group in range(7):
        k = [data["k"][v] for v in range(group, ROWS, 7) if data["k"][v] is not None]
        w = [data["w"][v] for v in range(group, ROWS, 7) if data["w"][v] is not None]
        assert (got["first"][group], got["last"][group]) == (k[0], w[-1])
    assert made.groupby("g").agg(first=("k", "first")).dtypes["first"] == kind


@pytest.mark.parametrize("kind", [*VALUES, *NESTED])
def test_pickle(kind):
    made, data = frame(kind)
    back = pickle.loads(pickle.dumps(made[3:50]))
    assert back.dtypes == made.dtypes
    assert back.to_dict() == {name: values[3:50] for name, values in data.items()}


@pytest.mark.parametrize("kind", NESTED)
def test_nested_keys_are_refused_by_name(kind):
    made, _ = frame(kind)
    for operation in (
        lambda: made.sort_values("k"),
        lambda: made.groupby("k").agg(n=("v", "count")),
        lambda: made.merge(made, on="k"),
        lambda: made.drop_duplicates("k"),
        lambda: made[["k"]].intersect(made[["k"]]),
    ):
        with pytest.raises(errors.UnsupportedError, match=r"column .k. is (list|struct)"):
            operation()
    for operation in (lambda: made.groupby("v").agg(n=("k", "min")), lambda: made[made["k"] == made["k"]]):
        with pytest.raises(TypeError, match="k"):
            operation()


#: Types that lists and dicts of Python don't become: their values, and their names in pyarrow.
OF_ARROW = {
    "map": (
        [[("x", 1)], [], [("a string that lies outside", None), ("y", 2)]],
        lambda pa: pa.map_(pa.string(), pa.int32()),
    ),
    "large_list": ([[1, None], [], [3]], lambda pa: pa.large_list(pa.int16())),
    "fixed_size_list": ([["x", None], ["a string that lies outside", "y"]], lambda pa: pa.list_(pa.string(), 2)),
}


@pytest.mark.parametrize("kind", OF_ARROW)
def test_nested_types_of_arrow(kind):
    """They are carried through operators, and refused as keys by name."""
    pa = pytest.importorskip("pyarrow")
    values, make = OF_ARROW[kind]
    data = column(values, 3)
    made = pc.DataFrame(pa.table({"k": pa.array(data, make(pa)), "v": range(ROWS)}))
    last_first = made.sort_values("v", ascending=False)
    assert pa.table(last_first).column("k").to_pylist() == data[::-1]
    assert pa.table(last_first).schema.field("k").type == make(pa)
    right = pc.DataFrame({"v": [5, 1000], "n": [1, 2]})
    assert made.merge(right, on="v", how="outer").sort_values("v").to_dict()["k"] == [*data, None]
    got = (
        made.assign(g=made["v"] % 7)
        .groupby("g", as_index=False)
        .agg(first=("k", "first"), size=("v", "size"))
        .to_dict()
    )
    assert got["first"] == [next(value for value in data[g::7] if value is not None) for g in range(7)]
    assert pc.concat([made[10:20], made[:1]]).to_dict()["k"] == [*data[10:20], data[0]]
    for operation in (
        lambda: made.sort_values("k"),
        lambda: made.groupby("k").agg(n=("v", "count")),
        lambda: made.merge(made, on="k"),
        lambda: made.drop_duplicates("k"),
    ):
        with pytest.raises(errors.UnsupportedError, match=f"column .k. is {kind}"):
            operation()


class TestDecimals:
    def frame(self) -> pc.DataFrame:
        return pc.DataFrame({"k": ["a", "b", "a", "b"], "d": [Decimal("1.10"), Decimal("2.20"), Decimal("3.30"), None]})

    def test_aggregates(self):
        got = (
            self.frame()
            .groupby("k", as_index=False)
            .agg(s=("d", "sum"), m=("d", "mean"), sd=("d", "std"), med=("d", "median"))
        )
        assert got.to_dict() == {
            "k": ["a", "b"],
            "s": [Decimal("4.40"), Decimal("2.20")],
            "m": [2.2, 2.2],
            "sd": [pytest.approx(1.5556349186104046), None],
            "med": [2.2, 2.2],
        }
        assert got.dtypes["s"] == "decimal128(38, 2)"

    def test_a_sum_of_too_many_digits(self):
        big = pc.DataFrame({"k": [1, 1], "d": [Decimal("9999999999999999.99")] * 2})
        assert big.groupby("k").agg(s=("d", "sum")).to_dict()["s"] == [Decimal("19999999999999999.98")]
        wide = pc.DataFrame(
            {"k": [1, 1, 2, 2, 2], "d": [Decimal(10**30), -1, Decimal(6 * 10**37), Decimal(6 * 10**37), -1]}
        )
        assert wide[wide["k"] == 1].groupby("d").agg(s=("d", "sum")).sort_values("s").to_dict()["s"] == [-1, 10**30]
        assert wide[wide["k"] == 1]["d"].sum() == 10**30 - 1
        with pytest.raises(OverflowError, match=r"sum of column .d. doesn't fit decimal"):
            wide.groupby("k").agg(s=("d", "sum"))

    def test_comparisons(self):
        made = self.frame()
        assert made[made["d"] > Decimal("2.2")].to_dict()["d"] == [Decimal("3.30")]
        assert made[made["d"] >= 2].to_dict()["d"] == [Decimal("2.20"), Decimal("3.30")]
        assert made[made["d"] == Decimal("1.1000")].to_dict()["k"] == ["a"]

    def test_whole_columns(self):
        d = self.frame()["d"]
        assert (d.sum(), d.min(), d.max()) == (Decimal("6.60"), Decimal("1.10"), Decimal("3.30"))
        assert (d.mean(), d.median(), d.nunique()) == (pytest.approx(2.2), 2.2, 3)
        assert d.shift(1).to_list() == [None, Decimal("1.10"), Decimal("2.20"), Decimal("3.30")]
        assert d.rank().to_list() == [1.0, 2.0, 3.0, None]

    def test_values_among_others(self):
        d = self.frame()["d"]
        assert d.isin([Decimal("1.1"), None]).to_list() == [True, False, False, True]
        assert d.isin([2.2, 7]).to_list() == [False, True, False, False]
        assert d.isin([3]).to_list() == [False] * 4
        assert d.between(Decimal(2), Decimal("3.3")).to_list() == [False, True, True, None]
        assert d.fillna(Decimal("0.5")).to_list()[3] == Decimal("0.50")
        assert d.fillna(0).to_list()[3] == Decimal("0.00")
        assert d.where(d > 2, Decimal(-1)).to_list() == [
            Decimal("-1.00"),
            Decimal("2.20"),
            Decimal("3.30"),
            Decimal("-1.00"),
        ]

    def test_arithmetic(self):
        d = self.frame()["d"]
        assert (d + d).to_list() == [Decimal("2.20"), Decimal("4.40"), Decimal("6.60"), None]
        assert (d - Decimal("0.1")).to_list() == [Decimal("1.00"), Decimal("2.10"), Decimal("3.20"), None]

    def test_casts(self):
        made = self.frame()["d"]
        assert made.astype("float64").to_list() == [1.1, 2.2, 3.3, None]
        assert made.astype("int8").to_list() == [1, 2, 3, None]
        assert made.astype("str").to_list() == ["1.10", "2.20", "3.30", None]
        assert made.astype("decimal128(5, 1)").to_list() == [Decimal("1.1"), Decimal("2.2"), Decimal("3.3"), None]
        with pytest.raises(OverflowError, match=r"1\.10 of type decimal128"):
            made.astype("decimal128(2, 2)").to_list()

    def test_numbers_and_decimals_go_together(self):
        mixed = pc.concat([pc.DataFrame({"a": [1]}), pc.DataFrame({"a": [Decimal("1.5")]})])
        assert mixed.to_dict() == {"a": [Decimal("1.0"), Decimal("1.5")]}
        joined = pc.DataFrame({"a": [1, 2]}).merge(pc.DataFrame({"a": [Decimal("2.0")], "b": ["x"]}), on="a")
        assert joined.to_dict() == {"a": [Decimal("2.0")], "b": ["x"]}

    def test_against_duckdb(self):
        duckdb = pytest.importorskip("duckdb")
        rng = random.Random(5)
        made = pc.DataFrame(
            {
                "k": [rng.choice([None, Decimal("0.10"), Decimal("-7.25")]) for _ in range(ROWS)],
                "d": [rng.choice([None, Decimal(rng.randint(-10_000, 10_000)) / 100]) for _ in range(ROWS)],
            }
        )
        got = made.groupby("k", dropna=False, as_index=False).agg(
            s=("d", "sum"), m=("d", "mean"), n=("d", "count"), low=("d", "min"), u=("d", "nunique")
        )
        with duckdb.connect() as connection:
            rows = connection.sql(
                "select k, coalesce(sum(d), 0), avg(d), count(d), min(d), count(distinct d) "
                "from made group by k order by k nulls last"
            ).fetchall()
        expected = [(k, s, pytest.approx(m, rel=1e-12), n, low, u) for k, s, m, n, low, u in rows]
        assert [tuple(row.values()) for row in got.to_dict("records")] == expected


class TestDictionaries:
    def frame(self) -> pc.DataFrame:
        words = ["b", None, "a", "b", "a longer word than a view holds"]
        made = pc.DataFrame({"c": words, "v": range(5)})
        return made.assign(c=made["c"].astype("dictionary<utf8, int8>"))

    def test_operators(self):
        made = self.frame()
        kind = "dictionary<utf8, int8>"
        assert made.dtypes["c"] == kind
        assert made.sort_values("c").to_dict()["v"] == [2, 4, 0, 3, 1]
        grouped = made.groupby("c").agg(n=("v", "sum"))
        assert grouped.dtypes["c"] == kind
        assert grouped.to_dict() == {"c": ["a", "a longer word than a view holds", "b"], "n": [2, 4, 3]}
        joined = made.merge(pc.DataFrame({"c": ["a", "b"], "w": [1, 2]}), on="c")
        assert sorted(zip(joined.to_dict()["v"], joined.to_dict()["w"])) == [(0, 2), (2, 1), (3, 2)]
        assert made[made["c"] == "b"].to_dict()["v"] == [0, 3]
        assert made["c"].isin(["a", "x"]).to_list() == [False, False, True, False, False]
        assert made["c"].astype("str").to_list() == ["b", None, "a", "b", "a longer word than a view holds"]
        assert pc.concat([made, made]).dtypes["c"] == kind
        assert pickle.loads(pickle.dumps(made)).dtypes["c"] == kind

    def test_of_integers(self):
        made = pc.DataFrame({"c": [3, 1, None, 3]})
        made = made.assign(c=made["c"].astype("dictionary<int64, int32>"))
        assert made["c"].sum() == 7
        assert made.sort_values("c").to_dict()["c"] == [1, 3, 3, None]


@pytest.mark.parametrize("text", ["list<", "decimal128(99, 0)", "dictionary<list<int8>, int8>", "struct<a int8>"])
def test_names_of_types_that_are_none(text):
    with pytest.raises(errors.UnsupportedError, match="isn't supported"):
        pc.DataFrame({"a": [1]})["a"].astype(text).to_list()

"""Random expressions over random columns, beside pandas, Polars and DuckDB. A failure names its seed."""

from __future__ import annotations

import math
import random

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pycylon as pc

#: Of a table and its expressions, which would take too long to draw one by one.
SEEDS = st.integers(0, 2**32 - 1)
ROWS = 200
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
PARTS = ["a", "b", "Ä", "xyz", " ", "long part of a text"]
TYPES = {
    "i": pyarrow.int64(),
    "j": pyarrow.int32(),
    "x": pyarrow.float64(),
    "s": pyarrow.string(),
    "t": pyarrow.bool_(),
}


def random_table(rng: random.Random) -> pyarrow.Table:
    def column(kind: str) -> pyarrow.Array:
        make = {
            "s": lambda: "".join(rng.choices(PARTS, k=rng.randrange(4))),
            "t": lambda: rng.random() < 0.5,
            "x": lambda: rng.choice([0.0, 1.5, -2.25, 1e10, rng.gauss(0, 100)]),
        }.get(kind, lambda: rng.randrange(-50, 50))
        return pyarrow.array([None if rng.random() < 0.15 else make() for _ in range(ROWS)], TYPES[kind])

    return pyarrow.table({name: column(name) for name in "ijxst"})


def number(rng: random.Random, depth: int, quotients: bool = True) -> str:
    """Return an expression in Python's words: an integer or a float; without quotients never NaN."""
    if depth == 0:
        return rng.choice(["f.i", "f.j", "f.x", "f.i", "2", "7", "0.5"])
    a, b = number(rng, depth - 1, quotients), number(rng, depth - 1, quotients)
    return rng.choice(
        [
            f"({a} + {b})",
            f"({a} - {b})",
            f"({a} * {b})",
            f"({a} / ({b} + f.i))" if quotients else f"({a} + {b})",
            f"where({truth(rng, depth - 1)}, {a}, {b})",
            f"abs({a})",
        ]
    )


def truth(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return rng.choice(["f.t", "(f.i > 0)", "isnull(f.x)", "(f.s == 'a')"])
    kind = rng.randrange(4)
    if kind == 0:
        # NaN is above all numbers in Polars' words, neither above nor below in pandas' and ours.
        return f"({number(rng, depth - 1, quotients=False)} {rng.choice(COMPARISONS)} f.j)"
    if kind == 1:
        return f"({truth(rng, depth - 1)} & {truth(rng, depth - 1)})"
    if kind == 2:
        return f"({truth(rng, depth - 1)} | {truth(rng, depth - 1)})"
    return f"(~{truth(rng, depth - 1)})"


class Columns:
    """Columns as attributes."""

    def __init__(self, column):
        self._column = column

    def __getattr__(self, name):
        return self._column(name)


def ours(frame: pc.DataFrame, text: str) -> list:
    names = {"f": Columns(lambda name: frame[name]), "where": pc.where, "isnull": lambda a: a.isna()}
    return eval(text, names).to_list()


def polars_of(table: pyarrow.Table, text: str) -> list:
    names = {
        "f": Columns(polars.col),
        "where": lambda c, a, b: polars.when(c).then(a).otherwise(b),
        "isnull": lambda a: a.is_null(),
    }
    made = eval(text, names)
    return polars.from_arrow(table).select(made.alias("r")).to_series().to_list()


def alike(a, b) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, bool) or isinstance(b, bool):
        return a == b
    a, b = float(a), float(b)
    if math.isinf(a) and math.isinf(b):  # Polars takes 0 - x for -x, and a quotient by that has the other sign
        return True
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


@given(SEEDS)
def test_as_polars(seed):
    rng = random.Random(seed)
    table = random_table(rng)
    frame = pc.DataFrame(table)
    for text in [number(rng, 3) + " + f.i", truth(rng, 3), truth(rng, 2)]:
        got, wanted = ours(frame, text), polars_of(table, text)
        wrong = [i for i in range(ROWS) if not alike(got[i], wanted[i])]
        assert not wrong, f"seed {seed}: {text} in row {wrong[0]}: {got[wrong[0]]} and {wanted[wrong[0]]}"


@given(SEEDS)
def test_filters_keep_the_rows_that_duckdb_keeps(seed):
    rng = random.Random(seed)
    table = random_table(rng)
    frame = pc.DataFrame(table)
    low, high, words = rng.randrange(-40, 0), rng.randrange(0, 40), rng.sample(["", "a", "b", "Ä", "xyz"], 3)
    # What is among no values is false in pandas' words, null in SQL's.
    others = "(s is null or s not in (" + ", ".join(f"'{word}'" for word in words) + "))"
    cases = [
        (
            frame["i"].between(low, high) & ~frame["s"].isin(words),
            f"i between {low} and {high} and {others}",
        ),
        (frame["s"].str.contains("a.*b") | (frame["x"] > frame["j"]), "s like '%a%b%' or x > j"),
        ((frame["i"] % 3 == 1) ^ frame["t"].fillna(False), "((i % 3 + 3) % 3 = 1) != coalesce(t, false)"),
        (frame["s"].str.len() + frame["i"] // 7 > 2, "length(s) + floor(i / 7) > 2"),
        (frame["s"].str.upper().str.startswith("Ä") | frame["x"].isna(), "starts_with(upper(s), 'Ä') or x is null"),
    ]
    connection = duckdb.connect()
    connection.register("tbl", table)
    for mask, sql in cases:
        wanted = connection.sql(f"select i, x, s from tbl where {sql}").fetchall()
        kept = [tuple(row.values()) for row in frame[mask][["i", "x", "s"]].to_dict("records")]
        assert kept == wanted, f"seed {seed}: {sql}"


@given(SEEDS)
def test_integers_and_floats_as_pandas(seed):
    rng = numpy.random.default_rng(seed)
    kinds = rng.choice(["int8", "int16", "int32", "int64", "uint8", "uint16", "float32", "float64"], 2)
    theirs = pandas.DataFrame({name: rng.integers(1, 5, 50).astype(kind) for name, kind in zip("ab", kinds)})
    frame = pc.DataFrame({name: theirs[name].to_numpy() for name in "ab"})
    for operator in ("add", "mul", "truediv", "floordiv", "mod", "pow"):
        ours, wanted = getattr(frame["a"], operator)(frame["b"]), getattr(theirs["a"], operator)(theirs["b"])
        if operator == "pow" and "8" in "".join(kinds):
            continue  # overflows, which pandas doesn't tell
        assert ours.dtype == str(wanted.dtype), f"seed {seed}: {operator} of {kinds}"
        near = pytest.approx(wanted.tolist(), rel=1e-6 if "32" in ours.dtype else 1e-12)
        assert ours.to_list() == near, f"seed {seed}: {operator} of {kinds}"

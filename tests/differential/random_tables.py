"""What differential tests draw: tables of any types, with nulls, in several batches; and how results are compared."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

#: Seeds of `random.Random`, for tables larger than those that are drawn value by value. A failure prints the seed.
SEEDS = st.integers(0, 2**32 - 1)

#: A sixth of the cases, for tests that are parametrized besides.
FEW = settings(max_examples=max(settings.default.max_examples // 6, 3))

#: By type, values that are near each other, or that are likely to be got wrong.
VALUES = {
    pa.bool_(): [True, False],
    pa.int8(): [-128, -1, 0, 1, 127],
    pa.int16(): [-(2**15), 0, 3, 2**15 - 1],
    pa.int32(): [-(2**31), -7, 0, 7, 2**31 - 1],
    pa.int64(): [-(2**63), -(2**53) - 1, 0, 1, 2**53 + 1, 2**63 - 1],
    pa.uint8(): [0, 1, 255],
    pa.uint16(): [0, 9, 2**16 - 1],
    pa.uint32(): [0, 2**31, 2**32 - 1],
    pa.uint64(): [0, 1, 2**63, 2**64 - 1],
    pa.float32(): [0.0, -0.0, 0.5, -2.25, math.inf, -math.inf],
    pa.float64(): [0.0, -0.0, 1.5, -1e300, 5e-324, math.inf],
    pa.string(): ["", "a", "b", "exactly 12 b", "one of thirteen", "one of thirteen, and more", "é"],
    pa.large_string(): ["", "x", "y" * 40, "y" * 39 + "z"],
    pa.date32(): [date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29)],
    pa.timestamp("us"): [datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2024, 2, 29, 1, 2, 3, 4)],
    pa.duration("us"): [timedelta(0), timedelta(days=-1), timedelta(microseconds=5)],
    pa.decimal128(9, 2): [Decimal("0.00"), Decimal("-1.25"), Decimal("9999999.99")],
}

TYPES = list(VALUES)


@st.composite
def columns(draw: st.DrawFn, kind: pa.DataType, rows: int) -> pa.Array:
    """Draw a column: few distinct values, so that keys meet, and nulls in some."""
    values = VALUES[kind] + draw(st.sampled_from([[], [None], [None, None, None]]))
    return pa.array(draw(st.lists(st.sampled_from(values), min_size=rows, max_size=rows)), kind)


@st.composite
def tables(draw: st.DrawFn, kinds: dict[str, pa.DataType], max_rows: int = 40, number: str | None = "n") -> pa.Table:
    """Draw a table of the given columns and the rows' numbers, in up to three batches."""
    rows = draw(st.integers(0, max_rows))
    made = {name: draw(columns(kind, rows)) for name, kind in kinds.items()}
    if number is not None:
        made[number] = pa.array(range(rows), pa.int64())
    table = pa.table(made)
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=2)))
    pieces = [table[a:b] for a, b in zip([0, *cuts], [*cuts, rows])]
    return pa.concat_tables(pieces)


def with_nan(data: st.DataObject, table: pa.Table) -> pa.Table:
    """Return a table in which, as drawn, the infinities of floats are NaN instead."""
    if not data.draw(st.booleans()):
        return table
    for i, column in enumerate(table.columns):
        if pa.types.is_floating(column.type):
            values = [math.nan if value is not None and math.isinf(value) else value for value in column.to_pylist()]
            table = table.set_column(i, table.field(i), pa.chunked_array([pa.array(values, column.type)]))
    return table


def kinds(count: int) -> st.SearchStrategy[dict[str, pa.DataType]]:
    """Draw the types of one to `count` key columns."""
    return st.lists(st.sampled_from(TYPES), min_size=1, max_size=count).map(
        lambda chosen: {f"k{i}": kind for i, kind in enumerate(chosen)}
    )


def plain(value: object) -> object:
    """Return a value in the form in which all libraries agree on it: one NaN, one zero, 12 digits."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return 0.0 if value == 0 else float(f"{value:.12g}")
    if isinstance(value, pa.MonthDayNano):  # DuckDB's interval
        return timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
    return value


def rows_of(table: object) -> list[tuple]:
    """Return rows in their order."""
    lists = [column.to_pylist() for column in pa.table(table).columns]
    return [tuple(map(plain, row)) for row in zip(*lists)]


def counted(table: object) -> Counter:
    """Return rows as a multiset."""
    return Counter(rows_of(table))

"""TPC-H: the 22 queries of the decision-support benchmark, one deferred plan each, against DuckDB's SQL.

The tables come from tpchgen-cli, at the scale factor that gives that many rows of lineitem (6 million are 1). Money is
float64 in all engines, as users of data frames have it. The texts are the specification's, with its validation
parameters (https://www.tpc.org/tpch, version 3.0.1); a LIKE is a `str` method and a subquery a merge.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import tpch_queries
import tpch_sql
from line import Line

NAME = "tpch"
ROWS = [6_000_000]
QUICK = 60_000

#: What pycylon's time may be of DuckDB's: of one query, and of all (the geometric mean).
REQUIRED_QUERY, REQUIRED_MEAN = 2.0, 1.0

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


def tables(rows: int) -> dict[str, pa.Table]:
    """Return the tables at the scale factor that gives about as many rows of lineitem."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Path(sys.executable).with_name("tpchgen-cli")
        scale = f"{rows / 6_000_000:g}"
        command = [str(generator), "parquet", "-s", scale, f"--output-dir={folder}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return {name: _plain(pq.read_table(Path(folder, f"{name}.parquet"))) for name in TABLES}


def _plain(table: pa.Table) -> pa.Table:
    """Return a table with money as float64 and texts as utf8."""
    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_decimal(kind):
            kind = pa.float64()
        elif pa.types.is_string_view(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            kind = pa.string()
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields)).combine_chunks()


def _line(number: int) -> Line:
    name = f"q{number}"
    columns, order, reads = tpch_sql.ANSWERS[name]
    queries = {"pycylon": getattr(tpch_queries, name), "duckdb": tpch_sql.TEXTS[name]}
    return Line(name, columns, reads, queries, order, required=REQUIRED_QUERY)


LINES = [_line(number) for number in range(1, 23)]

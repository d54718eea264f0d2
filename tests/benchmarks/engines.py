"""The engines that are compared: each holds the tables in memory in its own form, and runs a query on them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

import pycylon as pc


class Engine:
    """Tables by name, and queries: functions of them."""

    version = ""

    def __init__(self, tables: dict[str, pa.Table], threads: int) -> None:
        self.tables = SimpleNamespace(**{name: self.load(table) for name, table in tables.items()})
        self.tables.threaded = threads > 1

    def load(self, table: pa.Table) -> Any:
        """Return a table in the engine's form."""
        raise NotImplementedError

    def run(self, query: Any, is_ordered: bool) -> Any:
        """Return the rows of a query, fully written."""
        return query(self.tables)

    def arrow(self, result: Any) -> pa.Table:
        """Return what `run` returned as an Arrow table."""
        return pa.table(result)


class PyCylon(Engine):
    """pycylon; PYCYLON_THREADS is set."""

    version = pc.__version__

    def load(self, table: pa.Table) -> Any:
        return pc.DataFrame(table)

    def run(self, query: Any, is_ordered: bool) -> Any:
        return query(self.tables).collect()


class Pandas(Engine):
    """pandas; nearly all of it has one thread."""

    version = pd.__version__

    def load(self, table: pa.Table) -> Any:
        return table.to_pandas()

    def arrow(self, result: Any) -> pa.Table:
        return pa.Table.from_pandas(result, preserve_index=False)


class Polars(Engine):
    """Polars; POLARS_MAX_THREADS is set. A query may return a lazy frame."""

    version = pl.__version__

    def load(self, table: pa.Table) -> Any:
        return pl.DataFrame(table).rechunk()

    def run(self, query: Any, is_ordered: bool) -> Any:
        result = query(self.tables)
        return result.collect() if isinstance(result, pl.LazyFrame) else result

    def arrow(self, result: Any) -> pa.Table:
        return result.to_arrow()


class DuckDB(Engine):
    """DuckDB, from tables into a table in memory; free to return rows in any order unless they are to be in one."""

    version = duckdb.__version__

    def __init__(self, tables: dict[str, pa.Table], threads: int) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        for name, table in tables.items():
            self.connection.register("arrow", table)
            self.connection.execute(f"create table {name} as from arrow")
            self.connection.unregister("arrow")

    def run(self, query: Any, is_ordered: bool) -> Any:
        self.connection.execute(f"set preserve_insertion_order = {is_ordered}")
        self.connection.execute(f"create or replace temp table result as {query}")

    def arrow(self, result: Any) -> pa.Table:
        return pa.table(self.connection.sql("from result"))


class PyArrow(Engine):
    """pyarrow's own hash tables and kernels."""

    version = pa.__version__

    def __init__(self, tables: dict[str, pa.Table], threads: int) -> None:
        pa.set_cpu_count(threads)
        super().__init__(tables, threads)

    def load(self, table: pa.Table) -> Any:
        return table


ENGINES = {"pycylon": PyCylon, "pandas": Pandas, "polars": Polars, "duckdb": DuckDB, "pyarrow": PyArrow}

"""One process of the join benchmark: join.py ROWS THREADS REPEATS prints JSON."""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import pycylon as pc

KEY_SHARE = 0.9
SEED = 20


def columns(rows: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the two tables' columns."""
    random = np.random.default_rng(SEED)

    def table(value: str) -> dict[str, np.ndarray]:
        keys = random.integers(0, int(rows * KEY_SHARE), rows, dtype=np.int64)
        return {"key": keys, value: random.integers(0, 2**31, rows, dtype=np.int64)}

    return table("x"), table("y")


def expected(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> dict[str, int]:
    """Return the answer's checksum without joining: every row counts as often as the other side has its key."""
    size = int(max(left["key"].max(), right["key"].max())) + 1
    in_left, in_right = (np.bincount(side["key"], minlength=size) for side in (left, right))
    return {
        "rows": int((in_left * in_right).sum()),
        "key": int((in_left * in_right * np.arange(size)).sum()),
        "x": int((left["x"] * in_right[left["key"]]).sum()),
        "y": int((right["y"] * in_left[right["key"]]).sum()),
    }


class PyCylon:
    """pycylon, by the same call as pandas."""

    version = pc.__version__

    def __init__(self, left: pa.Table, right: pa.Table, threads: int) -> None:
        self.left, self.right = pc.DataFrame(left), pc.DataFrame(right)

    def join(self) -> Any:
        return self.left.merge(self.right, on="key")

    def arrow(self, result: Any) -> pa.Table:
        return pa.table(result)


class Pandas:
    """pandas; its join has one thread."""

    version = pd.__version__

    def __init__(self, left: pa.Table, right: pa.Table, threads: int) -> None:
        self.left, self.right = left.to_pandas(), right.to_pandas()

    def join(self) -> Any:
        return self.left.merge(self.right, on="key")

    def arrow(self, result: Any) -> pa.Table:
        return pa.Table.from_pandas(result)


class Polars:
    """Polars, eager; POLARS_MAX_THREADS is set."""

    version = pl.__version__

    def __init__(self, left: pa.Table, right: pa.Table, threads: int) -> None:
        self.left, self.right = pl.DataFrame(left).rechunk(), pl.DataFrame(right).rechunk()

    def join(self) -> Any:
        return self.left.join(self.right, on="key", how="inner")

    def arrow(self, result: Any) -> pa.Table:
        return result.to_arrow()


class DuckDB:
    """DuckDB, from tables into a table in memory, free to return rows in any order."""

    version = duckdb.__version__

    def __init__(self, left: pa.Table, right: pa.Table, threads: int) -> None:
        self.connection = duckdb.connect(config={"threads": threads, "preserve_insertion_order": False})
        self.connection.register("arrow_l", left)
        self.connection.register("arrow_r", right)
        self.connection.execute("create table l as from arrow_l; create table r as from arrow_r")

    def join(self) -> Any:
        self.connection.execute(
            "create or replace temp table result as select l.key, x, y from l join r on l.key = r.key"
        )

    def arrow(self, result: Any) -> pa.Table:
        return pa.table(self.connection.sql("from result"))


class PyArrow:
    """pyarrow's hash join."""

    version = pa.__version__

    def __init__(self, left: pa.Table, right: pa.Table, threads: int) -> None:
        pa.set_cpu_count(threads)
        self.left, self.right, self.threaded = left, right, threads > 1

    def join(self) -> Any:
        return self.left.join(self.right, keys="key", join_type="inner", use_threads=self.threaded)

    def arrow(self, result: Any) -> pa.Table:
        return result


ENGINES = {"pycylon": PyCylon, "pandas": Pandas, "polars": Polars, "duckdb": DuckDB, "pyarrow": PyArrow}


def checksum(table: pa.Table) -> dict[str, int]:
    """Return rows and column sums."""
    return {"rows": table.num_rows, **{name: int(table[name].to_numpy().sum()) for name in ("key", "x", "y")}}


def main() -> None:
    """Measure every engine in turn."""
    rows, threads, repeats = map(int, sys.argv[1:])
    left, right = columns(rows)
    answer = expected(left, right)
    tables = pa.table(left), pa.table(right)
    engines = {name: engine(*tables, threads) for name, engine in ENGINES.items()}
    report: dict[str, Any] = {
        name: {"version": engine.version, "wall": [], "cpu": []} for name, engine in engines.items()
    }
    for _ in range(repeats):
        for name, engine in engines.items():
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            result = engine.join()
            report[name]["wall"].append(time.perf_counter() - wall)
            report[name]["cpu"].append(time.process_time() - cpu)
            if "answer" not in report[name]:
                report[name]["answer"] = checksum(engine.arrow(result))
            del result
    for engine in report.values():
        wall = engine.pop("wall")
        engine |= {"min": min(wall), "median": statistics.median(wall), "cpu": min(engine["cpu"])}
    json.dump({"answer": answer, "engines": report}, sys.stdout)


if __name__ == "__main__":
    main()

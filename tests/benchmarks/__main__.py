"""Speed and memory against pandas, Polars, DuckDB and pyarrow, measured in the same run.

Usage: python tests/benchmarks [LINE ...] [--threads 1 2] [--repeats 5] [--rows N] [--quick] [--list]     (make bench)

LINE is a family ("groupby") or one of its lines ("groupby q1"). A time is from the Python call to a fully written
result; inputs are in each engine's own form before. Every engine's answer is checked. Exit status 1: an answer is
wrong, or pycylon takes more time or memory of the best peer's than is required. `--quick` is for tests: tiny tables,
whose answers count and times don't.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from line import lines
from report import ratio_of, show, show_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

FAMILIES = ("paper", "text", "groupby", "join", "sort", "unique", "scan", "tpch")
HERE = Path(__file__).resolve().parent


def child(script: str, threads: int, *arguments: str) -> Iterator[Any]:
    """Run a script of this folder in a process whose engines may use `threads` threads; yield what its lines say."""
    # Read at import by Polars (threads) and by the BLAS under NumPy.
    limits = {"POLARS_MAX_THREADS": threads, "PYCYLON_THREADS": threads, "OMP_NUM_THREADS": threads}
    environment = dict(os.environ, **{name: str(value) for name, value in limits.items()})
    command = [sys.executable, str(HERE / script), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        yield from map(json.loads, process.stdout)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")


def show_start(repeats: int) -> None:
    """Measure import and first use in fresh processes, and the round trip of a table."""
    runs = [next(child("start.py", 1)) for _ in range(repeats)]
    imported, first = (1000 * min(run[name] for run in runs) for name in ("import", "first_use"))
    print(f"import pycylon {imported:.1f} ms (required 50), first use {first:.1f} ms (required 100); min of {repeats}")
    (trip,) = child("roundtrip.py", 1)
    spent = f"{1000 * trip['min']:.3f} ms (required 1); min of {trip['repeats']}"
    print(f"pyarrow -> pycylon -> pyarrow, {trip['rows']:,} rows x 2: {spent}")


def main() -> int:
    """Run the chosen lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", nargs="*", metavar="LINE", help="default: all, and the start")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", type=int, help="default: each family's own")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="list the lines")
    arguments = parser.parse_args()
    passed = True
    if not arguments.lines and not arguments.list:
        show_start(1 if arguments.quick else arguments.repeats)
    for name in FAMILIES:
        family = importlib.import_module(name)
        chosen = lines(family)
        if arguments.lines:
            chosen = {full: line for full, line in chosen.items() if {full, family.NAME} & {*arguments.lines}}
        if arguments.list:
            print(*chosen, sep="\n")
            continue
        sizes = [family.QUICK] if arguments.quick else [arguments.rows] if arguments.rows else family.ROWS
        repeats = 1 if arguments.quick else arguments.repeats
        for rows in sizes if chosen else ():
            for threads in arguments.threads:
                print(f"\n{family.__doc__.splitlines()[0]} {rows:,} rows, {threads} thread(s), {repeats} runs or more")
                ratios = []
                for told in child("measure.py", threads, name, str(rows), str(threads), str(repeats), *chosen):
                    passed &= show(chosen[told["line"]], told, arguments.quick)
                    ratios += ratio_of(told)
                if not arguments.quick and len(ratios) == len(family.LINES):
                    passed &= show_mean(family.NAME, ratios, getattr(family, "REQUIRED_MEAN", None))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

"""Speed against pandas, Polars, DuckDB and pyarrow, measured in the same run.

Usage: python tests/benchmarks [--rows 1000000 9100000] [--threads 1 2] [--repeats 5]     (make bench)

The join of the Cylon papers: two tables of two int64 columns, keys uniform in 0.9 x rows. Machines drift, so engines
take turns within one process and ratios of their best times count. A time is from the Python call to a fully written
result; inputs are imported before. Every engine's answer is checked by a checksum. Exit status 1: an answer is wrong,
or pycylon takes over half of the best peer's time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUIRED_RATIO = 0.5
GOAL_RATIO = 0.25
HERE = Path(__file__).resolve().parent


def child(script: str, threads: int, *arguments: str) -> Any:
    """Run a script of this folder in a process whose engines may use `threads` threads, and return what it prints."""
    # Read at import by Polars (threads) and by the BLAS under NumPy.
    limits = {"POLARS_MAX_THREADS": threads, "PYCYLON_THREADS": threads, "OMP_NUM_THREADS": threads}
    environment = dict(os.environ, **{name: str(value) for name, value in limits.items()})
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def show_join(rows: int, threads: int, repeats: int) -> bool:
    """Measure the join, print a line per engine, and tell whether the answers and the time are as required."""
    result = child("join.py", threads, str(rows), str(threads), str(repeats))
    ours = result["engines"]["pycylon"]
    peers = {name: engine for name, engine in result["engines"].items() if name != "pycylon"}
    best = min(peers, key=lambda name: peers[name]["min"])
    ratio = ours["min"] / peers[best]["min"]
    print(f"\njoin, {rows:,} rows, {threads} thread(s), {repeats} runs: {result['answer']['rows']:,} rows of result")
    for name, engine in sorted(result["engines"].items(), key=lambda item: item[1]["min"]):
        right = "" if engine["answer"] == result["answer"] else "   WRONG ANSWER"
        print(
            f"  {name:8s} {engine['version']:10s} min {engine['min']:7.3f} s  median {engine['median']:7.3f} s"
            f"  cpu {engine['cpu']:7.3f} s  pycylon takes {ours['min'] / engine['min']:5.2f} x{right}"
        )
    verdict = "goal met" if ratio <= GOAL_RATIO else "as required" if ratio <= REQUIRED_RATIO else "TOO SLOW"
    print(f"  against the best peer, {best}: {ratio:.2f} x (required {REQUIRED_RATIO}, goal {GOAL_RATIO}): {verdict}")
    return ratio <= REQUIRED_RATIO and all(
        engine["answer"] == result["answer"] for engine in result["engines"].values()
    )


def show_start(repeats: int) -> None:
    """Measure import and first use in fresh processes, and the round trip of a table."""
    runs = [child("start.py", 1) for _ in range(repeats)]
    imported, first = (1000 * min(run[name] for run in runs) for name in ("import", "first_use"))
    print(f"import pycylon {imported:.1f} ms (required 50), first use {first:.1f} ms (required 100); min of {repeats}")
    trip = child("roundtrip.py", 1)
    spent = f"{1000 * trip['min']:.3f} ms (required 1); min of {trip['repeats']}"
    print(f"pyarrow -> pycylon -> pyarrow, {trip['rows']:,} rows x 2: {spent}")


def main() -> int:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 9_100_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    show_start(arguments.repeats)
    passed = [show_join(rows, threads, arguments.repeats) for rows in arguments.rows for threads in arguments.threads]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())

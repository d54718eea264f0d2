"""One process of the benchmark: measure.py FAMILY ROWS THREADS REPEATS LINE... prints JSON.

Machines drift, so engines take turns within one process, and ratios of their best times count. First of all, before
any engine has run, each runs each line once in a forked process of its own: that is the cold figure, and the highest
resident memory above what was there before the call is the peak.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from answer import same, summary
from engines import ENGINES
from line import Line, lines, narrowed

if TYPE_CHECKING:
    import pyarrow as pa

#: An engine that takes this many times the best one's time runs twice, not more.
HOPELESS = 5.0


def resident(what: str) -> int:
    """Return the resident bytes of this process: VmRSS now, VmHWM at most."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) << 10 if found else 0


def cold(name: str, line: Line, tables: dict[str, pa.Table], threads: int) -> dict[str, float]:
    """Return the seconds and the peak memory of an engine's first run of a line, in a process of its own."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            engine = ENGINES[name](narrowed(line, tables), threads)
            gc.collect()
            Path("/proc/self/clear_refs").write_text("5")  # begin VmHWM anew
            before, start = resident("VmRSS"), time.perf_counter()
            result = engine.run(line.queries[name], bool(line.order))
            seconds, peak = time.perf_counter() - start, resident("VmHWM") - before
            del result
            os.write(theirs, json.dumps({"cold": seconds, "peak": peak}).encode())
        except Exception:  # it is told of the warm run
            pass
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told) if told else {}


class Copy:
    """A copy of the columns that a line reads into memory that is there: the physical limit."""

    def __init__(self, line: Line, tables: dict[str, pa.Table]) -> None:
        buffers = [
            buffer
            for table in narrowed(line, tables).values()
            for column in table.columns
            for chunk in column.chunks
            for buffer in chunk.buffers()
            if buffer is not None
        ]
        self.sources = [np.frombuffer(buffer, np.uint8) for buffer in buffers]
        self.targets = [np.ones_like(source) for source in self.sources]

    def seconds(self) -> float:
        start = time.perf_counter()
        for target, source in zip(self.targets, self.sources):
            np.copyto(target, source)
        return time.perf_counter() - start


def warm(line: Line, engines: dict[str, Any], tables: dict[str, pa.Table], repeats: int) -> dict[str, Any]:
    """Run a line on all engines in turn and return what each took and answered."""
    took: dict[str, dict[str, Any]] = {
        name: {"version": engine.version, "wall": [], "cpu": []}
        for name, engine in sorted(engines.items(), key=lambda item: item[0] != "duckdb")  # whose answer is expected
        if name in line.queries
    }
    floats = None
    copy, copied = Copy(line, tables), []
    for round_ in range(repeats + 1):  # the first is to warm up
        copied.append(copy.seconds())
        best = min((min(report["wall"]) for report in took.values() if report["wall"]), default=float("inf"))
        for name, report in took.items():
            if "error" in report or (round_ > 2 and min(report["wall"]) > HOPELESS * best):
                continue
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                result = engines[name].run(line.queries[name], bool(line.order))
            except Exception as error:  # the other lines are still worth their hours
                report["error"] = f"{type(error).__name__}: {error}"
                continue
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if round_ == 0:
                report["answer"] = summary(engines[name].arrow(result), line.columns, line.order, floats)
                floats = report["answer"].get("floats")
            else:
                report["wall"].append(wall)
                report["cpu"].append(cpu)
            del result
    for report in took.values():
        walls, cpus = report.pop("wall"), report.pop("cpu")
        if walls:
            report |= {"min": min(walls), "median": statistics.median(walls), "runs": len(walls), "cpu": min(cpus)}
            report["right"] = same(report["answer"], took["duckdb"]["answer"])
    return {"engines": took, "copy": min(copied)}


def main() -> None:
    """Measure the lines of a family."""
    family, rows, threads, repeats, *names = sys.argv[1:]
    module = importlib.import_module(family)
    chosen = {name: line for name, line in lines(module).items() if name in names}
    tables = module.tables(int(rows))
    once = {
        (name, engine): cold(engine, line, tables, int(threads))
        for name, line in chosen.items()
        for engine in line.queries
    }
    engines = {name: engine(tables, int(threads)) for name, engine in ENGINES.items()}
    for name, line in chosen.items():
        report = warm(line, engines, tables, int(repeats))
        for engine, told in report["engines"].items():
            told |= once[name, engine]
        print(json.dumps({"line": name, **report}), flush=True)


if __name__ == "__main__":
    main()

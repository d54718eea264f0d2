"""The demo's jobs by pandas in one process, for the comparison of answers and times."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pycylon import _optional
from pycylon.demo import synthetic
from pycylon.demo.job import FLIGHTS, KEYS, PLANES, RESULT, WEATHER

if TYPE_CHECKING:
    from pathlib import Path


def delays(folder: Path) -> tuple[Any, float]:
    """Return what `pycylon.demo.job.delays` must return, and the seconds it took."""
    pandas = _optional.need("pandas", "the comparison with pandas")
    start = time.perf_counter()
    flights = pandas.read_csv(folder / "flights.csv", usecols=FLIGHTS)
    weather = pandas.read_csv(folder / "weather.csv", usecols=WEATHER)
    planes = pandas.read_csv(folder / "planes.csv", usecols=PLANES)
    joined = flights.merge(planes, on="tailnum").merge(weather, on=["origin", "time_hour"])
    groups = joined.groupby(KEYS).agg(**RESULT).reset_index()
    ordered = groups.sort_values(["delay", *KEYS], ascending=[False, True, True], ignore_index=True)
    return ordered, time.perf_counter() - start


def join(rows: int, world_size: int) -> tuple[dict[str, int], float]:
    """Return the checksum of `pycylon.demo.synthetic.join` over all ranks, and the seconds of the join alone."""
    pandas = _optional.need("pandas", "the comparison with pandas")
    left, right = (
        pandas.concat([pandas.DataFrame(synthetic.columns(rows, rank, world_size, side)) for rank in range(world_size)])
        for side in ("left", "right")
    )
    start = time.perf_counter()
    joined = left.merge(right, on="key")
    seconds = time.perf_counter() - start
    return synthetic.checksum(joined), seconds


def differences(ours: Any, expected: Any) -> list[str]:
    """Return in words how two answers of `delays` differ; nothing if they agree.

    Floats may differ in their last digits (ranks add in another order), so rows whose delays are that near may have
    changed places: rows are compared by their keys, and the order by itself.
    """
    found = []
    if list(ours.columns) != list(expected.columns):
        return [f"columns are {list(ours.columns)}, expected {list(expected.columns)}"]
    if len(ours) != len(expected):
        return [f"{len(ours)} rows, expected {len(expected)}"]
    if not (ours["delay"].diff().dropna() <= 0).all():
        found.append("rows are not in the order of their delay")
    ours, expected = (frame.sort_values(KEYS, ignore_index=True) for frame in (ours, expected))
    for name in expected.columns:
        if name in KEYS:
            equal = list(ours[name]) == list(expected[name])
        else:
            a, b = ours[name].astype(float), expected[name].astype(float)
            near = ((a - b).abs() <= 1e-9 * b.abs()) | (a.isna() & b.isna())
            equal = bool(near.all())
        if not equal:
            found.append(f"column {name!r} differs")
    return found

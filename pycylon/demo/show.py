"""What ``python -m pycylon demo`` prints: the answer, what happened, and whether pandas agrees."""

from __future__ import annotations

import time
from typing import Any

from pycylon.demo import chart as _chart
from pycylon.demo import data as _data
from pycylon.demo import job, peer, report, synthetic

DEFAULT_CHART = "pycylon-demo.png"
SHOWN_ROWS = 10


def show(
    world_size: int = 4,
    rows: int | None = None,
    channel: str = "tcp",
    data: str | None = None,
    chart: str | None = None,
) -> int:
    """Run a demo job, print its answer and what happened, and return an exit status: 1 if the answer is not pandas'.

    Parameters
    ----------
    world_size : int
        The number of ranks.
    rows : int, optional
        Join two synthetic tables of so many rows instead.
    channel : str
        How ranks talk; "tcp" is the only channel between processes so far.
    data : str, optional
        The folder of the tables.
    chart : str, optional
        The PNG file of the chart.
    """
    if rows is not None:
        return _show_join(world_size, rows, channel)
    return _show_delays(world_size, channel, data, chart or DEFAULT_CHART)


def _show_delays(world_size: int, channel: str, data: str | None, chart: str) -> int:
    from pycylon import concat, run

    folder = _data.folder(data)
    print(f"{world_size} ranks over {channel}: flights joined with planes and weather, delay by carrier and month\n")
    start = time.perf_counter()
    ranks = run(job.delays, world_size=world_size, args=(str(folder),))
    elapsed = time.perf_counter() - start
    answer = concat([rank["frame"] for rank in ranks]).to_pandas()
    expected, seconds = peer.delays(folder)
    print(answer.head(SHOWN_ROWS).to_string(index=False, float_format="{:.2f}".format))
    print(f"... {len(answer)} rows\n")
    print(_chart.draw(list(answer[[*job.KEYS, "delay"]].itertuples(index=False)), chart), end="\n\n")
    return _conclude(ranks, elapsed, seconds, peer.differences(answer, expected))


def _show_join(world_size: int, rows: int, channel: str) -> int:
    from pycylon import run

    print(f"{world_size} ranks over {channel}: join of two tables of {rows:,} rows, keys uniform in 0.9 x rows\n")
    start = time.perf_counter()
    ranks = run(synthetic.join, world_size=world_size, args=(rows,))
    elapsed = time.perf_counter() - start
    sums = [rank["checksum"] for rank in ranks]
    answer = {name: sum(share[name] for share in sums) for name in sums[0]}
    expected, seconds = peer.join(rows, world_size)
    return _conclude(
        ranks, elapsed, seconds, [] if answer == expected else [f"checksum is {answer}, expected {expected}"]
    )


def _conclude(ranks: list[dict[str, Any]], elapsed: float, peer_seconds: float, differences: list[str]) -> int:
    print(report.phases(ranks))
    total = report.total_seconds(ranks)
    print(f"\n{report.connections(ranks)}; {ranks[0]['env'].get('threads', '?')} thread(s) in each rank")
    print(f"processes started, connected and ended in another {elapsed - total:.2f} s")
    print(f"the same job by pandas in one process: {peer_seconds:.3f} s, {peer_seconds / total:.1f} x the ranks' time")
    if differences:
        print("THE ANSWERS DIFFER: " + "; ".join(differences))
        return 1
    print("the answers agree")
    return 0

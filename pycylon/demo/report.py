"""What happened in a job, in words: time, rows and bytes by phase, and how the ranks were connected."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def phases(ranks: Sequence[dict[str, Any]]) -> str:
    """Return a table of the phases: the slowest rank's time, the rows of all ranks, the bytes between ranks.

    Examples
    --------
    >>> rank = {"phases": {"read": 0.25}, "rows": {"read": 1200}, "sent": {"read": 0}}
    >>> print(phases([rank, rank]))
    phase             seconds          rows     MB moved
    read                0.250         2,400         0.00
    total               0.250                       0.00
    """
    lines = [f"{'phase':14s}  {'seconds':>8s}  {'rows':>12s}  {'MB moved':>11s}"]
    names = list(ranks[0]["phases"])
    for name in names:
        seconds = max(rank["phases"][name] for rank in ranks)
        rows = sum(rank["rows"][name] for rank in ranks)
        lines.append(f"{name:14s}  {seconds:8.3f}  {rows:12,d}  {_moved(ranks, [name]):11.2f}")
    lines.append(f"{'total':14s}  {total_seconds(ranks):8.3f}  {'':12s}  {_moved(ranks, names):11.2f}")
    return "\n".join(lines)


def total_seconds(ranks: Sequence[dict[str, Any]]) -> float:
    """Return the time of all phases, each that of its slowest rank."""
    return float(sum(max(rank["phases"][name] for rank in ranks) for name in ranks[0]["phases"]))


def connections(ranks: Sequence[dict[str, Any]]) -> str:
    """Return how many pairs of ranks are connected, and how.

    Examples
    --------
    >>> peers = [[{"rank": 1, "path": "host"}], [{"rank": 0, "path": "host"}]]
    >>> connections([{"env": {"rank": r, "peers": p}} for r, p in enumerate(peers)])
    '1 of 1 pairs connected directly: 1 host'
    """
    paths = {
        (min(rank["env"]["rank"], peer["rank"]), max(rank["env"]["rank"], peer["rank"])): str(peer["path"])
        for rank in ranks
        for peer in rank["env"].get("peers", [])
        if peer["rank"] != rank["env"]["rank"]
    }
    direct = {pair: path for pair, path in paths.items() if path != "relay"}
    kinds = ", ".join(f"{count} {path}" for path, count in sorted(Counter(paths.values()).items()))
    pairs = len(ranks) * (len(ranks) - 1) // 2
    return f"{len(direct)} of {pairs} pairs connected directly" + (f": {kinds}" if kinds else "")


def _moved(ranks: Sequence[dict[str, Any]], names: Sequence[str]) -> float:
    return float(sum(rank["sent"][name] for rank in ranks for name in names)) / 1e6

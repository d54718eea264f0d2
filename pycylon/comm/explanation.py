"""`Explanation`: by what a collective's algorithm is chosen."""

from __future__ import annotations

from typing import Any


class Explanation:
    """What a collective would take by each of its algorithms, and over other channels. It prints as a table.

    Attributes
    ----------
    collective : str
        The collective.
    nbytes : int
        The bytes that one rank gives.
    world_size : int
        The number of ranks.
    latency, bandwidth : float
        Of this job's slowest path, in seconds and in bytes a second.
    prospects : list of dict
        For each "channel" and "algorithm": "steps" one behind the other, "messages" of all ranks, "bytes" through the
        busiest link, "seconds", "dollars", and whether it is "chosen".
    """

    def __init__(self, collective: str, nbytes: int, world_size: int, told: dict[str, Any]) -> None:
        self.collective, self.nbytes, self.world_size = collective, nbytes, world_size
        self.latency: float = told["latency"]
        self.bandwidth: float = told["bandwidth"]
        self.prospects: list[dict[str, Any]] = told["prospects"]

    @property
    def chosen(self) -> dict[str, Any]:
        """The prospect that is chosen."""
        return next(p for p in self.prospects if p["chosen"])

    def __repr__(self) -> str:
        """Return a table."""
        lines = [
            f"{self.collective} of {_bytes(self.nbytes)}, {self.world_size} ranks; "
            f"{_seconds(self.latency)} and {_bytes(self.bandwidth)}/s between them",
            f"{'channel':9} {'algorithm':13} {'steps':>5} {'messages':>8} {'one link':>9} {'time':>9} {'price':>10}",
        ]
        for p in self.prospects:
            lines.append(
                f"{p['channel']:9} {p['algorithm']:13} {p['steps']:5} {p['messages']:8} {_bytes(p['bytes']):>9} "
                f"{_seconds(p['seconds']):>9} {p['dollars'] * 1e6:8.3f} u$" + ("  <- chosen" if p["chosen"] else "")
            )
        return "\n".join(lines)


def _bytes(n: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"


def _seconds(t: float) -> str:
    return f"{t * 1e6:.3g} us" if t < 1e-3 else f"{t * 1e3:.3g} ms" if t < 1 else f"{t:.3g} s"

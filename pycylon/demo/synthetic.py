"""The join that the Cylon papers measure: two tables of a key and a value, keys uniform in 0.9 times the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon import _optional
from pycylon.demo.job import Phases

if TYPE_CHECKING:
    from pycylon import CylonEnv

# Keys are drawn from [0, KEY_SHARE * rows): most rows find a partner, many find several.
KEY_SHARE = 0.9


def columns(rows: int, rank: int, world_size: int, side: str) -> dict[str, Any]:
    """Return one rank's share of one table, as NumPy arrays: always the same for the same arguments."""
    numpy = _optional.need("numpy", "the demo of the join")
    share = rows // world_size + (rank < rows % world_size)
    random = numpy.random.default_rng([rank, side == "right"])
    keys = random.integers(0, max(1, int(rows * KEY_SHARE)), share, dtype=numpy.int64)
    return {"key": keys, side: random.integers(0, 2**31, share, dtype=numpy.int64)}


def join(env: CylonEnv, rows: int) -> dict[str, Any]:
    """Join the two tables over all ranks.

    Returns
    -------
    dict
        As `pycylon.demo.job.delays`; in place of the frame its ``checksum``.
    """
    import pycylon as pc

    phases, counts = Phases(env), {}
    with phases.phase("make"):
        left = pc.DataFrame(columns(rows, env.rank, env.world_size, "left"))
        right = pc.DataFrame(columns(rows, env.rank, env.world_size, "right"))
    counts["make"] = len(left) + len(right)
    with phases.phase("join"):
        joined = left.merge(right, on="key", env=env)
    counts["join"] = len(joined)
    return {
        "checksum": checksum(joined.to_pandas()),
        "phases": phases.seconds,
        "sent": phases.sent,
        "rows": counts,
        "env": env.describe(),
    }


def checksum(frame: Any) -> dict[str, int]:
    """Return a pandas frame's rows and the sum of each column: sums over the ranks are those of the whole."""
    return {"rows": len(frame), **{name: int(frame[name].sum()) for name in sorted(frame.columns)}}

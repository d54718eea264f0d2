"""The demo's two jobs, as functions that run on every rank. Their text is pandas' but for `env=`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pycylon import CylonEnv

FLIGHTS = ["month", "dep_delay", "carrier", "tailnum", "origin", "distance", "time_hour"]
PLANES = ["tailnum", "manufacturer", "seats"]
WEATHER = ["origin", "time_hour", "wind_speed", "visib"]
KEYS = ["carrier", "month"]
RESULT = {
    "delay": ("dep_delay", "mean"),
    "worst": ("dep_delay", "max"),
    "flights": ("dep_delay", "count"),
    "seats": ("seats", "sum"),
    "wind": ("wind_speed", "mean"),
}


class Phases:
    """Seconds, and bytes sent to other ranks, of each phase of a rank's job.

    Attributes
    ----------
    seconds, sent : dict
        By phase, in order.
    """

    def __init__(self, env: CylonEnv) -> None:
        self._env = env
        self.seconds: dict[str, float] = {}
        self.sent: dict[str, int] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens in the block as one phase; ranks begin it together, so none pays for another's last."""
        self._env.barrier()
        before, start = bytes_sent(self._env), time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.sent[name] = bytes_sent(self._env) - before


def bytes_sent(env: CylonEnv) -> int:
    """Return the bytes that this rank has sent to all others."""
    return sum(int(peer.get("bytes_sent", 0)) for peer in env.describe().get("peers", []))


def delays(env: CylonEnv, folder: str) -> dict[str, Any]:
    """Group the departure delays of a year by carrier and month, with the planes' seats and the hour's wind.

    Parameters
    ----------
    env : CylonEnv
        The rank's environment.
    folder : str
        The folder of the tables.

    Returns
    -------
    dict
        ``frame``: this rank's share of the result, ordered over the ranks; ``phases``, ``sent``: see `Phases`;
        ``rows``: rows of this rank after each phase; ``env``: what `CylonEnv.describe` says.
    """
    import pycylon as pc

    phases, data, rows = Phases(env), Path(folder), {}
    with phases.phase("read"):
        flights = pc.read_csv(data / "flights.csv", usecols=FLIGHTS, env=env, slice=True)
        weather = pc.read_csv(data / "weather.csv", usecols=WEATHER, env=env, slice=True)
        planes = pc.read_csv(data / "planes.csv", usecols=PLANES, env=env, replicate=True)
    rows["read"] = len(flights) + len(weather) + len(planes)
    with phases.phase("join planes"):
        joined = flights.merge(planes, on="tailnum")
    rows["join planes"] = len(joined)
    with phases.phase("join weather"):
        joined = joined.merge(weather, on=["origin", "time_hour"])
    rows["join weather"] = len(joined)
    with phases.phase("group"):
        groups = joined.groupby(KEYS).agg(**RESULT)
    rows["group"] = len(groups)
    with phases.phase("sort"):
        ordered = groups.sort_values(["delay", *KEYS], ascending=[False, True, True])
    rows["sort"] = len(ordered)
    return {"frame": ordered, "phases": phases.seconds, "sent": phases.sent, "rows": rows, "env": env.describe()}

"""Where a frame's rows are, and in which environment an operation on several frames runs."""

from __future__ import annotations

import hashlib
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pycylon.errors import InvalidError, ReplicatedInputWarning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.env import CylonEnv
    from pycylon.frame.base import Frame


@dataclass(frozen=True)
class Placement:
    """Where the rows of a frame are.

    Parameters
    ----------
    kind : {"local", "partitioned", "replicated"}
        This rank's own rows, a share on each rank, or the same rows on all.
    keys : tuple of str
        Columns by whose hash the rows were partitioned; empty where there are none.
    """

    kind: str = "local"
    keys: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plans spell it."""
        return {"kind": self.kind, "keys": list(self.keys)}

    @classmethod
    def from_json(cls, described: dict[str, Any] | None) -> Placement:
        """Read what a plan's result says.

        Parameters
        ----------
        described : dict or None
            The result's "placement".
        """
        if not described:
            return LOCAL
        return cls(described.get("kind", "local"), tuple(described.get("keys") or ()))


LOCAL = Placement("local")
PARTITIONED = Placement("partitioned")
REPLICATED = Placement("replicated")


def resolve(frames: Sequence[Frame], env: CylonEnv | None) -> tuple[CylonEnv | None, list[Placement]]:
    """Return the environment in which an operation on `frames` runs, and what the frames count as in it.

    With `env` a local frame counts as this rank's share. Without, frames that lie in an environment decide.

    Parameters
    ----------
    frames : sequence of DataFrame
        The operation's inputs.
    env : CylonEnv, optional
        What the caller gave.
    """
    for frame in frames:
        if frame._env is not None and env is not None and frame._env is not env and frame._placement.kind != "local":
            raise InvalidError(
                f"a {frame._placement.kind} frame belongs to {frame._env!r} and can't be used in {env!r}: use its "
                "own environment, or its rows here with `.local`"
            )
    if env is not None:
        return env, [PARTITIONED if f._placement.kind == "local" else f._placement for f in frames]
    spread = [f for f in frames if f._placement.kind == "partitioned"]
    placed = spread or [f for f in frames if f._env is not None]
    if spread and any(f._placement.kind == "local" for f in frames):
        raise InvalidError(
            "one frame is partitioned over the ranks and another is local to this rank: pass env= if the local one "
            "is this rank's share, pass `df.replicate(env)` (or read it with replicate=True) if all ranks hold the "
            "same rows, or use `.local` of the partitioned one"
        )
    return (placed[0]._env if placed else None), [f._placement for f in frames]


#: How many rows are looked at to tell whether frames are the same.
_SAMPLE = 64


def warn_if_replicated(frames: Sequence[Frame], env: CylonEnv | None, operation: str) -> None:
    """Warn where all ranks gave the same rows as their share: the result would hold them once per rank. Collective.

    Parameters
    ----------
    frames : sequence of DataFrame
        The operation's inputs.
    env : CylonEnv, optional
        What the caller gave.
    operation : str
        The operation, as the user knows it.
    """
    shares = [frame for frame in frames if frame._placement.kind == "local"]
    if env is None or env.world_size == 1 or not shares:
        return
    mine = b"".join(_fingerprint(frame) for frame in shares)
    every = env.comm.allgather(mine)
    size = len(mine) // len(shares)
    for at in range(0, len(mine), size):
        seen = {marks[at : at + size] for marks in every}
        if len(seen) == 1 and any(mine[at : at + size]):
            warnings.warn(
                f"{operation}: all {env.world_size} ranks gave the same rows as their share, so each counts "
                f"{env.world_size} times: read a share per rank with slice=True, or say that all hold the same with "
                "df.replicate(env), or replicate=True in read_csv",
                ReplicatedInputWarning,
                stacklevel=_depth(),
            )


def _fingerprint(frame: Frame) -> bytes:
    """Return what tells frames apart, by a sample of their rows: zeros of a frame without rows."""
    from pycylon.frame.indexing import take
    from pycylon.interop.decode import decode

    rows = len(frame)
    if rows == 0:
        return bytes(8)
    step = max(rows // _SAMPLE, 1)
    sample = decode(take(frame, [*range(0, rows, step), rows - 1])._table, shown=True)
    return hashlib.blake2b(repr((rows, frame.dtypes, sample)).encode(), digest_size=8).digest()


def _depth() -> int:
    """Return the stack level of the nearest caller outside of pycylon."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "pycylon":
        depth, frame = depth + 1, frame.f_back
    return depth

"""Collectives of bytes between the ranks of a job: what scripts say to each other beside their frames."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

from pycylon._native import abi

if TYPE_CHECKING:
    from pycylon.env import CylonEnv

ReduceOp = Literal["sum", "min", "max", "prod"]


class Communicator:
    """The ranks of an environment. Every method is collective: all ranks call it, in the same order.

    Parameters
    ----------
    env : CylonEnv
        The environment; `CylonEnv.comm` makes this object.

    Examples
    --------
    >>> import pycylon as pc
    >>> with pc.CylonEnv() as env:
    ...     env.comm.allgather(b"hello")
    [b'hello']
    """

    def __init__(self, env: CylonEnv) -> None:
        self._env = env

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        self._env.barrier()

    def bcast(self, data: bytes = b"", root: int = 0) -> bytes:
        """Return the bytes that `root` gives.

        Parameters
        ----------
        data : bytes
            What to send; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._call("bcast", data, root=root)[0]

    def gather(self, data: bytes, root: int = 0) -> list[bytes] | None:
        """Return the bytes of every rank, by rank, on `root`, and None elsewhere.

        Parameters
        ----------
        data : bytes
            What this rank gives.
        root : int, default 0
            The rank that receives.
        """
        received = self._call("gather", data, root=root)
        return received if self._env.rank == root else None

    def allgather(self, data: bytes) -> list[bytes]:
        """Return the bytes of every rank, by rank.

        Parameters
        ----------
        data : bytes
            What this rank gives.
        """
        return self._call("allgather", data)

    def allreduce(self, value: float, op: ReduceOp = "sum") -> int | float:
        """Combine one number of every rank.

        Parameters
        ----------
        value : int or float
            This rank's number: a float on one rank must be a float on all.
        op : {"sum", "min", "max", "prod"}, default "sum"
            How to combine.
        """
        kind, code = ("double", "<d") if isinstance(value, float) else ("int64", "<q")
        received = self._call("allreduce", struct.pack(code, value), op=op, type=kind)
        result: int | float = struct.unpack(code, received[0])[0]
        return result

    def _call(self, kind: str, data: bytes, **args: Any) -> list[bytes]:
        return self._env._native.collective({"kind": kind, "site": abi.call_site(kind), "args": args}, bytes(data))

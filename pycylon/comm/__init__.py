"""What scripts say to each other beside their frames: `CylonEnv.comm`, with mpi4py's names.

Methods in lower case take and return Python objects, those with a capital send and fill buffers: NumPy arrays,
``array.array``, ``bytearray``, ``memoryview``. Collective ones are called by all ranks of a communicator, in the same
order; messages go from one rank to another. What has an i in front starts and returns a `Request`: any number may run
at once.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from pycylon.comm.base import nothing
from pycylon.comm.messages import Messages
from pycylon.comm.request import ANY_SOURCE, ANY_TAG, Request, Status
from pycylon.comm.store import Store

if TYPE_CHECKING:
    from pycylon._native.call import Received
    from pycylon.env import CylonEnv

__all__ = ["ANY_SOURCE", "ANY_TAG", "Communicator", "Request", "Status", "Store"]


class Communicator(Messages):
    """Ranks that talk to each other: all of an environment, or those that a `Split` or `Dup` put together.

    What is said on one communicator is never heard on another. Threads that call collectives at once each need one.

    Parameters
    ----------
    env : CylonEnv
        The environment; `CylonEnv.comm` makes this object.

    Attributes
    ----------
    allow_pickle : bool, default True
        Whether objects other than bytes travel, as pickles. Unpickling runs what its sender wants, and the ranks of a
        job trust each other; with False, anything but bytes is refused, and so is a pickle that arrives.
    rank : int
        The number of this rank in the communicator.
    size : int
        The number of its ranks.

    Examples
    --------
    >>> import pycylon as pc
    >>> with pc.CylonEnv() as env:
    ...     env.comm.allgather({"rank": env.rank}), env.comm.allreduce(2, "sum")
    ([{'rank': 0}], 2)
    """

    def __init__(self, env: CylonEnv) -> None:
        self._native = env._native
        self._number = 0
        self.allow_pickle = True
        self.rank, self.size = env.rank, env.world_size

    def Get_rank(self) -> int:
        """Return this rank."""
        return self.rank

    def Get_size(self) -> int:
        """Return the number of ranks."""
        return self.size

    def Split(self, color: int | None = 0, key: int = 0) -> Communicator | None:
        """Return the communicator of the ranks that give the same color. Collective.

        Parameters
        ----------
        color : int or None, default 0
            Which one; None takes no part, and gets None.
        key : int, default 0
            The ranks of the new one are ordered by it, and then by their rank here.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     part = env.comm.Split(color=env.rank % 2, key=-env.rank)
        ...     part.allreduce(1), part.rank
        (1, 0)
        """
        made: Communicator | None = self._split("Split", color, key)
        return made

    def Dup(self) -> Communicator:
        """Return a communicator of the same ranks. Collective."""
        made = self._split("Dup", 0, self.rank)
        assert made is not None
        return made

    Clone = Dup

    def Free(self) -> None:
        """End a communicator that `Split` or `Dup` made. Collective: what was started on it before ends first.

        Messages that nobody received are dropped. Leaving the environment ends all of its communicators.
        """
        self._start("Free", "free", nothing, wait=True).wait()

    def _split(self, name: str, color: int | None, key: int) -> Communicator | None:
        args: dict[str, Any] = {"key": key} if color is None else {"key": key, "color": color}
        made: Communicator | None = self._start(name, "split", self._made, wait=True, args=args).wait()
        return made

    def _made(self, received: Received) -> Communicator | None:
        told = received.info.get("made")
        if told is None:
            return None
        part = copy.copy(self)
        part._number, part.rank, part.size = told["comm"], told["rank"], told["size"]
        part.allow_pickle = self.allow_pickle
        return part

    def __repr__(self) -> str:
        """Return "Communicator(rank 1 of 4)"."""
        return f"Communicator(rank {self.rank} of {self.size})"

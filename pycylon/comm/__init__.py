"""What scripts say to each other beside their frames: `CylonEnv.comm`, with mpi4py's names.

Methods in lower case take and return Python objects, those with a capital fill buffers: NumPy arrays, ``array.array``,
``bytearray``, ``memoryview``. Every method is collective: all ranks call it, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.comm.buffers import Buffers
from pycylon.comm.objects import Objects

if TYPE_CHECKING:
    from pycylon.env import CylonEnv

__all__ = ["Communicator"]


class Communicator(Objects, Buffers):
    """The ranks of an environment.

    Parameters
    ----------
    env : CylonEnv
        The environment; `CylonEnv.comm` makes this object.

    Attributes
    ----------
    allow_pickle : bool, default True
        Whether objects other than bytes travel, as pickles. Unpickling runs what its sender wants, and the ranks of a
        job trust each other; with False, anything but bytes is refused, and so is a pickle that arrives.

    Examples
    --------
    >>> import pycylon as pc
    >>> with pc.CylonEnv() as env:
    ...     env.comm.allgather({"rank": env.rank}), env.comm.allreduce(2, "sum")
    ([{'rank': 0}], 2)
    """

    def __init__(self, env: CylonEnv) -> None:
        self._env = env
        self.allow_pickle = True

    @property
    def rank(self) -> int:
        """The number of this rank."""
        return self._env.rank

    @property
    def size(self) -> int:
        """The number of ranks."""
        return self._env.world_size

    def Get_rank(self) -> int:
        """Return this rank."""
        return self.rank

    def Get_size(self) -> int:
        """Return the number of ranks."""
        return self.size

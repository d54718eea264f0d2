"""Collectives of buffers of numbers: what travels is their bytes, and results are written into what the caller has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.comm.base import Calls, bytes_of, filler, nothing
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.comm.request import Request


class Buffers(Calls):
    """Methods with a capital: they send buffers of numbers and fill others. Each has a non-blocking variant, with an I.

    Buffers of a non-blocking one stay as they are until its request was waited for.
    """

    def Barrier(self) -> None:
        """Wait until every rank has come here."""
        self._start("Barrier", "barrier", nothing, wait=True).wait()

    def Ibarrier(self) -> Request:
        """Start a `Barrier`: the request ends when every rank has come there."""
        return self._start("Ibarrier", "barrier", nothing, wait=False)

    def Bcast(self, buf: Any, root: int = 0) -> None:
        """Fill `buf` with `root`'s.

        Parameters
        ----------
        buf : buffer
            Equally long on every rank; written on all but `root`.
        root : int, default 0
            The rank that sends.

        Examples
        --------
        >>> import array
        >>> numbers = array.array("d", [1.5, 2.5])
        >>> with pc.CylonEnv() as env:
        ...     env.comm.Bcast(numbers)
        """
        self._bcast_into("Bcast", buf, root, wait=True).wait()

    def Ibcast(self, buf: Any, root: int = 0) -> Request:
        """Start a `Bcast`.

        Parameters
        ----------
        buf : buffer
            Equally long on every rank; written on all but `root`.
        root : int, default 0
            The rank that sends.
        """
        return self._bcast_into("Ibcast", buf, root, wait=False)

    def Scatter(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> None:
        """Fill `recvbuf` with this rank's part of `root`'s `sendbuf`, which is cut into equal ones.

        Parameters
        ----------
        sendbuf : buffer or None
            Only `root`'s counts.
        recvbuf : buffer
            Where the part goes.
        root : int, default 0
            The rank that sends.
        """
        self._scatter_into("Scatter", sendbuf, None, recvbuf, root, wait=True).wait()

    def Iscatter(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> Request:
        """Start a `Scatter`.

        Parameters
        ----------
        sendbuf : buffer or None
            Only `root`'s counts.
        recvbuf : buffer
            Where the part goes.
        root : int, default 0
            The rank that sends.
        """
        return self._scatter_into("Iscatter", sendbuf, None, recvbuf, root, wait=False)

    def Scatterv(self, sendbuf: Any, sendcounts: Sequence[int] | None, recvbuf: Any, root: int = 0) -> None:
        """Fill `recvbuf` with this rank's part of `root`'s `sendbuf`.

        Parameters
        ----------
        sendbuf : buffer or None
            Only `root`'s counts.
        sendcounts : sequence of int or None
            How many elements of `sendbuf` go to each rank, one part after the other; only `root`'s counts.
        recvbuf : buffer
            Where the part goes.
        root : int, default 0
            The rank that sends.
        """
        self._scatter_into("Scatterv", sendbuf, sendcounts, recvbuf, root, wait=True).wait()

    def Iscatterv(self, sendbuf: Any, sendcounts: Sequence[int] | None, recvbuf: Any, root: int = 0) -> Request:
        """Start a `Scatterv`.

        Parameters
        ----------
        sendbuf : buffer or None
            Only `root`'s counts.
        sendcounts : sequence of int or None
            How many elements of `sendbuf` go to each rank, one part after the other; only `root`'s counts.
        recvbuf : buffer
            Where the part goes.
        root : int, default 0
            The rank that sends.
        """
        return self._scatter_into("Iscatterv", sendbuf, sendcounts, recvbuf, root, wait=False)

    def Gather(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> None:
        """Fill `root`'s `recvbuf` with every rank's `sendbuf`, one after the other; they may differ in length.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer or None
            Only `root`'s counts.
        root : int, default 0
            The rank that receives.
        """
        self._gather_into("Gather", sendbuf, recvbuf, root, wait=True).wait()

    def Igather(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> Request:
        """Start a `Gather`.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer or None
            Only `root`'s counts.
        root : int, default 0
            The rank that receives.
        """
        return self._gather_into("Igather", sendbuf, recvbuf, root, wait=False)

    def Allgather(self, sendbuf: Any, recvbuf: Any) -> None:
        """Fill `recvbuf` with every rank's `sendbuf`, one after the other; they may differ in length.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where all go.
        """
        self._allgather_into("Allgather", sendbuf, recvbuf, wait=True).wait()

    def Iallgather(self, sendbuf: Any, recvbuf: Any) -> Request:
        """Start an `Allgather`.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where all go.
        """
        return self._allgather_into("Iallgather", sendbuf, recvbuf, wait=False)

    def Alltoall(self, sendbuf: Any, recvbuf: Any) -> None:
        """Send each rank an equal part of `sendbuf`, and fill `recvbuf` with what they send, by rank.

        Parameters
        ----------
        sendbuf : buffer
            What to send: equally much on every rank.
        recvbuf : buffer
            Where the parts go.
        """
        self._alltoall_into("Alltoall", sendbuf, None, recvbuf, wait=True).wait()

    def Ialltoall(self, sendbuf: Any, recvbuf: Any) -> Request:
        """Start an `Alltoall`.

        Parameters
        ----------
        sendbuf : buffer
            What to send: equally much on every rank.
        recvbuf : buffer
            Where the parts go.
        """
        return self._alltoall_into("Ialltoall", sendbuf, None, recvbuf, wait=False)

    def Alltoallv(self, sendbuf: Any, sendcounts: Sequence[int], recvbuf: Any) -> None:
        """Send each rank its part of `sendbuf`, and fill `recvbuf` with what they send, by rank.

        Parameters
        ----------
        sendbuf : buffer
            What to send.
        sendcounts : sequence of int
            How many elements of `sendbuf` go to each rank, one part after the other.
        recvbuf : buffer
            Where the parts go.
        """
        self._alltoall_into("Alltoallv", sendbuf, sendcounts, recvbuf, wait=True).wait()

    def Ialltoallv(self, sendbuf: Any, sendcounts: Sequence[int], recvbuf: Any) -> Request:
        """Start an `Alltoallv`.

        Parameters
        ----------
        sendbuf : buffer
            What to send.
        sendcounts : sequence of int
            How many elements of `sendbuf` go to each rank, one part after the other.
        recvbuf : buffer
            Where the parts go.
        """
        return self._alltoall_into("Ialltoallv", sendbuf, sendcounts, recvbuf, wait=False)

    #: Lengths may differ in `Gather` and `Allgather`, too.
    Gatherv, Igatherv, Allgatherv, Iallgatherv = Gather, Igather, Allgather, Iallgather

    def _bcast_into(self, name: str, buf: Any, root: int, *, wait: bool) -> Request:
        view = bytes_of(buf, name)
        if self.rank == root:
            return self._start(name, "bcast", nothing, view, wait=wait, args={"root": root})
        return self._start(name, "bcast", filler(buf, name), wait=wait, args={"root": root})

    def _scatter_into(
        self, name: str, sendbuf: Any, counts: Sequence[int] | None, recvbuf: Any, root: int, *, wait: bool
    ) -> Request:
        view = memoryview(b"")
        args: dict[str, Any] = {"root": root}
        if self.rank == root:
            view, lengths = self._parts(sendbuf, counts, name)
            args["lengths"] = lengths
        return self._start(name, "scatter", filler(recvbuf, name), view, wait=wait, args=args)

    def _gather_into(self, name: str, sendbuf: Any, recvbuf: Any, root: int, *, wait: bool) -> Request:
        fill = filler(recvbuf, name) if self.rank == root else nothing
        return self._start(name, "gather", fill, bytes_of(sendbuf, name), wait=wait, args={"root": root})

    def _allgather_into(self, name: str, sendbuf: Any, recvbuf: Any, *, wait: bool) -> Request:
        return self._start(name, "allgather", filler(recvbuf, name), bytes_of(sendbuf, name), wait=wait)

    def _alltoall_into(
        self, name: str, sendbuf: Any, counts: Sequence[int] | None, recvbuf: Any, *, wait: bool
    ) -> Request:
        view, lengths = self._parts(sendbuf, counts, name)
        kind = "alltoall" if counts is None else "alltoallv"
        return self._start(name, kind, filler(recvbuf, name), view, wait=wait, args={"lengths": lengths})

    def _parts(self, buf: Any, counts: Sequence[int] | None, operation: str) -> tuple[memoryview, list[int]]:
        """Return the bytes of a buffer that is cut into a part per rank, and their lengths."""
        view, item = bytes_of(buf, operation), memoryview(buf).itemsize
        if counts is None:
            if view.nbytes % (self.size * item):
                raise InvalidError(f"the buffer can't be cut into {self.size} equal parts", op=operation)
            return view, [view.nbytes // self.size] * self.size
        lengths = [int(count) * item for count in counts]
        if len(lengths) != self.size or min(lengths) < 0:
            raise InvalidError(f"the counts {list(counts)} are not one for each of {self.size} ranks", op=operation)
        if sum(lengths) != view.nbytes:
            raise InvalidError(
                f"the counts are of {sum(lengths)} bytes, and the buffer has {view.nbytes}", op=operation
            )
        return view, lengths

"""Collectives of buffers of numbers: what travels is their bytes, and results are written into what the caller has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pycylon.comm import blocks
from pycylon.comm.base import Calls, Op, bytes_of, nothing
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon._native.call import Received
    from pycylon.comm.request import Request

#: Element types by the letters of the buffer protocol (PEP 3118).
_TYPES = {
    **dict.fromkeys("bc", "int8"),
    "h": "int16",
    "i": "int32",
    "l": "int64",
    "q": "int64",
    "B": "uint8",
    "?": "uint8",
    "H": "uint16",
    "I": "uint32",
    "L": "uint64",
    "Q": "uint64",
    "f": "float",
    "d": "double",
}

#: The format of elements of "minloc" and "maxloc": a value and an int64.
_LOCATED = re.compile(r"T\{[@=<]?([dlq]):[^:]*:[@=<]?[lq]:[^:]*:\}")


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

    def Reduce(self, sendbuf: Any, recvbuf: Any, op: Op = "sum", root: int = 0) -> None:
        """Fill `root`'s `recvbuf` with the reduction of every rank's `sendbuf`, element by element.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives: equally many elements of one type on every rank.
        recvbuf : buffer or None
            Only `root`'s counts.
        op : str or function, default "sum"
            "sum", "min", "max", "prod", "land", "lor", "lxor", "band", "bor" or "bxor"; integers wrap around. "minloc"
            or "maxloc", of pairs of a value and an int64, such as NumPy's ``np.dtype("f8,i8")``. Or a function, which
            need not be commutative: it gets two memoryviews of equally many elements, those of lower ranks first, and
            returns a buffer of as many, or None when it has written them into the second.
        root : int, default 0
            The rank that receives.

        Examples
        --------
        >>> import array
        >>> def longest(a, b):
        ...     return array.array("q", [max(x, y, key=abs) for x, y in zip(a, b)])
        >>> result = array.array("q", [0, 0])
        >>> with pc.CylonEnv() as env:
        ...     env.comm.Reduce(array.array("q", [3, -4]), result, longest)
        >>> result.tolist()
        [3, -4]
        """
        self._reduce_into("Reduce", "reduce", sendbuf, recvbuf, op, root, wait=True).wait()

    def Ireduce(self, sendbuf: Any, recvbuf: Any, op: Op = "sum", root: int = 0) -> Request:
        """Start a `Reduce`; a function is called by the thread that waits.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives: equally many elements of one type on every rank.
        recvbuf : buffer or None
            Only `root`'s counts.
        op : str or function, default "sum"
            As in `Reduce`.
        root : int, default 0
            The rank that receives.
        """
        return self._reduce_into("Ireduce", "reduce", sendbuf, recvbuf, op, root, wait=False)

    def Allreduce(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> None:
        """Fill `recvbuf` with the reduction of every rank's `sendbuf`, element by element.

        Parameters
        ----------
        sendbuf : buffer
            As in `Reduce`.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.

        Examples
        --------
        >>> import array
        >>> total = array.array("q", [0, 0])
        >>> with pc.CylonEnv() as env:
        ...     env.comm.Allreduce(array.array("q", [3, 4]), total, "sum")
        >>> total.tolist()
        [3, 4]
        """
        self._reduce_into("Allreduce", "allreduce", sendbuf, recvbuf, op, wait=True).wait()

    def Iallreduce(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> Request:
        """Start an `Allreduce`; a function is called by the thread that waits.

        Parameters
        ----------
        sendbuf : buffer
            As in `Reduce`.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        return self._reduce_into("Iallreduce", "allreduce", sendbuf, recvbuf, op, wait=False)

    def Reduce_scatter(
        self, sendbuf: Any, recvbuf: Any, recvcounts: Sequence[int] | None = None, op: Op = "sum"
    ) -> None:
        """Fill `recvbuf` with this rank's part of the reduction of every rank's `sendbuf`.

        Parameters
        ----------
        sendbuf : buffer
            As in `Reduce`.
        recvbuf : buffer
            Where this rank's part of the result goes.
        recvcounts : sequence of int, optional
            How many elements each rank gets. Default: equally many.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        self._reduce_scatter_into("Reduce_scatter", sendbuf, recvbuf, recvcounts, op, wait=True).wait()

    def Ireduce_scatter(
        self, sendbuf: Any, recvbuf: Any, recvcounts: Sequence[int] | None = None, op: Op = "sum"
    ) -> Request:
        """Start a `Reduce_scatter`; a function is called by the thread that waits.

        Parameters
        ----------
        sendbuf : buffer
            As in `Reduce`.
        recvbuf : buffer
            Where this rank's part of the result goes.
        recvcounts : sequence of int, optional
            How many elements each rank gets. Default: equally many.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        return self._reduce_scatter_into("Ireduce_scatter", sendbuf, recvbuf, recvcounts, op, wait=False)

    def Scan(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> None:
        """Fill `recvbuf` with the reduction of `sendbuf` of the ranks up to this one.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        self._reduce_into("Scan", "scan", sendbuf, recvbuf, op, wait=True).wait()

    def Iscan(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> Request:
        """Start a `Scan`; a function is called by the thread that waits.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        return self._reduce_into("Iscan", "scan", sendbuf, recvbuf, op, wait=False)

    def Exscan(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> None:
        """Fill `recvbuf` with the reduction of `sendbuf` of the ranks before this one; rank 0's stays as it is.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        self._reduce_into("Exscan", "exscan", sendbuf, recvbuf, op, wait=True).wait()

    def Iexscan(self, sendbuf: Any, recvbuf: Any, op: Op = "sum") -> Request:
        """Start an `Exscan`; a function is called by the thread that waits.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where the result goes.
        op : str or function, default "sum"
            As in `Reduce`.
        """
        return self._reduce_into("Iexscan", "exscan", sendbuf, recvbuf, op, wait=False)

    #: Lengths may differ in `Gather` and `Allgather`, too.
    Gatherv, Igatherv, Allgatherv, Iallgatherv = Gather, Igather, Allgather, Iallgather

    def _bcast_into(self, name: str, buf: Any, root: int, *, wait: bool) -> Request:
        view = bytes_of(buf, name)
        if self.rank == root:
            return self._start(name, "bcast", nothing, view, wait=wait, args={"root": root})
        return self._start(name, "bcast", _filler(buf, name), wait=wait, args={"root": root})

    def _scatter_into(
        self, name: str, sendbuf: Any, counts: Sequence[int] | None, recvbuf: Any, root: int, *, wait: bool
    ) -> Request:
        view = memoryview(b"")
        args: dict[str, Any] = {"root": root}
        if self.rank == root:
            view, lengths = self._parts(sendbuf, counts, name)
            args["lengths"] = lengths
        return self._start(name, "scatter", _filler(recvbuf, name), view, wait=wait, args=args)

    def _gather_into(self, name: str, sendbuf: Any, recvbuf: Any, root: int, *, wait: bool) -> Request:
        fill = _filler(recvbuf, name) if self.rank == root else nothing
        return self._start(name, "gather", fill, bytes_of(sendbuf, name), wait=wait, args={"root": root})

    def _allgather_into(self, name: str, sendbuf: Any, recvbuf: Any, *, wait: bool) -> Request:
        return self._start(name, "allgather", _filler(recvbuf, name), bytes_of(sendbuf, name), wait=wait)

    def _alltoall_into(
        self, name: str, sendbuf: Any, counts: Sequence[int] | None, recvbuf: Any, *, wait: bool
    ) -> Request:
        view, lengths = self._parts(sendbuf, counts, name)
        kind = "alltoall" if counts is None else "alltoallv"
        return self._start(name, kind, _filler(recvbuf, name), view, wait=wait, args={"lengths": lengths})

    def _reduce_into(
        self, name: str, kind: str, sendbuf: Any, recvbuf: Any, op: Op, root: int | None = None, *, wait: bool
    ) -> Request:
        fill = _filler(recvbuf, name) if root in (None, self.rank) else nothing
        if kind == "exscan" and self.rank == 0:
            fill = nothing
        if not isinstance(op, str):
            return blocks.reduce(self, name, kind, sendbuf, fill, op, root, wait=wait)
        args = {} if root is None else {"root": root}
        return self._reduce_named(name, kind, sendbuf, fill, op, wait=wait, args=args)

    def _reduce_scatter_into(
        self, name: str, sendbuf: Any, recvbuf: Any, recvcounts: Sequence[int] | None, op: Op, *, wait: bool
    ) -> Request:
        view = memoryview(sendbuf)
        elements = view.nbytes // view.itemsize
        if recvcounts is None and elements % self.size:
            raise InvalidError(f"{elements} elements in {self.size} equal parts: give recvcounts=", op=name)
        counts = [elements // self.size] * self.size if recvcounts is None else [int(count) for count in recvcounts]
        if len(counts) != self.size or sum(counts) != elements or min(counts) < 0:
            raise InvalidError(f"recvcounts={counts} for {self.size} ranks and {elements} elements", op=name)
        fill = _filler(recvbuf, name)
        if not isinstance(op, str):
            return blocks.reduce_scatter(self, name, sendbuf, fill, op, counts, wait=wait)
        return self._reduce_named(name, "reduce_scatter", sendbuf, fill, op, wait=wait, args={"counts": counts})

    def _reduce_named(
        self, name: str, kind: str, sendbuf: Any, fill: Callable[[Received], None], op: str, *, wait: bool, args: Any
    ) -> Request:
        args = {"op": op, "type": _type(memoryview(sendbuf).format, op, name), **args}
        return self._start(name, kind, fill, bytes_of(sendbuf, name), wait=wait, args=args)

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


def _filler(buf: Any, operation: str) -> Callable[[Received], None]:
    """Return what writes what was received into the caller's buffer, which must be as long."""

    def fill(received: Received) -> None:
        target, length = bytes_of(buf, operation), sum(received.sizes)
        if target.nbytes != length:
            raise InvalidError(f"{length} bytes were received for a buffer of {target.nbytes}", op=operation)
        if length and target.readonly:
            raise InvalidError("the buffer for the result can't be written to", op=operation)
        if length:
            received.fill(target)

    return fill


def _type(form: str, op: str, operation: str) -> str:
    """Return the core's name of the type of a buffer's elements."""
    if op in ("minloc", "maxloc"):
        located = _LOCATED.fullmatch(form)
        if located is None:
            raise InvalidError(
                f'{op} takes pairs of a value and an int64, such as NumPy\'s np.dtype("f8,i8"), not {form!r}',
                op=operation,
            )
        return "double_at" if located[1] == "d" else "int64_at"
    letter = form.lstrip("@=<")
    if letter not in _TYPES:
        raise InvalidError(f"elements of format {form!r} can't be reduced: give integers or floats", op=operation)
    return _TYPES[letter]

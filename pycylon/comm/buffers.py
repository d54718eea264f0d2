"""Collectives of buffers of numbers: what travels is their bytes, and results are written into what the caller has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycylon.comm.base import Calls
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


class Buffers(Calls):
    """Methods with a capital: they send buffers of numbers and fill others."""

    def Barrier(self) -> None:
        """Wait until every rank has come here."""
        self._env.barrier()

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
        view = _bytes(buf, "Bcast")
        received = self._call("Bcast", "bcast", view if self._env.rank == root else b"", root=root)[0]
        if self._env.rank != root:
            _fill(buf, [received], "Bcast")

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
        parts = self._equal_parts(sendbuf, "Scatter") if self._env.rank == root else []
        _fill(recvbuf, self._call_parts("Scatter", "scatter", parts, root=root), "Scatter")

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
        received = self._call("Gather", "gather", _bytes(sendbuf, "Gather"), root=root)
        if self._env.rank == root:
            _fill(recvbuf, received, "Gather")

    def Allgather(self, sendbuf: Any, recvbuf: Any) -> None:
        """Fill `recvbuf` with every rank's `sendbuf`, one after the other; they may differ in length.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives.
        recvbuf : buffer
            Where all go.
        """
        _fill(recvbuf, self._call("Allgather", "allgather", _bytes(sendbuf, "Allgather")), "Allgather")

    def Alltoall(self, sendbuf: Any, recvbuf: Any) -> None:
        """Send each rank an equal part of `sendbuf`, and fill `recvbuf` with what they send, by rank.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What to send, and where the parts go.
        """
        _fill(recvbuf, self._call_parts("Alltoall", "alltoall", self._equal_parts(sendbuf, "Alltoall")), "Alltoall")

    def Alltoallv(self, sendbuf: Any, sendcounts: Sequence[int], recvbuf: Any) -> None:
        """Send each rank its part of `sendbuf`, and fill `recvbuf` with what they send, by rank.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What to send, and where the parts go.
        sendcounts : sequence of int
            How many elements of `sendbuf` go to each rank, one part after the other.
        """
        view = memoryview(sendbuf)
        parts = _cut(_bytes(sendbuf, "Alltoallv"), [count * view.itemsize for count in sendcounts], "Alltoallv")
        if len(parts) != self._env.world_size:
            raise InvalidError(f"{len(parts)} counts for {self._env.world_size} ranks", op="Alltoallv")
        _fill(recvbuf, self._call_parts("Alltoallv", "alltoall", parts), "Alltoallv")

    def Reduce(self, sendbuf: Any, recvbuf: Any, op: str = "sum", root: int = 0) -> None:
        """Fill `root`'s `recvbuf` with the reduction of every rank's `sendbuf`, element by element.

        Parameters
        ----------
        sendbuf : buffer
            What this rank gives: equally many elements of one type on every rank.
        recvbuf : buffer or None
            Only `root`'s counts.
        op : str, default "sum"
            "sum", "min", "max", "prod", "land", "lor", "lxor", "band", "bor" or "bxor". Integers wrap around.
        root : int, default 0
            The rank that receives.
        """
        received = self._reduce("reduce", sendbuf, op, root=root)
        if self._env.rank == root:
            _fill(recvbuf, received, "Reduce")

    def Allreduce(self, sendbuf: Any, recvbuf: Any, op: str = "sum") -> None:
        """Fill `recvbuf` with the reduction of every rank's `sendbuf`, element by element: the same bits on all ranks.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What this rank gives, and where the result goes.
        op : str, default "sum"
            As in `Reduce`.

        Examples
        --------
        >>> import array
        >>> total = array.array("q", [0, 0])
        >>> with pc.CylonEnv() as env:
        ...     env.comm.Allreduce(array.array("q", [1, 2]), total)
        >>> total.tolist()
        [1, 2]
        """
        _fill(recvbuf, self._reduce("allreduce", sendbuf, op), "Allreduce")

    def Reduce_scatter(
        self, sendbuf: Any, recvbuf: Any, recvcounts: Sequence[int] | None = None, op: str = "sum"
    ) -> None:
        """Fill `recvbuf` with this rank's part of the reduction of every rank's `sendbuf`.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What this rank gives, and where its part of the result goes.
        recvcounts : sequence of int, optional
            How many elements each rank gets. Default: equally many.
        op : str, default "sum"
            As in `Reduce`.
        """
        view, size = memoryview(sendbuf), self._env.world_size
        elements = view.nbytes // view.itemsize
        if recvcounts is None and elements % size:
            raise InvalidError(f"{elements} elements in {size} equal parts: give recvcounts=", op="Reduce_scatter")
        counts = [elements // size] * size if recvcounts is None else [int(count) for count in recvcounts]
        if len(counts) != size or sum(counts) != elements or min(counts) < 0:
            raise InvalidError(f"recvcounts={counts} for {size} ranks and {elements} elements", op="Reduce_scatter")
        _fill(recvbuf, self._reduce("reduce_scatter", sendbuf, op, counts=counts), "Reduce_scatter")

    def Scan(self, sendbuf: Any, recvbuf: Any, op: str = "sum") -> None:
        """Fill `recvbuf` with the reduction of `sendbuf` of the ranks up to this one.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What this rank gives, and where the result goes.
        op : str, default "sum"
            As in `Reduce`.
        """
        _fill(recvbuf, self._reduce("scan", sendbuf, op), "Scan")

    def Exscan(self, sendbuf: Any, recvbuf: Any, op: str = "sum") -> None:
        """Fill `recvbuf` with the reduction of `sendbuf` of the ranks before this one; rank 0's stays as it is.

        Parameters
        ----------
        sendbuf, recvbuf : buffer
            What this rank gives, and where the result goes.
        op : str, default "sum"
            As in `Reduce`.
        """
        received = self._reduce("exscan", sendbuf, op)
        if received:
            _fill(recvbuf, received, "Exscan")

    def _call(self, name: str, kind: str, data: bytes | memoryview, **args: Any) -> list[bytes]:
        return self._collective(name, kind, bytes(data), args)[0]

    def _call_parts(self, name: str, kind: str, parts: list[bytes], **args: Any) -> list[bytes]:
        return self._call(name, kind, b"".join(parts), lengths=[len(part) for part in parts] or None, **args)

    def _reduce(self, kind: str, sendbuf: Any, op: str, **args: Any) -> list[bytes]:
        letter = memoryview(sendbuf).format.lstrip("@=<")
        if letter not in _TYPES:
            raise InvalidError(f"elements of format {letter!r} can't be reduced: give integers or floats", op=kind)
        return self._call(kind.capitalize(), kind, _bytes(sendbuf, kind), op=op, type=_TYPES[letter], **args)

    def _equal_parts(self, buf: Any, operation: str) -> list[bytes]:
        view, size = _bytes(buf, operation), self._env.world_size
        if view.nbytes % (size * memoryview(buf).itemsize):
            raise InvalidError(f"the buffer can't be cut into {size} equal parts", op=operation)
        return _cut(view, [view.nbytes // size] * size, operation)


def _bytes(buf: Any, operation: str) -> memoryview:
    """Return the bytes of a buffer."""
    try:
        view = memoryview(buf)
    except TypeError:
        raise TypeError(f"{operation} takes buffers, such as NumPy arrays, not a {type(buf).__name__}") from None
    if not view.c_contiguous:
        raise InvalidError("the buffer's elements don't lie one behind the other: copy it first", op=operation)
    return view.cast("B") if view.nbytes else memoryview(b"")


def _cut(view: memoryview, lengths: Iterable[int], operation: str) -> list[bytes]:
    parts, start = [], 0
    for length in lengths:
        parts.append(bytes(view[start : start + length]))
        start += length
    if start != view.nbytes:
        raise InvalidError(f"the counts are of {start} bytes, and the buffer has {view.nbytes}", op=operation)
    return parts


def _fill(buf: Any, parts: list[bytes], operation: str) -> None:
    """Write what was received into the caller's buffer, which must be as long."""
    target = _bytes(buf, operation)
    length = sum(map(len, parts))
    if target.nbytes != length:
        raise InvalidError(f"{length} bytes were received for a buffer of {target.nbytes}", op=operation)
    if length == 0:
        return
    if target.readonly:
        raise InvalidError("the buffer for the result can't be written to", op=operation)
    start = 0
    for part in parts:
        target[start : start + len(part)] = part
        start += len(part)

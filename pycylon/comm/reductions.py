"""Reductions of buffers of numbers: ranks' elements become one, by the name of an operation or by a function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pycylon.comm import blocks
from pycylon.comm.base import Calls, Op, bytes_of, filler, nothing
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


class Reductions(Calls):
    """Methods with a capital that reduce buffers of numbers; those with an I start it, as in `Buffers`."""

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

    def _reduce_into(
        self, name: str, kind: str, sendbuf: Any, recvbuf: Any, op: Op, root: int | None = None, *, wait: bool
    ) -> Request:
        fill = filler(recvbuf, name) if root in (None, self.rank) else nothing
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
        fill = filler(recvbuf, name)
        if not isinstance(op, str):
            return blocks.reduce_scatter(self, name, sendbuf, fill, op, counts, wait=wait)
        return self._reduce_named(name, "reduce_scatter", sendbuf, fill, op, wait=wait, args={"counts": counts})

    def _reduce_named(
        self, name: str, kind: str, sendbuf: Any, fill: Callable[[Received], None], op: str, *, wait: bool, args: Any
    ) -> Request:
        args = {"op": op, "type": _type(memoryview(sendbuf).format, op, name), **args}
        return self._start(name, kind, fill, bytes_of(sendbuf, name), wait=wait, args=args)


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

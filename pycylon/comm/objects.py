"""Collectives of Python objects."""

from __future__ import annotations

import functools
import operator
import pickle
from typing import TYPE_CHECKING, Any

from pycylon.comm.base import Calls, Op, nothing
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon._native.call import Received
    from pycylon.comm.request import Request

#: What messages are: bytes of a buffer, bytes of an object, or a pickle.
BUFFER, BYTES, PICKLE = 0, 1, 2


class Objects(Calls):
    """Methods in lower case: they send pickles, or bytes as they are. Each has a non-blocking variant, with an i."""

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        self._start("barrier", "barrier", nothing, wait=True).wait()

    def ibarrier(self) -> Request:
        """Start a `barrier`: the request ends when every rank has come there."""
        return self._start("ibarrier", "barrier", nothing, wait=False)

    def bcast(self, obj: Any = None, root: int = 0) -> Any:
        """Return the object that `root` gives.

        Parameters
        ----------
        obj : object
            What to send; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._bcast("bcast", obj, root, wait=True).wait()

    def ibcast(self, obj: Any = None, root: int = 0) -> Request:
        """Start a `bcast`.

        Parameters
        ----------
        obj : object
            What to send; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._bcast("ibcast", obj, root, wait=False)

    def scatter(self, objs: Sequence[Any] | None = None, root: int = 0) -> Any:
        """Return the object that `root` has for this rank.

        Parameters
        ----------
        objs : sequence, optional
            One object per rank; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._scatter("scatter", objs, root, wait=True).wait()

    def iscatter(self, objs: Sequence[Any] | None = None, root: int = 0) -> Request:
        """Start a `scatter`.

        Parameters
        ----------
        objs : sequence, optional
            One object per rank; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._scatter("iscatter", objs, root, wait=False)

    def gather(self, obj: Any, root: int = 0) -> list[Any] | None:
        """Return the objects of every rank, by rank, on `root`, and None elsewhere.

        Parameters
        ----------
        obj : object
            What this rank gives.
        root : int, default 0
            The rank that receives.
        """
        gathered: list[Any] | None = self._gather("gather", obj, root, wait=True).wait()
        return gathered

    def igather(self, obj: Any, root: int = 0) -> Request:
        """Start a `gather`.

        Parameters
        ----------
        obj : object
            What this rank gives.
        root : int, default 0
            The rank that receives.
        """
        return self._gather("igather", obj, root, wait=False)

    def allgather(self, obj: Any) -> list[Any]:
        """Return the objects of every rank, by rank.

        Parameters
        ----------
        obj : object
            What this rank gives.
        """
        everyone: list[Any] = self._all("allgather", obj, wait=True).wait()
        return everyone

    def iallgather(self, obj: Any) -> Request:
        """Start an `allgather`.

        Parameters
        ----------
        obj : object
            What this rank gives.
        """
        return self._all("iallgather", obj, wait=False)

    def alltoall(self, objs: Sequence[Any]) -> list[Any]:
        """Return what each rank has for this one, by rank.

        Parameters
        ----------
        objs : sequence
            One object per rank.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     env.comm.alltoall([f"from {env.rank} to {rank}" for rank in range(env.world_size)])
        ['from 0 to 0']
        """
        received: list[Any] = self._alltoall("alltoall", objs, wait=True).wait()
        return received

    def ialltoall(self, objs: Sequence[Any]) -> Request:
        """Start an `alltoall`.

        Parameters
        ----------
        objs : sequence
            One object per rank.
        """
        return self._alltoall("ialltoall", objs, wait=False)

    def reduce(self, obj: Any, op: Op = "sum", root: int = 0) -> Any:
        """Combine the objects of all ranks, in their order, on `root`; None elsewhere.

        Parameters
        ----------
        obj : object
            What this rank gives: numbers, lists (which "sum" concatenates), anything that `op` takes.
        op : str or function, default "sum"
            How two are combined, the one of the lower rank first: it need not be commutative.
        root : int, default 0
            The rank that receives.
        """
        return self._reduce_objects("reduce", obj, op, root, wait=True).wait()

    def ireduce(self, obj: Any, op: Op = "sum", root: int = 0) -> Request:
        """Start a `reduce`; a function is called by the thread that waits.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        root : int, default 0
            The rank that receives.
        """
        return self._reduce_objects("ireduce", obj, op, root, wait=False)

    def allreduce(self, obj: Any, op: Op = "sum") -> Any:
        """Combine the objects of all ranks, in their order.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.

        Examples
        --------
        >>> with pc.CylonEnv() as env:
        ...     env.comm.allreduce(3), env.comm.allreduce({1, 2}, lambda a, b: a | b)
        (3, {1, 2})
        """
        return self._all("allreduce", obj, _fold(op), wait=True).wait()

    def iallreduce(self, obj: Any, op: Op = "sum") -> Request:
        """Start an `allreduce`; a function is called by the thread that waits.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        return self._all("iallreduce", obj, _fold(op), wait=False)

    def scan(self, obj: Any, op: Op = "sum") -> Any:
        """Combine the objects of the ranks up to this one.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        return self._all("scan", obj, self._upto(op, self.rank + 1), wait=True).wait()

    def iscan(self, obj: Any, op: Op = "sum") -> Request:
        """Start a `scan`; a function is called by the thread that waits.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        return self._all("iscan", obj, self._upto(op, self.rank + 1), wait=False)

    def exscan(self, obj: Any, op: Op = "sum") -> Any:
        """Combine the objects of the ranks before this one; None on rank 0.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        return self._all("exscan", obj, self._upto(op, self.rank), wait=True).wait()

    def iexscan(self, obj: Any, op: Op = "sum") -> Request:
        """Start an `exscan`; a function is called by the thread that waits.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        return self._all("iexscan", obj, self._upto(op, self.rank), wait=False)

    def _bcast(self, name: str, obj: Any, root: int, *, wait: bool) -> Request:
        data = self._encode(obj) if self.rank == root else (BYTES, b"")
        return self._marked(name, "bcast", lambda objs: objs[0], data, wait=wait, args={"root": root})

    def _scatter(self, name: str, objs: Sequence[Any] | None, root: int, *, wait: bool) -> Request:
        each = self._one_each(objs, name) if self.rank == root else None
        return self._each(name, "scatter", lambda got: got[0], each, wait=wait, args={"root": root})

    def _gather(self, name: str, obj: Any, root: int, *, wait: bool) -> Request:
        keep: Callable[[list[Any]], Any] = list if self.rank == root else lambda objs: None
        return self._marked(name, "gather", keep, self._encode(obj), wait=wait, args={"root": root})

    def _all(self, name: str, obj: Any, use: Callable[[list[Any]], Any] = list, *, wait: bool) -> Request:
        """Give every rank's object to `use`."""
        return self._marked(name, "allgather", use, self._encode(obj), wait=wait)

    def _alltoall(self, name: str, objs: Sequence[Any], *, wait: bool) -> Request:
        return self._each(name, "alltoallv", list, self._one_each(objs, name), wait=wait)

    def _reduce_objects(self, name: str, obj: Any, op: Op, root: int, *, wait: bool) -> Request:
        fold = _fold(op)
        keep: Callable[[list[Any]], Any] = fold if self.rank == root else lambda objs: None
        return self._marked(name, "gather", keep, self._encode(obj), wait=wait, args={"root": root})

    def _upto(self, op: Op, count: int) -> Callable[[list[Any]], Any]:
        fold = _fold(op)
        return lambda objs: fold(objs[:count]) if count else None

    def _marked(
        self, name: str, kind: str, use: Callable[[list[Any]], Any], data: tuple[int, bytes], **how: Any
    ) -> Request:
        """Start a collective to which this rank gives one object; `use` makes the result of those that it receives."""
        mark, encoded = data
        return self._start(name, kind, lambda got: use(self._decoded(got)), encoded, marked=True, mark=mark, **how)

    def _each(
        self,
        name: str,
        kind: str,
        use: Callable[[list[Any]], Any],
        objs: Sequence[Any] | None,
        *,
        args: dict[str, Any] | None = None,
        **how: Any,
    ) -> Request:
        """Start a collective to which this rank gives an object per rank, or none."""
        parts = [data + bytes([mark]) for mark, data in map(self._encode, objs or ())]
        lengths = {"lengths": [len(part) for part in parts] or None, **(args or {})}
        return self._start(
            name, kind, lambda got: use(self._decoded(got)), b"".join(parts), marked=True, args=lengths, **how
        )

    def _encode(self, obj: Any) -> tuple[int, bytes]:
        if isinstance(obj, (bytes, bytearray, memoryview)):
            return BYTES, bytes(obj)
        if not self.allow_pickle:
            raise InvalidError(
                f"a {type(obj).__name__} travels as a pickle, and allow_pickle is False: give bytes, or set it to True",
                op="comm",
            )
        return PICKLE, pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)

    def _decoded(self, received: Received) -> list[Any]:
        return [self._decode(mark, data) for mark, data in zip(received.info.get("marks", []), received.messages)]

    def _decode(self, mark: int, data: bytes) -> Any:
        if mark != PICKLE:
            return data
        if not self.allow_pickle:
            raise InvalidError("a rank sent a pickle, and allow_pickle is False here", op="comm")
        return pickle.loads(data)

    def _one_each(self, objs: Sequence[Any] | None, operation: str) -> Sequence[Any]:
        if objs is None or len(objs) != self.size:
            given = "none" if objs is None else len(objs)
            raise InvalidError(f"one object per rank is needed: {self.size}, not {given}", op=operation)
        return objs


def _located(better: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """Return the reduction of (value, location) pairs to the better value and, of equal ones, the lower location."""

    def choose(a: Any, b: Any) -> Any:
        if a[0] == b[0]:
            return a[0], min(a[1], b[1])
        return a if better(a[0], b[0]) else b

    return choose


_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": operator.add,
    "prod": operator.mul,
    "min": min,
    "max": max,
    "land": lambda a, b: bool(a) and bool(b),
    "lor": lambda a, b: bool(a) or bool(b),
    "lxor": lambda a, b: bool(a) != bool(b),
    "band": operator.and_,
    "bor": operator.or_,
    "bxor": operator.xor,
    "minloc": _located(operator.lt),
    "maxloc": _located(operator.gt),
}


def _fold(op: Op) -> Callable[[list[Any]], Any]:
    """Return what combines the objects of some ranks."""
    function = op if callable(op) else _FUNCTIONS.get(op)
    if function is None:
        raise InvalidError(f"op={op!r}: expected a function or one of {', '.join(_FUNCTIONS)}", op="reduce")
    return functools.partial(functools.reduce, function)

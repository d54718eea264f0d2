"""Collectives of Python objects."""

from __future__ import annotations

import functools
import operator
import pickle
from typing import TYPE_CHECKING, Any

from pycylon.comm.base import Calls, Op
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The marks of messages: what they are.
_BYTES, _PICKLE = 0, 1


class Objects(Calls):
    """Methods in lower case: they send pickles, or bytes as they are."""

    def barrier(self) -> None:
        """Wait until every rank has come here."""
        self._env.barrier()

    def bcast(self, obj: Any = None, root: int = 0) -> Any:
        """Return the object that `root` gives.

        Parameters
        ----------
        obj : object
            What to send; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        return self._send("bcast", "bcast", obj if self._env.rank == root else b"", root=root)[0]

    def scatter(self, objs: Sequence[Any] | None = None, root: int = 0) -> Any:
        """Return the object that `root` has for this rank.

        Parameters
        ----------
        objs : sequence, optional
            One object per rank; only `root`'s counts.
        root : int, default 0
            The rank that sends.
        """
        each = self._one_each(objs, "scatter") if self._env.rank == root else None
        return self._send_each("scatter", each, root=root)[0]

    def gather(self, obj: Any, root: int = 0) -> list[Any] | None:
        """Return the objects of every rank, by rank, on `root`, and None elsewhere.

        Parameters
        ----------
        obj : object
            What this rank gives.
        root : int, default 0
            The rank that receives.
        """
        received = self._send("gather", "gather", obj, root=root)
        return received if self._env.rank == root else None

    def allgather(self, obj: Any) -> list[Any]:
        """Return the objects of every rank, by rank.

        Parameters
        ----------
        obj : object
            What this rank gives.
        """
        return self._all(obj, "allgather")

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
        return self._send_each("alltoall", self._one_each(objs, "alltoall"))

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
        fold = _fold(op)
        received = self._send("reduce", "gather", obj, root=root)
        return fold(received) if self._env.rank == root else None

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
        fold = _fold(op)
        return fold(self._all(obj, "allreduce"))

    def scan(self, obj: Any, op: Op = "sum") -> Any:
        """Combine the objects of the ranks up to this one.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        fold = _fold(op)
        return fold(self._all(obj, "scan")[: self._env.rank + 1])

    def exscan(self, obj: Any, op: Op = "sum") -> Any:
        """Combine the objects of the ranks before this one; None on rank 0.

        Parameters
        ----------
        obj : object
            What this rank gives.
        op : str or function, default "sum"
            As in `reduce`.
        """
        fold = _fold(op)
        before = self._all(obj, "exscan")[: self._env.rank]
        return fold(before) if before else None

    def _all(self, obj: Any, name: str) -> list[Any]:
        """Return the objects of every rank, for the method of this name."""
        return self._send(name, "allgather", obj)

    def _send(self, name: str, kind: str, obj: Any, **args: Any) -> list[Any]:
        """Run a collective to which this rank gives one object, and return those that it received."""
        mark, data = self._encode(obj)
        return self._decoded(*self._collective(name, kind, data, args, marked=True, mark=mark))

    def _send_each(self, kind: str, objs: Sequence[Any] | None, **args: Any) -> list[Any]:
        """Run a collective to which this rank gives an object per rank, or none."""
        parts = [data + bytes([mark]) for mark, data in map(self._encode, objs or ())]
        args["lengths"] = [len(part) for part in parts] or None
        return self._decoded(*self._collective(kind, kind, b"".join(parts), args, marked=True))

    def _encode(self, obj: Any) -> tuple[int, bytes]:
        if isinstance(obj, (bytes, bytearray, memoryview)):
            return _BYTES, bytes(obj)
        if not self.allow_pickle:
            raise InvalidError(
                f"a {type(obj).__name__} travels as a pickle, and allow_pickle is False: give bytes, or set it to True",
                op="comm",
            )
        return _PICKLE, pickle.dumps(obj, protocol=pickle.HIGHEST_PROTOCOL)

    def _decoded(self, messages: list[bytes], marks: list[int]) -> list[Any]:
        if not self.allow_pickle and _PICKLE in marks:
            raise InvalidError("a rank sent a pickle, and allow_pickle is False here", op="comm")
        return [data if mark == _BYTES else pickle.loads(data) for data, mark in zip(messages, marks)]

    def _one_each(self, objs: Sequence[Any] | None, operation: str) -> Sequence[Any]:
        size = self._env.world_size
        if objs is None or len(objs) != size:
            given = "none" if objs is None else len(objs)
            raise InvalidError(f"one object per rank is needed: {size}, not {given}", op=operation)
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


def _fold(op: Op) -> Callable[[Sequence[Any]], Any]:
    """Return what combines the objects of some ranks."""
    function = op if callable(op) else _FUNCTIONS.get(op)
    if function is None:
        raise InvalidError(f"op={op!r}: expected a function or one of {', '.join(_FUNCTIONS)}", op="reduce")
    return functools.partial(functools.reduce, function)

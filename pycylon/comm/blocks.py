"""Reductions of buffers by a user's function.

The function runs on Python threads that wait anyway, never in the core. Long buffers are cut into a share per rank: all
ranks send each other its share (alltoall), each combines those of its own, in the order of the ranks, and the results
go to whom they are for. So every rank moves and combines as much as one buffer, whatever the world, and the function
need not be commutative. Short buffers, and those of non-blocking methods, are gathered whole.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from pycylon.comm.base import bytes_of
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pycylon._native.call import Received
    from pycylon.comm.base import Calls
    from pycylon.comm.request import Request

#: Up to how many bytes buffers are gathered whole.
_SHORT = 16 << 10


class _Filled:
    """A result as `fill` expects it."""

    def __init__(self, parts: Sequence[bytes | bytearray]) -> None:
        self._parts = parts
        self.sizes = [len(part) for part in parts]

    def fill(self, target: memoryview) -> None:
        start = 0
        for part in self._parts:
            target[start : start + len(part)] = part
            start += len(part)


def reduce(
    comm: Calls,
    name: str,
    kind: str,
    sendbuf: Any,
    fill: Callable[[Any], None],
    function: Callable[[Any, Any], Any],
    root: int | None,
    *,
    wait: bool,
) -> Request:
    """Start a reduction. Of a blocking one all but the last step is done on return.

    Parameters
    ----------
    comm : Calls
        The communicator.
    name, kind : str
        The method, and what it does: "reduce", "allreduce", "scan" or "exscan".
    sendbuf : buffer
        What this rank gives.
    fill : callable
        Writes the result.
    function : callable
        What combines two blocks of elements.
    root : int or None
        Who gets the result of a "reduce".
    wait : bool
        Whether the method blocks.
    """
    fold = _fold(sendbuf, function, name)
    if not wait or memoryview(sendbuf).nbytes <= _SHORT:
        return _whole(comm, name, kind, sendbuf, fill, fold, root, wait=wait)
    view, lengths = _shares(comm, sendbuf, name)
    received = _step(comm, name, "alltoallv", view, {"lengths": lengths})
    try:
        if kind in ("scan", "exscan"):
            upto = _prefixes(received, fold)
            parts = [*upto] if kind == "scan" else [b"", *upto[:-1]]
        else:
            parts = [fold(received)]
    except Exception as error:
        comm._tell(name, error)
        raise
    data = memoryview(b"".join(parts))
    if kind in ("scan", "exscan"):
        return comm._start(name, "alltoallv", fill, data, wait=True, args={"lengths": [len(part) for part in parts]})
    if kind == "reduce":
        return comm._start(name, "gather", fill, data, wait=True, args={"root": root})
    return comm._start(name, "allgather", fill, data, wait=True)


def reduce_scatter(
    comm: Calls,
    name: str,
    sendbuf: Any,
    fill: Callable[[Any], None],
    function: Callable[[Any, Any], Any],
    counts: Sequence[int],
    *,
    wait: bool,
) -> Request:
    """Start a reduction of which each rank gets its part.

    Parameters
    ----------
    comm, name, sendbuf, fill, function, wait
        As in `reduce`.
    counts : sequence of int
        How many elements each rank gets.
    """
    fold = _fold(sendbuf, function, name)
    item = memoryview(sendbuf).itemsize
    return comm._start(
        name,
        "alltoallv",
        lambda received: fill(_Filled([fold(received.messages)])),
        bytes_of(sendbuf, name),
        wait=wait,
        args={"lengths": [count * item for count in counts]},
    )


def _whole(
    comm: Calls,
    name: str,
    kind: str,
    sendbuf: Any,
    fill: Callable[[Any], None],
    fold: Callable[[Sequence[bytes]], bytes],
    root: int | None,
    *,
    wait: bool,
) -> Request:
    def finish(received: Received) -> None:
        count = {"scan": comm.rank + 1, "exscan": comm.rank}.get(kind, comm.size)
        if root in (None, comm.rank) and count:
            fill(_Filled([fold(received.messages[:count])]))

    gather = "allgather" if root is None else "gather"
    args = {} if root is None else {"root": root}
    return comm._start(name, gather, finish, bytes_of(sendbuf, name), wait=wait, args=args)


def _step(comm: Calls, name: str, kind: str, data: memoryview, args: dict[str, Any]) -> list[bytes]:
    messages: list[bytes] = comm._start(name, kind, lambda got: got.messages, data, wait=True, args=args).wait()
    return messages


def _shares(comm: Calls, sendbuf: Any, name: str) -> tuple[memoryview, list[int]]:
    view, size = memoryview(sendbuf), comm.size
    elements = view.nbytes // view.itemsize
    starts = [elements * rank // size for rank in range(size + 1)]
    return bytes_of(sendbuf, name), [(end - start) * view.itemsize for start, end in itertools.pairwise(starts)]


def _prefixes(blocks: Sequence[bytes], fold: Callable[[Sequence[bytes]], bytes]) -> list[bytes]:
    upto = [blocks[0]]
    for block in blocks[1:]:
        upto.append(fold([upto[-1], block]))
    return upto


def _fold(sendbuf: Any, function: Callable[[Any, Any], Any], name: str) -> Callable[[Sequence[bytes]], bytes]:
    """Return what combines blocks of elements of some ranks."""
    form: Any = memoryview(sendbuf).format

    def elements(block: bytes) -> memoryview:
        view = memoryview(bytearray(block))
        return view.cast(form) if len(form) == 1 and block else view

    def combine(a: bytes, b: bytes) -> bytes:
        if not b:
            return a
        second = elements(b)
        made = function(elements(a), second)
        result = bytes(memoryview(second if made is None else made).cast("B"))
        if len(result) != len(b):
            raise InvalidError(
                f"the function made {len(result)} bytes of {len(b)}: it returns as many elements", op=name
            )
        return result

    return lambda blocks: functools.reduce(combine, blocks)

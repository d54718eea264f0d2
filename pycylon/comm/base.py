"""How calls of a communicator reach the core, and what reductions are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from pycylon._native import abi
from pycylon.comm.request import Request
from pycylon.errors import InvalidError

if TYPE_CHECKING:
    from pycylon._native.abi import Environment
    from pycylon._native.call import Received

#: A reduction: a function of two values, or a name: "sum", "min", "max", "prod", "land", "lor", "lxor", "band", "bor",
#: "bxor", "minloc", "maxloc".
Op: TypeAlias = str | Callable[[Any, Any], Any]


class Calls:
    """Calls of a communicator."""

    _native: Environment
    _number: int  # which communicator of the environment
    allow_pickle: bool
    rank: int
    size: int

    def _start(
        self,
        name: str,
        kind: str,
        finish: Callable[[Received], Any],
        data: bytes | memoryview = b"",
        *,
        wait: bool,
        args: dict[str, Any] | None = None,
        **marks: Any,
    ) -> Request:
        """Start a call for the method of this name; `finish` makes its result. `wait` says that the method blocks."""
        self._native.opened(name)
        call = {"kind": kind, "site": abi.call_site(name), "args": {"name": name, **(args or {})}, **marks}
        if self._number:
            call["comm"] = self._number
        if not wait:
            call["nowait"] = True
        return Request(self._native.start(call, data), finish)

    def _tell(self, name: str, error: Exception) -> None:
        """Tell the other ranks, which are about to begin something together, that this one has failed."""
        text = f"{type(error).__name__}: {error}"
        try:
            self._start(name, "fail", nothing, wait=True, args={"error": text}).wait()
        except InvalidError:
            return  # it is told


def nothing(received: Received) -> None:
    """Make the result of a call that has none."""


def bytes_of(buf: Any, operation: str) -> memoryview:
    """Return the bytes of a buffer.

    Parameters
    ----------
    buf : buffer
        What the user gave.
    operation : str
        The operation, as the user knows it.
    """
    try:
        view = memoryview(buf)
    except TypeError:
        raise TypeError(f"{operation} takes buffers, such as NumPy arrays, not a {type(buf).__name__}") from None
    if not view.c_contiguous:
        raise InvalidError("the buffer's elements don't lie one behind the other: copy it first", op=operation)
    return view.cast("B") if view.nbytes else memoryview(b"")


def filler(buf: Any, operation: str) -> Callable[[Received], None]:
    """Return what writes what was received into the caller's buffer, which must be as long.

    Parameters
    ----------
    buf : buffer
        What the user gave.
    operation : str
        The operation, as the user knows it.
    """

    def fill(received: Received) -> None:
        target, length = bytes_of(buf, operation), sum(received.sizes)
        if target.nbytes != length:
            raise InvalidError(f"{length} bytes were received for a buffer of {target.nbytes}", op=operation)
        if length and target.readonly:
            raise InvalidError("the buffer for the result can't be written to", op=operation)
        if length:
            received.fill(target)

    return fill

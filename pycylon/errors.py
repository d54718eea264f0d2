"""The errors that pycylon raises: one class per kind, each also the built-in exception that fits it.

Every one is a `PyCylonError` with three attributes: `code` (the kind's name in the Go core), `op` (the operation as the
user knows it, "merge") and `rank` (the rank it happened on), the last two None where they play no part. The text says
what happened, to what, and what to do.

Examples
--------
>>> import pycylon as pc
>>> df = pc.DataFrame({"a": [1, 2]})
>>> try:
...     df["b"]
... except KeyError as error:
...     print(type(error).__name__, "|", error)
NotFoundError | there is no column 'b': the columns are 'a'
"""

from __future__ import annotations

__all__ = [
    "CancelledError",
    "ClosedError",
    "CollectiveMismatchError",
    "ForkedError",
    "InputOutputError",
    "IntegerOverflowError",
    "InternalError",
    "InvalidError",
    "MalformedError",
    "NotFoundError",
    "OperationTimeoutError",
    "OutOfMemoryError",
    "PeerLost",
    "PyCylonError",
    "RemoteError",
    "ReplicatedInputWarning",
    "StaleError",
    "TypeMismatchError",
    "UnauthenticatedError",
    "UnreachableError",
    "UnsupportedError",
]


class PyCylonError(Exception):
    """The base of all errors of pycylon.

    Parameters
    ----------
    message : str
        What happened and what to do.
    op : str, optional
        The operation, as the user knows it.
    rank : int, optional
        The rank it happened on, or is about.
    """

    #: The kind's name in the Go core.
    code = "Internal"

    def __init__(self, message: str, *, op: str | None = None, rank: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.op = op
        self.rank = rank

    def __str__(self) -> str:
        """Return "op: message (rank r)"."""
        text = f"{self.op}: {self.message}" if self.op else self.message
        return text if self.rank is None else f"{text} (rank {self.rank})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with op and rank: errors travel between ranks."""
        return _rebuild, (type(self), self.message, self.op, self.rank), self.__dict__


def _rebuild(kind: type[PyCylonError], message: str, op: str | None, rank: int | None) -> PyCylonError:
    return kind(message, op=op, rank=rank)


class InvalidError(PyCylonError, ValueError):
    """A wrong argument or value."""

    code = "Invalid"


class NotFoundError(PyCylonError, KeyError, FileNotFoundError):
    """A column, file or key that isn't there."""

    code = "NotFound"


class TypeMismatchError(PyCylonError, TypeError):
    """Two types that don't go together, or one that an operation can't take."""

    code = "TypeMismatch"


class UnsupportedError(PyCylonError, NotImplementedError):
    """An Arrow type or a feature that this version refuses."""

    code = "Unsupported"


class MalformedError(PyCylonError, ValueError):
    """Input that can't be parsed: the text names file, line and column."""

    code = "Malformed"


class InputOutputError(PyCylonError, OSError):
    """A failure of a file or a device."""

    code = "IO"


class OutOfMemoryError(PyCylonError, MemoryError):
    """More memory than the budget, or the machine, has."""

    code = "OutOfMemory"


class CancelledError(PyCylonError):
    """An operation that its caller ended."""

    code = "Cancelled"


class OperationTimeoutError(PyCylonError, TimeoutError):
    """An operation that outlived its deadline: the text names the ranks that were absent."""

    code = "Timeout"


class UnreachableError(PyCylonError, ConnectionError):
    """A rendezvous or a peer that can't be connected to; a later try may succeed."""

    code = "Unreachable"


class UnauthenticatedError(PyCylonError, ConnectionError):
    """A wrong, expired or foreign token, or a peer that failed its proof."""

    code = "Unauthenticated"


class PeerLost(PyCylonError, ConnectionError):  # noqa: N818  (the field's word)
    """A rank that died or stopped answering; `rank` names it."""

    code = "PeerLost"


class RemoteError(PyCylonError, RuntimeError):
    """An operation that failed on another rank; `rank` names it. The environment stays usable."""

    code = "Remote"


class CollectiveMismatchError(PyCylonError, RuntimeError):
    """Ranks that entered different collectives: the text names both call sites."""

    code = "CollectiveMismatch"


class StaleError(PyCylonError, ConnectionError):
    """A rank or connection of an earlier epoch or attempt: `CylonEnv.reopen` on all ranks begins a new one."""

    code = "Stale"


class ClosedError(PyCylonError, RuntimeError):
    """A use of an environment or frame after its end."""

    code = "Closed"


class ForkedError(PyCylonError, RuntimeError):
    """A use of pycylon in a child that was forked after pycylon's first use."""

    code = "Forked"


class IntegerOverflowError(PyCylonError, OverflowError):
    """An integer result that doesn't fit its type."""

    code = "Overflow"


class InternalError(PyCylonError, RuntimeError):
    """A defect of pycylon."""

    code = "Internal"


#: What a rank sees of another's failure or absence: of several ranks' errors, the cause is one that isn't among these.
CONSEQUENCES: tuple[type[PyCylonError], ...] = (PeerLost, RemoteError, CollectiveMismatchError)


class ReplicatedInputWarning(UserWarning):
    """All ranks gave the same rows as their share: the result holds each of them once per rank."""


#: The classes in the order of the core's codes, from 1 on. Code 0 is success.
BY_CODE: tuple[type[PyCylonError], ...] = (
    InvalidError,
    NotFoundError,
    TypeMismatchError,
    UnsupportedError,
    MalformedError,
    InputOutputError,
    OutOfMemoryError,
    CancelledError,
    OperationTimeoutError,
    UnreachableError,
    UnauthenticatedError,
    PeerLost,
    RemoteError,
    CollectiveMismatchError,
    StaleError,
    ClosedError,
    ForkedError,
    IntegerOverflowError,
    InternalError,
)

"""Calls of a communicator: what they read, and the messages that they receive."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from pycylon import errors
from pycylon._native.handle import Handle, Operation
from pycylon._native.library import Library, check

if TYPE_CHECKING:
    from collections.abc import Callable


class _Buffer(ctypes.Structure):
    """Py_buffer: the way to the address of a buffer, also of one that can't be written to."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        *((name, ctypes.c_void_p) for name in ("format", "shape", "strides", "suboffsets", "internal")),
    )


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_Buffer), ctypes.c_int)
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes, _release_buffer.restype = (ctypes.POINTER(_Buffer),), None


def address_of(data: bytes | memoryview) -> int:
    """Return the address of bytes, which hold still as long as the caller keeps them.

    Parameters
    ----------
    data : bytes or memoryview
        The bytes.
    """
    view = _Buffer()
    _get_buffer(data, ctypes.byref(view), 0)
    _release_buffer(ctypes.byref(view))
    return view.buf or 0


class Received:
    """What a call of a communicator received.

    Parameters
    ----------
    messages : Handle
        The messages.
    info : str
        What is told about them.
    """

    __slots__ = ("_messages", "info")

    def __init__(self, messages: Handle, info: str) -> None:
        self._messages = messages
        #: "sizes", and "marks", "envelope" and "made" where there are such.
        self.info: dict[str, Any] = json.loads(info) if info else {"sizes": []}

    @property
    def sizes(self) -> list[int]:
        """How many bytes each message has."""
        sizes: list[int] = self.info["sizes"]
        return sizes

    @property
    def messages(self) -> list[bytes]:
        """The messages."""
        return [self._read(i, size) for i, size in enumerate(self.sizes)]

    def fill(self, target: memoryview) -> None:
        """Write the messages, one after the other, into the beginning of a buffer of bytes.

        Parameters
        ----------
        target : memoryview
            It can be written to, and has as many bytes as the messages or more.
        """
        lib, address = self._messages._lib, address_of(target)
        for i, size in enumerate(self.sizes):
            if size:
                read = lib.copying("pcy_message", size)
                given = (self._messages.value, i, address, size)
                check(lib, functools.partial(read, *given))
                address += size

    def _read(self, i: int, size: int) -> bytes:
        if size == 0:
            return b""
        data: bytes = _new_bytes(None, size)
        lib = self._messages._lib
        read = lib.copying("pcy_message", size)
        check(lib, lambda err: read(self._messages.value, i, data, size, err))
        return data


#: Called with NULL it makes bytes to be written, by whoever has the only reference.
_new_bytes = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t)(
    ("PyBytes_FromStringAndSize", ctypes.pythonapi)
)


class Call:
    """A call of a communicator that was started: `wait` for it, or `test` it. Any thread may.

    Parameters
    ----------
    lib : Library
        The library.
    data : bytes or memoryview
        What the call reads until it ends.
    """

    __slots__ = ("__weakref__", "_data", "_error", "_lock", "_messages", "_received", "operation")

    def __init__(self, lib: Library, data: bytes | memoryview) -> None:
        self.operation = Operation(lib)
        self._data: bytes | memoryview | None = data
        self._messages = Handle(lib)
        self._received: Received | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    def wait(self) -> Received:
        """Return what was received, or raise why the call failed."""
        with self._lock:
            if self._received is None and self._error is None:
                self._settle(lambda: self.operation.wait(self._messages))
            return self._outcome()

    def test(self, milliseconds: int = 0) -> bool:
        """Tell whether the call has ended.

        Parameters
        ----------
        milliseconds : int, default 0
            How long to wait for it at most.
        """
        if not self._lock.acquire(blocking=False):
            return False  # somebody waits for it
        try:
            if self._received is None and self._error is None:
                with contextlib.suppress(errors.PyCylonError):
                    self._settle(lambda: self.operation.poll(self._messages, milliseconds))
            return self._received is not None or self._error is not None
        finally:
            self._lock.release()

    def cancel(self) -> None:
        """Ask the call to end. Doesn't wait."""
        self.operation.cancel()

    def _settle(self, take: Callable[[], str | None]) -> None:
        try:
            info = take()
        except BaseException as error:
            self._error = error
            self._data = None
            raise
        if info is not None:
            self._received = Received(self._messages, info)

    def _outcome(self) -> Received:
        if self._error is not None:
            raise self._error
        if self._received is None:
            raise errors.InternalError("a call ended without an outcome: please report this as a bug")
        return self._received

    def __del__(self) -> None:
        # What was started goes on, also where nobody waits for it, and reads its data.
        if self._received is None and self._error is None and self.operation.value:
            _unwaited.append((self.operation, self._messages, self._data))


#: Calls that run and that nobody can wait for any more. Threads take from it and append to it at once.
_unwaited: deque[tuple[Operation, Handle, bytes | memoryview | None]] = deque()


def reap() -> None:
    """Free those of `_unwaited` that have ended."""
    for _ in range(len(_unwaited)):
        try:
            call = _unwaited.popleft()
        except IndexError:  # another thread was faster
            return
        with contextlib.suppress(errors.PyCylonError):
            if call[0].poll(call[1]) is None:
                _unwaited.append(call)

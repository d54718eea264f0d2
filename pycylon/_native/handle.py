"""Objects of the core behind handles, and operations that run: started by a short call, waited for in slices.

Ctrl-C gets through between two slices, and cancels the operation. A call writes the handle it gives out into a `Handle`
that exists already, so that an exception between two steps of Python loses none.
"""

from __future__ import annotations

import ctypes
import threading
from typing import TYPE_CHECKING, Any

from pycylon._native.library import Error, Library, has_forked, raise_error, take_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycylon.progress import Watch

PENDING = -1

#: How long one wait lasts before Python looks for signals, on the main thread and on others.
_MAIN_SLICE_MS = 25
_THREAD_SLICE_MS = 1000


class Handle:
    """An object on the other side, freed with its last reference here.

    Parameters
    ----------
    lib : Library
        The library.
    """

    __slots__ = ("__weakref__", "_lib", "cell")

    def __init__(self, lib: Library) -> None:
        self._lib = lib
        #: Where a call writes the handle.
        self.cell = ctypes.c_size_t()

    @property
    def value(self) -> int:
        """The handle; 0 is none."""
        return self.cell.value

    @property
    def out(self) -> Any:
        """A reference to the handle, for the call that gives it out."""
        return ctypes.byref(self.cell)

    def free(self) -> None:
        """Free the object now. A second call does nothing."""
        value, self.cell.value = self.cell.value, 0
        if value and not has_forked():
            self._lib.pcy_free(value)

    def __del__(self) -> None:
        if hasattr(self, "cell"):
            self.free()


class Operation(Handle):
    """Work that was started: `wait` for its end."""

    __slots__ = ()

    def wait(self, result: Handle, watch: Callable[[], Watch | None] | None = None) -> str:
        """Take the outcome into `result`, which stays empty where there is none, and return what is told about it.

        An exception that arrives while it waits (Ctrl-C) cancels the operation, waits for its end and goes on.

        Parameters
        ----------
        result : Handle
            A new handle of the kind that the operation makes.
        watch : callable, optional
            Returns who shows how far the operation is. Not called where it has ended already.
        """
        lib, err, info = self._lib, Error(), ctypes.c_void_p()
        arguments = (result.out, ctypes.byref(info), ctypes.byref(err))
        try:
            code = lib.poll(self.value, 0, *arguments)
            if code == PENDING:
                code = self._wait_in_slices(watch() if watch else None, *arguments)
        except BaseException:
            lib.pcy_cancel(self.value)
            while lib.pcy_wait(self.value, _MAIN_SLICE_MS, *arguments) == PENDING:
                pass
            take_text(lib, info)  # it may have ended well before it was cancelled
            lib.pcy_error_clear(ctypes.byref(err))
            self.free()
            raise
        self.free()
        if code != 0:
            raise_error(lib, err)
        return take_text(lib, info)

    def poll(self, result: Handle, milliseconds: int = 0) -> str | None:
        """Take the outcome as `wait` does; None says that there is none yet.

        Parameters
        ----------
        result : Handle
            As in `wait`.
        milliseconds : int, default 0
            How long to wait for it at most.
        """
        lib, err, info = self._lib, Error(), ctypes.c_void_p()
        wait = lib.pcy_wait if milliseconds else lib.poll
        code = wait(self.value, milliseconds, result.out, ctypes.byref(info), ctypes.byref(err))
        if code == PENDING:
            return None
        self.free()
        if code != 0:
            raise_error(lib, err)
        return take_text(lib, info)

    def cancel(self) -> None:
        """Ask the operation to end. Doesn't wait."""
        if self.value:
            self._lib.pcy_cancel(self.value)

    def _wait_in_slices(self, watch: Watch | None, *arguments: Any) -> int:
        is_main = threading.current_thread() is threading.main_thread()
        span = _MAIN_SLICE_MS if is_main else _THREAD_SLICE_MS
        if watch is None:
            while (code := self._lib.pcy_wait(self.value, span, *arguments)) == PENDING:
                pass
            return int(code)
        span = min(span, watch.interval_ms)
        try:
            while (code := self._lib.pcy_wait(self.value, span, *arguments)) == PENDING:
                watch.poll()
        finally:
            watch.end()
        return int(code)

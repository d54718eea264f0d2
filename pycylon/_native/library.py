"""The Go library: its functions' signatures, its loading, its errors.

The library is loaded at the first use, not at import: a process that only imports pycylon may still fork. A call that
is short keeps the GIL (ctypes.PyDLL: releasing it costs 79 us when another thread computes), one that may wait or that
copies many bytes lets it go.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import threading
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pycylon import errors
from pycylon._version import __version__

ABI_VERSION = 1

#: From how many bytes on a copy takes longer than letting the GIL go.
LONG_COPY = 1 << 18
LIBRARY = Path(__file__).parent.parent / "libpycylon.so"


class Error(ctypes.Structure):
    """pcy_error."""

    _fields_ = (
        ("code", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("op", ctypes.c_char_p),
        ("message", ctypes.c_char_p),
    )


_int, _long, _size, _text, _ptr = ctypes.c_int32, ctypes.c_int64, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p
_handle = ctypes.c_size_t
_out_handle, _out_text, _err = ctypes.POINTER(_handle), ctypes.POINTER(_ptr), ctypes.POINTER(Error)


class _Function(NamedTuple):
    result: Any
    arguments: tuple[Any, ...]
    waits: bool = False  # lets the GIL go


#: Every function of export/pycylon.h.
FUNCTIONS = {
    "pcy_abi_version": _Function(_int, ()),
    "pcy_version": _Function(_text, ()),
    "pcy_code_name": _Function(_text, (_int,)),
    "pcy_error_clear": _Function(None, (_err,)),
    "pcy_string_free": _Function(None, (_ptr,)),
    "pcy_configure": _Function(_int, (_text, _size, _err)),
    "pcy_env_open": _Function(_int, (_text, _size, _out_handle, _err)),
    "pcy_env_describe": _Function(_int, (_handle, _out_text, _err)),
    "pcy_table_import": _Function(_int, (_ptr, _int, _out_handle, _err), waits=True),
    "pcy_table_export": _Function(_int, (_handle, _ptr, _err), waits=True),
    "pcy_table_info": _Function(_int, (_handle, _out_text, _err)),
    "pcy_table_bytes": _Function(_int, (_handle, ctypes.POINTER(_long), _err), waits=True),
    "pcy_start": _Function(_int, (_handle, _text, _size, ctypes.POINTER(_handle), _int, _text, _out_handle, _err)),
    "pcy_collective": _Function(_int, (_handle, _text, _size, _ptr, _size, _out_handle, _err)),
    "pcy_wait": _Function(_int, (_handle, _long, _out_handle, _out_text, _err), waits=True),
    "pcy_cancel": _Function(_int, (_handle,)),
    "pcy_message": _Function(_int, (_handle, _int, _ptr, _size, _err)),
    "pcy_service_start": _Function(_int, (_text, _size, _out_handle, _out_text, _err), waits=True),
    "pcy_events": _Function(_int, (_handle, _out_text, _err)),
    "pcy_free": _Function(_int, (_handle,)),
    "pcy_shutdown": _Function(None, (), waits=True),
    "pcy_stream_capsule_free": _Function(None, (_ptr,)),
}


class Library:
    """The loaded library: a function per name of `FUNCTIONS`."""

    def __init__(self, path: Path) -> None:
        try:
            held, let_go = ctypes.PyDLL(str(path)), ctypes.CDLL(str(path))
        except OSError as error:
            raise ImportError(
                f"pycylon's library can't be loaded from {path} ({error}): reinstall pycylon, or build it with "
                "`pip install .` in a checkout"
            ) from error
        for name, function in FUNCTIONS.items():
            for variant in (held, let_go):
                call = getattr(variant, name)
                call.restype, call.argtypes = function.result, function.arguments
            setattr(self, name, getattr(let_go if function.waits else held, name))
        self._held, self._let_go = held, let_go
        #: pcy_wait of an operation that has ended already, without letting the GIL go.
        self.poll = held.pcy_wait
        self.destructor = ctypes.cast(held.pcy_stream_capsule_free, ctypes.c_void_p).value
        built = (self.pcy_abi_version(), self.pcy_version())
        if built != (ABI_VERSION, __version__.encode()):
            raise ImportError(
                f"{path} is of pycylon {built[1].decode()} (ABI {built[0]}), the Python package is {__version__} "
                f"(ABI {ABI_VERSION}): reinstall pycylon"
            )

    def copying(self, name: str, size: int) -> Any:
        """Return a function for a call that copies `size` bytes: it lets the GIL go where they are many.

        Parameters
        ----------
        name : str
            The function's name.
        size : int
            How many bytes.
        """
        return getattr(self._let_go if size >= LONG_COPY else self._held, name)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


_library: Library | None = None
_loading = threading.Lock()
_forked = False


def library() -> Library:
    """Return the library, loading and configuring it at the first use."""
    if _forked:
        raise errors.ForkedError(
            "pycylon was used before this process was forked and can't be used here: start workers with the 'spawn' "
            "or 'forkserver' method of multiprocessing, or first use pycylon after the fork"
        )
    return _library or _load()


def _load() -> Library:
    global _library
    from pycylon import config

    with _loading:
        if _library is None:
            loaded = Library(LIBRARY)
            text = json.dumps(config.from_environment()).encode()
            check(loaded, lambda err: loaded.pcy_configure(text, len(text), err))
            os.register_at_fork(after_in_child=_after_fork)
            atexit.register(_shutdown)
            _library = loaded
    return _library


def _after_fork() -> None:
    global _forked
    _forked = True


def _shutdown() -> None:
    if _library is not None and not _forked:
        _library.pcy_shutdown()


def has_forked() -> bool:
    """Tell whether this process was forked after the library was loaded."""
    return _forked


def check(lib: Library, call: Any) -> None:
    """Make a call that fills an error, and raise what it filled in.

    Parameters
    ----------
    lib : Library
        The library.
    call : callable
        Called with a reference to the error to fill; returns the code.
    """
    err = Error()
    if call(ctypes.byref(err)) != 0:
        raise_error(lib, err)


def raise_error(lib: Library, err: Error) -> NoReturn:
    """Raise the class of `errors` that stands for `err`, and clear it."""
    kinds = errors.BY_CODE
    kind = kinds[err.code - 1] if 0 < err.code <= len(kinds) else errors.InternalError
    message = (err.message or b"").decode("utf-8", "replace")
    op = err.op.decode("utf-8", "replace") if err.op else None
    rank = err.rank if err.rank >= 0 else None
    lib.pcy_error_clear(ctypes.byref(err))
    raise kind(message, op=op, rank=rank)


def take_text(lib: Library, pointer: ctypes.c_void_p) -> str:
    """Return the string that a call handed out, and free it."""
    if not pointer.value:
        return ""
    try:
        return ctypes.string_at(pointer.value).decode()
    finally:
        lib.pcy_string_free(pointer)

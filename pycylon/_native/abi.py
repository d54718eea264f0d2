"""The one module that touches the Go library: its signatures, its errors, its handles.

The library is loaded at the first use, not at import: a process that only imports pycylon may still fork. A call that
is short keeps the GIL (ctypes.PyDLL: releasing it costs 79 us when another thread computes), one that may wait lets it
go. An operation is started by a short call that waits up to 200 us, then waited for in slices, so that Ctrl-C gets
through and cancels it.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pycylon import errors
from pycylon._native import capsule
from pycylon._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pycylon.frame import DataFrame

ABI_VERSION = 1
PENDING = -1
LIBRARY = Path(__file__).parent.parent / "libpycylon.so"

#: How long one wait lasts before Python looks for signals, on the main thread and on others.
_MAIN_SLICE_MS = 25
_THREAD_SLICE_MS = 1000


class _Error(ctypes.Structure):
    """pcy_error."""

    _fields_ = (
        ("code", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("op", ctypes.c_char_p),
        ("message", ctypes.c_char_p),
    )


_int, _long, _size, _text, _ptr = ctypes.c_int32, ctypes.c_int64, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p
_handle = ctypes.c_size_t
_out_handle, _out_text, _err = ctypes.POINTER(_handle), ctypes.POINTER(_ptr), ctypes.POINTER(_Error)


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


class _Library:
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
            call = getattr(let_go if function.waits else held, name)
            call.restype, call.argtypes = function.result, function.arguments
            setattr(self, name, call)
        #: pcy_wait of an operation that has ended already, without letting the GIL go.
        self.poll = held.pcy_wait
        self.poll.restype, self.poll.argtypes = FUNCTIONS["pcy_wait"].result, FUNCTIONS["pcy_wait"].arguments
        self.destructor = ctypes.cast(held.pcy_stream_capsule_free, ctypes.c_void_p).value
        built = (self.pcy_abi_version(), self.pcy_version())
        if built != (ABI_VERSION, __version__.encode()):
            raise ImportError(
                f"{path} is of pycylon {built[1].decode()} (ABI {built[0]}), the Python package is {__version__} "
                f"(ABI {ABI_VERSION}): reinstall pycylon"
            )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


_library: _Library | None = None
_loading = threading.Lock()
_forked = False


def library() -> _Library:
    """Return the library, loading and configuring it at the first use."""
    if _forked:
        raise errors.ForkedError(
            "pycylon was used before this process was forked and can't be used here: start workers with the 'spawn' "
            "or 'forkserver' method of multiprocessing, or first use pycylon after the fork"
        )
    return _library or _load()


def _load() -> _Library:
    global _library
    from pycylon import config

    with _loading:
        if _library is None:
            loaded = _Library(LIBRARY)
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


def is_loaded() -> bool:
    """Tell whether the library was loaded in this process."""
    return _library is not None


def check(lib: _Library, call: Any) -> None:
    """Make a call that fills an error, and raise what it filled in.

    Parameters
    ----------
    lib : _Library
        The library.
    call : callable
        Called with a reference to the error to fill; returns the code.
    """
    err = _Error()
    if call(ctypes.byref(err)) != 0:
        raise_error(lib, err)


def raise_error(lib: _Library, err: _Error) -> NoReturn:
    """Raise the class of `errors` that stands for `err`, and clear it."""
    kinds = errors.BY_CODE
    kind = kinds[err.code - 1] if 0 < err.code <= len(kinds) else errors.InternalError
    message = (err.message or b"").decode("utf-8", "replace")
    op = err.op.decode("utf-8", "replace") if err.op else None
    rank = err.rank if err.rank >= 0 else None
    lib.pcy_error_clear(ctypes.byref(err))
    raise kind(message, op=op, rank=rank)


def take_text(lib: _Library, pointer: ctypes.c_void_p) -> str:
    """Return the string that a call handed out, and free it."""
    if not pointer.value:
        return ""
    try:
        return ctypes.string_at(pointer.value).decode()
    finally:
        lib.pcy_string_free(pointer)


class Handle:
    """An object on the other side, freed with its last reference here."""

    __slots__ = ("__weakref__", "_lib", "value")

    def __init__(self, lib: _Library, value: int) -> None:
        self._lib = lib
        self.value = value

    def free(self) -> None:
        """Free the object now. A second call does nothing."""
        value, self.value = self.value, 0
        if value and not _forked:
            self._lib.pcy_free(value)

    def __del__(self) -> None:
        if getattr(self, "value", 0):
            self.free()


class Field(NamedTuple):
    """A column of a table: its name and its type as plans spell it."""

    name: str
    type: str


class Table(Handle):
    """Immutable rows on the other side."""

    __slots__ = ("_info",)

    def __init__(self, lib: _Library, value: int) -> None:
        super().__init__(lib, value)
        self._info: dict[str, Any] | None = None

    @property
    def info(self) -> dict[str, Any]:
        """``{"schema", "rows", "batches", "bytes"}``."""
        if self._info is None:
            pointer = ctypes.c_void_p()
            check(self._lib, lambda err: self._lib.pcy_table_info(self.value, ctypes.byref(pointer), err))
            self._info = json.loads(take_text(self._lib, pointer))
        return self._info

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.info["rows"])

    @property
    def schema(self) -> list[Field]:
        """The columns."""
        return [Field(f["name"], f["type"]) for f in self.info["schema"]]

    def stream(self) -> object:
        """Return a PyCapsule around an ArrowArrayStream of the rows."""
        pointer = capsule.new_stream()
        try:
            check(self._lib, lambda err: self._lib.pcy_table_export(self.value, pointer, err))
        except BaseException:
            capsule.free_stream(pointer)
            raise
        return capsule.wrap_stream(pointer, self._lib.destructor)


def table_from_stream(stream: object, copy: bool = False) -> Table:
    """Pull all of an Arrow stream.

    Parameters
    ----------
    stream : PyCapsule
        An ``arrow_array_stream``; consumed.
    copy : bool, default False
        Copy the arrays rather than keep them.
    """
    return table_from_pointer(capsule.pointer(stream, b"arrow_array_stream"), copy)


def table_from_pointer(pointer: int, copy: bool) -> Table:
    """Pull all of the ArrowArrayStream at an address and release it."""
    lib, out = library(), _handle()
    check(lib, lambda err: lib.pcy_table_import(pointer, int(copy), ctypes.byref(out), err))
    return Table(lib, out.value)


class Operation(Handle):
    """Work that was started: `wait` for its end."""

    __slots__ = ()

    def wait(self) -> tuple[int, str]:
        """Return the handle of the result (0: none) and what is told about it.

        An exception that arrives while it waits (Ctrl-C) cancels the operation, waits for its end and goes on.
        """
        lib, err = self._lib, _Error()
        result, info = _handle(), ctypes.c_void_p()
        arguments = (ctypes.byref(result), ctypes.byref(info), ctypes.byref(err))
        try:
            code = lib.poll(self.value, 0, *arguments)
            if code == PENDING:
                is_main = threading.current_thread() is threading.main_thread()
                span = _MAIN_SLICE_MS if is_main else _THREAD_SLICE_MS
                while (code := lib.pcy_wait(self.value, span, *arguments)) == PENDING:
                    pass
        except BaseException:
            lib.pcy_cancel(self.value)
            while lib.pcy_wait(self.value, _MAIN_SLICE_MS, *arguments) == PENDING:
                pass
            lib.pcy_error_clear(ctypes.byref(err))
            self.free()
            raise
        self.free()
        if code != 0:
            raise_error(lib, err)
        return result.value, take_text(lib, info)


def run(env: int, plan: Mapping[str, Any], tables: Sequence[Table], site: str) -> tuple[Table | None, dict[str, Any]]:
    """Run a plan and return its table and what is told about it.

    Parameters
    ----------
    env : int
        The handle of an environment; 0 is this process alone.
    plan : mapping
        The plan, for JSON.
    tables : sequence of Table
        What the plan's table arguments refer to, by position.
    site : str
        Where the user called from, for errors about ranks that disagree.
    """
    lib, text, out = library(), json.dumps(plan, allow_nan=False).encode(), _handle()
    handles = (_handle * len(tables))(*[table.value for table in tables])
    where = site.encode("utf-8", "replace")
    check(
        lib,
        lambda err: lib.pcy_start(env, text, len(text), handles, len(tables), where, ctypes.byref(out), err),
    )
    result, info = Operation(lib, out.value).wait()
    return Table(lib, result) if result else None, json.loads(info) if info else {}


class Environment(Handle):
    """An open environment."""

    __slots__ = ()

    def describe(self) -> dict[str, Any]:
        """Return its rank, world, peers and settings."""
        pointer = ctypes.c_void_p()
        check(self._lib, lambda err: self._lib.pcy_env_describe(self.value, ctypes.byref(pointer), err))
        description: dict[str, Any] = json.loads(take_text(self._lib, pointer))
        return description

    def events(self) -> list[dict[str, Any]]:
        """Return the events since the last call."""
        pointer = ctypes.c_void_p()
        check(self._lib, lambda err: self._lib.pcy_events(self.value, ctypes.byref(pointer), err))
        return [json.loads(line) for line in take_text(self._lib, pointer).splitlines()]

    def collective(self, call: Mapping[str, Any], data: bytes = b"") -> list[bytes]:
        """Run a collective of bytes and return the messages it received.

        Parameters
        ----------
        call : mapping
            Its "kind", "site" and "args".
        data : bytes
            What this rank gives.
        """
        lib, text, out = self._lib, json.dumps(call).encode(), _handle()
        library()
        check(
            lib,
            lambda err: lib.pcy_collective(self.value, text, len(text), data, len(data), ctypes.byref(out), err),
        )
        result, info = Operation(lib, out.value).wait()
        if not result:
            return []
        messages = Handle(lib, result)
        return [_message(messages, i, size) for i, size in enumerate(json.loads(info)["sizes"])]


def _message(messages: Handle, i: int, size: int) -> bytes:
    lib, buffer = messages._lib, ctypes.create_string_buffer(max(size, 1))
    check(lib, lambda err: lib.pcy_message(messages.value, i, buffer, size, err))
    return buffer.raw[:size]


def open_environment(options: Mapping[str, Any]) -> Environment:
    """Join a job, or open an environment of this process alone.

    Parameters
    ----------
    options : mapping
        The options of ``pcy_env_open``.
    """
    lib, text, out = library(), json.dumps(options).encode(), _handle()
    check(lib, lambda err: lib.pcy_env_open(text, len(text), ctypes.byref(out), err))
    result, _ = Operation(lib, out.value).wait()
    return Environment(lib, result)


def configure(settings: Mapping[str, int]) -> None:
    """Set the process's threads and memory limit.

    Parameters
    ----------
    settings : mapping
        "threads" and "memory_limit", either of which may be absent.
    """
    lib, text = library(), json.dumps(settings).encode()
    check(lib, lambda err: lib.pcy_configure(text, len(text), err))


class Service(Handle):
    """A service that runs until it is stopped. `info` is what it told at its start."""

    __slots__ = ("info",)

    def __init__(self, lib: _Library, value: int, info: dict[str, Any]) -> None:
        super().__init__(lib, value)
        self.info = info

    def stop(self) -> None:
        """Stop the service. A second call does nothing."""
        self.free()


def start_service(kind: str, options: Mapping[str, Any]) -> Service:
    """Start a long-lived service of the Go core, or make one call of it.

    Parameters
    ----------
    kind : str
        "rendezvous" or "token".
    options : mapping
        The service's options; one that is None counts as absent.
    """
    lib, out, info = library(), _handle(), ctypes.c_void_p()
    given = {name: value for name, value in options.items() if value is not None}
    text = json.dumps({"kind": kind, **given}).encode()
    check(
        lib,
        lambda err: lib.pcy_service_start(text, len(text), ctypes.byref(out), ctypes.byref(info), err),
    )
    told = take_text(lib, info)
    return Service(lib, out.value, json.loads(told) if told else {})


def call_site(operation: str) -> str:
    """Return "script.py:12 merge": the nearest caller outside of pycylon.

    Parameters
    ----------
    operation : str
        The operation, as the user knows it.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "pycylon":
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {operation}"


def write_ipc(frame: DataFrame, path: str | os.PathLike[str]) -> None:
    """Write this rank's rows of a frame to an Arrow IPC file.

    Parameters
    ----------
    frame : DataFrame
        The frame.
    path : path-like
        The file, replaced if it exists.
    """
    scan = {"op": "table", "table": 0, "placement": {"kind": "local"}}
    write = {"op": "write_ipc", "inputs": [0], "path": os.fspath(path)}
    run(0, {"nodes": [scan, write], "root": 1}, [frame._table], call_site("write_ipc"))


def read_ipc(path: str | os.PathLike[str]) -> DataFrame:
    """Read an Arrow IPC file as a local frame.

    Parameters
    ----------
    path : path-like
        The file.
    """
    from pycylon.frame import DataFrame

    scan = {"op": "scan_ipc", "path": os.fspath(path)}
    table, _ = run(0, {"nodes": [scan], "root": 0}, [], call_site("read_ipc"))
    return DataFrame._of(table)

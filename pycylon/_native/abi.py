"""What the rest of the package calls: tables, plans, environments and services of the core, behind handles.

An operation is started by a short call that waits up to 200 us, then waited for in slices, so that Ctrl-C gets through
and cancels it. A call writes the handle it gives out into a `Handle` that exists already, so that an exception between
two steps of Python loses none.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pycylon import errors
from pycylon._native import capsule
from pycylon._native.library import Error, Library, check, has_forked, library, raise_error, take_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pycylon.progress import Watch


PENDING = -1

#: How long one wait lasts before Python looks for signals, on the main thread and on others.
_MAIN_SLICE_MS = 25
_THREAD_SLICE_MS = 1000

#: How many events an environment keeps that were shown but not asked for, as many as the core does.
_KEPT_EVENTS = 4096


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


class Field(NamedTuple):
    """A column of a table: its name and its type as plans spell it."""

    name: str
    type: str


class Table(Handle):
    """Immutable rows on the other side."""

    __slots__ = ("_info",)

    def __init__(self, lib: Library) -> None:
        super().__init__(lib)
        self._info: dict[str, Any] | None = None

    @property
    def info(self) -> dict[str, Any]:
        """``{"schema", "rows", "batches"}``."""
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
    def nbytes(self) -> int:
        """The bytes that the rows take. Reads every string's size."""
        size = ctypes.c_int64()
        check(self._lib, lambda err: self._lib.pcy_table_bytes(self.value, ctypes.byref(size), err))
        return size.value

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
    lib = library()
    table = Table(lib)
    check(lib, lambda err: lib.pcy_table_import(pointer, int(copy), table.out, err))
    return table


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


def run(
    env: int,
    plan: Mapping[str, Any],
    site: str,
    watch: Callable[[], Watch | None] | None = None,
) -> tuple[Table | None, dict[str, Any]]:
    """Run a plan and return its table and what is told about it.

    Parameters
    ----------
    env : int
        The handle of an environment; 0 is this process alone.
    plan : mapping
        The plan, for JSON; tables in it stand for themselves, and travel by handle.
    site : str
        Where the user called from, for errors about ranks that disagree.
    watch : callable, optional
        Returns who shows how far it is, where it lasts.
    """
    tables: list[Table] = []

    def number(value: object) -> int:
        if not isinstance(value, Table):
            raise TypeError(f"a plan can't hold {value!r}")
        tables.append(value)
        return len(tables) - 1

    lib, spelled = library(), json.dumps(plan, allow_nan=False, ensure_ascii=False, default=number)
    try:
        text = spelled.encode()
    except UnicodeEncodeError as error:  # written as an escape, Go would read another name
        half = spelled[error.start : error.end]
        raise errors.InvalidError(
            f"a name or a text has {half!r}, which is no Unicode: half of a surrogate pair"
        ) from None
    handles = (ctypes.c_size_t * len(tables))(*[table.value for table in tables])
    where = site.encode("utf-8", "replace")
    op, result = Operation(lib), Table(lib)
    check(lib, lambda err: lib.pcy_start(env, text, len(text), handles, len(tables), where, op.out, err))
    info = op.wait(result, watch)
    return result if result.value else None, json.loads(info) if info else {}


def take_events(env: int) -> list[dict[str, Any]]:
    """Return an environment's events since the last call.

    Parameters
    ----------
    env : int
        The handle of an environment; 0 is this process alone.
    """
    lib, pointer = library(), ctypes.c_void_p()
    check(lib, lambda err: lib.pcy_events(env, ctypes.byref(pointer), err))
    return [json.loads(line) for line in take_text(lib, pointer).split("\n") if line]


class Environment(Handle):
    """An open environment."""

    __slots__ = ("_kept", "place")

    def __init__(self, lib: Library) -> None:
        super().__init__(lib)
        self._kept: deque[dict[str, Any]] = deque(maxlen=_KEPT_EVENTS)
        #: Which one it is, for people: "rank 1 of 4".
        self.place = ""

    def opened(self, operation: str) -> int:
        """Return the handle, for an operation that must not run in this process alone instead.

        Parameters
        ----------
        operation : str
            The operation, as the user knows it.
        """
        value = self.value
        if not value:
            raise errors.ClosedError(
                f"the environment ({self.place}) is closed: call this inside its with-block, before finalize(), or "
                "open a new CylonEnv; `.local` of a frame has the rows of this rank",
                op=operation,
            )
        return value

    def describe(self) -> dict[str, Any]:
        """Return its rank, world, peers and settings."""
        env, pointer = self.opened("describe"), ctypes.c_void_p()
        check(self._lib, lambda err: self._lib.pcy_env_describe(env, ctypes.byref(pointer), err))
        description: dict[str, Any] = json.loads(take_text(self._lib, pointer))
        return description

    def events(self) -> list[dict[str, Any]]:
        """Return the events since the last call."""
        self.peek_events()
        return [self._kept.popleft() for _ in range(len(self._kept))]

    def peek_events(self) -> list[dict[str, Any]]:
        """Return the events that came since the last call of this or `events`, which returns them, too."""
        news = take_events(self.opened("events"))
        self._kept.extend(news)
        return news

    def start(self, call: Mapping[str, Any], data: bytes | memoryview = b"") -> Call:
        """Start a call of a communicator; calls take effect in the order of their starts.

        Parameters
        ----------
        call : mapping
            Its "kind", "site" and "args"; "comm", the communicator's number. With "marked", every message ends with a
            byte that says what it is, which comes back apart; "mark" is put behind `data`. With "nowait" the caller has
            other things to do.
        data : bytes or memoryview
            What this rank gives. It stays as it is until the outcome was taken.
        """
        if _unwaited:
            _reap()
        env, lib, text = self.opened(call["kind"]), self._lib, json.dumps(call).encode()
        started = Call(lib, data)
        size, address = len(data), _address(data)
        begin = lib.copying("pcy_collective", size)
        check(lib, lambda err: begin(env, text, len(text), address, size, started.operation.out, err))
        return started

    def collective(self, call: Mapping[str, Any], data: bytes | memoryview = b"") -> Received:
        """Start a call of a communicator and wait for its outcome.

        Parameters
        ----------
        call, data
            As in `start`.
        """
        return self.start(call, data).wait()


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


def _address(data: bytes | memoryview) -> int:
    """Return the address of bytes, which hold still as long as the caller keeps them."""
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
        lib, address = self._messages._lib, _address(target)
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


def _reap() -> None:
    """Free those of `_unwaited` that have ended."""
    for _ in range(len(_unwaited)):
        try:
            call = _unwaited.popleft()
        except IndexError:  # another thread was faster
            return
        with contextlib.suppress(errors.PyCylonError):
            if call[0].poll(call[1]) is None:
                _unwaited.append(call)


def open_environment(options: Mapping[str, Any]) -> Environment:
    """Join a job, or open an environment of this process alone.

    Parameters
    ----------
    options : mapping
        The options of ``pcy_env_open``.
    """
    lib, text = library(), json.dumps(options).encode()
    op, environment = Operation(lib), Environment(lib)
    check(lib, lambda err: lib.pcy_env_open(text, len(text), op.out, err))
    described = json.loads(op.wait(environment))
    environment.place = f"rank {described['rank']} of {described['world_size']}"
    return environment


def configure(settings: Mapping[str, int | str]) -> None:
    """Set the process's threads, its memory limit and what it may write to disk beyond that.

    Parameters
    ----------
    settings : mapping
        "threads", "memory_limit", "temp_dir" and "disk_limit", any of which may be absent.
    """
    lib, text = library(), json.dumps(settings).encode()
    check(lib, lambda err: lib.pcy_configure(text, len(text), err))


class Service(Handle):
    """A service that runs until it is stopped. `info` is what it told at its start."""

    __slots__ = ("info",)

    def __init__(self, lib: Library) -> None:
        super().__init__(lib)
        self.info: dict[str, Any] = {}

    def stop(self) -> None:
        """Stop the service. A second call does nothing."""
        self.free()


def start_service(kind: str, options: Mapping[str, Any]) -> Service:
    """Start a long-lived service of the Go core, or make one call of it.

    Parameters
    ----------
    kind : str
        "rendezvous", "drain", "token" or "doctor".
    options : mapping
        The service's options; one that is None counts as absent.
    """
    lib, info = library(), ctypes.c_void_p()
    given = {name: value for name, value in options.items() if value is not None}
    text = json.dumps({"kind": kind, **given}).encode()
    service = Service(lib)
    check(lib, lambda err: lib.pcy_service_start(text, len(text), service.out, ctypes.byref(info), err))
    told = take_text(lib, info)
    service.info = json.loads(told) if told else {}
    return service


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

"""What the rest of the package calls: tables, plans, environments and services of the core, behind handles.

Calls of the library are here, and in `handle.py` (how operations are waited for) and `call.py` (communicators).
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pycylon import errors
from pycylon._native import capsule
from pycylon._native.call import Call, Received, address_of, reap
from pycylon._native.handle import Handle, Operation
from pycylon._native.library import Library, check, library, take_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pycylon.progress import Watch


#: How many events an environment keeps that were shown but not asked for, as many as the core does.
_KEPT_EVENTS = 4096


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
    numbers: dict[int, int] = {}  # by the table's identity

    def number(value: object) -> int:
        if not isinstance(value, Table):
            raise TypeError(f"a plan can't hold {value!r}")
        if id(value) not in numbers:
            numbers[id(value)] = len(tables)
            tables.append(value)
        return numbers[id(value)]

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
        reap()
        env, lib, text = self.opened(call["kind"]), self._lib, json.dumps(call).encode()
        started = Call(lib, data)
        size, address = len(data), address_of(data)
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

"""How far an operation is: one line on the standard error, while it lasts.

The core tells the progress of an operation that lasts over half a second as events. Who waits for the operation reads
them and shows the newest; nothing runs beside it, and nothing is written where no operation lasts.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pycylon import config
from pycylon._native import abi
from pycylon.errors import PyCylonError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from pycylon.env import CylonEnv

#: Seconds between two lines of a log.
_LOG_INTERVAL = 5.0

#: Characters of a line where nobody knows how many there is room for.
_WIDTH = 100

_MEGA, _MEBI = 1_000_000, 1 << 20


def describe(event: dict[str, Any], world_size: int = 1) -> str:
    """Return an event of progress as a line of text.

    Parameters
    ----------
    event : dict
        The event.
    world_size : int, default 1
        Of how many ranks this is one.

    Examples
    --------
    >>> describe({"op": "merge", "step": "join", "rows": 12_340_000, "rows_total": 40_000_000, "seconds": 3.21})
    'merge: join, 12.3M of 40.0M rows, 3.2 s'
    >>> describe({"op": "sort_values", "step": "sort", "rows": 1234, "rows_total": 1234, "seconds": 3.21})
    'sort_values: sort, all 1,234 rows read, 3.2 s'
    >>> event = {"op": "merge", "rank": 0, "step": "join", "rows": 1234, "bytes_sent": 3 << 20, "seconds": 0.5}
    >>> describe(event, world_size=4)
    'merge on rank 0 of 4: join, 1,234 rows, 3.0 MiB sent, 0.5 s'
    """
    place = f" on rank {event['rank']} of {world_size}" if world_size > 1 else ""
    parts = [event["step"]] if "step" in event else []
    if "rows_total" in event and event.get("rows") == event["rows_total"]:
        parts.append(f"all {_count(event['rows'])} rows read")
    elif "rows_total" in event:
        parts.append(f"{_count(event.get('rows', 0))} of {_count(event['rows_total'])} rows")
    elif "rows" in event:
        parts.append(f"{_count(event['rows'])} rows")
    for way in ("sent", "received"):
        if f"bytes_{way}" in event:
            parts.append(f"{event[f'bytes_{way}'] / _MEBI:,.1f} MiB {way}")
    parts.append(f"{event['seconds']:.1f} s")
    return f"{event['op']}{place}: {', '.join(parts)}"


def _count(rows: int) -> str:
    return f"{rows:,}" if rows < _MEGA else f"{rows / _MEGA:,.1f}M"


class Line:
    """The last line of a terminal or of a notebook's output, written over and over; elsewhere, lines of a log.

    Parameters
    ----------
    stream : text file
        Where to write. One that fails is left alone: what is shown must not end what is done.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._over = is_live(stream)
        self._lock = threading.Lock()
        self._shown = 0  # characters on the line
        self._logged = float("-inf")

    def show(self, text: str) -> None:
        """Show `text` in place of what is shown.

        Parameters
        ----------
        text : str
            One line; cut to the terminal's width.
        """
        with self._lock:
            if self._over:
                text = text[: self._width()]
                self._write(f"\r{text:<{self._shown}}")
                self._shown = len(text)
            elif time.monotonic() - self._logged >= _LOG_INTERVAL:
                self._write(f"{text}\n")
                self._logged = time.monotonic()

    def clear(self) -> None:
        """Leave the line as it was before."""
        with self._lock:
            if self._shown:
                self._write(f"\r{'':<{self._shown}}\r")
                self._shown = 0

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: the file is closed
            self._stream.write(text)
            self._stream.flush()

    def _width(self) -> int:
        columns = 0  # also what a terminal says that doesn't know
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(self._stream.fileno()).columns
        return columns - 1 if columns > 1 else _WIDTH


def is_live(stream: TextIO) -> bool:
    """Tell whether a person sees what is written to a stream, and a line there can be written over.

    Parameters
    ----------
    stream : text file
        For example ``sys.stderr``.
    """
    return type(stream).__module__.startswith("ipykernel.") or stream.isatty()


class Watch:
    """Shows the progress of an operation to its end.

    Parameters
    ----------
    read : callable
        Returns the new events of the operation's environment.
    line : Line
        Where to show them.
    world_size : int
        The environment's.
    """

    #: How long to wait from one `poll` to the next at most.
    interval_ms = 200

    def __init__(self, read: Callable[[], list[dict[str, Any]]], line: Line, world_size: int) -> None:
        self._read, self._line, self._world_size = read, line, world_size
        self._next = time.monotonic()

    def poll(self) -> None:
        """Show what is new. To be called often: most calls do nothing."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.interval_ms / 1000 / 2
        newest: dict[str, Any] | None = None
        for event in self._news():
            if event["kind"] == "progress":
                newest = event
            elif newest is not None and "step" not in event and event.get("run") == newest["run"]:
                newest = None  # it has ended
        if newest is not None:
            self._line.show(describe(newest, self._world_size))

    def _news(self) -> list[dict[str, Any]]:
        try:
            return self._read()
        except PyCylonError:  # the environment was closed in another thread: the operation tells that itself
            return []

    def end(self) -> None:
        """Remove what is shown."""
        self._line.clear()


def watch(env: CylonEnv | None) -> Watch | None:
    """Return what shows the progress of an operation that lasts; None where nothing is to be shown.

    Parameters
    ----------
    env : CylonEnv, optional
        The operation's environment; None is this process alone.
    """
    setting = config.progress(None if env is None else env._progress)
    if not setting or not _is_first(env):
        return None
    stream = sys.stderr
    if stream is None or (setting != "always" and not is_live(stream)):
        return None
    if env is None:
        return Watch(lambda: abi.take_events(0), _line_of(stream), 1)
    return Watch(env._native.peek_events, _line_of(stream), env.world_size)


def _is_first(env: CylonEnv | None) -> bool:
    from pycylon.env import is_first

    return is_first() if env is None else env.rank == 0


_line: Line | None = None


def _line_of(stream: TextIO) -> Line:
    """Return the one line of a stream, which operations of several threads share."""
    global _line
    if _line is None or _line._stream is not stream:
        _line = Line(stream)
    return _line

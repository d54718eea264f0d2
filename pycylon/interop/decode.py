"""Arrow buffers into plain Python values, without NumPy or pyarrow."""

from __future__ import annotations

import ctypes
import itertools
import re
import struct
from ctypes import POINTER, PYFUNCTYPE, c_int
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pycylon._native import abi, capsule
from pycylon._native.capsule import ArrowArray, ArrowArrayStream, ArrowSchema
from pycylon.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=timezone.utc)

# The callbacks of pycylon's own streams are short: they keep the GIL.
_GetSchema = PYFUNCTYPE(c_int, POINTER(ArrowArrayStream), POINTER(ArrowSchema))
_GetNext = PYFUNCTYPE(c_int, POINTER(ArrowArrayStream), POINTER(ArrowArray))
_ReleaseSchema = PYFUNCTYPE(None, POINTER(ArrowSchema))
_ReleaseArray = PYFUNCTYPE(None, POINTER(ArrowArray))

#: Formats of machine numbers as memoryview spells them.
_CASTS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q", "f": "f", "g": "d"}

_PER_SECOND = {"s": 1, "m": 1_000, "u": 1_000_000, "n": 1_000_000_000}


def decode(table: abi.Table) -> list[tuple[str, list[Any]]]:
    """Return a table's columns as lists: None for null, and bool, int, float, str, date or datetime.

    Nanoseconds are cut to microseconds, the finest that a datetime holds.

    Parameters
    ----------
    table : abi.Table
        The table.
    """
    lent = table.stream()
    stream = ArrowArrayStream.from_address(capsule.pointer(lent, b"arrow_array_stream"))
    schema = ArrowSchema()
    columns: list[tuple[str, str, list[Any]]] = []
    _pull(stream, _GetSchema, "get_schema", schema)
    try:
        children = [schema.children[i][0] for i in range(schema.n_children)]
        columns = [(child.name.decode(), child.format.decode(), []) for child in children]
    finally:
        _call(_ReleaseSchema, schema.release, schema)
    while True:
        array = ArrowArray()
        _pull(stream, _GetNext, "get_next", array)
        if not array.release:
            return [(name, values) for name, _, values in columns]
        try:
            for i, (_, layout, values) in enumerate(columns):
                values.extend(_values(array.children[i][0], layout))
        finally:
            _call(_ReleaseArray, array.release, array)


def _call(prototype: Any, callback: Any, argument: Any) -> None:
    prototype(ctypes.cast(callback, ctypes.c_void_p).value)(ctypes.byref(argument))


def _pull(stream: ArrowArrayStream, prototype: Any, name: str, out: Any) -> None:
    callback = prototype(ctypes.cast(getattr(stream, name), ctypes.c_void_p).value)
    if callback(ctypes.byref(stream), ctypes.byref(out)) != 0:
        text = stream.get_last_error(ctypes.byref(stream))
        raise InternalError(ctypes.string_at(text).decode() if text else f"{name} failed")


def _values(array: ArrowArray, layout: str) -> list[Any]:
    """Return one column of one batch. pycylon's own arrays start at row 0 of their buffers."""
    rows = array.length
    if layout == "n":
        return [None] * rows
    values = _decoder(layout)(array, rows)
    if array.null_count and array.buffers[0]:
        bits = ctypes.string_at(array.buffers[0], (rows + 7) // 8)
        return [value if bits[i >> 3] >> (i & 7) & 1 else None for i, value in enumerate(values)]
    return values


@lru_cache
def _decoder(layout: str) -> Callable[[ArrowArray, int], list[Any]]:
    if layout == "b":
        return _bools
    if layout in ("u", "U"):
        return _strings("i" if layout == "u" else "q")
    if layout == "vu":
        return _views
    if layout == "tdD":
        return _mapped("i", lambda days: date.fromordinal(_EPOCH_DAY + days))
    if layout == "tdm":
        return _mapped("q", lambda ms: date.fromordinal(_EPOCH_DAY + ms // 86_400_000))
    if layout.startswith("ts"):
        return _mapped("q", _moments(layout[2], layout[4:]))
    return _numbers(_CASTS[layout])


def _buffer(array: ArrowArray, index: int, code: Any, count: int) -> memoryview[Any]:
    size = struct.calcsize(code) * count
    if size == 0:
        return memoryview(b"").cast(code)
    return memoryview((ctypes.c_char * size).from_address(array.buffers[index])).cast("B").cast(code)


def _numbers(code: str) -> Callable[[ArrowArray, int], list[Any]]:
    return lambda array, rows: _buffer(array, 1, code, rows).tolist()


def _mapped(code: str, convert: Callable[[int], Any]) -> Callable[[ArrowArray, int], list[Any]]:
    def decode_all(array: ArrowArray, rows: int) -> list[Any]:
        numbers = _buffer(array, 1, code, rows).tolist()
        if not array.null_count:
            return [convert(number) for number in numbers]
        bits = ctypes.string_at(array.buffers[0], (rows + 7) // 8)  # what lies under a null may not be a date
        return [convert(number) if bits[i >> 3] >> (i & 7) & 1 else None for i, number in enumerate(numbers)]

    return decode_all


def _bools(array: ArrowArray, rows: int) -> list[Any]:
    bits = ctypes.string_at(array.buffers[1], (rows + 7) // 8)
    return [bool(bits[i >> 3] >> (i & 7) & 1) for i in range(rows)]


def _strings(code: str) -> Callable[[ArrowArray, int], list[Any]]:
    def decode_all(array: ArrowArray, rows: int) -> list[Any]:
        ends = _buffer(array, 1, code, rows + 1).tolist()
        first = ends[0]
        text = ctypes.string_at(array.buffers[2] + first, ends[-1] - first) if ends[-1] > first else b""
        return [text[a - first : b - first].decode("utf-8", "replace") for a, b in itertools.pairwise(ends)]

    return decode_all


def _views(array: ArrowArray, rows: int) -> list[Any]:
    views = ctypes.string_at(array.buffers[1], 16 * rows)
    values = []
    for at in range(0, 16 * rows, 16):
        (size,) = struct.unpack_from("<i", views, at)
        if size <= 12:
            text = views[at + 4 : at + 4 + max(size, 0)]
        else:
            heap, start = struct.unpack_from("<ii", views, at + 8)
            text = ctypes.string_at(array.buffers[2 + heap] + start, size)
        values.append(text.decode("utf-8", "replace"))
    return values


def _moments(unit: str, zone: str) -> Callable[[int], datetime]:
    per_second = _PER_SECOND[unit]
    place = time_zone(zone) if zone else None

    def convert(ticks: int) -> datetime:
        micros = ticks // 1_000 if unit == "n" else ticks * (1_000_000 // per_second)
        if place is None:
            return _EPOCH + timedelta(microseconds=micros)
        return (_EPOCH_UTC + timedelta(microseconds=micros)).astimezone(place)

    return convert


def time_zone(name: str) -> tzinfo:
    """Return the zone that Arrow calls `name`: a place, "UTC", or an offset such as "+05:30".

    Parameters
    ----------
    name : str
        The zone.
    """
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", name)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if name.upper() in ("UTC", "Z"):
        return timezone.utc
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)

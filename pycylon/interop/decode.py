"""Arrow buffers into plain Python values, without NumPy or pyarrow."""

from __future__ import annotations

import ctypes
import itertools
import re
import struct
from ctypes import POINTER, PYFUNCTYPE, c_int
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pycylon._native import abi, capsule
from pycylon._native.capsule import ArrowArray, ArrowArrayStream, ArrowSchema
from pycylon.errors import InternalError, InvalidError, UnsupportedError

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

#: Formats of machine numbers as memoryview spells them; "e" is struct's.
_CASTS = {"c": "b", "C": "B", "s": "h", "S": "H", "i": "i", "I": "I", "l": "q", "L": "Q", "f": "f", "g": "d", "e": "e"}

_PER_SECOND = {"s": 1, "m": 1_000, "u": 1_000_000, "n": 1_000_000_000}


class _Type(NamedTuple):
    """A column's type as Arrow's C data interface has it."""

    name: str
    layout: str
    children: tuple[_Type, ...]
    dictionary: _Type | None


def decode(table: abi.Table, *, shown: bool = False) -> list[tuple[str, list[Any]]]:
    """Return a table's columns as lists.

    Values are None for null, and bool, int, float, Decimal, str, bytes, date, time, datetime, timedelta, a list, a list
    of pairs for a map, a dict for a struct. Nanoseconds are cut to microseconds, the finest that Python's types hold.

    Parameters
    ----------
    table : abi.Table
        The table.
    shown : bool, default False
        Whether times that Python's types don't hold, before the year 1 or after 9999 or in a zone that isn't known
        here, become their number in parentheses, "(253402300800)", rather than an error: to be shown or compared.
    """
    lent = table.stream()
    stream = ArrowArrayStream.from_address(capsule.pointer(lent, b"arrow_array_stream"))
    schema = ArrowSchema()
    columns: list[tuple[_Type, list[Any]]] = []
    _pull(stream, _GetSchema, "get_schema", schema)
    try:
        columns = [(child, []) for child in _type(schema).children]
    finally:
        _call(_ReleaseSchema, schema.release, schema)
    while True:
        array = ArrowArray()
        _pull(stream, _GetNext, "get_next", array)
        if not array.release:
            return [(kind.name, values) for kind, values in columns]
        try:
            for i, (kind, values) in enumerate(columns):
                values.extend(_values(array.children[i][0], kind, shown))
        finally:
            _call(_ReleaseArray, array.release, array)


def _type(schema: ArrowSchema) -> _Type:
    children = tuple(_type(schema.children[i][0]) for i in range(schema.n_children))
    dictionary = _type(schema.dictionary[0]) if schema.dictionary else None
    return _Type((schema.name or b"").decode(), schema.format.decode(), children, dictionary)


def _call(prototype: Any, callback: Any, argument: Any) -> None:
    prototype(ctypes.cast(callback, ctypes.c_void_p).value)(ctypes.byref(argument))


def _pull(stream: ArrowArrayStream, prototype: Any, name: str, out: Any) -> None:
    callback = prototype(ctypes.cast(getattr(stream, name), ctypes.c_void_p).value)
    if callback(ctypes.byref(stream), ctypes.byref(out)) != 0:
        text = stream.get_last_error(ctypes.byref(stream))
        raise InternalError(ctypes.string_at(text).decode() if text else f"{name} failed")


def _values(array: ArrowArray, kind: _Type, shown: bool) -> list[Any]:
    """Return one column of one batch. pycylon's own arrays start at row 0 of their buffers."""
    rows = array.length
    if kind.layout == "n" or array.null_count == rows:
        return [None] * rows
    present = None
    if array.null_count and array.buffers[0]:
        bits = ctypes.string_at(array.buffers[0], (rows + 7) // 8)
        present = [bool(bits[i >> 3] >> (i & 7) & 1) for i in range(rows)]
    if kind.dictionary is not None:
        words = _values(array.dictionary[0], kind.dictionary, shown)
        codes = _numbers(_CASTS[kind.layout])(array, rows)
        return [words[code] if present is None or present[i] else None for i, code in enumerate(codes)]
    if kind.layout.startswith("+"):
        values = _nested(array, kind, rows, shown)
    else:
        read, convert = _decoder(kind.layout)
        values = read(array, rows)
        if convert is not None:  # what lies under a null may be no value
            return _converted(values, present or [True] * rows, convert, kind, shown)
    if present is None:
        return values
    return [value if is_value else None for value, is_value in zip(values, present)]


def _converted(
    values: list[Any], present: list[bool], convert: Callable[[Any], Any], kind: _Type, shown: bool
) -> list[Any]:
    """Return what `convert` makes of values that are there."""
    try:
        return [convert(value) if is_value else None for value, is_value in zip(values, present)]
    except (OverflowError, ValueError, UnsupportedError) as error:
        made = [_or_number(value, convert) if is_value else None for value, is_value in zip(values, present)]
        if shown:
            return made
        if isinstance(error, UnsupportedError):
            raise
        first = next(value for value, one in zip(values, made) if one == f"({value})")
        raise InvalidError(
            f"column {kind.name!r} has a time, number {first} of its unit, that Python's types don't hold (the years 1 "
            "to 9999): cast it to int64 or str, or take it with to_arrow()"
        ) from None


def _or_number(value: Any, convert: Callable[[Any], Any]) -> Any:
    try:
        return convert(value)
    except (OverflowError, ValueError, UnsupportedError):
        return f"({value})"


def _nested(array: ArrowArray, kind: _Type, rows: int, shown: bool) -> list[Any]:
    children = [_values(array.children[i][0], child, shown) for i, child in enumerate(kind.children)]
    if kind.layout == "+s":
        names = [child.name for child in kind.children]
        if not names:
            return [{} for _ in range(rows)]
        return [dict(zip(names, row)) for row in zip(*children)]
    (elements,) = children
    if kind.layout == "+m":
        elements = [pair and tuple(pair.values()) for pair in elements]
    if kind.layout.startswith("+w:"):
        size = int(kind.layout[3:])
        return [elements[at : at + size] for at in range(0, rows * size, size)]
    ends = _buffer(array, 1, "q" if kind.layout == "+L" else "i", rows + 1).tolist()
    return [elements[a:b] for a, b in itertools.pairwise(ends)]


@lru_cache
def _decoder(layout: str) -> tuple[Callable[[ArrowArray, int], list[Any]], Callable[[Any], Any] | None]:
    """Return how the values of a layout are read, and what is made of each that isn't null."""
    if layout == "b":
        return _bools, None
    if layout in ("u", "U"):
        return _texts("i" if layout == "u" else "q"), _utf8
    if layout in ("z", "Z"):
        return _texts("i" if layout == "z" else "q"), None
    if layout in ("vu", "vz"):
        return _views, _utf8 if layout == "vu" else None
    if layout.startswith("w:"):
        return _fixed(int(layout[2:])), None
    if layout.startswith("d:"):
        _, scale, *bits = layout[2:].split(",")
        return _fixed(int(bits[0]) // 8 if bits else 16), _decimals(int(scale))
    if layout == "tdD":
        return _numbers("i"), lambda days: date.fromordinal(_EPOCH_DAY + days)
    if layout == "tdm":
        return _numbers("q"), lambda ms: date.fromordinal(_EPOCH_DAY + ms // 86_400_000)
    if layout.startswith("ts"):
        return _numbers("q"), _moments(layout[2], layout[4:])
    if layout.startswith("tt"):
        return _numbers("i" if layout[2] in "sm" else "q"), _times(layout[2])
    if layout.startswith("tD"):
        return _numbers("q"), lambda ticks: timedelta(microseconds=_micros(ticks, layout[2]))
    return _numbers(_CASTS[layout]), None


def _buffer(array: ArrowArray, index: int, code: Any, count: int) -> memoryview[Any]:
    size = struct.calcsize(code) * count
    if size == 0:
        return memoryview(b"").cast(code)
    return memoryview((ctypes.c_char * size).from_address(array.buffers[index])).cast("B").cast(code)


def _numbers(code: str) -> Callable[[ArrowArray, int], list[Any]]:
    if code == "e":  # no cast of memoryview before Python 3.14
        return lambda array, rows: list(struct.unpack(f"<{rows}e", ctypes.string_at(array.buffers[1], 2 * rows)))
    return lambda array, rows: _buffer(array, 1, code, rows).tolist()


def _bools(array: ArrowArray, rows: int) -> list[Any]:
    bits = ctypes.string_at(array.buffers[1], (rows + 7) // 8)
    return [bool(bits[i >> 3] >> (i & 7) & 1) for i in range(rows)]


def _texts(code: str) -> Callable[[ArrowArray, int], list[Any]]:
    def read(array: ArrowArray, rows: int) -> list[Any]:
        ends = _buffer(array, 1, code, rows + 1).tolist()
        first = ends[0]
        text = ctypes.string_at(array.buffers[2] + first, ends[-1] - first) if ends[-1] > first else b""
        return [text[a - first : b - first] for a, b in itertools.pairwise(ends)]

    return read


def _utf8(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _views(array: ArrowArray, rows: int) -> list[Any]:
    views = ctypes.string_at(array.buffers[1], 16 * rows)
    values = []
    for at in range(0, 16 * rows, 16):
        (size,) = struct.unpack_from("<i", views, at)
        if size <= 12:
            values.append(views[at + 4 : at + 4 + max(size, 0)])
        else:
            heap, start = struct.unpack_from("<ii", views, at + 8)
            values.append(ctypes.string_at(array.buffers[2 + heap] + start, size))
    return values


def _fixed(width: int) -> Callable[[ArrowArray, int], list[Any]]:
    def read(array: ArrowArray, rows: int) -> list[Any]:
        data = ctypes.string_at(array.buffers[1], width * rows) if width * rows else b""
        return [data[i * width : (i + 1) * width] for i in range(rows)]

    return read


def _decimals(scale: int) -> Callable[[bytes], Decimal]:
    def convert(raw: bytes) -> Decimal:
        number = int.from_bytes(raw, "little", signed=True)
        return Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -scale))

    return convert


def _micros(ticks: int, unit: str) -> int:
    return ticks // 1_000 if unit == "n" else ticks * (1_000_000 // _PER_SECOND[unit])


def _times(unit: str) -> Callable[[int], time]:
    return lambda ticks: (_EPOCH + timedelta(microseconds=_micros(ticks, unit))).time()


def _moments(unit: str, zone: str) -> Callable[[int], datetime]:
    def convert(ticks: int) -> datetime:
        micros = _micros(ticks, unit)
        if not zone:
            return _EPOCH + timedelta(microseconds=micros)
        return (_EPOCH_UTC + timedelta(microseconds=micros)).astimezone(time_zone(zone))

    return convert


@lru_cache
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

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnsupportedError(
            f"the zone {name!r} isn't known to this machine's Python: `pip install tzdata`, or convert the column, as "
            "in df['t'].dt.tz_convert('UTC')"
        ) from None

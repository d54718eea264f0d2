"""Plain Python values into Arrow buffers, without NumPy or pyarrow.

list of values ──▶ Encoded (type, validity, buffers) ──▶ ArrowArrayStream of ctypes ──▶ a copy in the core
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any

from pycylon.errors import InvalidError, TypeMismatchError, UnsupportedError
from pycylon.interop.encoded import BUFFER_TYPES, FORMATS, Encoded, bits_of
from pycylon.interop.times import dates, durations, from_datetime64, numpy_times, times, timestamps, zone_of

#: Types by the names that Python, NumPy and pandas give them.
_NAMES = {
    "int": "int64",
    "float": "float64",
    "double": "float64",
    "bool": "bool",
    "str": "utf8",
    "string": "utf8",
    "object": "utf8",
    "boolean": "bool",
    "datetime64[ns]": "timestamp[ns]",
    "datetime64[us]": "timestamp[us]",
    "datetime64[ms]": "timestamp[ms]",
    "datetime64[s]": "timestamp[s]",
}

#: Types that plans spell in Arrow's C++ words.
_PLAN_NAMES = {"float32": "float", "float64": "double", "string_view": "utf8_view"}


def plan_type(dtype: str | type) -> str:
    """Return a type's name as plans spell it.

    Parameters
    ----------
    dtype : str or type
        "int64", "str", ``float``.
    """
    name = dtype.__name__ if isinstance(dtype, type) else str(dtype)
    name = _NAMES.get(name, name)
    return _PLAN_NAMES.get(name, name)


def encode(name: str, values: Iterable[Any], wanted: str | None = None) -> Encoded:
    """Encode one column.

    Parameters
    ----------
    name : str
        Its name, for errors.
    values : iterable
        None, and values of one type: bool, int, float (with ints), Decimal (with ints), str, bytes, date, datetime,
        time, timedelta, lists or dicts of these. Objects with the buffer protocol (array.array, NumPy) are taken as
        they lie.
    wanted : str, optional
        The type. Default: what the values have.
    """
    as_buffer = _from_buffer(values) if wanted is None else None
    if as_buffer is not None:
        return as_buffer
    if hasattr(values, "tolist"):
        values = values.tolist()
    plain = list(values)
    types = set(map(type, plain))
    if not types <= _BUILTIN:
        if {kind.__name__ for kind in types - {type(None)}} in ({"datetime64"}, {"timedelta64"}):
            return from_datetime64(numpy_times(plain))
        plain = [_plain(value) for value in plain]
        types = set(map(type, plain))
    if wanted is None:
        wanted = _infer(name, plain, types)
    if wanted == "null":
        return Encoded("n", len(plain), len(plain), [])
    if type(None) not in types:
        return _encoder(wanted)(name, plain, 0, None, wanted)
    present = [value is not None for value in plain]
    return _encoder(wanted)(name, plain, present.count(False), bits_of(present), wanted)


_BUILTIN = {type(None), bool, int, float, Decimal, str, bytes, datetime, date, time, timedelta, list, tuple, dict}


def _plain(value: Any) -> Any:
    """Return a Python object for a scalar of another library; its missing values are None."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if type(value).__name__ == "ndarray":
        return value.tolist()
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _infer(name: str, values: Sequence[Any], types: set[type]) -> str:
    """Return the type that all values have, or raise TypeMismatchError naming two that don't go together."""
    found: dict[str, Any] = {}
    if len(types - {type(None)}) == 1 and not types & {datetime, time}:
        first = next(value for value in values if value is not None)
        found[_kind(name, first)] = first
    else:
        for value in values:
            if value is not None:
                found.setdefault(_kind(name, value), value)
    if not found:
        return "null"
    if set(found) == {"int64", "float64"}:
        return "float64"
    if set(found) == {"int64", "decimal"}:
        return "decimal"
    if len(found) > 1:
        (_, first), (_, second) = list(found.items())[:2]
        raise TypeMismatchError(
            f"column {name!r} has values of several types, such as {first!r} ({type(first).__name__}) and {second!r} "
            f"({type(second).__name__}): convert them to one type"
        )
    kind = next(iter(found))
    if kind == "int64" and max(value for value in values if value is not None) >= 1 << 63:
        return "uint64"
    return kind


def _kind(name: str, value: Any) -> str:
    for python, kind in _KINDS:
        if isinstance(value, python):
            if isinstance(value, datetime):
                return f"timestamp {zone_of(value)}" if value.tzinfo else kind
            if isinstance(value, time) and value.tzinfo is not None:
                raise UnsupportedError(
                    f"column {name!r} has the time {value!r}, and times of the day hold no zone: replace its tzinfo by "
                    "None, or give datetimes"
                )
            return kind
    raise UnsupportedError(
        f"column {name!r} has a value of type {type(value).__name__}, which pycylon doesn't hold: convert it to a "
        "number, bool, Decimal, string, bytes, date, time, datetime, timedelta, list or dict"
    )


#: In this order: a bool is an int, a datetime is a date.
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    (int, "int64"),
    (float, "float64"),
    (str, "utf8"),
    (datetime, "timestamp"),
    (date, "date32"),
    (Decimal, "decimal"),
    ((bytes, bytearray), "binary"),
    (time, "time64"),
    (timedelta, "duration"),
    ((list, tuple), "list"),
    (dict, "struct"),
)


_Encoder = Callable[[str, list[Any], int, "bytes | None", str], Encoded]


def _encoder(wanted: str) -> _Encoder:
    if wanted.startswith("timestamp"):
        return timestamps
    return _ENCODERS.get(wanted, _numbers)


def _bools(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    return Encoded("b", len(values), nulls, [valid, bits_of([bool(value) for value in values])])


_TYPECODES = {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}


def _numbers(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    code = _TYPECODES.get(wanted)
    if code is None:
        raise UnsupportedError(f"column {name!r}: a list can't become {wanted}: make it another type and cast")
    try:
        data = array(code, values if nulls == 0 else [0 if value is None else value for value in values])
    except (OverflowError, TypeError) as error:
        raise InvalidError(f"column {name!r} has a value that doesn't fit {wanted}: {error}") from error
    return Encoded(FORMATS[wanted], len(values), nulls, [valid, data])


def _strings(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    try:
        texts = [b"" if value is None else value.encode() for value in values]
    except UnicodeEncodeError as error:
        raise InvalidError(
            f"column {name!r} has the text {error.object!r}, which is no Unicode: half of a surrogate pair"
        ) from None
    return _binaries(name, texts, nulls, valid, wanted)


def _binaries(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    total = sum(len(value) for value in values if value is not None)
    layout = FORMATS[wanted].upper() if total >= 1 << 31 else FORMATS[wanted]
    ends = array("i" if layout.islower() else "q", accumulate((len(value or b"") for value in values), initial=0))
    return Encoded(layout, len(values), nulls, [valid, ends, b"".join(value or b"" for value in values)])


_MAX_PRECISION = 76


def _decimals(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode decimals with the fewest digits that hold all values, in 128 bits where 38 are enough."""
    numbers = [None if value is None else Decimal(value) for value in values]
    unreal = next((number for number in numbers if number is not None and not number.is_finite()), None)
    if unreal is not None:
        raise InvalidError(f"column {name!r} has the value {unreal!r}, which no decimal holds: replace it by None")
    parts = [number.as_tuple() for number in numbers if number is not None]
    scale = max((-int(part.exponent) for part in parts), default=0)
    scale = max(scale, 0)
    digits = max((len(part.digits) + int(part.exponent) + scale for part in parts), default=1)
    precision = max(digits, scale, 1)
    if precision > _MAX_PRECISION:
        raise InvalidError(f"column {name!r} has decimals of {precision} digits: at most {_MAX_PRECISION} fit")
    width = 16 if precision <= 38 else 32
    data = bytearray()
    for number in numbers:
        data += (0 if number is None else _unscaled(number, scale)).to_bytes(width, "little", signed=True)
    layout = f"d:{precision},{scale}" + ("" if width == 16 else ",256")
    return Encoded(layout, len(values), nulls, [valid, bytes(data)])


def _unscaled(number: Decimal, scale: int) -> int:
    sign, digits, exponent = number.as_tuple()
    magnitude: int = int("".join(map(str, digits))) * 10 ** (int(exponent) + scale)
    return -magnitude if sign else magnitude


def _lists(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    ends = array("q", accumulate((len(value or ()) for value in values), initial=0))
    wide = ends[-1] >= 1 << 31
    elements = encode(name, chain.from_iterable(value or () for value in values))
    return Encoded(
        "+L" if wide else "+l",
        len(values),
        nulls,
        [valid, ends if wide else array("i", ends)],
        (("item", elements),),
    )


def _structs(name: str, values: list[Any], nulls: int, valid: bytes | None, wanted: str) -> Encoded:
    """Encode dicts: the fields are the keys of all of them, a field that a dict lacks is null there."""
    fields = dict.fromkeys(key for value in values if value is not None for key in value)
    children = tuple(
        (str(field), encode(name, [None if value is None else value.get(field) for value in values]))
        for field in fields
    )
    return Encoded("+s", len(values), nulls, [valid], children)


_ENCODERS: dict[str, _Encoder] = {
    "bool": _bools,
    "utf8": _strings,
    "binary": _binaries,
    "date32": dates,
    "decimal": _decimals,
    "time64": times,
    "duration": durations,
    "list": _lists,
    "struct": _structs,
}


def _from_buffer(values: Any) -> Encoded | None:
    """Encode an object with the buffer protocol as it lies; None where it has none, or not of machine numbers."""
    if isinstance(values, (bytes, str, list, tuple)) or hasattr(values, "mask"):  # what lies under a mask is no value
        return None
    if getattr(getattr(values, "dtype", None), "kind", "") in ("M", "m"):
        return from_datetime64(values)
    try:
        view = memoryview(values)
    except (TypeError, ValueError):
        return None
    code = view.format.lstrip("@=<") if view.format else ""
    if view.ndim != 1 or code not in BUFFER_TYPES:
        return None
    if code == "?":
        return Encoded("b", len(view), 0, [None, bits_of(view.tolist())])
    data = view if view.c_contiguous and code != "e" else view.tobytes()
    return Encoded(FORMATS[BUFFER_TYPES[code]], len(view), 0, [None, data])

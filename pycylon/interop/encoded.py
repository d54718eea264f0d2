"""`Encoded`: a column as Arrow lays it out, and what Arrow calls its types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The formats of Arrow's C data interface by type.
FORMATS = {
    "null": "n",
    "bool": "b",
    "int8": "c",
    "int16": "s",
    "int32": "i",
    "int64": "l",
    "uint8": "C",
    "uint16": "S",
    "uint32": "I",
    "uint64": "L",
    "float16": "e",
    "float32": "f",
    "float64": "g",
    "utf8": "u",
    "large_utf8": "U",
    "binary": "z",
    "date32": "tdD",
    "time64": "ttu",
    "duration": "tDu",
}

#: The types of machine numbers by the format of the buffer protocol.
BUFFER_TYPES = {
    "?": "bool",
    "b": "int8",
    "h": "int16",
    "i": "int32",
    "l": "int64",
    "q": "int64",
    "B": "uint8",
    "H": "uint16",
    "I": "uint32",
    "L": "uint64",
    "Q": "uint64",
    "e": "float16",
    "f": "float32",
    "d": "float64",
}


class Encoded(NamedTuple):
    """A column as Arrow lays it out."""

    format: str
    rows: int
    nulls: int
    buffers: list[Any]  # bytes-like, or None for a missing one
    children: tuple[tuple[str, Encoded], ...] = ()
    dictionary: Encoded | None = None


def bits_of(flags: Sequence[Any]) -> bytes:
    """Return flags as a bitmap, least significant bit first.

    Parameters
    ----------
    flags : sequence
        What is true or not.
    """
    packed = int("".join("1" if flag else "0" for flag in reversed(flags)) or "0", 2)
    return packed.to_bytes((len(flags) + 7) // 8, "little")

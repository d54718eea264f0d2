"""The structures of Arrow's C data interface in ctypes, and the PyCapsules they travel in."""

from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_int64, c_void_p, pythonapi


class ArrowSchema(ctypes.Structure):
    """A column's name and type, or a table's columns."""


class ArrowArray(ctypes.Structure):
    """A column's buffers, or a table's columns."""


class ArrowArrayStream(ctypes.Structure):
    """A sequence of arrays of one schema."""


SchemaRelease = ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowSchema))
ArrayRelease = ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowArray))
GetSchema = ctypes.CFUNCTYPE(c_int, ctypes.POINTER(ArrowArrayStream), ctypes.POINTER(ArrowSchema))
GetNext = ctypes.CFUNCTYPE(c_int, ctypes.POINTER(ArrowArrayStream), ctypes.POINTER(ArrowArray))
GetError = ctypes.CFUNCTYPE(c_void_p, ctypes.POINTER(ArrowArrayStream))
StreamRelease = ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowArrayStream))

ArrowSchema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_char_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
    ("dictionary", ctypes.POINTER(ArrowSchema)),
    ("release", SchemaRelease),
    ("private_data", c_void_p),
]
ArrowArray._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", ctypes.POINTER(c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.POINTER(ArrowArray)),
    ("release", ArrayRelease),
    ("private_data", c_void_p),
]
ArrowArrayStream._fields_ = [
    ("get_schema", GetSchema),
    ("get_next", GetNext),
    ("get_last_error", GetError),
    ("release", StreamRelease),
    ("private_data", c_void_p),
]

_new = pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, (c_void_p, c_char_p, c_void_p)
_get = pythonapi.PyCapsule_GetPointer
_get.restype, _get.argtypes = c_void_p, (ctypes.py_object, c_char_p)
_calloc = pythonapi.PyMem_RawCalloc
_calloc.restype, _calloc.argtypes = c_void_p, (ctypes.c_size_t, ctypes.c_size_t)
_free = pythonapi.PyMem_RawFree
_free.restype, _free.argtypes = None, (c_void_p,)

#: A capsule keeps a pointer to its name, not a copy.
_STREAM_NAME = c_char_p(b"arrow_array_stream")


def new_stream() -> int:
    """Return the address of a zeroed ArrowArrayStream."""
    address = _calloc(1, ctypes.sizeof(ArrowArrayStream))
    if not address:
        raise MemoryError("the system refused memory for an Arrow stream")
    return int(address)


def free_stream(address: int) -> None:
    """Free what `new_stream` returned."""
    _free(address)


def wrap_stream(address: int, destructor: int | None) -> object:
    """Return a capsule that owns the stream at an address from `new_stream`."""
    return _new(address, _STREAM_NAME, destructor)


def pointer(capsule: object, name: bytes) -> int:
    """Return the address that a capsule called `name` holds, or raise ValueError."""
    return int(_get(capsule, name))

"""A single Arrow array as a stream of one."""

from __future__ import annotations

import ctypes
from typing import Any

from pycylon._native import abi, capsule
from pycylon._native.capsule import (
    ArrayRelease,
    ArrowArray,
    ArrowArrayStream,
    ArrowSchema,
    GetError,
    GetNext,
    GetSchema,
    SchemaRelease,
    StreamRelease,
)


def stream_of_array(capsules: tuple[object, object], copy: bool) -> abi.Table:
    """Return a table of what ``__arrow_c_array__`` gives.

    Parameters
    ----------
    capsules : (PyCapsule, PyCapsule)
        The schema and the array, whose content is moved out of them.
    copy : bool
        Copy the array rather than keep it.
    """
    schema = ArrowSchema.from_address(capsule.pointer(capsules[0], b"arrow_schema"))
    array = ArrowArray.from_address(capsule.pointer(capsules[1], b"arrow_array"))
    mover = _Mover(schema, array)
    return abi.table_from_pointer(ctypes.addressof(mover.struct), copy)


class _Mover:
    """An ArrowArrayStream that moves a schema and an array out of where they are."""

    def __init__(self, schema: ArrowSchema, array: ArrowArray) -> None:
        self._schema, self._array, self._sent = schema, array, False
        self._callbacks = (GetSchema(self._get_schema), GetNext(self._get_next), GetError(lambda _: None))
        self.struct = ArrowArrayStream(*self._callbacks, StreamRelease(self._release))

    def _get_schema(self, stream: Any, out: Any) -> int:
        out[0] = self._schema
        self._schema.release = SchemaRelease()
        return 0

    def _get_next(self, stream: Any, out: Any) -> int:
        if not self._sent:
            self._sent = True
            out[0] = self._array
            self._array.release = ArrayRelease()
        return 0

    def _release(self, stream: Any) -> None:
        stream[0].release = StreamRelease()

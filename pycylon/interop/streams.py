"""Arrow streams that ctypes makes: of plain Python's columns, and of a single array of another library."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

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
from pycylon.errors import InvalidError
from pycylon.interop.columns import encode
from pycylon.interop.encoded import Encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def table_of_columns(columns: Mapping[str, Iterable[Any]], types: Mapping[str, str] | None = None) -> abi.Table:
    """Return a table of plain Python columns.

    Parameters
    ----------
    columns : mapping
        Values by name: all of one length.
    types : mapping, optional
        Types by name, of those whose values shall not decide.
    """
    wanted = types or {}
    return table_of_encoded({name: encode(name, values, wanted.get(name)) for name, values in columns.items()})


def table_of_encoded(columns: Mapping[str, Encoded]) -> abi.Table:
    """Return a table of encoded columns, in a copy.

    Parameters
    ----------
    columns : mapping
        Columns by name: all of one length.
    """
    sizes = {name: column.rows for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name!r} has {rows}" for name, rows in sizes.items())
        raise InvalidError(f"the columns have different numbers of rows: {listed}")
    stream = _Stream(columns, next(iter(sizes.values()), 0))
    return abi.table_from_pointer(ctypes.addressof(stream.struct), copy=True)


@SchemaRelease  # type: ignore[untyped-decorator]
def _release_schema(schema: Any) -> None:
    schema[0].release = SchemaRelease()


@ArrayRelease  # type: ignore[untyped-decorator]
def _release_array(lent: Any) -> None:
    lent[0].release = ArrayRelease()


class _Stream:
    """An ArrowArrayStream of one array whose memory lives as long as this object: for imports that copy."""

    def __init__(self, columns: Mapping[str, Encoded], rows: int) -> None:
        self._keep: list[Any] = []
        self._schema = self._struct_schema(columns)
        self._array = self._struct_array(list(columns.values()), rows)
        self._sent = rows == 0
        self._callbacks = (GetSchema(self._get_schema), GetNext(self._get_next), GetError(lambda _: None))
        self.struct = ArrowArrayStream(*self._callbacks, StreamRelease(self._release))

    def _get_schema(self, stream: Any, out: Any) -> int:
        out[0] = self._schema
        return 0

    def _get_next(self, stream: Any, out: Any) -> int:
        if not self._sent:
            self._sent = True
            out[0] = self._array
        return 0

    def _release(self, stream: Any) -> None:
        stream[0].release = StreamRelease()

    def _struct_schema(self, columns: Mapping[str, Encoded]) -> ArrowSchema:
        return self._schema_of("", Encoded("+s", 0, 0, [], tuple(columns.items())))

    def _schema_of(self, name: str, column: Encoded) -> ArrowSchema:
        if "\0" in name:
            raise InvalidError(f"the name {name!r} has a NUL character, which can't be in a name: rename the column")
        try:
            encoded = name.encode()
        except UnicodeEncodeError:
            raise InvalidError(f"the name {name!r} is no Unicode: it has half of a surrogate pair") from None
        nullable = 2
        children = [self._schema_of(*child) for child in column.children]
        schema = ArrowSchema(
            format=column.format.encode(),
            name=encoded,
            flags=nullable,
            n_children=len(children),
            children=self._pointers(children),
            release=_release_schema,
        )
        if column.dictionary is not None:
            schema.dictionary = ctypes.pointer(self._schema_of("", column.dictionary))
            self._keep.append(schema.dictionary)
        return schema

    def _struct_array(self, columns: list[Encoded], rows: int) -> ArrowArray:
        return self._array_of(Encoded("+s", rows, 0, [None], tuple(("", column) for column in columns)))

    def _array_of(self, column: Encoded) -> ArrowArray:
        children = [self._array_of(child) for _, child in column.children]
        array = ArrowArray(
            length=column.rows,
            null_count=column.nulls,
            n_buffers=len(column.buffers),
            buffers=self._buffers(column.buffers),
            n_children=len(children),
            children=self._pointers(children),
            release=_release_array,
        )
        if column.dictionary is not None:
            array.dictionary = ctypes.pointer(self._array_of(column.dictionary))
            self._keep.append(array.dictionary)
        return array

    def _buffers(self, buffers: list[Any]) -> Any:
        addresses = (ctypes.c_void_p * max(len(buffers), 1))()
        for i, data in enumerate(buffers):
            if data is not None:
                addresses[i] = self._address(data)
        self._keep.append(addresses)
        return ctypes.cast(addresses, ctypes.POINTER(ctypes.c_void_p))

    def _address(self, data: Any) -> int:
        view = memoryview(data).cast("B") if not isinstance(data, bytes) else memoryview(data)
        if view.nbytes == 0:
            data = view = memoryview(bytes(8))
        if view.readonly:
            text = bytes(view)
            self._keep.append(text)
            return int(ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value or 0)
        block = (ctypes.c_char * view.nbytes).from_buffer(view)
        self._keep.append(block)
        return ctypes.addressof(block)

    def _pointers(self, children: list[Any]) -> Any:
        if not children:
            return None
        kind = type(children[0])
        listed = (ctypes.POINTER(kind) * len(children))(*[ctypes.pointer(child) for child in children])
        self._keep.append((children, listed))
        return ctypes.cast(listed, ctypes.POINTER(ctypes.POINTER(kind)))


def table_of_array(capsules: tuple[object, object], copy: bool) -> abi.Table:
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

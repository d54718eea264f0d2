"""Broken Arrow arrays: each is an error that names the column, not a crash."""

from __future__ import annotations

import ctypes
import struct
from array import array

import pytest

import pycylon as pc
from pycylon import errors
from pycylon._native import abi
from pycylon.interop import streams
from pycylon.interop.columns import Encoded


def take(encoded: dict[str, Encoded], change=None, rows: int | None = None, *, copy: bool = True) -> pc.DataFrame:
    stream = streams._Stream(encoded, next(iter(encoded.values())).rows if rows is None else rows)
    if change is not None:
        change(stream)
    table = abi.table_from_pointer(ctypes.addressof(stream.struct), copy)
    return pc.DataFrame._of(table)


def view(text: bytes, heap: int = 0, start: int = 0, size: int | None = None) -> bytes:
    size = len(text) if size is None else size
    if size <= 12:
        return struct.pack("<i12s", size, text)
    return struct.pack("<i4sii", size, text[:4], heap, start)


LONG = b"thirteen bytes"

BROKEN = {
    "descending offsets": (Encoded("u", 2, 0, [None, array("i", [0, 3, 2]), b"abc"]), "row 1 ends"),
    "negative offset": (Encoded("u", 1, 0, [None, array("i", [-1, 2]), b"abc"]), "start at -1"),
    "large descending offsets": (Encoded("U", 2, 0, [None, array("q", [0, 3, 2]), b"abc"]), "row 1 ends"),
    "no characters": (Encoded("u", 1, 0, [None, array("i", [0, 3]), None]), "characters are missing"),
    "no values": (Encoded("l", 1, 0, [None, None]), "buffer 1 of 2 is missing"),
    "too few buffers": (Encoded("l", 1, 0, [None]), "it has 1 buffers"),
    "too many buffers": (Encoded("l", 1, 0, [None, array("q", [1]), b"x"]), "it has 3 buffers"),
    "string without offsets": (Encoded("u", 1, 0, [None, b"abc"]), "it has 2 buffers"),
    "fewer rows than the table": (Encoded("l", 1, 0, [None, array("q", [1, 2])]), "it has 1 rows"),
    "view of no heap": (Encoded("vu", 1, 0, [None, view(LONG, heap=1), LONG, array("q", [14])]), "outside its buffers"),
    "view past a heap": (Encoded("vu", 1, 0, [None, view(LONG, start=1), LONG, array("q", [14])]), "outside"),
    "view of negative size": (Encoded("vu", 1, 0, [None, view(LONG, size=-1), LONG, array("q", [14])]), "outside"),
    "unpadded view": (Encoded("vu", 1, 0, [None, struct.pack("<i12s", 1, b"abc"), array("q", [])]), "padded"),
    "heap of negative size": (Encoded("vu", 1, 0, [None, view(b"a"), LONG, array("q", [-1])]), "-1 bytes"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_columns_are_named(case):
    encoded, text = BROKEN[case]
    with pytest.raises(errors.MalformedError, match=text) as caught:
        take({"broken": encoded}, rows=2 if case.startswith("fewer") else None)
    assert '"broken"' in str(caught.value)


def set_array(name: str, value: object):
    return lambda stream: setattr(stream._array, name, value)


def set_child(name: str, value: object):
    return lambda stream: setattr(stream._array.children[0][0], name, value)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (set_array("length", -1), "-1 rows"),
        (set_array("offset", -5), "from -5 on"),
        (set_array("n_children", 0), "0 columns where the schema has 1"),
        (set_child("offset", -1), "column"),
        (set_child("length", 0), "it has 0 rows"),
    ],
)
def test_broken_rows(change, text):
    with pytest.raises(errors.MalformedError, match=text):
        take({"a": Encoded("l", 2, 0, [None, array("q", [1, 2])])}, change)


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("", "Arrow format"),
        ("tsq:UTC", "Arrow format"),
        ("ts", "Arrow format"),
        ("tiM", "interval"),
        ("d:39,2", "decimal128"),
    ],
)
def test_unknown_formats(layout, text):
    with pytest.raises(errors.UnsupportedError, match=text):
        take({"a": Encoded(layout, 1, 0, [None, array("q", [1])])})


def test_misaligned_buffers_are_copied():
    padding = 3
    block = ctypes.create_string_buffer(b"\0" * padding + struct.pack("<3q", 1, -2, 3))
    ends = ctypes.create_string_buffer(b"\0" * padding + struct.pack("<4i", 0, 1, 1, 3))

    def shift(stream) -> None:
        for child, memory in ((0, block), (1, ends)):
            stream._array.children[child][0].buffers[1] = ctypes.addressof(memory) + padding

    encoded = {
        "a": Encoded("l", 3, 0, [None, array("q", [0, 0, 0])]),
        "s": Encoded("u", 3, 0, [None, array("i", [0, 0, 0, 0]), b"xyz"]),
    }
    assert take(encoded, shift).to_dict() == {"a": [1, -2, 3], "s": ["x", "", "yz"]}


def test_nulls_that_were_not_counted():
    encoded = Encoded("l", 10, -1, [b"\x01\x02", array("q", range(10))])
    assert take({"a": encoded}).to_dict()["a"] == [0, *[None] * 8, 9]


def test_what_lies_under_a_null_view_does_not_matter():
    views = view(b"ok") + view(LONG, heap=7, start=99) + view(LONG)
    encoded = Encoded("vu", 3, 1, [b"\x05", views, LONG, array("q", [14])])
    assert take({"a": encoded}).to_dict() == {"a": ["ok", None, LONG.decode()]}
    views = view(LONG, heap=7, start=99) + view(LONG, heap=9)
    with pytest.raises(errors.MalformedError, match="row 1"):
        take({"a": Encoded("vu", 2, 1, [b"\x02", views, LONG, array("q", [14])])})


def test_offsets_of_the_rows_and_of_the_column():
    def shift(stream) -> None:
        stream._array.offset, stream._array.length = 2, 3
        stream._array.children[0][0].offset, stream._array.children[0][0].length = 1, 6

    encoded = Encoded("l", 7, -1, [b"\xf7", array("q", range(7))])
    assert take({"a": encoded}, shift).to_dict()["a"] == [None, 4, 5]

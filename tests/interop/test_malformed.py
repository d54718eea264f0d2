"""Broken Arrow arrays: each is an error that names the column, not a crash."""

from __future__ import annotations

import ctypes
import random
import struct
from array import array
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pycylon as pc
from pycylon import errors
from pycylon._native import abi
from pycylon._native.capsule import ArrowSchema
from pycylon.interop import streams
from pycylon.interop.encoded import Encoded


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


NUMBERS = Encoded("l", 3, 0, [None, array("q", [1, 2, 3])])
TEXTS = Encoded("u", 2, 0, [None, array("i", [0, 1, 2]), b"ab"])


def listed(*ends: int, layout: str = "+l") -> Encoded:
    code = "q" if layout == "+L" else "i"
    return Encoded(layout, len(ends) - 1, 0, [None, array(code, ends)], (("item", NUMBERS),))


BROKEN |= {
    "lists that run backwards": (listed(0, 2, 1), "row 1 ends at 1 and starts at 2"),
    "lists from before the start": (listed(-1, 2, 3), "rows start at -1"),
    "lists beyond their elements": (listed(0, 2, 4), "it has 3 rows from 0 on, where 4 are read"),
    "large lists beyond": (listed(0, 1 << 50, layout="+L"), "end at element|where"),
    "lists without offsets": (Encoded("+l", 2, 0, [None], (("item", NUMBERS),)), "it has 1 buffers"),
    "lists without elements": (Encoded("+l", 2, 0, [None, array("i", [0, 1, 2])]), "0 children"),
    "lists of two": (Encoded("+l", 1, 0, [None, array("i", [0, 1])], (("a", NUMBERS), ("b", NUMBERS))), "2 children"),
    "fixed lists beyond": (Encoded("+w:2", 2, 0, [None], (("item", NUMBERS),)), "where 4 are read"),
    "fixed lists of none": (Encoded("+w:x", 2, 0, [None], (("item", NUMBERS),)), "Arrow format|1 children"),
    "structs of short fields": (Encoded("+s", 3, 0, [None], (("a", NUMBERS), ("b", TEXTS))), "it has 2 rows"),
    "a broken field of a struct": (
        Encoded("+s", 1, 0, [None], (("a", Encoded("u", 1, 0, [None, array("i", [2, 1]), b"abc"])),)),
        "row 0 ends at 1",
    ),
    "a map of numbers": (Encoded("+m", 1, 0, [None, array("i", [0, 1])], (("entries", NUMBERS),)), "1 children"),
    "codes beyond a dictionary": (
        Encoded("c", 2, 0, [None, array("b", [0, 2])], (), TEXTS),
        "code 2 of a dictionary of 2",
    ),
    "negative codes": (Encoded("i", 1, 0, [None, array("i", [-1])], (), TEXTS), "code -1 of a dictionary"),
    "codes that are floats": (Encoded("g", 1, 0, [None, array("d", [0])], (), TEXTS), "codes of format"),
    "a dictionary of broken values": (
        Encoded("c", 1, 0, [None, array("b", [0])], (), Encoded("u", 2, 0, [None, array("i", [0, 2, 1]), b"ab"])),
        "row 1 ends at 1",
    ),
    "a decimal of too many digits": (
        Encoded("d:3,1", 1, 0, [None, (1000).to_bytes(16, "little")]),
        "more than 3 digits",
    ),
    "a wide decimal of too many digits": (
        Encoded("d:40,1,256", 1, 0, [None, (-(10**40)).to_bytes(32, "little", signed=True)]),
        "more than 40 digits",
    ),
    "a binary view of no heap": (
        Encoded("vz", 1, 0, [None, view(LONG, heap=1), LONG, array("q", [14])]),
        "outside its buffers",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_columns_are_named(case):
    encoded, text = BROKEN[case]
    with pytest.raises((errors.MalformedError, errors.UnsupportedError), match=text) as caught:
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


def set_schema(name: str, value: object):
    return lambda stream: setattr(stream._schema, name, value)


def set_field(name: str, value: object):
    return lambda stream: setattr(stream._schema.children[0][0], name, value)


def no_field(stream) -> None:
    stream._schema.children[0] = ctypes.POINTER(ArrowSchema)()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (set_schema("n_children", -1), "has -1 columns"),
        (set_schema("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))()), "doesn't say which"),
        (no_field, "has no format"),
        (set_field("format", None), "has no format"),
        (set_field("name", b"caf\xe9"), r"caf\\xe9.* isn't UTF-8"),
    ],
)
def test_broken_schemas(change, text):
    with pytest.raises(errors.MalformedError, match=text):
        take({"a": Encoded("l", 2, 0, [None, array("q", [1, 2])])}, change)


def test_names_that_arrow_would_cut():
    with pytest.raises(errors.InvalidError, match=r"'a\\x00b' has a NUL"):
        pc.DataFrame({"a\0b": [1]})
    with pytest.raises(errors.InvalidError, match=r"a\\x00b.* has a NUL"):
        pc.DataFrame({"a": [1]}).rename({"a": "a\0b"})
    for use in (
        lambda: pc.DataFrame({"a": [1]}).rename({"a": "\ud800"}),
        lambda: pc.DataFrame({"\ud800": [1]}),
        lambda: pc.DataFrame({"a": ["x", "\ud800"]}),
    ):
        with pytest.raises(errors.InvalidError, match="half of a surrogate pair"):
            use()


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


def test_deep_nesting_is_refused():
    column = NUMBERS
    for _ in range(100):
        column = Encoded("+s", 3, 0, [None], (("a", column),))
    with pytest.raises(errors.UnsupportedError, match="nested over 64 deep"):
        take({"a": column})


def test_what_lies_under_null_codes_and_decimals_does_not_matter():
    codes = Encoded("c", 3, 1, [b"\x05", array("b", [1, 99, 0])], (), TEXTS)
    assert take({"a": codes}).to_dict() == {"a": ["b", None, "a"]}
    decimals = Encoded("d:3,1", 2, 1, [b"\x02", b"\xff" * 15 + b"\x7f" + (15).to_bytes(16, "little")])
    assert take({"a": decimals}).to_dict() == {"a": [None, Decimal("1.5")]}


def test_children_are_read_from_their_parents_rows_on():
    def shift(stream) -> None:
        struct = stream._array.children[0][0]
        struct.offset, struct.length = 1, 2
        struct.children[0][0].offset, struct.children[0][0].length = 0, 3

    fields = Encoded("+s", 3, 0, [None], (("x", NUMBERS),))
    assert take({"a": fields}, shift, rows=2).to_dict() == {"a": [{"x": 2}, {"x": 3}]}


@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_mutated_arrays_are_errors_or_columns(seed):
    """Offsets, codes, views, validity and counts of any content: an error, or a column whose values can be read.

    How long a buffer is, the C data interface doesn't say: offsets of characters stay in it.
    """
    rng = random.Random(seed)

    def ends(n: int, top: int, code: str, *beyond: int) -> array:
        values = sorted(rng.choices(range(top + 1), k=n + 1))
        if rng.random() < 0.5:
            values[rng.randrange(n + 1)] = rng.choice([-1, 0, top, *beyond])
        return array(code, values)

    def column(depth: int, rows: int) -> Encoded:
        valid = bytes(rng.choices(range(256), k=(rows + 7) // 8)) if rng.random() < 0.5 else None
        nulls = -1 if valid else rng.choice([0, 0, -1])
        kind = rng.choice(["l", "u", "vu", "d", "dictionary", *(["+l", "+L", "+s", "+w"] if depth < 3 else [])])
        if kind == "l":
            return Encoded("l", rows, nulls, [valid, array("q", range(rows))])
        if kind == "u":
            return Encoded("u", rows, nulls, [valid, ends(rows, 20, "i"), b"x" * 20])
        if kind == "vu":
            sizes = [rng.choice([0, 5, 12, 13, 14, -1]) for _ in range(rows)]
            views = b"".join(
                view(b"y" * max(size, 0), rng.choice([0, 1]), rng.choice([0, 1, 2, -1]), size) for size in sizes
            )
            return Encoded("vu", rows, nulls, [valid, views, b"y" * 15, array("q", [15])])
        if kind == "d":
            data = b"".join(rng.choice([5, 999, 1000, -1]).to_bytes(16, "little", signed=True) for _ in range(rows))
            return Encoded("d:3,1", rows, nulls, [valid, data])
        if kind == "dictionary":
            codes = array("b", rng.choices([0, 1, 2, -1] if rng.random() < 0.5 else [0, 1], k=rows))
            return Encoded("c", rows, nulls, [valid, codes], (), column(3, 2))
        if kind == "+s":
            children = tuple((f"f{i}", column(depth + 1, rows)) for i in range(rng.randrange(3)))
            return Encoded("+s", rows, nulls, [valid], children)
        if kind == "+w":
            return Encoded("+w:2", rows, nulls, [valid], (("item", column(depth + 1, 2 * rows)),))
        child = rng.randrange(12)
        offsets = ends(rows, child, "q" if kind == "+L" else "i", child + 1, 1 << 30)
        return Encoded(kind, rows, nulls, [valid, offsets], (("item", column(depth + 1, child)),))

    rows = rng.randrange(1, 9)
    try:
        frame = take({"a": column(0, rows)})
    except (errors.MalformedError, errors.UnsupportedError):
        return
    assert len(frame.to_dict()["a"]) == rows
    assert len(frame.take([rows - 1, 0]).to_dict()["a"]) == 2

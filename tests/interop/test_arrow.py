"""Round trips of every type through pyarrow: nulls, chunks, slices, empty tables; and what is refused."""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime, timedelta
from datetime import time as day_time
from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import errors

pa = pytest.importorskip("pyarrow")

LONG = "a string of more than twelve bytes, number "

TYPES = {
    "null": (pa.null(), lambda i: None),
    "bool": (pa.bool_(), lambda i: i % 3 == 0),
    "int8": (pa.int8(), lambda i: i % 256 - 128),
    "int16": (pa.int16(), lambda i: -i),
    "int32": (pa.int32(), lambda i: i * 1000),
    "int64": (pa.int64(), lambda i: i - (1 << 62)),
    "uint8": (pa.uint8(), lambda i: i % 256),
    "uint16": (pa.uint16(), lambda i: i),
    "uint32": (pa.uint32(), lambda i: (1 << 32) - 1 - i),
    "uint64": (pa.uint64(), lambda i: (1 << 64) - 1 - i),
    "float32": (pa.float32(), lambda i: i / 2),
    "float64": (pa.float64(), lambda i: i / 3),
    "string": (pa.string(), lambda i: LONG * (i % 2) + str(i)),
    "large_string": (pa.large_string(), lambda i: LONG * (i % 2) + "ä€😀"),
    "string_view": (pa.string_view(), lambda i: (LONG + str(i)) if i % 2 else "x" * (i % 13)),
    "date32": (pa.date32(), lambda i: date(1960 + i % 100, 2, 3)),
    "date64": (pa.date64(), lambda i: date(1960 + i % 100, 2, 3)),
    "timestamp[s]": (pa.timestamp("s"), lambda i: datetime(1960 + i % 100, 1, 2, 3, 4, 5)),
    "timestamp[ms]": (pa.timestamp("ms", "UTC"), lambda i: i * 1001),
    "timestamp[us]": (pa.timestamp("us", "Europe/Berlin"), lambda i: -i * 1_000_003),
    "timestamp[ns]": (pa.timestamp("ns", "+05:30"), lambda i: i * 1_000_000_007),
    "float16": (pa.float16(), lambda i: i / 8),
    "decimal128": (pa.decimal128(38, 10), lambda i: Decimal(i - 50) / 8 + 10**20),
    "decimal256": (pa.decimal256(76, 2), lambda i: Decimal(f"{(-1) ** i * i * 10**40}.25")),
    "decimal of hundreds": (pa.decimal128(5, -2), lambda i: Decimal(i * 100)),
    "binary": (pa.binary(), lambda i: bytes([i % 256, 0, 255]) * (i % 7)),
    "large_binary": (pa.large_binary(), lambda i: bytes([i % 256]) * (i % 30)),
    "binary_view": (pa.binary_view(), lambda i: bytes([i % 256]) * (i % 30)),
    "fixed_size_binary": (pa.binary(3), lambda i: bytes([i % 256, 0, 255])),
    "fixed_size_binary of 20": (pa.binary(20), lambda i: bytes([i % 256]) * 20),
    "time32[s]": (pa.time32("s"), lambda i: day_time(i % 24, 5, 6)),
    "time32[ms]": (pa.time32("ms"), lambda i: day_time(i % 24, 5, 6, 7000)),
    "time64[us]": (pa.time64("us"), lambda i: day_time(i % 24, 5, 6, 7)),
    "time64[ns]": (pa.time64("ns"), lambda i: i * 1_000_000),
    "duration[s]": (pa.duration("s"), lambda i: timedelta(seconds=i - 30)),
    "duration[ms]": (pa.duration("ms"), lambda i: timedelta(milliseconds=i)),
    "duration[us]": (pa.duration("us"), lambda i: timedelta(microseconds=-i)),
    "duration[ns]": (pa.duration("ns"), lambda i: i * 1_000),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), lambda i: LONG * (i % 2) + str(i % 5)),
    "dictionary of views": (pa.dictionary(pa.uint32(), pa.string_view()), lambda i: LONG + str(i % 3)),
    "dictionary of integers": (pa.dictionary(pa.int64(), pa.int16()), lambda i: i % 3),
    "dictionary of decimals": (pa.dictionary(pa.int16(), pa.decimal128(5, 2)), lambda i: Decimal(i % 3)),
    "list": (pa.list_(pa.int64()), lambda i: [i, None] * (i % 3)),
    "list of strings": (pa.list_(pa.string()), lambda i: [LONG + str(i), None, "x"][: i % 4]),
    "large_list": (pa.large_list(pa.bool_()), lambda i: [True, None, False] * (i % 3)),
    "fixed_size_list": (pa.list_(pa.float64(), 2), lambda i: [i / 2, None]),
    "struct": (
        pa.struct([("a", pa.int8()), ("b", pa.large_string())]),
        lambda i: {"a": i, "b": LONG if i % 2 else None},
    ),
    "struct of nothing": (pa.struct([]), lambda i: {}),
    "map": (pa.map_(pa.string(), pa.int32()), lambda i: [(f"key {j}", None if j else i) for j in range(i % 3)]),
    "list of structs of lists": (
        pa.list_(pa.struct([("x", pa.list_(pa.string_view())), ("y", pa.decimal128(4, 1))])),
        lambda i: [{"x": [LONG, None], "y": Decimal(i)}, None, {"x": None, "y": None}][: i % 4],
    ),
    "fixed lists of lists": (pa.list_(pa.list_(pa.null()), 2), lambda i: [[None] * (i % 3), None]),
}


def equal(a: object, b: object) -> bool:
    """Tell whether two tables have the same rows; which codes a dictionary gives them doesn't matter."""
    if not any(pa.types.is_dictionary(field.type) for field in a.schema):
        return a.equals(b)
    return a.to_pydict() == b.to_pydict()


def column(kind: str, rows: int, nulls: str) -> object:
    make, value = TYPES[kind]
    present = {
        "none": lambda i: True,
        "some": lambda i: i % 3 != 1,
        "all": lambda i: False,
        "last": lambda i: i != rows - 1,
    }[nulls]
    return typed([value(i) if present(i) else None for i in range(rows)], make)


def typed(values: list, make: object) -> object:
    if pa.types.is_dictionary(make):
        return pa.array(values, make.value_type).dictionary_encode().cast(make)
    return pa.array(values, make)


def chunked(array: object, chunks: str) -> object:
    rows = len(array)
    if chunks == "one":
        return pa.chunked_array([array])
    if chunks == "sliced":  # offsets that aren't whole bytes of a bitmap
        padded = pa.concat_arrays([array.slice(0, 3), array])
        return pa.chunked_array([padded.slice(min(3, rows))])
    if chunks == "empty":
        return pa.chunked_array([array.slice(0, 0), array, array.slice(0, 0)])
    cuts = [0, *sorted(random.Random(1).choices(range(rows + 1), k=5)), rows]
    return pa.chunked_array([array.slice(a, b - a) for a, b in itertools.pairwise(cuts)])


@pytest.mark.parametrize("chunks", ["one", "sliced", "empty", "many"])
@pytest.mark.parametrize("nulls", ["none", "some", "all", "last"])
@pytest.mark.parametrize("kind", TYPES)
def test_round_trip(kind, nulls, chunks):
    for rows in (0, 1, 2, 77):
        data = chunked(column(kind, rows, nulls), chunks)
        table = pa.table({"a": data, "b": data})
        for copy in (False, True):
            frame = pc.DataFrame(table, copy=copy)
            out = pa.table(frame)
            out.validate(full=True)
            assert out.schema == table.schema
            assert equal(out, table)
            assert frame.shape == (rows, 2)


#: Of nanoseconds, Python's types hold the microseconds.
COARSER = {
    "timestamp[ns]": pa.timestamp("us", "+05:30"),
    "time64[ns]": pa.time64("us"),
    "duration[ns]": pa.duration("us"),
}


@pytest.mark.parametrize("nulls", ["none", "some", "all"])
@pytest.mark.parametrize("kind", TYPES)
def test_decode_agrees_with_pyarrow(kind, nulls):
    array = column(kind, 100, nulls)
    expected = array.cast(COARSER[kind], safe=False).to_pylist() if kind in COARSER else array.to_pylist()
    assert pc.DataFrame(pa.table({"a": array})).to_dict() == {"a": expected}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("cut", [slice(0, 0), slice(3, 50), slice(9, 10), slice(-7, None)])
def test_slices_leave_right(kind, cut):
    array = column(kind, 100, "some")
    frame = pc.DataFrame(pa.table({"a": array}))[cut]
    out = pa.table(frame)
    out.validate(full=True)
    assert out.column("a").to_pylist() == array[cut].to_pylist()


@pytest.mark.parametrize("kind", TYPES)
def test_gathered_rows_leave_right(kind):
    """Operators make strings in another layout than they came in."""
    array = column(kind, 100, "some")
    order = random.Random(2).sample(range(100), 60)
    out = pa.table(pc.DataFrame(pa.table({"a": array})).take(order))
    out.validate(full=True)
    assert out.schema.field("a").type == array.type
    assert out.column("a").to_pylist() == [array[i].as_py() for i in order]


def test_no_copy_either_way():
    table = pa.table(
        {"a": pa.array(range(1000)), "s": pa.array([LONG] * 1000), "v": pa.array([LONG] * 1000, pa.string_view())}
    )
    out = pa.table(pc.DataFrame(table))
    for name in table.column_names:
        ours, theirs = out.column(name).chunk(0).buffers(), table.column(name).chunk(0).buffers()
        assert [b and b.address for b in ours] == [b and b.address for b in theirs]
    copied = pa.table(pc.DataFrame(table, copy=True))
    assert copied.equals(table)
    assert copied.column("a").chunk(0).buffers()[1].address != table.column("a").chunk(0).buffers()[1].address


@pytest.mark.parametrize(
    "table",
    [pa.table({}), pa.table({"a": pa.array([], pa.int64())}), pa.table({"a": pa.chunked_array([], pa.string())})],
    ids=["no columns", "no rows", "no batches"],
)
def test_empty(table):
    out = pa.table(pc.DataFrame(table))
    assert out.schema == table.schema
    assert out.num_rows == 0
    assert pc.DataFrame(table).to_dict() == {name: [] for name in table.column_names}


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (pa.array([None], pa.month_day_nano_interval()), "interval"),
        (pa.array([[1]], pa.list_view(pa.int64())), "list_view"),
        (pa.array([[[1]]], pa.list_(pa.large_list_view(pa.int64()))), "large_list_view"),
        (pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]), "dense_union"),
        (pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]), "sparse_union"),
        (pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([1])), "run_end_encoded"),
        (pa.array([Decimal(1)], pa.decimal32(5, 2)), "decimal32"),
        (pa.array([[]], pa.list_(pa.int64(), 0)), r"fixed_size_list\[0\]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_types_are_refused_by_name(array, name):
    table = pa.table({"good": pa.array([1] * len(array)), "bad": array})
    with pytest.raises(errors.UnsupportedError, match=f'column "bad" has type {name}'):
        pc.DataFrame(table)


def test_dictionaries_are_unified():
    """Batches with dictionaries of their own leave with one, and with wider codes where the values need them."""
    words = [f"word {i}" for i in range(300)]
    make = pa.dictionary(pa.int8(), pa.string())
    chunks = [typed(words[at : at + 100], make) for at in range(0, 300, 100)]
    table = pa.table({"a": pa.chunked_array([*chunks, chunks[0]])})
    out = pa.table(pc.DataFrame(table)).column("a")
    out.validate(full=True)
    assert out.type == pa.dictionary(pa.int16(), pa.string())
    assert len({chunk.dictionary.buffers()[2].address for chunk in out.chunks}) == 1
    assert out.chunk(0).dictionary.to_pylist() == words
    assert out.to_pylist() == table.column("a").to_pylist()


def test_nulls_in_dictionaries_and_codes():
    array = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2, 1], pa.int32()), pa.array(["x", None, "y"]))
    frame = pc.DataFrame(pa.table({"a": array}))
    assert frame.to_dict() == {"a": ["x", None, None, "y", None]}
    assert pa.table(frame).column("a").to_pylist() == ["x", None, None, "y", None]


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), pa.array([[1], [2, 3]])), "list<int64>"),
        (pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), pa.array([True, False])), "bool"),
        (pa.array([["a"], None, ["b", "a"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))), "list<utf8>"),
    ],
    ids=["of lists", "of bools", "in a list"],
)
def test_other_dictionaries_come_in_as_their_values(array, kind):
    frame = pc.DataFrame(pa.table({"a": array}))
    assert frame.dtypes == {"a": kind}
    assert frame.to_dict()["a"] == array.to_pylist()


def test_names_inside_nested_types_are_arrows():
    """List elements have one name whatever their producer calls them, so that tables of several go together."""
    odd = pa.list_(pa.field("element", pa.int64(), nullable=False))
    out = pa.table(pc.DataFrame(pa.table({"a": pa.array([[1], None], odd)})))
    assert out.schema.field("a").type == pa.list_(pa.int64())


def test_extension_types_come_in_as_their_storage():
    array = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"], pa.binary(16)))
    assert pc.DataFrame(pa.table({"a": array})).dtypes == {"a": "fixed_size_binary[16]"}


def test_columns_of_one_name_are_refused():
    with pytest.raises(errors.UnsupportedError, match="'a'"):
        pc.DataFrame(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_rows_that_are_null_as_a_whole_are_refused():
    struct = pa.array([{"a": 1}, None])

    class Rows:
        def __arrow_c_array__(self, requested_schema=None):
            return struct.__arrow_c_array__()

    with pytest.raises(errors.UnsupportedError, match="null as a whole"):
        pc.DataFrame(Rows())


def test_arrays_of_rows():
    batch = pa.record_batch({"a": [1, 2, 3], "b": ["x", None, "z"]})

    class Rows:
        def __arrow_c_array__(self, requested_schema=None):
            return batch.slice(1).__arrow_c_array__()

    for copy in (False, True):
        assert pc.DataFrame(Rows(), copy=copy).to_dict() == {"a": [2, 3], "b": [None, "z"]}
    assert pc.DataFrame(batch).to_dict() == {"a": [1, 2, 3], "b": ["x", None, "z"]}


def test_a_stream_of_values_is_refused():
    with pytest.raises(errors.UnsupportedError, match="named column"):
        pc.DataFrame(pa.chunked_array([[1, 2]]))


def test_a_failing_producer_is_heard():
    def batches():
        yield pa.record_batch({"a": [1]})
        raise OSError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), batches())
    with pytest.raises(errors.InvalidError, match="the disk is gone"):
        pc.DataFrame(reader)


def test_many_batches():
    table = pa.Table.from_batches([pa.record_batch({"a": [i], "s": [str(i) * 9]}) for i in range(1000)])
    assert pa.table(pc.DataFrame(table)).equals(table)
    assert pc.DataFrame(table).sort_values("a", ascending=False).to_dict()["a"] == list(range(999, -1, -1))


def test_several_readers_of_one_frame():
    from concurrent.futures import ThreadPoolExecutor

    table = pa.table({"a": list(range(1000)), "s": [LONG + str(i) for i in range(1000)]})
    frame = pc.DataFrame(table).sort_values("a")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: pa.table(frame).equals(table) and frame.to_dict()["a"][-1] == 999, range(100)))

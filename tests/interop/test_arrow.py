"""Round trips of every type through pyarrow: nulls, chunks, slices, empty tables; and what is refused."""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime

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
}


def column(kind: str, rows: int, nulls: str) -> object:
    make, value = TYPES[kind]
    present = {
        "none": lambda i: True,
        "some": lambda i: i % 3 != 1,
        "all": lambda i: False,
        "last": lambda i: i != rows - 1,
    }[nulls]
    return pa.array([value(i) if present(i) else None for i in range(rows)], make)


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
            assert out.equals(table)
            assert frame.shape == (rows, 2)


@pytest.mark.parametrize("nulls", ["none", "some", "all"])
@pytest.mark.parametrize("kind", TYPES)
def test_decode_agrees_with_pyarrow(kind, nulls):
    array = column(kind, 100, nulls)
    expected = (
        array.to_pylist()
        if kind != "timestamp[ns]"
        else array.cast(pa.timestamp("us", "+05:30"), safe=False).to_pylist()
    )
    assert pc.DataFrame(pa.table({"a": array})).to_dict() == {"a": expected}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("cut", [slice(0, 0), slice(3, 50), slice(9, 10), slice(-7, None)])
def test_slices_leave_right(kind, cut):
    array = column(kind, 100, "some")
    frame = pc.DataFrame(pa.table({"a": array}))[cut]
    out = pa.table(frame)
    out.validate(full=True)
    assert out.column("a").to_pylist() == array[cut].to_pylist()


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "null"])
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
        (pa.array([[1]]), "list"),
        (pa.array([{"x": 1}]), "struct"),
        (pa.array(["a"]).dictionary_encode(), "dictionary"),
        (pa.array([b"a"]), "binary"),
        (pa.array([1], pa.duration("s")), "duration"),
        (pa.array([1], pa.time32("s")), "time"),
        (pa.array([1], pa.float16()), "half_float"),
        (pa.array([1]).cast(pa.decimal128(30, 2)), "decimal"),
        (pa.array([b"abc"], pa.binary(3)), "fixed_size_binary"),
        (pa.array([[1]], pa.large_list(pa.int64())), "large_list"),
        (pa.array([[1]], pa.list_(pa.int64(), 1)), "fixed_size_list"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "map"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_types_are_refused_by_name(array, name):
    table = pa.table({"good": pa.array([1] * len(array)), "bad": array})
    with pytest.raises(errors.UnsupportedError, match=f'column "bad" has type {name}'):
        pc.DataFrame(table)


def test_columns_of_one_name_are_refused():
    with pytest.raises(errors.UnsupportedError, match="'a'"):
        pc.DataFrame(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))


def test_rows_that_are_null_as_a_whole_are_refused():
    struct = pa.array([{"a": 1}, None])
    reader = pa.RecordBatchReader.from_stream(pa.table({"s": struct}))
    del reader

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

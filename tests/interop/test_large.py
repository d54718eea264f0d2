"""Over 2 GiB of characters in a column, in one batch and in several: more than an int32 counts."""

from __future__ import annotations

from pathlib import Path

import pytest

import pycylon as pc

pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")

MIB = 1 << 20
NEEDED = 8 << 30


@pytest.fixture(autouse=True)
def enough_memory():
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable") and int(line.split()[1]) << 10 < NEEDED:
            pytest.skip("needs 8 GiB of memory")


def texts(rows: int, kind: object) -> object:
    """Return rows of 1 MiB each: zeros, which take no memory until they are copied."""
    offsets = np.arange(rows + 1, dtype="int64" if kind == pa.large_string() else "int32") * MIB
    return type(pa.array([], kind)).from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(bytes(rows * MIB)))


def test_one_batch():
    rows = 2100
    table = pa.table({"k": pa.array(range(rows)), "s": texts(rows, pa.large_string())})
    frame = pc.DataFrame(table)
    out = pa.table(frame)
    assert out.schema == table.schema
    assert out.column("s").chunk(0).buffers()[2].address == table.column("s").chunk(0).buffers()[2].address
    last = frame.sort_values("k", ascending=False).head(2)
    assert last.to_dict()["k"] == [rows - 1, rows - 2]
    assert [len(text) for text in last.to_dict()["s"]] == [MIB, MIB]
    assert frame.drop_duplicates("s").shape == (1, 2)


def test_batches_that_become_one():
    """Strings whose offsets fit 32 bits in each batch, and no longer in the batch that is made of them."""
    rows = 1100
    part = pa.table({"k": pa.array(range(rows)), "s": texts(rows, pa.string())})
    frame = pc.DataFrame(pa.concat_tables([part, part]))
    out = pa.table(frame.sort_values("k"))
    assert out.schema.field("s").type == pa.large_string()
    assert out.column("s").num_chunks == 1
    assert pa.compute.sum(pa.compute.binary_length(out.column("s"))).as_py() == 2 * rows * MIB
    assert pa.table(frame).schema.field("s").type == pa.string()

"""Plain Python values in and out, without another library."""

from __future__ import annotations

import math
from array import array
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

import pycylon as pc

BERLIN = ZoneInfo("Europe/Berlin")
HALF = timezone(timedelta(hours=5, minutes=30))

COLUMNS = {
    "bool": ([True, None, False], "bool"),
    "int": ([1, None, -(1 << 63)], "int64"),
    "large int": ([1, (1 << 64) - 1], "uint64"),
    "float": ([1.5, None, math.inf], "float64"),
    "int and float": ([1, 2.5, None], "float64"),
    "str": (["a", None, "", "ä€😀" * 9, "nul\0byte"], "utf8"),
    "date": ([date(1, 1, 1), None, date(9999, 12, 31)], "date32"),
    "datetime": ([datetime(1, 1, 1), None, datetime(2024, 5, 6, 7, 8, 9, 123456)], "timestamp[us]"),
    "UTC": ([datetime(2024, 1, 1, tzinfo=timezone.utc), None], "timestamp[us, tz=UTC]"),
    "Berlin": ([datetime(2024, 7, 1, tzinfo=BERLIN), None], "timestamp[us, tz=Europe/Berlin]"),
    "offset": ([datetime(2024, 7, 1, tzinfo=HALF), None], "timestamp[us, tz=+05:30]"),
    "none": ([None, None], "null"),
    "empty": ([], "null"),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns(case):
    values, kind = COLUMNS[case]
    frame = pc.DataFrame({"a": values})
    assert frame.dtypes == {"a": kind}
    assert frame.to_dict() == {"a": values}


@pytest.mark.parametrize("rows", [0, 1, 7, 8, 9, 63, 64, 65, 1000])
def test_bitmaps_of_any_length(rows):
    values = [None if i % 5 == 2 else i % 3 == 0 for i in range(rows)]
    assert pc.DataFrame({"a": values, "b": list(range(rows))}).to_dict()["a"] == values


def test_nan_is_a_value():
    assert math.isnan(pc.DataFrame({"a": [math.nan, 1.0]}).to_dict()["a"][0])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([Decimal("1.50"), None, Decimal("-20")], "decimal128(4, 2)"),
        ([Decimal("1E+2"), 3], "decimal128(3, 0)"),
        ([Decimal("0.001"), None], "decimal128(3, 3)"),
        ([Decimal(10**50), None, Decimal("-0.5")], "decimal256(52, 1)"),
        ([b"x", None, b"", bytearray(b"yz")], "binary"),
        ([time(1, 2, 3, 4), None, time()], "time64[us]"),
        ([timedelta(days=-1, microseconds=3), None], "duration[us]"),
        ([[1, None], None, []], "list<int64>"),
        ([(1, 2.5), None], "list<float64>"),
        ([[], None], "list<null>"),
        ([[["a"], None], [[]]], "list<list<utf8>>"),
        ([{"a": 1, "b": "x"}, None, {"a": None, "b": None}], "struct<a: int64, b: utf8>"),
        ([{"a": [{"b": b"x"}]}, {"a": []}], "struct<a: list<struct<b: binary>>>"),
        ([{"odd name": 1}], 'struct<"odd name": int64>'),
        ([{}, None], "struct<>"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_of_more_types(values, kind):
    frame = pc.DataFrame({"a": values})
    assert frame.dtypes == {"a": kind}
    assert frame.to_dict()["a"] == [list(value) if isinstance(value, tuple) else value for value in values]
    assert pc.DataFrame({"a": []}).to_dict() == {"a": []}


def test_dicts_need_not_have_the_same_keys():
    frame = pc.DataFrame({"a": [{"x": 1}, {"y": "b"}]})
    assert frame.to_dict()["a"] == [{"x": 1, "y": None}, {"x": None, "y": "b"}]


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ([1, "a"], TypeError, "1 .int. and 'a' .str."),
        ([True, 1], TypeError, "several types"),
        ([date(2024, 1, 1), datetime(2024, 1, 1)], TypeError, "several types"),
        ([datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=timezone.utc)], TypeError, "several types"),
        ([datetime(2024, 1, 1, tzinfo=BERLIN), datetime(2024, 1, 1, tzinfo=timezone.utc)], TypeError, "several types"),
        ([1 << 64], ValueError, "doesn't fit"),
        ([-1, 1 << 63], ValueError, "doesn't fit"),
        ([b"bytes", "text"], TypeError, "several types"),
        ([Decimal(1), 0.5], TypeError, "several types"),
        ([Decimal("NaN")], ValueError, "no decimal holds"),
        ([Decimal("1e80")], ValueError, "81 digits"),
        ([[1], ["a"]], TypeError, "several types"),
        ([[1], 1], TypeError, "several types"),
        ([{"a": 1}, {"a": "x"}], TypeError, "several types"),
        ([object()], NotImplementedError, "object"),
        ([[object()]], NotImplementedError, "object"),
        (1, TypeError, "int"),
        ("text", TypeError, "str"),
    ],
    ids=repr,
)
def test_refused_values(values, error, text):
    with pytest.raises(error, match=text) as caught:
        pc.DataFrame({"bad": values})
    assert "'bad'" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "columns", "expected"),
    [
        (None, None, {}),
        (None, ["a"], {"a": []}),
        ({}, None, {}),
        ([], None, {}),
        ([], ["a", "b"], {"a": [], "b": []}),
        ([[1, 2], ["x", "y"]], None, {"0": [1, 2], "1": ["x", "y"]}),
        ([[1, 2], ["x", "y"]], ["a", "b"], {"a": [1, 2], "b": ["x", "y"]}),
        ([1, 2], None, {"0": [1, 2]}),
        ([1, 2], ["a"], {"a": [1, 2]}),
        ([{"a": 1}, {"b": "x", "a": 2}], None, {"a": [1, 2], "b": [None, "x"]}),
        ([{"a": 1, "b": 2}], ["b"], {"b": [2]}),
        ({"a": [1], "b": [2]}, ["b"], {"b": [2]}),
        ({1: [1]}, None, {"1": [1]}),
        ({"a": range(3), "b": (x for x in "xyz")}, None, {"a": [0, 1, 2], "b": ["x", "y", "z"]}),
        ({"a": array("h", [1, 2]), "b": array("d", [0.5, 1])}, None, {"a": [1, 2], "b": [0.5, 1.0]}),
        ({"a": memoryview(array("q", range(10)))[::3]}, None, {"a": [0, 3, 6, 9]}),
    ],
    ids=repr,
)
def test_shapes_of_data(data, columns, expected):
    assert pc.DataFrame(data, columns=columns).to_dict() == expected


@pytest.mark.parametrize(
    ("data", "columns", "error"),
    [
        ({"a": [1], "b": [1, 2]}, None, ValueError),
        ({"a": [1]}, ["b"], KeyError),
        ([[1], [2]], ["a"], ValueError),
        ([[1], [2]], ["a", "a"], ValueError),
        (5, None, TypeError),
        ("text", None, TypeError),
    ],
)
def test_refused_data(data, columns, error):
    with pytest.raises(error):
        pc.DataFrame(data, columns=columns)


def test_a_frame_of_a_frame():
    frame = pc.DataFrame({"a": [1]})
    assert pc.DataFrame(frame).to_dict() == {"a": [1]}
    assert pc.DataFrame(frame, columns=["b"]).to_dict() == {"b": [1]}


def test_records():
    assert pc.DataFrame({"a": [1, None], "b": ["x", "y"]}).to_dict("records") == [
        {"a": 1, "b": "x"},
        {"a": None, "b": "y"},
    ]
    with pytest.raises(ValueError, match="orient"):
        pc.DataFrame({"a": [1]}).to_dict("rows")


def test_times_that_python_does_not_hold():
    far = pc.DataFrame({"a": [1, None, 300_000 * 365]}).astype({"a": "int32"}).astype({"a": "date32"})
    assert far.columns == ["a"]
    assert "(109500000)" in repr(far)
    assert "(109500000)" in far._repr_html_()
    for look in (far.to_dict, lambda: far["a"].max(), lambda: far["a"].to_list()):
        with pytest.raises(pc.errors.InvalidError, match=r"column .* number 109500000 .*years 1 to 9999.*cast it"):
            look()
    early = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))  # in UTC, of the year before
    assert pc.DataFrame({"a": [early]})["a"].astype("int64").to_list() == [-62135614800000000]


def test_a_zone_that_is_not_known_here(monkeypatch):
    from pycylon.interop import decode

    def unknown(name):
        raise KeyError(name)

    frame = pc.DataFrame({"a": [datetime(2024, 7, 1, tzinfo=BERLIN)]})
    decode.time_zone.cache_clear()
    monkeypatch.setattr("zoneinfo.ZoneInfo", unknown)
    with pytest.raises(pc.errors.UnsupportedError, match="tzdata"):
        frame.to_dict()
    assert "(1719784800000000)" in repr(frame)


def test_times_of_the_day_have_no_zone():
    for values in ([time(1, tzinfo=timezone.utc)], [time(1), time(2, tzinfo=BERLIN)]):
        with pytest.raises(pc.errors.UnsupportedError, match=r"column 'a' has the time .* hold no zone"):
            pc.DataFrame({"a": values})

"""pandas, Polars, DuckDB and NumPy in and out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import _optional, errors

VALUES = {
    "i": [1, None, 3],
    "f": [1.5, None, -2.0],
    "b": [True, None, False],
    "s": ["x", None, "a longer string than twelve"],
    "d": [date(2024, 1, 2), None, date(1969, 1, 1)],
    "t": [datetime(2024, 1, 2, 3, 4, 5, 6), None, datetime(1969, 1, 1)],
}


class TestPolars:
    @pytest.fixture(autouse=True)
    def need(self):
        self.pl = pytest.importorskip("polars")

    def test_round_trip(self):
        frame = self.pl.DataFrame(VALUES)
        for source in (frame, self.pl.concat([frame, frame], rechunk=False), frame[1:]):
            ours = pc.DataFrame(source)
            assert ours.to_dict() == source.to_dict(as_series=False)
            assert self.pl.DataFrame(ours).equals(source)
            assert ours.to_polars().equals(source)

    def test_operators_on_its_strings(self):
        frame = pc.DataFrame(self.pl.DataFrame({"s": ["b" * 20, None, "a"]}))
        assert frame.sort_values("s").to_polars()["s"].to_list() == ["a", "b" * 20, None]

    def test_categories(self):
        frame = self.pl.DataFrame({"c": self.pl.Series(["a", None, "b", "a"], dtype=self.pl.Categorical)})
        ours = pc.DataFrame(frame)
        assert ours.dtypes == {"c": "dictionary<string_view, uint32>"}
        assert ours.to_polars()["c"].to_list() == ["a", None, "b", "a"]

    def test_a_series_in_a_dict(self):
        assert pc.DataFrame({"a": self.pl.Series([1, None])}).to_dict() == {"a": [1, None]}

    def test_every_type(self):
        pl = self.pl
        frame = pl.DataFrame(
            {
                "dec": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
                "bin": [b"x", None],
                "time": [time(1, 2, 3, 4), None],
                "span": [timedelta(days=-1, microseconds=5), None],
                "list": [[1, None], None],
                "array": pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
                "struct": [{"a": 1, "b": ["x" * 20]}, {"a": None, "b": None}],
                "f16": pl.Series([0.5, None], dtype=pl.Float16) if hasattr(pl, "Float16") else [0.5, None],
                "enum": pl.Series(["b", None], dtype=pl.Enum(["a", "b"])),
            }
        )
        for source in (frame, pl.concat([frame, frame], rechunk=False), frame[1:], frame[:0]):
            ours = pc.DataFrame(source)
            assert ours.to_dict() == source.to_dict(as_series=False)
            back = ours.to_polars().with_columns(pl.col("enum").cast(frame.schema["enum"]))
            assert back.equals(source)
            assert back.schema == source.schema


def test_duckdb():
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        relation = connection.sql("select range::bigint i, 'row ' || range s from range(5000)")
        frame = pc.DataFrame(relation)
        assert frame.shape == (5000, 2)
        assert frame.to_dict()["s"][4999] == "row 4999"
        found = connection.sql("select sum(i), count(s) from frame").fetchall()
    assert found == [(4999 * 2500, 5000)]


def test_duckdb_types():
    duckdb = pytest.importorskip("duckdb")
    row = """1.50::decimal(10, 2) as dec, 'x'::blob as bin,
        time '01:02:03' as t, [1, null] as l, [1, 2]::integer[2] as arr,
        {'a': 1, 'b': 'long enough to lie outside'} as st, map {'k': 1} as m, 'b'::enum('a', 'b') as e,
        12345678901234567890123456789012345678::decimal(38, 0) as big, true as flag"""
    with duckdb.connect() as connection:
        relation = connection.sql(
            f"select {row} union all select null, null, null, null, null, null, null, null, null, null"
        )
        frame = pc.DataFrame(relation)
        expected = (
            relation.to_arrow_table().to_pydict()
            if hasattr(relation, "to_arrow_table")
            else relation.arrow().to_pydict()
        )
        assert frame.to_dict() == expected
        back = connection.sql("select * from frame").fetchall()
    assert back[0][:6] == (
        Decimal("1.50"),
        b"x",
        time(1, 2, 3),
        [1, None],
        (1, 2),
        {"a": 1, "b": "long enough to lie outside"},
    )
    assert back[0][6] in ({"k": 1}, {"key": ["k"], "value": [1]})
    assert back[1] == (None,) * 10


def test_nanoarrow():
    na = pytest.importorskip("nanoarrow")
    frame = pc.DataFrame({"a": [[1, 2], None], "b": [Decimal("1.5"), None], "c": ["x", None]})
    stream = na.ArrayStream(frame)
    back = pc.DataFrame(stream)
    assert back.dtypes == frame.dtypes
    assert back.to_dict() == frame.to_dict()
    array = na.Array(frame)
    assert pc.DataFrame(array).to_dict() == frame.to_dict()


class TestPandas:
    @pytest.fixture(autouse=True, params=[True, False], ids=["with pyarrow", "without pyarrow"])
    def maybe_pyarrow(self, request, monkeypatch):
        self.pd = pytest.importorskip("pandas")
        if request.param:
            pytest.importorskip("pyarrow")
        else:
            find = _optional.find
            monkeypatch.setattr(_optional, "find", lambda name: None if name == "pyarrow" else find(name))

    def frame(self):
        pd = self.pd
        return pd.DataFrame(
            {
                "i": pd.array([1, None, 3], dtype="Int64"),
                "i8": pd.Series([1, 2, 3], dtype="int8"),
                "u": pd.Series([1, 2, (1 << 64) - 1], dtype="uint64"),
                "f": [1.5, float("nan"), -2.0],
                "f4": pd.Series([1.5, float("nan"), -2.0], dtype="float32"),
                "b": [True, False, True],
                "bn": pd.array([True, None, False], dtype="boolean"),
                "s": ["x", None, "a longer string than twelve"],
                "o": pd.Series(["x", None, "y"], dtype=object),
                "t": pd.to_datetime(["2024-01-02 03:04:05.678", None, "1969-12-31 00:00:00.000"]),
                "z": pd.to_datetime(["2024-07-02 03:04", None, "1969-12-31 00:00"]).tz_localize("Europe/Berlin"),
            }
        )

    def test_in(self):
        frame = pc.DataFrame(self.frame())
        assert frame.to_dict() == {
            "i": [1, None, 3],
            "i8": [1, 2, 3],
            "u": [1, 2, (1 << 64) - 1],
            "f": [1.5, None, -2.0],
            "f4": [1.5, None, -2.0],
            "b": [True, False, True],
            "bn": [True, None, False],
            "s": ["x", None, "a longer string than twelve"],
            "o": ["x", None, "y"],
            "t": [datetime(2024, 1, 2, 3, 4, 5, 678000), None, datetime(1969, 12, 31)],
            "z": [
                datetime(2024, 7, 2, 1, 4, tzinfo=timezone.utc),
                None,
                datetime(1969, 12, 30, 23, tzinfo=timezone.utc),
            ],
        }
        kinds = frame.dtypes
        assert (kinds["i8"], kinds["u"], kinds["f4"]) == ("int8", "uint64", "float32")
        assert kinds["z"].endswith("tz=Europe/Berlin]")

    def test_out(self):
        pd = self.pd
        made = pc.DataFrame(
            {"i": [1, 2], "n": [1, None], "f": [0.5, None], "s": ["x", None], "b": [True, False]}
        ).to_pandas()
        assert list(made.columns) == ["i", "n", "f", "s", "b"]
        assert [str(made[name].dtype) for name in ("i", "n", "f", "b")] == ["int64", "float64", "float64", "bool"]
        assert made["i"].tolist() == [1, 2]
        assert pd.isna(made["n"][1])
        assert pd.isna(made["s"][1])
        moments = pc.DataFrame(VALUES).to_pandas()
        assert moments["t"][0] == pd.Timestamp("2024-01-02 03:04:05.000006")
        assert pd.isna(moments["t"][1])

    def test_categories(self):
        pd = self.pd
        frame = pd.DataFrame(
            {"c": pd.Series(["b", None, "a", "b"], dtype="category"), "i": pd.Categorical([1, 2, 1, 1])}
        )
        ours = pc.DataFrame(frame)
        assert ours.to_dict() == {"c": ["b", None, "a", "b"], "i": [1, 2, 1, 1]}
        assert ours.dtypes["c"].startswith("dictionary<")
        back = ours.to_pandas()
        assert back["c"].dtype == "category"
        assert back["c"].astype(object).where(back["c"].notna(), None).tolist() == ["b", None, "a", "b"]

    def test_objects(self):
        pd = self.pd
        rows = {
            "dec": [Decimal("1.50"), None],
            "bytes": [b"x", None],
            "day": [time(1, 2, 3), None],
            "span": [timedelta(days=1), None],
            "list": [[1, 2], None],
            "dict": [{"a": 1}, None],
        }
        frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in rows.items()})
        frame["span"] = pd.to_timedelta(frame["span"])
        ours = pc.DataFrame(frame)
        assert ours.to_dict() == rows
        back = ours.to_pandas()
        assert back["dec"][0] == Decimal("1.50")
        assert back["bytes"][0] == b"x"
        assert back["day"][0] == time(1, 2, 3)
        assert back["span"][0] == pd.Timedelta(days=1)
        assert list(back["list"][0]) == [1, 2]
        assert back["dict"][0] == {"a": 1}
        assert all(pd.isna(back[name][1]) for name in rows)

    def test_index(self):
        pd = self.pd
        frame = pd.DataFrame({"a": [1, 2]}, index=[7, 9])
        assert pc.DataFrame(frame).to_dict() == {"a": [1, 2]}
        frame.index.name = "k"
        assert pc.DataFrame(frame).to_dict() == {"k": [7, 9], "a": [1, 2]}
        assert pc.DataFrame(frame[frame["a"] > 1]).to_dict() == {"k": [9], "a": [2]}

    def test_series(self):
        pd = self.pd
        series = pd.Series([1.0, None], name="x")
        assert pc.DataFrame(series).to_dict() == {"x": [1.0, None]}
        assert pc.DataFrame({"a": series, "b": pd.Index([1, 2])}).to_dict() == {"a": [1.0, None], "b": [1, 2]}

    def test_mixed_values_are_refused(self):
        with pytest.raises(TypeError, match="several types"):
            pc.DataFrame(self.pd.DataFrame({"a": [1, "x"]}))

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (lambda frame: frame.rename(columns={"s": "o"}), "'o'"),
        ],
    )
    def test_refused_frames(self, change, text):
        with pytest.raises(errors.UnsupportedError, match=text):
            pc.DataFrame(change(self.frame()))

    def test_the_frame_is_left_as_it_was(self):
        frame = self.pd.DataFrame({1: [1]}, index=[5])
        pc.DataFrame(frame)
        assert (list(frame.columns), list(frame.index)) == ([1], [5])

    def test_empty(self):
        assert pc.DataFrame(self.pd.DataFrame()).shape == (0, 0)
        assert pc.DataFrame(self.pd.DataFrame({"a": self.pd.Series([], dtype="int32")})).dtypes == {"a": "int32"}
        assert pc.DataFrame({"a": [1]})[:0].to_pandas().shape == (0, 1)


def test_numpy():
    np = pytest.importorskip("numpy")
    for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "?"):
        values = np.array([0, 1, 1, 0, 1], dtype=kind)
        frame = pc.DataFrame({"a": values, "b": values[::2][[0, 1, 2, 0, 1]], "c": values[::-1]})
        assert frame.to_dict()["a"] == values.tolist()
        assert frame.to_dict()["c"] == values[::-1].tolist()
        assert frame.dtypes["a"] == values.dtype.name
    moments = np.array(["2024-01-02T03:04:05", "NaT"], dtype="datetime64[ns]")
    assert pc.DataFrame({"t": moments}).to_dict() == {"t": [datetime(2024, 1, 2, 3, 4, 5), None]}
    assert pc.DataFrame({"s": np.array(["a", "bc"]), "o": np.array(["x", None], dtype=object)}).to_dict() == {
        "s": ["a", "bc"],
        "o": ["x", None],
    }
    assert pc.DataFrame([np.arange(3), np.ones(3)]).to_dict() == {"0": [0, 1, 2], "1": [1.0, 1.0, 1.0]}
    assert pc.DataFrame({"a": [np.int32(1), np.int64(2)], "b": [np.float32(0.5), 1]}).to_dict()["b"] == [0.5, 1.0]


def test_frames_in_other_libraries_are_typed():
    np = pytest.importorskip("numpy")
    pytest.importorskip("pandas")
    frame = pc.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert np.array_equal(frame.to_numpy(), [[1, 0.5], [2, 1.5]])
    assert frame["a"].to_numpy().tolist() == [1, 2]
    assert frame["a"].to_pandas().name == "a"


def test_an_array_has_rows():
    numpy = pytest.importorskip("numpy")
    rows = numpy.array([[1, 2], [3, 4]])
    frame = pc.DataFrame(rows, columns=["a", "b"])
    assert frame.to_dict() == {"a": [1, 3], "b": [2, 4]}
    pytest.importorskip("pandas")
    assert numpy.asarray(frame).tolist() == rows.tolist()


def test_masked_values_of_numpy_are_null():
    np = pytest.importorskip("numpy")
    numbers = np.ma.array([1, 2, 3], mask=[False, True, False])
    times = np.ma.array(np.array([0, 1], "datetime64[us]"), mask=[True, False])
    assert pc.DataFrame({"a": numbers}).to_dict() == {"a": [1, None, 3]}
    assert pc.Series("a", times).to_list() == [None, datetime(1970, 1, 1, 0, 0, 0, 1)]


def test_nanoseconds_of_scalars_are_kept():
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    moment, zoned = pd.Timestamp("2024-01-01 00:00:00.123456789"), pd.Timestamp(1719784800000000001, tz="Europe/Berlin")
    for values, kind in [
        ([moment, None], "timestamp[ns]"),
        ([zoned, pd.NaT], "timestamp[ns, tz=Europe/Berlin]"),
        ([pd.Timestamp("2024-01-01"), None], "timestamp[us]"),
        ([pd.Timedelta(-5), None], "duration[ns]"),
        ([np.datetime64("2024-01-01T00:00:00.123456789"), None], "timestamp[ns]"),
        ([np.timedelta64(5, "ns"), np.timedelta64(1, "D")], "duration[ns]"),
        ([np.datetime64("NaT"), np.datetime64("2024-01-01", "s")], "timestamp[s]"),
    ]:
        frame = pc.DataFrame({"t": values})
        assert frame.dtypes == {"t": kind}
        for got, want in zip(frame.to_pandas()["t"], values):
            assert pd.isna(got) if pd.isna(want) else got == want
    frame = pc.DataFrame({"t": [moment, None]})
    assert (frame["t"] == moment).to_list() == [True, None]
    assert (frame["t"] > moment - pd.Timedelta(1)).to_list() == [True, None]
    assert frame["t"].isin([moment + pd.Timedelta(1)]).to_list() == [False, False]
    with pytest.raises(errors.InvalidError, match="has nanoseconds"):
        pc.DataFrame({"t": [moment, pd.Timestamp("2400-01-01").as_unit("us")]})
    with pytest.raises(errors.UnsupportedError, match="finer than nanoseconds"):
        pc.DataFrame({"t": [np.datetime64(3, "ps")]})

"""CSV in and out."""

from __future__ import annotations

import io
import re
from datetime import datetime

import pytest

import pycylon as pc

TEXT = 'a,b,c\n1,x,0.5\n2,,NA\n,"a,""b",2\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(TEXT)
    return path


def read(path, text, **options):
    path.write_text(text)
    return pc.read_csv(path, **options).to_dict()


def test_read(file):
    assert pc.read_csv(file).to_dict() == {"a": [1, 2, None], "b": ["x", None, 'a,"b'], "c": [0.5, None, 2.0]}
    assert pc.read_csv(str(file)).dtypes == {"a": "int64", "b": "utf8", "c": "float64"}


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a;b\n1;2\n", {"sep": ";"}, {"a": [1], "b": [2]}),
        ("a\tb\n1\t2\n", {"delimiter": "\t"}, {"a": [1], "b": [2]}),
        ("1,2\n", {"names": ["x", "y"]}, {"x": [1], "y": [2]}),
        ("a,b\n1,2\n", {"names": ["x", "y"], "header": 0}, {"x": [1], "y": [2]}),
        ("a,b\n1,2\n", {"usecols": ["b"]}, {"b": [2]}),
        ("a\n1\n", {"dtype": {"a": float}}, {"a": [1.0]}),
        ("a\n1\n", {"dtype": {"a": "str"}}, {"a": ["1"]}),
        ("a\n1\nmissing\n", {"na_values": "missing"}, {"a": [1, None]}),
        ("a\nx\nNA\n", {"keep_default_na": False}, {"a": ["x", "NA"]}),
        ("junk\na\n1\n", {"skiprows": 1}, {"a": [1]}),
        ("a\n1\n2\n3\n", {"nrows": 2}, {"a": [1, 2]}),
        ("t\n2024-01-02 03:04:05\n", {"parse_dates": ["t"]}, {"t": [datetime(2024, 1, 2, 3, 4, 5)]}),
        ("a\n#x\n1\n", {"comment": "#"}, {"a": [1]}),
        ("a\nyes\nno\n", {"true_values": ["yes"], "false_values": ["no"]}, {"a": [True, False]}),
    ],
)
def test_options(tmp_path, text, options, expected):
    assert read(tmp_path / "a.csv", text, **options) == expected


@pytest.mark.parametrize(
    ("text", "options", "error", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", {}, ValueError, "line 3"),
        ("a\n1\n", {"usecols": ["z"]}, KeyError, "z"),
        ("a\nx\n", {"dtype": {"a": int}}, ValueError, "line 2"),
        ("a\n1\n", {"slice": True}, ValueError, "env="),
        ("a\n1\n", {"header": 3}, ValueError, "header=3"),
        ("a\n1\n", {"parse_dates": True}, ValueError, "parse_dates"),
        ("a\n1\n", {"dtype": "str"}, ValueError, "dict of types"),
        ("a\n1\n", {"sep": "ab"}, ValueError, "ab"),
        ("a\n1\n", {"encoding": "latin-1"}, NotImplementedError, "latin-1"),
    ],
)
def test_refusals(tmp_path, text, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        read(tmp_path / "a.csv", text, **options)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.csv"):
        pc.read_csv(tmp_path / "nothing.csv")


def test_round_trip(tmp_path, file):
    frame = pc.read_csv(file)
    out = tmp_path / "b.csv"
    frame.to_csv(out)
    assert pc.read_csv(out).to_dict() == frame.to_dict()
    frame.to_csv(out, sep=";", na_rep="null", header=False)
    assert out.read_text().splitlines()[1] == "2;null;null"
    with pytest.raises(ValueError, match="index"):
        frame.to_csv(out, index=True)


def test_ipc(tmp_path):
    from pycylon.io import read_ipc, write_ipc

    frame = pc.DataFrame({"a": [1, None], "s": ["x" * 20, None]})
    write_ipc(frame, tmp_path / "a.arrow")
    assert read_ipc(tmp_path / "a.arrow").to_dict() == frame.to_dict()


def test_slices_of_a_world_of_one(file):
    with pc.CylonEnv() as env:
        frame = pc.read_csv(file, env=env, slice=True)
        assert (frame.placement, frame.env) == ("partitioned", env)
        assert "rank 0 of 1: 3 rows x 3 columns, partitioned" in repr(frame)
        copy = pc.read_csv(file, env=env, replicate=True)
        assert copy.placement == "replicated"
        assert "replicated on 1 rank" in repr(copy)
        assert frame.merge(copy, on="a").shape == (3, 5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"usecols": [0, 2]}, "usecols"),
        ({"usecols": "ab"}, "usecols"),
        ({"parse_dates": "a"}, "parse_dates"),
        ({"skiprows": [1]}, "skiprows"),
        ({"nrows": 1.5}, "nrows"),
        ({"nrows": -1}, "nrows"),
        ({"na_values": {"a": "x"}}, "na_values"),
    ],
)
def test_options_that_are_none_of_ours(file, options, text):
    with pytest.raises(ValueError, match=text):
        pc.read_csv(file, **options)


def test_what_is_no_path(file, monkeypatch):
    with pytest.raises(TypeError, match="StringIO"):
        pc.read_csv(io.StringIO(TEXT))
    with pytest.raises(NotImplementedError, match="local path"):
        pc.read_csv("s3://bucket/a.csv")
    monkeypatch.setenv("HOME", str(file.parent))
    assert len(pc.read_csv("~/a.csv")) == 3

"""How frames look."""

from __future__ import annotations

import pytest

import pycylon as pc


@pytest.fixture(autouse=True)
def width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def test_text():
    frame = pc.DataFrame({"n": [1, None], "long name": [0.5, 1e20], "s": ["a\nb", "ä" * 50]})
    assert repr(frame).splitlines() == [
        "      n  long name                                         s",
        "0     1        0.5                                      a\\nb",
        "1  null      1e+20  " + "ä" * 37 + "...",
        "[2 rows x 3 columns, local]",
    ]


def test_long_frames_show_both_ends():
    lines = repr(pc.DataFrame({"a": list(range(1000))})).splitlines()
    assert lines[1:7] == [f"  {i}    {i}" for i in range(5)] + ["...  ..."]
    assert lines[-2:] == ["999  999", "[1,000 rows x 1 column, local]"]
    assert len(lines) == 13


@pytest.mark.parametrize("rows", [9, 10, 11])
def test_frames_around_the_limit(rows):
    lines = repr(pc.DataFrame({"a": list(range(rows))})).splitlines()
    assert len(lines) == 2 + (rows if rows < 10 else 11)


def test_wide_frames_show_the_outer_columns():
    lines = repr(pc.DataFrame({f"column {i}": [i] for i in range(40)})).splitlines()
    assert max(map(len, lines)) <= 100
    assert "..." in lines[0]
    assert "column 0" in lines[0]
    assert "column 39" in lines[0]


def test_wide_characters_take_two_cells():
    assert repr(pc.DataFrame({"s": ["日本", "ab"]})).splitlines()[1:3] == ["0  日本", "1    ab"]


def test_empty():
    assert repr(pc.DataFrame()) == "[0 rows x 0 columns, local]"
    assert repr(pc.DataFrame({"a": []})) == "  a\n[0 rows x 1 column, local]"


def test_html_is_escaped():
    made = pc.DataFrame({"<b>": ["<script>", "x & y"]})._repr_html_()
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert '<th title="utf8">&lt;b&gt;</th>' in made
    assert "2 rows x 1 column, local" in made


def test_html_of_many_columns():
    made = pc.DataFrame({f"c{i}": [i] for i in range(50)})._repr_html_()
    assert "c29" in made
    assert "c30" not in made
    assert "20 columns not shown" in made

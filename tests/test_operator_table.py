"""The table of operators, made by their tests: its Python names exist."""

from __future__ import annotations

from pathlib import Path

import pycylon as pc

TABLE = Path(__file__).parent.parent / "gocore/engine/operator/testdata/operators.md"
PLACES = (pc, pc.DataFrame, pc.Series, type(pc.DataFrame({"k": [1]}).groupby("k")))


def test_names_exist():
    (line,) = [line for line in TABLE.read_text().splitlines() if line.startswith("| Python |")]
    names = line.replace("|", ",").replace("Python", "").split(",")
    for name in filter(None, map(str.strip, names)):
        assert any(hasattr(place, name) for place in PLACES), name

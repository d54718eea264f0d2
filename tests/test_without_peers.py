"""Everything basic in a Python that has neither pandas nor NumPy nor pyarrow."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pandas", "numpy", "pyarrow", "polars", "duckdb"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import pathlib, tempfile
from datetime import date, datetime, timezone
import pycylon as pc

df = pc.DataFrame({
    "k": ["x", "y", None, "x"], "a": [1, None, 3, 4], "f": [0.5, 1.0, None, 2.0], "b": [True, False, None, True],
    "d": [date(2024, 1, 1)] * 4, "t": [datetime(2024, 1, 1, tzinfo=timezone.utc), None] * 2,
})
assert df.shape == (4, 6)
assert "x" in repr(df) and "<table" in df._repr_html_()
assert df.groupby("k").agg(a=("a", "sum")).to_dict() == {"k": ["x", "y"], "a": [5, 0]}
assert df.sort_values("a", ascending=False).to_dict()["a"] == [4, 3, 1, None]
assert df.merge(df[["k", "f"]].rename({"f": "g"}), on="k").shape == (6, 7)
assert df[df["a"] > 1].to_dict()["a"] == [3, 4]
assert pc.concat([df, df]).tail(1).to_dict()["a"] == [4]
path = pathlib.Path(tempfile.mkdtemp(), "a.csv")
df[["k", "a"]].to_csv(path)
assert pc.read_csv(path).to_dict() == df[["k", "a"]].to_dict()
with pc.CylonEnv() as env:
    assert env.comm.allgather(b"x") == [b"x"]
for convert, package in ((df.to_pandas, "pandas"), (df.to_arrow, "arrow"), (df.to_polars, "polars")):
    try:
        convert()
    except ImportError as error:
        assert f"pycylon[{package}]" in str(error), error
    else:
        raise AssertionError(package)
assert not {"pandas", "numpy", "pyarrow", "polars"} & set(sys.modules)
print("done")
"""


def test_without_peers():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("done", 0), done.stderr

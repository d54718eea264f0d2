"""Group-by and aggregates of whole columns: the forms, and the law; `tests/differential` holds them against others."""

from __future__ import annotations

import decimal

import pytest

import pycylon as pc
from pycylon.errors import IntegerOverflowError, InvalidError

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")


def test_forms_of_pandas():
    frame = pc.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 2], "v": [1, 2, 3], "w": [0.5, None, 1.5]})
    by = frame.groupby("a", as_index=False, sort=False, observed=True)
    assert by.agg(s=("v", "sum")).columns == ["a", "s"]
    assert frame.groupby("a").agg({"v": ["sum", "mean"]}).to_dict() == {
        "a": ["x", "y"],
        "v_sum": [4, 2],
        "v_mean": [2.0, 2.0],
    }
    assert frame.groupby("a")["v"].agg(["sum", np.mean]).to_dict() == {
        "a": ["x", "y"],
        "sum": [4, 2],
        "mean": [2.0, 2.0],
    }
    assert frame.groupby("a")["v"].agg(total="sum", n=len).to_dict() == {"a": ["x", "y"], "total": [4, 2], "n": [2, 1]}
    assert frame.groupby(["a", "b"])["v"].sum().to_dict() == {"a": ["x", "x", "y"], "b": [1, 2, 1], "v": [1, 3, 2]}
    assert frame.groupby("a").size().to_dict() == {"a": ["x", "y"], "size": [2, 1]}
    assert frame.groupby("a")[["v", "w"]].first().to_dict() == {"a": ["x", "y"], "v": [1, 2], "w": [0.5, None]}
    assert frame.groupby("b").sum(numeric_only=True).columns == ["b", "v", "w"]
    assert frame.groupby("a").agg(pd.NamedAgg("v", "max") and {"v": "max"}).to_dict() == {"a": ["x", "y"], "v": [3, 2]}
    assert frame.groupby("a").agg(m=pd.NamedAgg("v", "max")).to_dict() == {"a": ["x", "y"], "m": [3, 2]}
    with pytest.raises(InvalidError, match="takes one column"):
        frame.groupby("a").nlargest(2)
    with pytest.raises(InvalidError, match="no aggregate 'mode'"):
        frame.groupby("a").agg("mode")
    with pytest.raises(InvalidError, match="corr and cov take a pair"):
        frame.groupby("a").agg(r=("v", "corr"))
    with pytest.raises(InvalidError, match=r"q=1\.5: expected a quantile"):
        frame.groupby("a")["v"].quantile(1.5)
    with pytest.raises(TypeError, match=r'sum of column "a"'):
        frame.groupby("b").sum()


def test_whole_columns():
    frame = pc.DataFrame({"v": [3, 1, None, 2], "f": [0.5, float("nan"), 1.5, None], "s": ["b", None, "a", "b"]})
    assert frame["v"].sum() == 6
    assert frame["v"].mean() == 2.0
    assert (frame["s"].min(), frame["s"].max(), frame["s"].nunique(), frame["s"].nunique(dropna=False)) == (
        "a",
        "b",
        2,
        3,
    )
    assert frame["v"].count() == 3
    assert frame["v"].std() == 1.0
    assert (frame["v"] * 2).median() == 4.0
    assert (frame["v"] > 2).any()
    assert not (frame["v"] > 2).all()
    assert frame["v"].agg(["sum", "max"]).to_dict() == {"sum": [6], "max": [3]}
    assert frame["v"].prod() == 6
    assert frame["f"].count() == 2
    assert frame[["v", "f"]].sum().to_dict() == {"v": [6], "f": [2.0]}
    assert frame.mean(numeric_only=True).to_dict() == {"v": [2.0], "f": [1.0]}
    assert frame.nunique().to_dict() == {"v": [3], "f": [2], "s": [2]}
    assert frame.agg({"s": list}).to_dict() == {"s": [["b", None, "a", "b"]]}
    empty = frame[frame["v"] > 10]
    assert empty.agg({"s": list}).to_dict() == {"s": [[]]}
    assert empty["v"].sum() == 0
    assert empty["v"].mean() is None
    assert empty.count().to_dict() == {"v": [0], "f": [0], "s": [0]}
    with pytest.raises(InvalidError, match="axis=1"):
        frame.sum(axis=1)
    with pytest.raises(IntegerOverflowError, match='prod of column "v"'):
        pc.DataFrame({"v": [2**40, 2**40]})["v"].prod()


@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_law(world):
    wide = pa.array([decimal.Decimal(i**9) for i in range(200)], pa.decimal128(30, 2))
    data = pa.table(
        {
            "k": pa.array([None if i % 10 == 3 else i * 7 % 6 for i in range(200)], pa.int32()),
            "s": [None if i % 9 == 4 else f"key {i % 3}" for i in range(200)],
            "v": [None if i % 5 == 2 else (i * 37 % 101) / 16 + 1e6 * (i % 2) for i in range(200)],
            "w": [None if i % 6 == 1 else float(i * 13 % 20) for i in range(200)],
            "d": wide,
        }
    )

    def script(env):
        share = pc.DataFrame(
            data.slice(
                env.rank * 200 // env.world_size,
                (env.rank + 1) * 200 // env.world_size - env.rank * 200 // env.world_size,
            )
        )
        by = share.groupby("k", env=env)
        parts = [
            by.agg(
                m=("v", "median"),
                u=("s", "nunique"),
                f=("s", "first"),
                l=("v", "last"),
                d=("d", "sum"),
                x=("s", list),
                sd=("v", "std"),
                s=("v", "sum"),
            )
        ]
        parts += [by["w"].nlargest(2), by.size()]
        spread = pc.concat([share], env=env)
        return (
            [part.to_dict() for part in parts],
            spread.agg(["count"]).to_dict(),
            spread["v"].median(),
            spread["s"].nunique(),
            spread["v"].std(),
        )

    results = pc.run(script, world_size=world)
    frame = pc.DataFrame(data)
    by = frame.groupby("k")
    want = [
        by.agg(
            m=("v", "median"),
            u=("s", "nunique"),
            f=("s", "first"),
            l=("v", "last"),
            d=("d", "sum"),
            x=("s", list),
            sd=("v", "std"),
            s=("v", "sum"),
        ),
        by["w"].nlargest(2),
        by.size(),
    ]
    for i, part in enumerate(want):
        whole = {name: [v for result in results for v in result[0][i][name]] for name in part.columns}
        assert whole == part.to_dict()
    for result in results:
        assert result[1] == frame.agg(["count"]).to_dict()
        assert result[2:] == (frame["v"].median(), frame["s"].nunique(), frame["v"].std())

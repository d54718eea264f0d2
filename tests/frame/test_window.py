"""Windows: the forms, their types and errors, and the law; `tests/differential` holds them against pandas."""

from __future__ import annotations

from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import errors

pd = pytest.importorskip("pandas")


def test_types_of_all_kinds():
    pa = pytest.importorskip("pyarrow")
    decimals = [Decimal(text) for text in ("1.10", "2.00", "1.10")]
    frame = pc.DataFrame(
        pa.table(
            {
                "d": pa.array([*decimals, None], pa.decimal128(30, 2)),
                "l": [[1], [2], None, [3]],
                "c": pa.array(["x", "y", "x", None]).dictionary_encode(),
                "n": pa.array([1, 2, 3, 4]).dictionary_encode(),
            }
        )
    )
    assert frame.window("d", row="row_number", before=("lag", "l", 1))[["row", "before"]].to_dict() == {
        "row": [1, 1, 2, 1],
        "before": [None, None, [1], None],
    }
    assert frame["d"].cummax().to_list() == [decimals[0], decimals[1], decimals[1], None]
    assert frame.groupby("c")["n"].cumsum().to_list() == [1, 2, 4, None]
    assert frame["c"].shift(1).to_list() == [None, "x", "y", "x"]
    with pytest.raises(errors.UnsupportedError, match='column "l" is list'):
        frame.window("l", row="row_number")
    with pytest.raises(errors.TypeMismatchError, match="cast it first"):
        frame["d"].cumsum().to_list()


def test_frames_and_expressions():
    frame = pc.DataFrame({"a": [1, 2, 4], "b": [1.5, None, 2.0], "k": ["x", "y", "x"]})
    assert frame[["a", "b"]].cumsum().to_dict() == {"a": [1, 3, 7], "b": [1.5, None, 3.5]}
    assert frame.shift(1).to_dict() == {"a": [None, 1, 2], "b": [None, 1.5, None], "k": [None, "x", "y"]}
    assert frame.groupby("k")[["b", "a"]].cumsum().to_dict() == {"b": [1.5, None, 3.5], "a": [1, 2, 5]}
    assert frame.groupby("k").shift().columns == ["a", "b"]
    # Windows of windows, of expressions, and masks of them; nothing that was added for them stays.
    assert frame["a"].shift(1).cumsum().to_list() == [None, 1, 3]
    assert (frame["a"] > 1).cumsum().to_list() == [0, 1, 2]
    assert frame[frame["a"].cumsum() > 2].to_dict() == {"a": [2, 4], "b": [None, 2.0], "k": ["y", "x"]}
    frame["d"] = frame["a"].diff()
    frame["before"] = frame.groupby("k")["d"].shift()
    assert frame.columns == ["a", "b", "k", "d", "before"]
    assert frame.assign(z=lambda f: f["a"].cumsum(), y=lambda f: f["z"].shift(1))["y"].to_list() == [None, 1, 3]
    assert frame.lazy()["a"].cummax().to_list() == [1, 2, 4]
    assert frame["a"].cumsum().dtype == "int64"
    assert frame["a"].rolling(2).mean().dtype == "float64"


def test_refusals():
    frame = pc.DataFrame({"a": [1], "s": ["x"], "t": [1.5]})
    for make, error, text in [
        (lambda: frame["s"].cumsum().to_list(), errors.TypeMismatchError, "sum of column 's'|sum of column \"s\""),
        (lambda: frame["a"].rank("best"), errors.InvalidError, "expected one of average"),
        (lambda: frame["a"].rank(na_option="no"), errors.InvalidError, "na_option"),
        (lambda: frame["a"].rolling(-1), errors.InvalidError, "window=-1"),
        (lambda: frame["a"].rolling("2 weeks", on="t"), errors.InvalidError, "expected a number and one of"),
        (lambda: frame["a"].rolling("2D"), errors.InvalidError, "needs on="),
        (lambda: frame["a"].rolling("2D", on="t").sum(), errors.InvalidError, "expected dates or timestamps"),
        (lambda: frame["a"].rolling(2, closed="up"), errors.InvalidError, "closed="),
        (lambda: frame["a"].rolling(2, min_periods=-1), errors.InvalidError, "min_periods"),
        (lambda: frame.groupby("s")["a"].transform("mode"), errors.InvalidError, "expected one of size, sum"),
        (lambda: frame.window(a="row_number"), errors.InvalidError, "two columns are called"),
        (lambda: frame.window("k", x="row_number"), errors.NotFoundError, "no column 'k'"),
        (lambda: frame.window(x="median"), errors.InvalidError, "isn't known"),
        (lambda: frame.window("a", "t", ascending=[True, False], x="rank"), errors.InvalidError, "2 directions"),
    ]:
        with pytest.raises(error, match=text):
            make()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_law(world, size):
    columns = {
        "k": [[None, "a", "b", "c"][i * 7 % 4] for i in range(60)],
        "i": [i * 11 % 13 - 5 for i in range(60)],
        "f": [None if i % 5 == 3 else i * 29 % 31 / 4 for i in range(60)],
        "n": list(range(60)),
    }
    cuts = [0, *(7 * size + 9 * i for i in range(size - 1)), 60]

    def work(env):
        here = slice(cuts[env.rank], cuts[env.rank + 1])
        mine = pc.DataFrame({name: values[here] for name, values in columns.items()})
        return check(mine.window("k", "f", env=env, row="row_number", total=("sum", "i")))

    def check(frame):
        frame["sum"] = frame.groupby("k")["f"].cumsum()
        frame["all"] = frame["i"].rolling(3, min_periods=1).sum()
        frame["rank"] = frame["f"].rank()
        kept = frame[frame["n"].shift(1) > 3]
        seen = frame["i"].shift(1).to_list()
        return frame.to_dict(), kept["n"].to_list(), seen

    def whole(parts):
        return {name: [value for part in parts for value in part[name]] for name in parts[0]}

    want, want_kept, want_seen = check(pc.DataFrame(columns).window("k", "f", row="row_number", total=("sum", "i")))
    parts = world(size, work)
    assert whole([frame for frame, _, _ in parts]) == want
    assert [n for _, kept, _ in parts for n in kept] == want_kept
    assert [value for _, _, seen in parts for value in seen] == want_seen


LEFT_OUT = {"a": [1, 2, 3, None, 5], "k": ["x", "y", "x", "y", "x"]}
OF_OTHER_ROWS = {
    "cumsum": lambda f: f["a"].cumsum(),
    "shift": lambda f: f["a"].shift(1),
    "rank": lambda f: f["a"].rank(),
    "sum of both": lambda f: f["a"] + f["a"].shift(1),
    "of groups": lambda f: f.groupby("k")["a"].cumsum(),
}


@pytest.mark.parametrize("made", OF_OTHER_ROWS)
@pytest.mark.parametrize("key", [slice(1, None), slice(-2, None), None], ids=["slice", "end", "mask"])
def test_values_are_made_before_rows_are_left_out(made, key):
    ours, theirs, make = pc.DataFrame(LEFT_OUT), pd.DataFrame(LEFT_OUT), OF_OTHER_ROWS[made]
    got = make(ours)[ours["a"] > 1 if key is None else key].to_list()
    want = make(theirs)[theirs["a"] > 1 if key is None else key]
    assert got == [None if pd.isna(value) else value for value in want]


def test_values_and_masks_that_are_of_other_rows(world):
    frame = pc.DataFrame(LEFT_OUT)
    assert frame["a"].cumsum()[frame["a"].shift(1) > 1].to_list() == [6, None]
    with pytest.raises(pc.errors.InvalidError, match="different frames"):
        frame["a"].cumsum()[pc.DataFrame(LEFT_OUT)["a"] > 1]

    def work(env):
        share = pc.DataFrame({"a": [2 * env.rank + 1, 2 * env.rank + 2]})
        frame = pc.concat([share, share.head(0)], env=env)
        return frame["a"].cumsum()[frame["a"] % 2 == 0].to_list()

    assert world(2, work) == [[3], [10]]

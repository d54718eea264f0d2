"""Arguments of the wrong type or beyond 64 bits: errors that name them, the method and what it expects."""

from __future__ import annotations

import pytest

import pycylon as pc
from pycylon import errors

INVALID, MISMATCH = errors.InvalidError, errors.TypeMismatchError


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda df: df["a"].var(ddof="x"), MISMATCH, "var: ddof='x': expected a whole number, not a str"),
        (lambda df: df.groupby("s").std(ddof=0.5), MISMATCH, "std: ddof=0.5: expected a whole number, not a float"),
        (lambda df: df["a"].quantile("x"), MISMATCH, "quantile: q='x': expected a number, not a str"),
        (lambda df: df.quantile([0.5, None]), MISMATCH, "quantile: q=None: expected a number"),
        (lambda df: df.describe(percentiles=["x"]), MISMATCH, "describe: percentiles='x': expected a number"),
        (lambda df: df.describe(percentiles=[float("nan")]), INVALID, "expected numbers between 0 and 1"),
        (lambda df: df.sample(frac="x"), MISMATCH, "sample: frac='x': expected a number"),
        (lambda df: df.sort_values("a", ascending="desc"), INVALID, "ascending='desc': expected True or False"),
        (lambda df: df.round("x"), MISMATCH, "round: decimals='x': expected a whole number"),
        (lambda df: df["a"].rolling(2**70), INVALID, "rolling: window=1180591620717411303424 doesn't fit 64 bits"),
        (lambda df: df["a"].ffill(limit="x"), MISMATCH, "ffill: limit='x': expected a whole number"),
        (lambda df: df.groupby("s")["a"].nlargest("x"), MISMATCH, "nlargest: n='x': expected a whole number"),
        (lambda df: df["s"].str.split("a", n="x"), MISMATCH, "split: n='x': expected a whole number"),
        (lambda df: df["s"].str.zfill(2**70).to_list(), INVALID, "width: expected a whole number of 64 bits"),
        (lambda df: df["s"].str.get("x").to_list(), INVALID, "at: expected a whole number of 64 bits, not string"),
        (lambda df: df.sample(random_state="x"), INVALID, "random_state='x': expected an int from 0 to 2**64 - 1"),
        (lambda df: df["a"]["x"], MISMATCH, "row='x': expected a whole number"),
        (lambda df: df.window(x=5), INVALID, "window: x=5: expected a function, as in x=('sum', 'v')"),
        (lambda df: df.window(x=("lag",)), INVALID, "as in x=('lag', 'v')"),
        (lambda df: df.window(x=("lag", "a", "z")), MISMATCH, "window: rows='z': expected a whole number"),
        (lambda df: df.window(x=("ntile", 1.5)), MISMATCH, "window: buckets=1.5: expected a whole number"),
        (lambda df: df.window(x=("sum", "a"), rows=5), INVALID, "window: rows=5: expected the first and the last"),
        (lambda df: df.groupby("s").head("x"), MISMATCH, "head: n='x': expected a whole number"),
        (lambda df: df.groupby("s").nth(1.5), MISMATCH, "nth: n=1.5: expected a whole number"),
        (lambda df: df["a"].rolling(2, min_periods=2**70), INVALID, "min_periods=1180591620717411303424"),
        (lambda df: df.set_index("s").loc[::2], INVALID, "loc: a slice of labels has no steps"),
        (lambda df: df["a"].quantile(2), INVALID, "quantile: q=2: expected a quantile between 0 and 1"),
        (lambda df: df["a"].quantile(0.5, "x"), INVALID, "interpolation='x': expected one of 'linear'"),
        (lambda df: df.groupby("s").agg(lambda v: v), INVALID, "collect the values with 'list'"),
        (lambda df: df.groupby([df["a"] > 1, df["a"]]), INVALID, "two keys are called 'a': rename one"),
        (lambda df: df.groupby(df["a"] > 1).agg(a=("a", "sum")), INVALID, "both called 'a': rename the key"),
        (lambda df: df.groupby(df.head(2)["a"]), INVALID, "the key 'a' is of another frame"),
        (lambda df: df["a"].map(5), TypeError, "map takes a dict or a function, not a int"),
        (lambda df: df["a"].replace(1, df["a"]), INVALID, "use where or mask"),
        (lambda df: df.corr(method="kendall"), INVALID, "corr: method='kendall' isn't supported"),
        (lambda df: df[["s"]].cov(numeric_only=True), INVALID, "cov: there are no columns of numbers"),
        (lambda df: df.idxmin(axis=1), INVALID, "idxmin: axis=1 isn't supported"),
        (lambda df: df.groupby("a")["s"].describe(), INVALID, "no columns of numbers to describe"),
        (lambda df: pc.cut(df["a"], 0), INVALID, "cut: bins=0: expected at least one"),
        (lambda df: pc.cut(df["a"], [2, 1]), INVALID, "cut: edges increase, and [2, 1] don't"),
        (lambda df: pc.cut(df["a"], [1, 1, 2]), INVALID, "give duplicates='drop'"),
        (lambda df: pc.cut(df["a"], [1, None]), INVALID, "cut: edges can't be compared"),
        (lambda df: pc.cut(df["a"], [1, 2], labels=["x", "y"]), INVALID, "2 labels can't name 1 intervals"),
        (lambda df: pc.cut(df["s"], 2), MISMATCH, "the least value='a': expected a number"),
        (lambda df: pc.cut([1, 2], 2), TypeError, "cut takes a column"),
        (lambda df: pc.qcut(df["a"], 0), INVALID, "qcut: q=0: expected at least one interval"),
        (lambda df: pc.qcut(df["a"], [0, 2]), INVALID, "q=2: expected a quantile between 0 and 1"),
        (lambda df: pc.CylonEnv(memory_limit=1.5e9), INVALID, "1500000000.0 isn't a size"),
        (lambda df: pc.CylonEnv(threads=2.5), INVALID, "threads=2.5: expected a whole number, 1 or more"),
        (lambda df: pc.CylonEnv(connect_timeout="x"), MISMATCH, "connect_timeout='x': expected a number"),
        (lambda df: df["s"].str.removeprefix(3).to_list(), INVALID, "text: expected a text, not number"),
    ],
)
def test_an_error_names_the_argument(call, error, text):
    with pytest.raises(error) as raised:
        call(pc.DataFrame({"a": [1, 2, 3], "s": ["a", "b", "c"]}))
    assert text in str(raised.value)
    assert "json" not in str(raised.value)

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
        (lambda df: df["s"].str.removeprefix(3).to_list(), INVALID, "text: expected a text, not number"),
    ],
)
def test_an_error_names_the_argument(call, error, text):
    with pytest.raises(error) as raised:
        call(pc.DataFrame({"a": [1, 2, 3], "s": ["a", "b", "c"]}))
    assert text in str(raised.value)
    assert "json" not in str(raised.value)

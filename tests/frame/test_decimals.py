"""Arithmetic of decimals, beside Python's."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

import pycylon as pc
from pycylon import errors


def test_sums_differences_and_products_are_exact():
    rng = random.Random(7)
    a = [Decimal(rng.randrange(-(10**12), 10**12)).scaleb(-2) for _ in range(200)]
    b = [Decimal(rng.randrange(-(10**12), 10**12)).scaleb(-3) for _ in range(200)]
    df = pc.DataFrame({"a": a, "b": b})
    assert (df["a"] + df["b"]).to_list() == [x + y for x, y in zip(a, b)]
    assert (df["a"] - df["b"]).to_list() == [x - y for x, y in zip(a, b)]
    assert (df["a"] * df["b"]).to_list() == [x * y for x, y in zip(a, b)]
    assert (1 - df["a"]).to_list() == [1 - x for x in a]
    assert (-df["a"]).to_list() == [-x for x in a]
    assert df["b"].abs().to_list() == [abs(y) for y in b]
    assert (df["a"] / df["b"]).to_list() == pytest.approx([float(x / y) for x, y in zip(a, b)])
    assert (df["a"] * 1.5).dtype == "float64"


def test_too_many_digits_are_an_error():
    df = pc.DataFrame({"a": [Decimal(10**30), Decimal(1)]})
    with pytest.raises(errors.IntegerOverflowError, match="digits of decimal128"):
        (df["a"] * df["a"]).to_list()

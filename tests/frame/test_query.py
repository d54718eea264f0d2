"""Expressions as text against the same expressions in Python, and what is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

import pycylon as pc
from pycylon import errors

TIMES = [datetime(2024, 1, day) for day in (1, 2, 3, 4)]
FRAME = pc.DataFrame(
    {
        "a": [3, 1, None, 2],
        "b": [1.5, 2.5, -1.0, 2.0],
        "s": ["x", "y", None, "a & b"],
        "d": TIMES,
        "my col": [1, 2, 3, 4],
    }
)


@pytest.mark.parametrize(
    ("text", "condition", "values"),
    [
        ("a > 1", lambda f: f["a"] > 1, None),
        ("a > 1 & b < 2 | s == 'x'", lambda f: ((f["a"] > 1) & (f["b"] < 2)) | (f["s"] == "x"), None),
        ("not a > 1", lambda f: ~(f["a"] > 1), None),
        ("~(a == 1) and -b < -1", lambda f: ~(f["a"] == 1) & (-f["b"] < -1), None),
        ("1 < a <= 3 != b", lambda f: (f["a"] > 1) & (f["a"] <= 3) & (f["b"] != 3), None),
        ("a in [1, 2]", lambda f: f["a"].isin([1, 2]), None),
        ("s not in ('x', 'y')", lambda f: ~f["s"].isin(["x", "y"]), None),
        ("a == [1, 2]", lambda f: f["a"].isin([1, 2]), None),
        ("['x'] != s", lambda f: ~f["s"].isin(["x"]), None),
        ("s == 'a & b'", lambda f: f["s"] == "a & b", None),
        ('s == "`my col` | @x"', lambda f: f["s"] == "`my col` | @x", None),
        ("`my col` * 2 > a + 1", lambda f: f["my col"] * 2 > f["a"] + 1, None),
        ("a > @n and s in @known", lambda f: (f["a"] > 1) & f["s"].isin(["x"]), {"n": 1, "known": ["x"]}),
        ("a in b", lambda f: f["a"].isin(f["b"]), None),
        ("d >= '2024-01-02 12:00'", lambda f: f["d"] >= datetime(2024, 1, 2, 12), None),
        ("s.str.upper() == 'X' or a.isna()", lambda f: (f["s"].str.upper() == "X") | f["a"].isna(), None),
        ("d.dt.day == 2", lambda f: f["d"].dt.day == 2, None),
        ("a >= a.mean()", lambda f: f["a"] >= 2, None),
        ("b.rolling(2).sum() > 1.2", lambda f: f["b"].rolling(2).sum() > 1.2, None),
        ("index > 1", lambda f: f["my col"] > 2, None),
        ("sqrt(abs(b)) < 1.5 ** 2 / 2", lambda f: f["b"].abs().sqrt() < 1.125, None),
        ("a // 2 == 1 and a % 2 == 1", lambda f: f["a"] == 3, None),
        ("(a > 1) ^ (b > 2)", lambda f: (f["a"] > 1) ^ (f["b"] > 2), None),
        ("\n a > 1\n and b > 0\n", lambda f: (f["a"] > 1) & (f["b"] > 0), None),
        ("2 > 1", lambda f: f["my col"] > 0, None),
        ("a > 0 and 1 > 2", lambda f: f["my col"] < 0, None),
    ],
)
def test_a_query_keeps_the_rows_of_its_condition(text, condition, values):
    assert FRAME.query(text, local_dict=values).to_dict() == FRAME[condition(FRAME)].to_dict()
    assert FRAME.lazy().query(text, local_dict=values).to_dict() == FRAME[condition(FRAME)].to_dict()


def test_what_an_expression_is():
    assert FRAME.eval("a + `my col`").to_list() == [4, 3, None, 6]
    assert FRAME.eval("a + @n", local_dict={"n": 10}).to_list() == [13, 11, None, 12]
    assert FRAME.eval("total = a + b")["total"].to_list() == [4.5, 3.5, None, 4.0]
    assert FRAME.eval("`my col` = 7")["my col"].to_list() == [7, 7, 7, 7]
    assert FRAME.eval("a.max() - 1") == 2
    assert FRAME.eval("2 ** 3 * 4") == 32


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("a >", errors.InvalidError, "is no expression"),
        ("", errors.InvalidError, "give one expression"),
        ("a; b", errors.InvalidError, "give one expression"),
        ("a = 3", errors.InvalidError, "give one expression"),
        ("a\0", errors.InvalidError, "is no expression"),
        ("(" * 1000 + "a" + ")" * 1000, errors.InvalidError, "is no expression"),
        ("a + " * 5000 + "a > 1", errors.InvalidError, "is no expression|nested too deeply"),
        ("c > 1", errors.NotFoundError, "no column 'c'.*@c"),
        ("a > @n", errors.NotFoundError, r"local_dict=\{'n': 3\}"),
        ("a.__class__ == 1", errors.InvalidError, "__class__ isn't a method"),
        ("@n.__class__ == 1", errors.NotFoundError, "@n isn't in local_dict"),
        ("__import__('os')", errors.InvalidError, "functions of one column"),
        ("open('x')", errors.InvalidError, "functions of one column"),
        ("sqrt(4) > a", errors.InvalidError, "functions of one column"),
        ("(lambda: a)() > 1", errors.InvalidError, "functions of one column"),
        ("[x for x in a]", errors.InvalidError, "ListComp"),
        ("f'{a}' == s", errors.InvalidError, "JoinedStr"),
        ("a[0] > 1", errors.InvalidError, "Subscript"),
        ("a if b else s", errors.InvalidError, "IfExp"),
        ("a.to_frame().head(1)", errors.InvalidError, "to_frame doesn't return a column"),
        ("9 ** 9 ** 9 > a", errors.InvalidError, "too high a power"),
        ("1 / 0 > a", errors.InvalidError, "division by zero"),
        ("'x' * 10000000000 == s", errors.InvalidError, "combines numbers"),
        ("b and a > 1", errors.TypeMismatchError, "takes bool"),
        ("3 and a > 1", errors.InvalidError, "compare first"),
        ("not 3", errors.InvalidError, "take a condition"),
        ("a", errors.TypeMismatchError, "takes bool"),
        ("3", errors.InvalidError, "is no condition"),
        ("d > 'noon'", errors.InvalidError, "'noon' is no time"),
        ("a > 'x'", errors.TypeMismatchError, "can't be compared"),
        ("a << 2 > 1", errors.InvalidError, "the operators are"),
        ("3 in a", errors.InvalidError, "a column stands before in"),
        ("a in [b]", errors.InvalidError, "a list has plain values"),
    ],
)
def test_what_is_no_condition_is_refused(text, error, says):
    with pytest.raises(error, match=says):
        FRAME.query(text)


def test_arguments_of_other_types():
    with pytest.raises(TypeError, match="as text"):
        FRAME.query(FRAME["a"] > 1)
    with pytest.raises(TypeError, match="a dict of values"):
        FRAME.query("a > @n", local_dict=[1])
    secret = 3  # noqa: F841  (names of the caller are never looked up)
    with pytest.raises(errors.NotFoundError, match="isn't in local_dict"):
        FRAME.query("a > @secret")

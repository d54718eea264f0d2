"""Functions of strings, beside pandas'."""

from __future__ import annotations

import random

import pytest

import pycylon as pc
from pycylon import errors

pandas = pytest.importorskip("pandas")

#: Words of texts: inline and long views, several bytes a character, white space, separators, digits, signs.
PARTS = [
    "",
    "a",
    "B",
    "abc",
    "Straße ",
    "Ωμέγα",
    " ",
    "\t",
    ",",
    "-",
    "+7",
    "42",
    "é",
    "日本",
    "x" * 13,
    "and longer words",
    "\n",
]

CALLS = {
    "len": lambda s: s.str.len(),
    "lower": lambda s: s.str.lower(),
    "upper": lambda s: s.str.upper(),
    "title": lambda s: s.str.title(),
    "capitalize": lambda s: s.str.capitalize(),
    "swapcase": lambda s: s.str.swapcase(),
    "strip": lambda s: s.str.strip(),
    "strip some": lambda s: s.str.strip("aBé "),
    "lstrip": lambda s: s.str.lstrip(),
    "rstrip": lambda s: s.str.rstrip(),
    "slice": lambda s: s.str.slice(1, -1),
    "slice step": lambda s: s.str[::-2],
    "slice far": lambda s: s.str[-4:100],
    "get": lambda s: s.str.get(2),
    "get last": lambda s: s.str[-1],
    "find": lambda s: s.str.find("a"),
    "find within": lambda s: s.str.find("a", 2, 8),
    "rfind": lambda s: s.str.rfind("an"),
    "count": lambda s: s.str.count("a|b"),
    "contains": lambda s: s.str.contains("abc"),
    "contains regex": lambda s: s.str.contains("a.*d|^B"),
    "contains like": lambda s: s.str.contains("^a.*l.*s"),
    "contains literal": lambda s: s.str.contains("+7", regex=False),
    "contains no case": lambda s: s.str.contains("ABC", case=False),
    "contains filled": lambda s: s.str.contains("a", na=False),
    "match": lambda s: s.str.match("[aB]"),
    "fullmatch": lambda s: s.str.fullmatch("[aB]+"),
    "startswith": lambda s: s.str.startswith("a"),
    "startswith any": lambda s: s.str.startswith(("a", "B")),
    "endswith": lambda s: s.str.endswith("words"),
    "removeprefix": lambda s: s.str.removeprefix("abc"),
    "removesuffix": lambda s: s.str.removesuffix("words"),
    "replace": lambda s: s.str.replace("a", "<a>"),
    "replace some": lambda s: s.str.replace("a", "", n=1),
    "replace regex": lambda s: s.str.replace(r"([a-z])(\d)", r"\2\1", regex=True),
    "split part": lambda s: s.str.split(",").str[1],
    "split words": lambda s: s.str.split().str[0],
    "split words once": lambda s: s.str.split(n=1).str[-1],
    "rsplit words once": lambda s: s.str.rsplit(n=1).str[0],
    "rsplit": lambda s: s.str.rsplit("a", n=1).str[0],
    "split count": lambda s: s.str.split("a").str.len(),
    "split join": lambda s: s.str.split("a").str.join("|"),
    "extract": lambda s: s.str.extract(r"([a-zB]+)\d?", expand=False),
    "pad": lambda s: s.str.pad(10, side="both", fillchar="é"),
    "center": lambda s: s.str.center(9),
    "ljust": lambda s: s.str.ljust(9, "*"),
    "rjust": lambda s: s.str.rjust(9),
    "zfill": lambda s: s.str.zfill(5),
    "repeat": lambda s: s.str.repeat(2),
    "cat": lambda s: s.str.cat(s, sep="-"),
    "cat filled": lambda s: s.str.cat([s, s], na_rep="?"),
    "plus": lambda s: s + "!",
    "plus reflected": lambda s: "¡" + s,
    "isalpha": lambda s: s.str.isalpha(),
    "isdigit": lambda s: s.str.isdigit(),
    "isalnum": lambda s: s.str.isalnum(),
    "isspace": lambda s: s.str.isspace(),
    "islower": lambda s: s.str.islower(),
    "isupper": lambda s: s.str.isupper(),
    "istitle": lambda s: s.str.istitle(),
}


@pytest.fixture(scope="module")
def values():
    rng = random.Random(4)
    texts = ["".join(rng.choices(PARTS, k=rng.randrange(6))) for _ in range(500)]
    return [None if rng.random() < 0.1 else text for text in texts]


@pytest.mark.parametrize("name", CALLS)
def test_as_pandas(values, name):
    ours = CALLS[name](pc.Series("s", values)).to_list()
    theirs = CALLS[name](pandas.Series(values, dtype="object")).tolist()
    assert ours == [None if value is None or value != value else value for value in theirs]


def test_expand_makes_a_column_per_piece():
    s = pc.Series("s", ["a b", None, "c", ""])
    assert s.str.split(" ", expand=True).to_dict() == {"0": ["a", None, "c", ""], "1": ["b", None, None, None]}
    assert s.str.extract(r"(?P<first>\w)( \w)?").to_dict() == {
        "first": ["a", None, "c", None],
        "1": [" b", None, None, None],
    }


def test_texts_filter_and_are_assigned():
    df = pc.DataFrame({"s": ["PROMO TIN", "SMALL TIN", None, "PROMO BRASS"], "v": [1, 2, 3, 4]})
    assert df[df["s"].str.startswith("PROMO") & ~df["s"].str.contains("BRASS")]["v"].to_list() == [1]
    df["kind"] = df["s"].str.split(" ").str[0].str.lower()
    assert df["kind"].to_list() == ["promo", "small", None, "promo"]


def test_many_batches_and_slow_patterns_keep_their_order():
    texts = [f"row {i} of many rows" for i in range(300_000)]
    s = pc.Series("s", texts)
    assert s.str.extract(r"(\d+)", expand=False).astype(int).to_list() == list(range(300_000))
    assert s[s.str.contains(r"^row \d*7 ")].to_list() == [text for text in texts if text.split()[1].endswith("7")]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda s: s.str.contains("("), errors.InvalidError, "missing closing"),
        (lambda s: s.str.contains("(?=a)"), errors.InvalidError, "no look-around"),
        (lambda s: s.str.extract("a"), errors.InvalidError, "no groups"),
        (lambda s: s.str.extract("("), errors.InvalidError, "can't be used"),
        (lambda s: s.str.pad(5, fillchar="ab"), errors.InvalidError, "not one character"),
        (lambda s: s.str.repeat(100_000_000), errors.InvalidError, "are possible"),
        (lambda s: s.str.split(""), errors.InvalidError, "empty separator"),
        (lambda s: s.str.split("a", regex=True), errors.UnsupportedError, "extract"),
        (lambda s: s.str.startswith(()), errors.InvalidError, "no text"),
        (lambda s: s.str.contains("a", flags=64), errors.UnsupportedError, "VERBOSE"),
        (lambda s: s.str.len().str.upper(), errors.TypeMismatchError, "takes strings"),
        (lambda s: s.str.contains(1), TypeError, "a pattern is a str"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(pc.Series("s", ["abc"])).to_list()

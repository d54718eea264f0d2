"""Output of ranks under their prefix."""

import io

import pytest

from pycylon.launch.output import PrefixedOutput


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ([], ""),
        ([b"a\n"], "> a\n"),
        ([b"a", b"b\nc"], "> ab\n> c\n"),
        ([b"\n\n"], "> \n> \n"),
        ([b"\xe2\x82", b"\xac\n"], "> \u20ac\n"),  # a character cut in two
        ([b"\xe2\x82"], "> \ufffd\n"),  # a character never ended
        ([b"\xff\n"], "> \ufffd\n"),
    ],
)
def test_lines(chunks, text):
    stream = io.StringIO()
    output = PrefixedOutput("> ", stream)
    for chunk in chunks:
        output.feed(chunk)
    output.close()
    assert stream.getvalue() == text

"""Output of ranks, line by line under the name of the rank."""

from __future__ import annotations

import codecs
from typing import TextIO


class PrefixedOutput:
    r"""Passes on what one rank writes to one stream, each line behind its prefix.

    Lines of several ranks may interleave, but are never mixed: text is held back until its line ends.

    Examples
    --------
    >>> import sys
    >>> out = PrefixedOutput("[rank 2] ", sys.stdout)
    >>> out.feed(b"reading")
    >>> out.feed(b" flights.csv\njoin")
    [rank 2] reading flights.csv
    >>> out.close()
    [rank 2] join
    """

    def __init__(self, prefix: str, stream: TextIO) -> None:
        self._prefix = prefix
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Take bytes as they come and write every line that is complete."""
        *lines, self._line = (self._line + self._decoder.decode(data, final)).split("\n")
        if lines:
            self._stream.write("".join(f"{self._prefix}{line}\n" for line in lines))
            self._stream.flush()

    def close(self) -> None:
        """Write the last line also when the rank did not end it."""
        self.feed(b"", final=True)
        if self._line:
            self.feed(b"\n")

"""Parts of texts: stripped, sliced, split, extracted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pycylon.arguments import whole
from pycylon.errors import InvalidError, UnsupportedError
from pycylon.expr import Call
from pycylon.frame.window import frame_of
from pycylon.series.text.base import Texts, search_options

if TYPE_CHECKING:
    import builtins

    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series


class Pieces(Texts):
    """Methods that return parts of texts."""

    __slots__ = ()

    def strip(self, to_strip: str | None = None) -> Series:
        """Return the texts without some characters at both ends.

        Parameters
        ----------
        to_strip : str, optional
            The characters. Default: white space.
        """
        return self._of("str_strip", cut=to_strip)

    def lstrip(self, to_strip: str | None = None) -> Series:
        """Return the texts without some characters at the start.

        Parameters
        ----------
        to_strip : str, optional
            The characters. Default: white space.
        """
        return self._of("str_strip", cut=to_strip, side="left")

    def rstrip(self, to_strip: str | None = None) -> Series:
        """Return the texts without some characters at the end.

        Parameters
        ----------
        to_strip : str, optional
            The characters. Default: white space.
        """
        return self._of("str_strip", cut=to_strip, side="right")

    def removeprefix(self, prefix: str) -> Series:
        """Return the texts without a text at the start, where they have it.

        Parameters
        ----------
        prefix : str
            The text.
        """
        return self._of("str_remove_prefix", text=prefix)

    def removesuffix(self, suffix: str) -> Series:
        """Return the texts without a text at the end, where they have it.

        Parameters
        ----------
        suffix : str
            The text.
        """
        return self._of("str_remove_suffix", text=suffix)

    def slice(self, start: int | None = None, stop: int | None = None, step: int | None = None) -> Series:
        """Return ``text[start:stop:step]`` of each: ``s.str[start:stop:step]`` says the same.

        Parameters
        ----------
        start, stop, step : int, optional
            As Python slices.

        Examples
        --------
        >>> pc.Series("s", ["banana", "kiwi"]).str[-3:].to_list()
        ['ana', 'iwi']
        """
        return self._of("str_slice", start=start, stop=stop, step=step)

    def get(self, i: int) -> Series:
        """Return the character, or the element of a list, at a position: null where there is none.

        Parameters
        ----------
        i : int
            The position; a negative one counts from the end.

        Examples
        --------
        >>> pc.Series("s", ["a,b", "c"]).str.split(",").str.get(1).to_list()
        ['b', None]
        """
        made = self._series._expr
        if isinstance(made, Call) and made.function == "str_split":  # one piece needs no lists
            part = Call("str_split_part", made.arguments, None, {**(made.options or {}), "at": i})
            return self._series._bound(self._series._frame, part, self._series.name)
        return self._of("str_get", at=i)

    def __getitem__(self, key: int | builtins.slice) -> Series:
        """Return the character or element at a position, or a slice of each text.

        Parameters
        ----------
        key : int or slice
            Which.
        """
        if isinstance(key, int):
            return self.get(key)
        return self.slice(key.start, key.stop, key.step)

    def split(
        self, pat: str | None = None, *, n: int = -1, expand: bool = False, regex: bool | None = None
    ) -> Series | DataFrame:
        """Return the lists of the pieces between separators.

        Parameters
        ----------
        pat : str, optional
            The separator: a text. Default: runs of white space.
        n : int, default -1
            The most cuts; 0 or less is all.
        expand : bool, default False
            Return a frame with a column per piece, called "0", "1", ...: it runs what makes the rows, to count them.
        regex : bool, optional
            Must not be True: extract() takes regular expressions.

        Examples
        --------
        >>> s = pc.Series("s", ["a b c", "d"])
        >>> s.str.split().str.len().to_list()
        [3, 1]
        >>> s.str.split(" ", n=1, expand=True).to_dict()
        {'0': ['a', 'd'], '1': ['b c', None]}
        """
        return self._split(pat, n, expand, regex, "left")

    def rsplit(self, pat: str | None = None, *, n: int = -1, expand: bool = False) -> Series | DataFrame:
        """Return the lists of the pieces between separators, cut from the end.

        Parameters
        ----------
        pat : str, optional
            The separator: a text. Default: runs of white space.
        n : int, default -1
            The most cuts; 0 or less is all.
        expand : bool, default False
            As in `split`.
        """
        return self._split(pat, n, expand, None, "right")

    def _split(self, pat: str | None, n: int, expand: bool, regex: bool | None, side: str) -> Series | DataFrame:
        if regex:
            raise UnsupportedError("split takes a text as separator: extract() takes regular expressions", op="split")
        if pat == "":
            raise InvalidError("an empty separator", op="split")
        n = whole(n, "n", "split")
        pieces = self._of("str_split", separator=pat, limit=n if n > 0 else -1, side=side)
        if not expand:
            return pieces
        most = max((size or 0 for size in pieces.str.len().to_list()), default=0)
        if self._series._frame.placement == "partitioned" and self._series._frame.env is not None:
            most = int(self._series._frame.env.comm.allreduce(most, "max"))
        return frame_of(pieces.str.get(i).rename(str(i)) for i in range(most))

    def extract(self, pat: str, flags: int = 0, expand: bool = True) -> Series | DataFrame:
        r"""Return what the groups of a regular expression match: null where it doesn't.

        Parameters
        ----------
        pat : str
            A regular expression with groups.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        expand : bool, default True
            Return a frame with a column per group, called by its name or number. If False, one group makes a series.

        Examples
        --------
        >>> pc.Series("s", ["a1", "b"]).str.extract(r"([a-z])(?P<digit>\d)").to_dict()
        {'0': ['a', None], 'digit': ['1', None]}
        """
        try:
            compiled = re.compile(pat)
        except re.error as error:
            raise InvalidError(f"the pattern can't be used: {error}", op="extract") from error
        if compiled.groups == 0:
            raise InvalidError("the pattern has no groups: put what to extract in parentheses", op="extract")
        options = search_options(pat, True, flags)
        groups = [self._of("str_extract", group=i + 1, **options) for i in range(compiled.groups)]
        if not expand and len(groups) == 1:
            return groups[0]
        names = {number: name for name, number in compiled.groupindex.items()}
        return frame_of(group.rename(names.get(i + 1, str(i))) for i, group in enumerate(groups))

"""What texts are like: lengths and places, searches, tests of their letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pycylon.errors import InvalidError
from pycylon.series.text.base import Texts, search_options

if TYPE_CHECKING:
    from pycylon.series.core import Series


class Matching(Texts):
    """Methods that measure and test texts."""

    __slots__ = ()

    # ---- measures ----

    def len(self) -> Series:
        """Return the number of code points, or of elements of a list."""
        return self._of("list_len" if "list" in self._series.dtype else "str_len")

    def find(self, sub: str, start: int = 0, end: int | None = None) -> Series:
        """Return where a text is first found, or -1.

        Parameters
        ----------
        sub : str
            The text.
        start, end : int, optional
            Within which positions.

        Examples
        --------
        >>> pc.Series("s", ["banana", "kiwi"]).str.find("an").to_list()
        [1, -1]
        """
        return self._of("str_find", text=sub, start=start or None, stop=end)

    def rfind(self, sub: str, start: int = 0, end: int | None = None) -> Series:
        """Return where a text is last found, or -1.

        Parameters
        ----------
        sub : str
            The text.
        start, end : int, optional
            Within which positions.
        """
        return self._of("str_rfind", text=sub, start=start or None, stop=end)

    def count(self, pat: str, flags: int = 0) -> Series:
        """Return how often a pattern is found.

        Parameters
        ----------
        pat : str
            A regular expression.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        """
        return self._of("str_count", **search_options(pat, True, flags))

    # ---- tests ----

    def contains(self, pat: str, case: bool = True, flags: int = 0, na: object = None, regex: bool = True) -> Series:
        """Tell where a pattern is found.

        Parameters
        ----------
        pat : str
            A regular expression, or a text.
        case : bool, default True
            Whether large and small letters differ.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        na : bool, optional
            What stands where the value is null. Default: null, which a mask doesn't keep.
        regex : bool, default True
            Whether `pat` is a regular expression. SQL's ``LIKE 'a%b%'`` is ``match("a.*b")``: no slower than a text.

        Examples
        --------
        >>> s = pc.Series("s", ["special requests", None, "a.b"])
        >>> s.str.contains("special.*req", na=False).to_list()
        [True, False, False]
        >>> s.str.contains(".", regex=False).to_list()
        [False, None, True]
        """
        return _filled(self._of("str_contains", **search_options(pat, case, flags, regex)), na)

    def match(self, pat: str, case: bool = True, flags: int = 0, na: object = None) -> Series:
        """Tell where a pattern is found at the start.

        Parameters
        ----------
        pat : str
            A regular expression.
        case : bool, default True
            Whether large and small letters differ.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        na : bool, optional
            What stands where the value is null. Default: null.
        """
        return _filled(self._of("str_match", **search_options(pat, case, flags)), na)

    def fullmatch(self, pat: str, case: bool = True, flags: int = 0, na: object = None) -> Series:
        """Tell where a pattern matches the whole text.

        Parameters
        ----------
        pat : str
            A regular expression.
        case : bool, default True
            Whether large and small letters differ.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        na : bool, optional
            What stands where the value is null. Default: null.
        """
        return _filled(self._of("str_fullmatch", **search_options(pat, case, flags)), na)

    def startswith(self, pat: str | tuple[str, ...], na: object = None) -> Series:
        """Tell where the text begins with another, or with one of several.

        Parameters
        ----------
        pat : str or tuple of str
            What it begins with.
        na : bool, optional
            What stands where the value is null. Default: null.
        """
        return _filled(self._any_of("str_startswith", pat), na)

    def endswith(self, pat: str | tuple[str, ...], na: object = None) -> Series:
        """Tell where the text ends with another, or with one of several.

        Parameters
        ----------
        pat : str or tuple of str
            What it ends with.
        na : bool, optional
            What stands where the value is null. Default: null.
        """
        return _filled(self._any_of("str_endswith", pat), na)

    def _any_of(self, function: str, texts: str | tuple[str, ...]) -> Series:
        first, *others = (texts,) if isinstance(texts, str) else texts or (None,)
        if first is None:
            raise InvalidError("no text is given", op=function)
        is_one = self._of(function, text=first)
        for text in others:
            is_one = is_one | self._of(function, text=text)
        return is_one

    def isalpha(self) -> Series:
        """Tell where there are letters only."""
        return self._of("str_isalpha")

    def isdigit(self) -> Series:
        """Tell where there are digits only."""
        return self._of("str_isdigit")

    def isalnum(self) -> Series:
        """Tell where there are letters and digits only."""
        return self._of("str_isalnum")

    def isspace(self) -> Series:
        """Tell where there is white space only."""
        return self._of("str_isspace")

    def islower(self) -> Series:
        """Tell where all letters are small."""
        return self._of("str_islower")

    def isupper(self) -> Series:
        """Tell where all letters are large."""
        return self._of("str_isupper")

    def istitle(self) -> Series:
        """Tell where words begin with large letters and go on with small ones."""
        return self._of("str_istitle")

    def isascii(self) -> Series:
        """Tell where there is ASCII only."""
        return self._of("str_isascii")


def _filled(tested: Series, na: object) -> Series:
    return tested if na is None else tested.fillna(na)

"""`Series.str`: functions of strings, and of the lists that a split makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from pycylon.arguments import whole
from pycylon.errors import InvalidError, UnsupportedError
from pycylon.expr import Call

if TYPE_CHECKING:
    import builtins
    from collections.abc import Sequence

    from pycylon.frame.core import DataFrame
    from pycylon.series.core import Series


class Strings:
    """The functions of a series' strings: ``df["s"].str.upper()``.

    Parameters
    ----------
    series : Series
        The series.

    Notes
    -----
    Positions and lengths count code points. Patterns are RE2's, as Go's regexp package reads them: no look-around, no
    back references, time linear in the text; ``$`` is the end of the text. Letters change case one by one, but for a
    few that become several ("ß", "ﬁ").

    Examples
    --------
    >>> s = pc.Series("s", ["one two", None, "three"])
    >>> s.str.upper().to_list()
    ['ONE TWO', None, 'THREE']
    >>> s.str.split(" ").str[0].to_list()
    ['one', None, 'three']
    """

    __slots__ = ("_series",)

    def __init__(self, series: Series) -> None:
        self._series = series

    def _of(self, function: str, *others: object, **options: Any) -> Series:
        return self._series._with(function, *others, **{k: v for k, v in options.items() if v is not None})

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
        return self._of("str_count", **_regex(pat, True, flags))

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
        return _filled(self._of("str_contains", **_regex(pat, case, flags, regex)), na)

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
        return _filled(self._of("str_match", **_regex(pat, case, flags)), na)

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
        return _filled(self._of("str_fullmatch", **_regex(pat, case, flags)), na)

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

    # ---- case ----

    def lower(self) -> Series:
        """Return the texts in small letters."""
        return self._of("str_lower")

    def upper(self) -> Series:
        """Return the texts in large letters."""
        return self._of("str_upper")

    def title(self) -> Series:
        """Return the texts with words that begin with a large letter."""
        return self._of("str_title")

    def capitalize(self) -> Series:
        """Return the texts with a large first character, and small ones behind it."""
        return self._of("str_capitalize")

    def swapcase(self) -> Series:
        """Return the texts with large letters small and small ones large."""
        return self._of("str_swapcase")

    # ---- pieces ----

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
        return _frame_of({str(i): pieces.str.get(i) for i in range(most)})

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
        options = _regex(pat, True, flags)
        groups = [self._of("str_extract", group=i + 1, **options) for i in range(compiled.groups)]
        if not expand and len(groups) == 1:
            return groups[0]
        names = {number: name for name, number in compiled.groupindex.items()}
        return _frame_of({names.get(i + 1, str(i)): group for i, group in enumerate(groups)})

    # ---- texts made ----

    def replace(
        self, pat: str, repl: str, n: int = -1, case: bool = True, flags: int = 0, regex: bool = False
    ) -> Series:
        r"""Return the texts with what matches a pattern replaced.

        Parameters
        ----------
        pat : str
            A text, or a regular expression.
        repl : str
            What stands there instead. With regex=True, ``\1`` and ``\g<name>`` are groups.
        n : int, default -1
            The most replacements; a negative number is all.
        case : bool, default True
            Whether large and small letters differ.
        flags : int, default 0
            Of the `re` module: IGNORECASE, MULTILINE, DOTALL.
        regex : bool, default False
            Whether `pat` is a regular expression.

        Examples
        --------
        >>> pc.Series("s", ["a-b", "c"]).str.replace("-", "+").to_list()
        ['a+b', 'c']
        >>> pc.Series("s", ["a-b", "c"]).str.replace(r"(\w)-(\w)", r"\2-\1", regex=True).to_list()
        ['b-a', 'c']
        """
        return self._of("str_replace", **{"with": repl}, limit=n, **_regex(pat, case, flags, regex))

    def cat(self, others: object, sep: str = "", na_rep: str | None = None) -> Series:
        """Return the texts with those of other columns behind them.

        Parameters
        ----------
        others : Series, str or sequence of them
            What stands behind, of the same frame.
        sep : str, default ""
            What stands between.
        na_rep : str, optional
            What stands for a null. Default: a null makes a null.

        Examples
        --------
        >>> df = pc.DataFrame({"a": ["x", "y"], "b": ["1", None]})
        >>> df["a"].str.cat(df["b"], sep="-", na_rep="?").to_list()
        ['x-1', 'y-?']
        """
        listed: Sequence[Any] = others if isinstance(others, (list, tuple)) else [others]
        texts = [self._series, *listed]
        if na_rep is not None:
            texts = [text if isinstance(text, str) else text.fillna(na_rep) for text in texts]
        first, *rest = texts
        made: Series = first._with("str_concat", *rest, separator=sep)
        return made

    def join(self, sep: str) -> Series:
        """Return the strings of each list as one text.

        Parameters
        ----------
        sep : str
            What stands between them.
        """
        return self._of("list_join", separator=sep)

    def pad(self, width: int, side: Literal["left", "right", "both"] = "left", fillchar: str = " ") -> Series:
        """Return the texts filled up to a width.

        Parameters
        ----------
        width : int
            The number of code points.
        side : {"left", "right", "both"}, default "left"
            Where they are filled up.
        fillchar : str, default " "
            By which character.
        """
        return self._of("str_pad", width=width, side=side, fill=fillchar)

    def rjust(self, width: int, fillchar: str = " ") -> Series:
        """Return the texts filled up at the left.

        Parameters
        ----------
        width : int
            The number of code points.
        fillchar : str, default " "
            By which character.
        """
        return self.pad(width, "left", fillchar)

    def ljust(self, width: int, fillchar: str = " ") -> Series:
        """Return the texts filled up at the right.

        Parameters
        ----------
        width : int
            The number of code points.
        fillchar : str, default " "
            By which character.
        """
        return self.pad(width, "right", fillchar)

    def center(self, width: int, fillchar: str = " ") -> Series:
        """Return the texts filled up at both sides.

        Parameters
        ----------
        width : int
            The number of code points.
        fillchar : str, default " "
            By which character.
        """
        return self.pad(width, "both", fillchar)

    def zfill(self, width: int) -> Series:
        """Return the texts filled up with zeros, behind a sign.

        Parameters
        ----------
        width : int
            The number of code points.

        Examples
        --------
        >>> pc.Series("s", ["7", "-7"]).str.zfill(3).to_list()
        ['007', '-07']
        """
        return self._of("str_zfill", width=width)

    def repeat(self, repeats: int) -> Series:
        """Return the texts several times, one behind the other.

        Parameters
        ----------
        repeats : int
            How often.
        """
        return self._of("str_repeat", times=repeats)


def _regex(pattern: str, case: bool, flags: int, regex: bool = True) -> dict[str, Any]:
    """Return a search's options."""
    if not isinstance(pattern, str):
        raise TypeError(f"a pattern is a str, not a {type(pattern).__name__}")
    unknown = int(flags) & ~int(re.IGNORECASE | re.MULTILINE | re.DOTALL | re.UNICODE)
    if unknown:
        raise UnsupportedError(f"flags {re.RegexFlag(unknown)!r}: IGNORECASE, MULTILINE and DOTALL are supported")
    letters = ("m" if flags & re.MULTILINE else "") + ("s" if flags & re.DOTALL else "")
    if regex and letters:
        pattern = f"(?{letters}){pattern}"
    return {"pattern": pattern, "regex": regex, "ignore_case": not case or bool(flags & re.IGNORECASE)}


def _filled(tested: Series, na: object) -> Series:
    return tested if na is None else tested.fillna(na)


def _frame_of(columns: dict[str, Series]) -> DataFrame:
    """Return a frame of series of one frame."""
    from pycylon.frame.plan import Plan

    frame = next(iter(columns.values()))._frame
    plan = Plan("split", [frame])
    listed = [{"name": name, "expr": series._expr.to_json(plan)} for name, series in columns.items()]
    plan.node("project", inputs=plan.inputs, columns=listed)
    return plan.run()

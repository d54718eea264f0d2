"""Texts made of texts: other letters, replaced parts, joined, filled up to a width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pycylon.series.text.base import Texts, search_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pycylon.series.core import Series


class Shaping(Texts):
    """Methods that make other texts."""

    __slots__ = ()

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
        return self._of("str_replace", **{"with": repl}, limit=n, **search_options(pat, case, flags, regex))

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

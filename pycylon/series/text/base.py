"""`Texts`: a series of strings as the methods of `Series.str` see it, and what searches share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pycylon.errors import UnsupportedError
from pycylon.series.accessor import Accessor

if TYPE_CHECKING:
    from pycylon.series.core import Series


class Texts(Accessor):
    """What all methods of strings stand on.

    Parameters
    ----------
    series : Series
        The series.
    """

    __slots__ = ()

    def _of(self, function: str, *others: object, **options: Any) -> Series:
        return self._series._with(function, *others, **{k: v for k, v in options.items() if v is not None})


def search_options(pattern: str, case: bool, flags: int, regex: bool = True) -> dict[str, Any]:
    """Return a search's options as the core has them.

    Parameters
    ----------
    pattern : str
        What is looked for.
    case : bool
        Whether upper and lower case differ.
    flags : int
        Those of `re`.
    regex : bool, default True
        Whether the pattern is a regular expression, rather than a text.
    """
    if not isinstance(pattern, str):
        raise TypeError(f"a pattern is a str, not a {type(pattern).__name__}")
    unknown = int(flags) & ~int(re.IGNORECASE | re.MULTILINE | re.DOTALL | re.UNICODE)
    if unknown:
        raise UnsupportedError(f"flags {re.RegexFlag(unknown)!r}: IGNORECASE, MULTILINE and DOTALL are supported")
    letters = ("m" if flags & re.MULTILINE else "") + ("s" if flags & re.DOTALL else "")
    if regex and letters:
        pattern = f"(?{letters}){pattern}"
    return {"pattern": pattern, "regex": regex, "ignore_case": not case or bool(flags & re.IGNORECASE)}
